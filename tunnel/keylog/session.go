package keylog

import (
	"bytes"
	"time"

	"streamgauge/tunnel"
)

// The epochs of TLS 1.3, in their order; the server has no first one.
const (
	epochEarly = iota
	epochHandshake
	epochTraffic
	epochs
)

// maxEarly bounds in bytes the early data (RFC 8446 §2.3) that is held until it
// is known whether the server takes it.
const maxEarly = 64 << 10

// session opens one TLS connection, fed with both directions in the order in
// which their bytes passed. It belongs to one goroutine.
type session struct {
	file *File
	late <-chan struct{} // closed when no key is to be waited for any more
	into interface {
		// greeted says that this is TLS: the ClientHello is here.
		greeted()
		// unlocked says that the keys were found, and the protocol agreed by ALPN
		// as far as it is known: it may be told again.
		unlocked(protocol string)
		// data takes plaintext of the application, valid during the call.
		data(dir tunnel.Direction, p []byte, at time.Duration)
		// closed says that a direction ended by its last word.
		closed(dir tunnel.Direction, at time.Duration)
	}
	// stopped is why nothing more will be opened.
	stopped tunnel.Remark
	alien   bool // not TLS at all

	client, server    hello
	offered, answered bool
	suite             suite
	secrets           secrets
	keyed             bool   // secrets, or master, are there
	recalled          bool   // master is the memory's
	ticket            []byte // given by the server, TLS 1.2
	halves            [2]half

	early     []held // of a client that sent early data, until settled
	earlySize int
	settled   bool // the server has said whether it takes early data
	accepted  bool
}

// half is one direction.
type half struct {
	records   records
	messages  messages
	protected bool // TLS 1.2: its ChangeCipherSpec has passed
	epoch     int
	unsealers [epochs]*unsealer // made when first needed; TLS 1.2 uses the last
	update    bool              // a KeyUpdate was read
}

// held is a record that waits.
type held struct {
	header, body []byte
	at           time.Duration
}

// feed takes the next bytes of a direction. It waits for keys.
func (s *session) feed(dir tunnel.Direction, p []byte, at time.Duration) {
	h := &s.halves[dir]
	for len(p) > 0 && s.stopped == "" && !s.alien {
		var header, body []byte
		header, body, p = h.records.next(p)
		switch {
		case h.records.bad:
			s.lose()
		case header != nil:
			s.record(dir, header, body, at)
		}
	}
}

// lose gives up what is out of step: before both hellos it was never TLS.
func (s *session) lose() {
	if s.answered {
		s.stopped = tunnel.RemarkWrongKey
		return
	}
	s.alien = true
}

func (s *session) record(dir tunnel.Direction, header, body []byte, at time.Duration) {
	h := &s.halves[dir]
	switch kind := header[0]; {
	case kind == recordChangeCipherSpec:
		// RFC 8446 §D.4: in TLS 1.3 it is there for middleboxes and means nothing.
		h.protected = s.answered && !s.suite.tls13
	case h.protected:
		s.open12(dir, header, body, at)
	case kind == recordApplicationData:
		s.open13(dir, header, body, at)
	case kind == recordHandshake:
		if !h.messages.feed(body, func(kind byte, message []byte) { s.clear(dir, kind, message) }) {
			s.lose()
		}
	}
}

// clear takes a handshake message that was not encrypted.
func (s *session) clear(dir tunnel.Direction, kind byte, message []byte) {
	ok := true
	switch {
	case kind == clientHello && dir == tunnel.ToOrigin:
		if s.client, ok = parseClientHello(message); ok && !s.offered {
			s.offered = true
			s.into.greeted()
		}
	case kind == serverHello && dir == tunnel.ToClient && !s.answered:
		ok = s.answer(message)
	case kind == newSessionTicket && dir == tunnel.ToClient:
		s.ticket = ticketOf(message)
		s.remember()
	}
	if !ok || !s.offered {
		s.lose()
	}
}

