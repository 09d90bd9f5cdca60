package keylog

import (
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// The handshake messages that are read (RFC 8446 §4, RFC 5246 §7.4).
const (
	clientHello         = 1
	serverHello         = 2
	newSessionTicket    = 4
	encryptedExtensions = 8
	finished            = 20
	keyUpdate           = 24
)

// The extensions that are read, by their IANA numbers.
const (
	extALPN              = 16
	extSessionTicket     = 35
	extEarlyData         = 42
	extSupportedVersions = 43
)

const (
	versionTLS12 = 0x0303
	versionTLS13 = 0x0304
)

// maxMessage bounds in bytes what is held of one handshake message.
const maxMessage = 64 << 10

// messages gathers the handshake messages of one direction, which may be spread
// over records; those that nobody reads are passed over.
type messages struct {
	header [4]byte
	have   int // bytes of header seen
	left   int // bytes of the body still to come
	held   []byte
}

// feed calls each for every message that p completes, body held only if it is of
// a kind that is read. It returns false once a message is too long.
func (m *messages) feed(p []byte, each func(kind byte, body []byte)) bool {
	for len(p) > 0 {
		if m.have < len(m.header) {
			n := copy(m.header[m.have:], p)
			m.have += n
			p = p[n:]
			if m.have < len(m.header) {
				return true
			}
			m.left = int(m.header[1])<<16 | int(m.header[2])<<8 | int(m.header[3])
			if m.reads() && m.left > maxMessage {
				return false
			}
		}
		n := min(m.left, len(p))
		if m.reads() {
			m.held = append(m.held, p[:n]...)
		}
		p = p[n:]
		if m.left -= n; m.left > 0 {
			return true
		}
		each(m.header[0], m.held)
		m.have, m.held = 0, nil
	}
	return true
}

func (m *messages) reads() bool {
	switch m.header[0] {
	case clientHello, serverHello, newSessionTicket, encryptedExtensions, keyUpdate:
		return true
	}
	return false
}

// hello is what a ClientHello (RFC 8446 §4.1.2) or a ServerHello (§4.1.3) says.
type hello struct {
	random    random
	session   []byte
	version   uint16 // of a ServerHello
	suite     uint16 // of a ServerHello
	ticket    []byte // of a ClientHello
	protocol  string // ALPN, of a ServerHello in TLS 1.2
	earlyData bool   // of a ClientHello
}

func parseClientHello(body []byte) (h hello, ok bool) {
	s := cryptobyte.String(body)
	var suites, compressions cryptobyte.String
	if !h.begin(&s) || !s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8LengthPrefixed(&compressions) {
		return h, false
	}
	ok = eachExtension(s, func(id uint16, data cryptobyte.String) {
		switch id {
		case extSessionTicket:
			h.ticket = append([]byte(nil), data...)
		case extEarlyData:
			h.earlyData = true
		}
	})
	return h, ok
}

func parseServerHello(body []byte) (h hello, ok bool) {
	s := cryptobyte.String(body)
	if !h.begin(&s) || !s.ReadUint16(&h.suite) || !s.Skip(1) { // compression
		return h, false
	}
	ok = eachExtension(s, func(id uint16, data cryptobyte.String) {
		switch id {
		case extSupportedVersions:
			data.ReadUint16(&h.version)
		case extALPN:
			h.protocol = firstProtocol(data)
		}
	})
	return h, ok
}

func (h *hello) begin(s *cryptobyte.String) bool {
	var session cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.CopyBytes(h.random[:]) || !s.ReadUint8LengthPrefixed(&session) {
		return false
	}
	h.session = append([]byte(nil), session...)
	return true
}

// retryRandom marks a ServerHello as a HelloRetryRequest (RFC 8446 §4.1.3).
var retryRandom = random(sha256.Sum256([]byte("HelloRetryRequest")))

func (h *hello) asksAgain() bool { return h.random == retryRandom }

func firstProtocol(data cryptobyte.String) string {
	var list, name cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) || !list.ReadUint8LengthPrefixed(&name) {
		return ""
	}
	return string(name)
}

// parseEncryptedExtensions reads what RFC 8446 §4.3.1 protects.
func parseEncryptedExtensions(body []byte) (protocol string, earlyData bool) {
	eachExtension(body, func(id uint16, data cryptobyte.String) {
		switch id {
		case extALPN:
			protocol = firstProtocol(data)
		case extEarlyData:
			earlyData = true
		}
	})
	return protocol, earlyData
}

// ticketOf returns the ticket of a NewSessionTicket of TLS 1.2 (RFC 5077 §3.3).
func ticketOf(body []byte) []byte {
	const lifetime, length = 4, 2 // bytes
	if len(body) < lifetime+length {
		return nil
	}
	ticket := body[lifetime+length:]
	if int(binary.BigEndian.Uint16(body[lifetime:])) != len(ticket) {
		return nil
	}
	return append([]byte(nil), ticket...)
}

// eachExtension calls each for the extensions in s, of which there may be none.
func eachExtension(s cryptobyte.String, each func(id uint16, data cryptobyte.String)) bool {
	if s.Empty() {
		return true
	}
	var list, data cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var id uint16
		if !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&data) {
			return false
		}
		each(id, data)
	}
	return true
}
