package wire

import "golang.org/x/crypto/cryptobyte"

// maxHello bounds in bytes what is held of a handshake message.
const maxHello = 64 << 10

// The handshake messages that are read (RFC 8446 §4).
const (
	clientHelloType = 1
	serverHelloType = 2
)

// The extensions that are read, by their IANA numbers.
const (
	extServerName        = 0
	extALPN              = 16
	extSupportedVersions = 43
	extPSKModes          = 45
	extECH               = 0xfe0d
)

const (
	versionTLS12 = 0x0303
	versionTLS13 = 0x0304
)

var versionNames = map[uint16]string{
	0x0300:       "SSL 3.0",
	0x0301:       "TLS 1.0",
	0x0302:       "TLS 1.1",
	versionTLS12: "TLS 1.2",
	versionTLS13: "TLS 1.3",
}

// helloBuffer gathers the first handshake message of one direction, which may
// be spread over records and reads.
type helloBuffer struct {
	held []byte
	over bool // complete or given up: held is gone
}

// add takes a piece of a handshake record and returns the message without its
// four bytes of header once that is complete. ok is false if the message is of
// another type than want or too long.
func (h *helloBuffer) add(p []byte, want byte) (message []byte, ok bool) {
	h.held = append(h.held, p[:min(len(p), maxHello-len(h.held))]...)
	if len(h.held) < 4 {
		return nil, len(h.held) == 0 || h.held[0] == want
	}
	size := 4 + (int(h.held[1])<<16 | int(h.held[2])<<8 | int(h.held[3]))
	switch {
	case h.held[0] != want || size > maxHello:
		h.drop()
		return nil, false
	case len(h.held) < size:
		return nil, true
	}
	message = h.held[4:size]
	h.drop()
	return message, true
}

func (h *helloBuffer) drop() { h.held, h.over = nil, true }

// clientHello is what a ClientHello (RFC 8446 §4.1.2) tells.
type clientHello struct {
	serverName string
	protocols  []string // ALPN, in the client's order
	pskModes   bool     // session tickets are welcome (RFC 8446 §4.2.9)
	ech        bool     // encrypted, or pretending to be: serverName says little
	build      uint64   // alike for connections of one program
}

func parseClientHello(message []byte) (h clientHello, ok bool) {
	s := cryptobyte.String(message)
	var sessionID, suites, compressions cryptobyte.String
	if !s.Skip(2+32) || // version, random
		!s.ReadUint8LengthPrefixed(&sessionID) ||
		!s.ReadUint16LengthPrefixed(&suites) ||
		!s.ReadUint8LengthPrefixed(&compressions) {
		return h, false
	}
	h.build = likeness(suites)
	return h, eachExtension(s, h.extension)
}

// likeness hashes cipher suites, without those that stand for nothing.
func likeness(suites cryptobyte.String) uint64 {
	hash := uint64(0xcbf29ce484222325) // FNV-1a
	var suite uint16
	for suites.ReadUint16(&suite) {
		if !isGrease(suite) {
			hash = (hash ^ uint64(suite)) * 0x100000001b3
		}
	}
	return hash
}

// isGrease recognises the values of RFC 8701, which a client draws anew for each
// connection.
func isGrease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// passing are extensions that a program sends at times: padding, a session to
// resume, and data with it.
func passing(id uint16) bool {
	const padding, preSharedKey, earlyData, sessionTicket = 21, 41, 42, 35
	return id == padding || id == preSharedKey || id == earlyData || id == sessionTicket
}

func (h *clientHello) extension(id uint16, data cryptobyte.String) bool {
	if !isGrease(id) && !passing(id) && id != extServerName {
		h.build += (uint64(id) + 1) * 0x9e3779b97f4a7c15 // in whichever order
	}
	switch id {
	case extServerName:
		return h.readServerName(data)
	case extALPN:
		h.protocols = readProtocols(data)
	case extPSKModes:
		h.pskModes = true
	case extECH:
		h.ech = true
	}
	return true
}

