package wire

// Hello is what a ClientHello tells to whoever has to decide what to do with
// the connection.
type Hello struct {
	ServerName string   // SNI (RFC 6066 §3); empty where absent
	Protocols  []string // ALPN (RFC 7301), in the client's order
	// Build is alike for the connections of one program, and mostly differs
	// between programs: a hash of the ciphers and extensions offered.
	Build uint64
}

// PeekHello looks for a ClientHello at the beginning of what a client sent. ok
// means that it is there, whole; more, that it may be once more has come.
// Neither means that the client does not speak TLS.
func PeekHello(p []byte) (hello Hello, ok, more bool) {
	var r records
	var h helloBuffer
	for len(p) > 0 {
		body, rest, _ := r.next(p)
		p = rest
		if r.bad || r.kind() != recordHandshake {
			return Hello{}, false, false
		}
		if len(body) == 0 {
			continue
		}
		message, fits := h.add(body, clientHelloType)
		if !fits {
			return Hello{}, false, false
		}
		if message != nil {
			c, ok := parseClientHello(message)
			return Hello{ServerName: c.serverName, Protocols: c.protocols, Build: c.build}, ok, false
		}
	}
	return Hello{}, false, true
}
