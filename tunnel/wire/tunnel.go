package wire

import (
	"sync"

	"streamgauge/tunnel"
)

// Tunnel observes both directions of an opaque tunnel without decrypting. It
// reads the two hellos, and of every record after them type and length.
//
// All methods may be called concurrently, one goroutine a direction being the
// use it is made for: a mutex is held for the length of a Feed, about 20 ns
// when no one else wants it. What a direction read must be fed before it is
// passed on, so that an answer is never seen before its question.
type Tunnel struct {
	mu    sync.Mutex // guards all below
	lanes [2]lane
	alien bool // not TLS

	client clientHello
	server serverHello
	agreed string // ALPN as far as known
	known  bool   // nothing more will be learned about agreed

	handshake handshake
	turns     turns
}

// lane is one direction.
type lane struct {
	records records
	hello   helloBuffer
}

// NewTunnel returns an observer that waits for both hellos.
func NewTunnel() *Tunnel { return &Tunnel{} }

// Feed takes the next bytes of a direction and returns how many records of
// application data they completed. each, unless nil, is called once a record
// with its estimated plaintext size; it must not call t. What the two TLS
// stacks say to one another (the encrypted part of the handshake, session
// tickets, closing alerts, HTTP/2's connection preface and acknowledgements) is
// left out as far as its size gives it away.
func (t *Tunnel) Feed(dir tunnel.Direction, p []byte, each func(dir tunnel.Direction, bytes int)) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := &t.lanes[dir]
	if dir == tunnel.ToOrigin {
		t.turns.fresh = false
	}
	n := 0
	for len(p) > 0 && !t.alien {
		body, rest, whole := l.records.next(p)
		p = rest
		if l.records.bad {
			t.alien = true
			break
		}
		if l.records.kind() == recordHandshake && !l.hello.over {
			t.readHello(dir, body)
		}
		if whole && l.records.kind() == recordApplicationData {
			n += t.application(dir, l.records.size(), each)
		}
	}
	return n
}

// readHello takes a piece of the cleartext handshake.
func (t *Tunnel) readHello(dir tunnel.Direction, p []byte) {
	l := &t.lanes[dir]
	want := byte(clientHelloType)
	if dir == tunnel.ToClient {
		want = serverHelloType
	}
	message, ok := l.hello.add(p, want)
	if ok && message != nil {
		ok = t.hello(dir, message)
	}
	if !ok {
		t.alien = true
		l.hello.drop()
	}
}

func (t *Tunnel) hello(dir tunnel.Direction, message []byte) (ok bool) {
	if dir == tunnel.ToOrigin {
		t.client, ok = parseClientHello(message)
		return ok
	}
	if t.server, ok = parseServerHello(message); !ok {
		return false
	}
	t.agreed = t.server.protocol
	// TLS 1.2 tells the protocol in the clear; if only one was offered, TLS 1.3
	// needs not tell.
	t.known = t.server.version != versionTLS13
	if !t.known && len(t.client.protocols) > 0 {
		t.agreed = t.client.protocols[0]
	}
	t.handshake.begin(t.server, t.client.pskModes)
	return true
}

// application judges one record of type application data and counts it unless
// it is the stacks' own.
func (t *Tunnel) application(dir tunnel.Direction, size int, each func(dir tunnel.Direction, bytes int)) int {
	if dir == tunnel.ToClient && t.handshake.begun && !t.known {
		t.agree(size)
	}
	plain := size - t.server.overhead()
	if !t.handshake.begun { // early data, before the server said anything
		plain = size - serverHello{version: versionTLS13}.overhead()
	}
	if plain <= 0 || t.handshake.owns(dir, size) || t.isPreface(dir, plain) || t.turns.isInterim(dir, plain) {
		return 0
	}
	t.turns.data(dir)
	emitRecord(each, dir, plain)
	return 1
}

func emitRecord(each func(dir tunnel.Direction, bytes int), dir tunnel.Direction, size int) {
	if each != nil {
		each(dir, size)
	}
}

// agree guesses the protocol agreed in TLS 1.3 by the first encrypted record,
// which in many servers holds EncryptedExtensions alone: ALPN with or without
// the acknowledgement of the server name. Any other size leaves the client's
// first choice standing.
func (t *Tunnel) agree(size int) {
	t.known = true
	if len(t.client.protocols) == 0 {
		return
	}
	const empty, acknowledged, alpn = 4 + 2, 4, 4 + 2 + 1
	protocol := size - t.server.overhead() - empty - alpn
	for _, p := range t.client.protocols {
		if protocol == len(p) || protocol == len(p)+acknowledged {
			t.agreed = p
			return
		}
	}
	if protocol == -alpn || protocol == acknowledged-alpn {
		t.agreed = ""
	}
}

// isPreface reports whether a record of HTTP/2 is about the connection: the
// server's first one, its SETTINGS (RFC 9113 §3.4), and those that hold just a
// SETTINGS acknowledgement or an empty last frame, a WINDOW_UPDATE or a PING.
func (t *Tunnel) isPreface(dir tunnel.Direction, plain int) bool {
	const header, window, ping = 9, 4, 8
	if t.agreed != "h2" {
		return false
	}
	if dir == tunnel.ToClient && !t.turns.greeted {
		t.turns.greeted = true
		return true
	}
	return plain == header || plain == header+window || plain == header+ping
}

// TLS reports whether the tunnel may be TLS: false once it is known not to be,
// or cannot be followed.
func (t *Tunnel) TLS() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.alien
}

// Info returns what the hellos have told so far. complete says that nothing
// will be added. ServerName is empty with Encrypted Client Hello, real or
// pretended: what stands in the clear then need not be the host.
func (t *Tunnel) Info() (info tunnel.TLSInfo, complete bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info = tunnel.TLSInfo{ServerName: t.client.serverName, ALPN: t.agreed, Version: versionNames[t.server.version]}
	if t.client.ech {
		info.ServerName = ""
	}
	if info.ALPN == "" && !t.known && len(t.client.protocols) > 0 {
		info.ALPN = t.client.protocols[0]
	}
	return info, t.known || t.alien
}

// Turns reports whether requests can be told apart by the direction of the
// records: the protocol is HTTP/1, or none was agreed on.
func (t *Tunnel) Turns() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alternates()
}

func (t *Tunnel) alternates() bool {
	http1 := t.agreed == "" || t.agreed == "http/1.1" || t.agreed == "http/1.0"
	return !t.alien && t.handshake.begun && http1
}

// NewTurn reports whether the last Feed towards the origin completed the first
// record of a request: the first in the tunnel, or the first after response
// data. Always false where Turns is.
func (t *Tunnel) NewTurn() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.turns.fresh && t.alternates()
}

// Whole reports whether what a direction was fed ends where a record ends: an
// end of stream anywhere else means that the connection was cut off. It is true
// for what is not TLS, or not known to be.
func (t *Tunnel) Whole(dir tunnel.Direction) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alien || !t.handshake.begun || t.lanes[dir].records.have == 0
}
