package upstream

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// maxHost is the longest name in bytes: what one length byte of SOCKS5 holds
// (RFC 1928 §5), which is also the limit of DNS (RFC 1035 §2.3.4).
const maxHost = 255

// endpoint is a host and port that were found well-formed.
type endpoint struct {
	host string     // as given, no brackets
	port uint16     // not zero
	ip   netip.Addr // host as an address; invalid if it is a name
}

// parseEndpoint reads host:port.
func parseEndpoint(addr string) (endpoint, bool) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return endpoint{}, false
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return endpoint{}, false
	}
	return newEndpoint(host, uint16(port))
}

// newEndpoint refuses what could not be a host, above all what could break out
// of a CONNECT request line or a SOCKS4 field.
func newEndpoint(host string, port uint16) (endpoint, bool) {
	e := endpoint{host: host, port: port}
	if port == 0 {
		return e, false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		e.ip = ip.Unmap()
		return e, true
	}
	if host == "" || len(asciiHost(host)) > maxHost || strings.ContainsFunc(host, notInHost) {
		return e, false
	}
	return e, true
}

func notInHost(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune(`/\?#@[]<>"%:`, r)
}

func (e endpoint) portString() string { return strconv.Itoa(int(e.port)) }

// String returns host:port as the user knows it.
func (e endpoint) String() string { return net.JoinHostPort(e.host, e.portString()) }

// wireHost is the host as other machines understand it: a zone has meaning on
// this one only (RFC 4007 §11), and names travel in ASCII (RFC 5890 §2.3.2.1).
func (e endpoint) wireHost() string {
	if e.ip.IsValid() {
		return e.ip.WithZone("").String()
	}
	return asciiHost(e.host)
}

// wire is [endpoint.wireHost] with the port.
func (e endpoint) wire() string { return net.JoinHostPort(e.wireHost(), e.portString()) }

// asciiHost converts a name with letters beyond ASCII. A name that cannot be
// converted stays, for the resolver to refuse.
func asciiHost(host string) string {
	if strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) < 0 {
		return host
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return host
}

// plainName is the form in which names are compared.
func plainName(host string) string {
	return strings.ToLower(asciiHost(strings.TrimSuffix(host, ".")))
}

// underLocalhost reports whether RFC 6761 §6.3 gives the name to this machine.
func underLocalhost(host string) bool {
	name := plainName(host)
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