func (s *session) answer(message []byte) bool {
	var ok bool
	if s.server, ok = parseServerHello(message); !ok || s.server.asksAgain() {
		return ok
	}
	s.answered = true
	if s.suite, ok = suiteOf(s.server.suite); !ok || s.server.version != versionTLS12 && s.server.version != versionTLS13 {
		s.stopped = tunnel.RemarkCipher
	}
	s.settled = !s.client.earlyData || !s.suite.tls13
	return true
}

// open13 opens a record of TLS 1.3, or what the client sends before the server's
// hello.
func (s *session) open13(dir tunnel.Direction, header, body []byte, at time.Duration) {
	switch {
	case !s.offered:
		s.lose()
		return
	case dir == tunnel.ToOrigin && s.client.earlyData && !s.settled:
		s.hold(header, body, at)
		return
	case !s.answered:
		s.lose()
		return
	case !s.unlock13():
		return
	}
	h := &s.halves[dir]
	for ; h.epoch < epochs; h.epoch++ {
		o := s.unsealer13(dir, h.epoch)
		if o == nil {
			continue
		}
		if kind, plain, ok := o.open(header, body); ok {
			s.opened(dir, kind, plain, at)
			return
		}
		if h.epoch == epochTraffic {
			break
		}
	}
	h.epoch = s.unopened(dir)
}

// unopened judges a record that no key opens, and returns the epoch to go on with.
// What it may be is the handshake, if that has keys of its own that are missing, or
// early data that the server did not take.
func (s *session) unopened(dir tunnel.Direction) int {
	started := s.halves[dir].unsealers[epochTraffic]
	early := dir == tunnel.ToOrigin && s.client.earlyData
	switch {
	case started != nil && started.seq > 0:
		s.stopped = tunnel.RemarkWrongKey
	case early && s.accepted:
		s.stopped = tunnel.RemarkEarlyData
	case s.secrets.handshake[dir] != nil && !early:
		s.stopped = tunnel.RemarkWrongKey
	}
	return epochEarly
}

func (s *session) unlock13() bool {
	if s.keyed {
		return true
	}
	both := func(k secrets) bool {
		return k.traffic[tunnel.ToOrigin] != nil && k.traffic[tunnel.ToClient] != nil
	}
	if s.secrets, s.keyed = s.file.await(s.late, s.client.random, both); !s.keyed {
		s.stopped = tunnel.RemarkNoKey
		return false
	}
	s.into.unlocked("")
	return true
}

// unsealer13 returns the unsealer of an epoch, or nil where its secret is unknown.
func (s *session) unsealer13(dir tunnel.Direction, epoch int) *unsealer {
	h := &s.halves[dir]
	if h.unsealers[epoch] != nil {
		return h.unsealers[epoch]
	}
	var secret []byte
	switch {
	case epoch == epochHandshake:
		secret = s.secrets.handshake[dir]
	case epoch == epochTraffic:
		secret = s.secrets.traffic[dir]
	case dir == tunnel.ToOrigin && s.accepted:
		secret = s.secrets.early
	}
	if secret != nil {
		h.unsealers[epoch] = newUnsealer13(s.suite, secret)
	}
	return h.unsealers[epoch]
}

// opened takes the plaintext of a record of TLS 1.3.
func (s *session) opened(dir tunnel.Direction, kind byte, plain []byte, at time.Duration) {
	h := &s.halves[dir]
	switch kind {
	case recordApplicationData:
		if !s.settled { // without handshake keys this is where it shows
			s.settle(false)
		}
		s.into.data(dir, plain, at)
	case recordHandshake:
		settles := false
		ok := h.messages.feed(plain, func(kind byte, message []byte) {
			switch {
			case kind == encryptedExtensions && dir == tunnel.ToClient:
				protocol, early := parseEncryptedExtensions(message)
				s.into.unlocked(protocol)
				settles, s.accepted = true, early
			case kind == keyUpdate && h.epoch == epochTraffic:
				h.update = true
			}
		})
		if !ok {
			s.stopped = tunnel.RemarkWrongKey
			return
		}
		if h.update { // RFC 8446 §5.1: it is the last message of its record
			h.update = false
			h.unsealers[epochTraffic] = h.unsealers[epochTraffic].updated()
		}
		if settles {
			s.settle(s.accepted)
		}
	case recordAlert:
		s.alert(dir, plain, at)
	}
}