// readServerName reads the extension of RFC 6066 §3: a list, of which only the
// host name was ever defined.
func (h *clientHello) readServerName(data cryptobyte.String) bool {
	var list, name cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var kind uint8
		if !list.ReadUint8(&kind) || !list.ReadUint16LengthPrefixed(&name) {
			return false
		}
		if kind == 0 {
			h.serverName = string(name)
		}
	}
	return true
}

// readProtocols reads the extension of RFC 7301 §3.1.
func readProtocols(data cryptobyte.String) (protocols []string) {
	var list, name cryptobyte.String
	data.ReadUint16LengthPrefixed(&list)
	for list.ReadUint8LengthPrefixed(&name) {
		protocols = append(protocols, string(name))
	}
	return protocols
}

// serverHello is what a ServerHello (RFC 8446 §4.1.3), or the request to try
// again in its shape, tells.
type serverHello struct {
	version  uint16
	suite    uint16
	protocol string // agreed by ALPN; not told here in TLS 1.3
}

func parseServerHello(message []byte) (h serverHello, ok bool) {
	s := cryptobyte.String(message)
	var sessionID cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.Skip(32) || // random
		!s.ReadUint8LengthPrefixed(&sessionID) ||
		!s.ReadUint16(&h.suite) || !s.Skip(1) { // compression
		return h, false
	}
	return h, eachExtension(s, h.extension)
}

func (h *serverHello) extension(id uint16, data cryptobyte.String) bool {
	switch id {
	case extSupportedVersions:
		return data.ReadUint16(&h.version)
	case extALPN:
		if protocols := readProtocols(data); len(protocols) > 0 {
			h.protocol = protocols[0]
		}
	}
	return true
}

// eachExtension calls each for the extensions at the end of a hello, of which
// there may be none.
func eachExtension(s cryptobyte.String, each func(id uint16, data cryptobyte.String) bool) bool {
	if s.Empty() {
		return true
	}
	var list, data cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var id uint16
		if !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&data) || !each(id, data) {
			return false
		}
	}
	return true
}

// overhead is by how much a record's body is longer than its plaintext.
func (h serverHello) overhead() int {
	const tag, explicitNonce, contentType = 16, 8, 1
	switch {
	case h.suite == 0x1305: // TLS_AES_128_CCM_8_SHA256
		return 8 + contentType
	case h.version == versionTLS13:
		return tag + contentType
	case h.suite >= 0xcca8 && h.suite <= 0xccae: // ChaCha20-Poly1305, RFC 7905
		return tag
	case h.suite >= 0x9c && h.suite <= 0xa7, // AES-GCM, RFC 5288
		h.suite >= 0xc02b && h.suite <= 0xc032,                                       // AES-GCM, RFC 5289
		h.suite >= 0xc09c && h.suite <= 0xc09f, h.suite == 0xc0ac, h.suite == 0xc0ad: // AES-CCM
		return explicitNonce + tag
	case h.suite >= 0xc0a0 && h.suite <= 0xc0a3, h.suite == 0xc0ae, h.suite == 0xc0af: // AES-CCM-8
		return explicitNonce + 8
	}
	return h.overheadCBC()
}

// overheadCBC is the least that a CBC suite adds: the initialisation vector, the
// MAC and one byte of padding, of which there may be up to sixteen.
func (h serverHello) overheadCBC() int {
	const vector, padding = 16, 1
	switch h.suite {
	case 0x3c, 0x3d, 0x67, 0x6b, 0xc023, 0xc027:
		return vector + 32 + padding // SHA-256
	case 0xc024, 0xc028:
		return vector + 48 + padding // SHA-384
	}
	return vector + 20 + padding // SHA-1
}

// finished is the size of a record that holds the client's Finished alone, in
// TLS 1.3: header, hash, content type and tag.
func (h serverHello) finished() int {
	const header, sha256, sha384 = 4, 32, 48
	if h.suite == 0x1302 { // TLS_AES_256_GCM_SHA384
		return header + sha384 + h.overhead()
	}
	return header + sha256 + h.overhead()
}