// alert takes the plaintext of an alert. Only close_notify counts: the sender will
// send nothing more (RFC 8446 §6.1, RFC 5246 §7.2.1).
func (s *session) alert(dir tunnel.Direction, plain []byte, at time.Duration) {
	const closeNotify = 0
	if len(plain) == 2 && plain[1] == closeNotify {
		s.into.closed(dir, at)
	}
}

// hold keeps a record that may be early data.
func (s *session) hold(header, body []byte, at time.Duration) {
	if s.earlySize += len(body); s.earlySize > maxEarly {
		s.stopped = tunnel.RemarkEarlyData
		return
	}
	s.early = append(s.early, held{bytes.Clone(header), bytes.Clone(body), at})
}

// settle opens what was held.
func (s *session) settle(accepted bool) {
	if s.settled {
		return
	}
	s.settled, s.accepted = true, accepted
	waiting := s.early
	s.early = nil
	for _, r := range waiting {
		if s.stopped == "" {
			s.open13(tunnel.ToOrigin, r.header, r.body, r.at)
		}
	}
}

// open12 opens a record of TLS 1.2.
func (s *session) open12(dir tunnel.Direction, header, body []byte, at time.Duration) {
	if !s.keyed && !s.unlock12(s.resumed()) {
		return
	}
	h := &s.halves[dir]
	kind, plain, ok := h.unsealers[epochTraffic].open(header, body)
	if !ok && s.recalled && s.unlock12(nil) {
		// The session was not the one that was remembered.
		kind, plain, ok = h.unsealers[epochTraffic].open(header, body)
	}
	switch {
	case s.stopped != "":
	case !ok:
		s.stopped = tunnel.RemarkWrongKey
	case kind == recordApplicationData:
		s.into.data(dir, plain, at)
	case kind == recordAlert:
		s.alert(dir, plain, at)
	}
}

// resumed returns the master secret of the session that the hellos resume, or nil
// (RFC 5246 §7.4.1.3, RFC 5077 §3.4).
func (s *session) resumed() []byte {
	if len(s.server.session) == 0 || !bytes.Equal(s.server.session, s.client.session) {
		return nil
	}
	if master := s.file.masters.get(s.client.ticket); master != nil {
		return master
	}
	return s.file.masters.get(s.server.session)
}

// unlock12 makes the unsealers of both directions, of a master secret that is
// remembered or else written down.
func (s *session) unlock12(remembered []byte) bool {
	s.secrets.master, s.recalled = remembered, remembered != nil
	if remembered == nil {
		var ok bool
		s.secrets, ok = s.file.await(s.late, s.client.random, func(k secrets) bool { return k.master != nil })
		if !ok {
			s.stopped = tunnel.RemarkNoKey
			return false
		}
	}
	for dir, o := range newUnsealers12(s.suite, s.secrets.master, s.client.random, s.server.random) {
		if o == nil {
			s.stopped = tunnel.RemarkWrongKey
			return false
		}
		s.halves[dir].unsealers[epochTraffic] = o
	}
	s.keyed = true
	s.remember()
	s.into.unlocked(s.server.protocol)
	return true
}

// remember keeps the master secret for whoever resumes the session.
func (s *session) remember() {
	if s.keyed && !s.suite.tls13 {
		s.file.masters.put(s.server.session, s.secrets.master)
		s.file.masters.put(s.ticket, s.secrets.master)
	}
}
