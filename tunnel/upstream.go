package tunnel

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Scheme is the protocol spoken to an upstream.
type Scheme string

// The schemes. Direct is the zero value.
const (
	Direct  Scheme = ""
	SOCKS5  Scheme = "socks5"  // names are resolved by the upstream, as with socks5h
	SOCKS5H Scheme = "socks5h" // the same, in curl's spelling
	SOCKS4A Scheme = "socks4a"
	HTTP    Scheme = "http"
	HTTPS   Scheme = "https"
)

var defaultPorts = map[Scheme]uint16{SOCKS5: 1080, SOCKS5H: 1080, SOCKS4A: 1080, HTTP: 80, HTTPS: 443}

// Upstream is the proxy that the user already has, through which everything is
// chained. The zero value means none: origins are dialled directly.
type Upstream struct {
	Scheme         Scheme
	Host           string // name or address, no brackets
	Port           uint16
	User, Password string
}

// ParseUpstream reads "direct", "" or a URL such as "socks5://127.0.0.1:1080"
// or "http://user:password@proxy.example:3128". Errors name the part that is
// wrong and never repeat a password.
func ParseUpstream(s string) (Upstream, error) {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "direct") {
		return Upstream{}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		// The cause may quote the whole input, password included.
		return Upstream{}, malformed("url", "", "upstream is not a URL: want scheme://host:port, e.g. socks5://127.0.0.1:1080")
	}
	up := Upstream{Scheme: Scheme(strings.ToLower(u.Scheme)), Host: u.Hostname()}
	fallback, known := defaultPorts[up.Scheme]
	switch {
	case !known:
		return Upstream{}, malformed("scheme", u.Scheme, "upstream scheme %q is not one of socks5, socks5h, socks4a, http, https", u.Scheme)
	case up.Host == "":
		return Upstream{}, malformed("host", string(up.Scheme), "upstream %s:// has no host: want %s://host:port", up.Scheme, up.Scheme)
	case strings.Contains(up.Host, ":") && !isIPv6(up.Host):
		return Upstream{}, malformed("address", string(up.Scheme), "upstream host is neither a name nor an address: want %s://host:port, an IPv6 address in brackets", up.Scheme)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		// The host is not repeated: with a slash in the password, what was parsed
		// as the port is the password's beginning.
		return Upstream{}, malformed("path", string(up.Scheme), "upstream %s:// has a path or query: a proxy address ends after the port, and /, ?, # in a password are written %%2F, %%3F, %%23", up.Scheme)
	}
	up.Port = fallback
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return Upstream{}, malformed("port", p, "upstream port %q is not a number from 1 to 65535", p)
		}
		up.Port = uint16(n)
	}
	if u.User != nil {
		up.User = u.User.Username()
		up.Password, _ = u.User.Password()
	}
	if err := up.checkCredentials(); err != nil {
		return Upstream{}, err
	}
	return up, nil
}

// UpstreamError says which part of an upstream's text is wrong. It holds no
// password.
type UpstreamError struct {
	// Part names it in one word that stays: url, scheme, host, address, path,
	// port, control, socks4a, long, user, colon.
	Part string
	// Word is what stands there, or the scheme; may be empty.
	Word string
	text string
}

// Error says it in English, with what is wanted instead.
func (e *UpstreamError) Error() string { return e.text }

func malformed(part, word, format string, args ...any) error {
	return &UpstreamError{Part: part, Word: word, text: fmt.Sprintf(format, args...)}
}

func isIPv6(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is6()
}

// checkCredentials applies the limits of the protocols: one length byte each
// in SOCKS5 (RFC 1929 §2), no control characters and no colon in a Basic user
// (RFC 7617 §2). A NUL ends the user name of SOCKS4a, so that one within it
// would smuggle in another destination.
func (u Upstream) checkCredentials() error {
	switch {
	case strings.ContainsFunc(u.User+u.Password, unicode.IsControl):
		return malformed("control", "", "upstream user name and password may not contain control characters")
	case u.Scheme == SOCKS4A && u.Password != "":
		return malformed("socks4a", "", "upstream socks4a has no password: only a user name can be given")
	case (u.Scheme == SOCKS5 || u.Scheme == SOCKS5H) && (len(u.User) > 255 || len(u.Password) > 255):
		return malformed("long", "", "upstream user name and password may have 255 bytes each with SOCKS5")
	case u.User == "" && u.Password != "":
		return malformed("user", "", "upstream has a password but no user name")
	case (u.Scheme == HTTP || u.Scheme == HTTPS) && strings.Contains(u.User, ":"):
		return malformed("colon", "", "upstream user name may not contain a colon with HTTP")
	}
	return nil
}

// IsDirect reports whether there is no upstream.
func (u Upstream) IsDirect() bool { return u.Scheme == Direct }

// SpeaksSOCKS reports whether the upstream is a SOCKS server.
func (u Upstream) SpeaksSOCKS() bool {
	return u.Scheme == SOCKS5 || u.Scheme == SOCKS5H || u.Scheme == SOCKS4A
}

// Addr returns host:port, or "" when direct.
func (u Upstream) Addr() string {
	if u.IsDirect() {
		return ""
	}
	return net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port)))
}

// String returns "direct" or the URL without credentials: fit for screens,
// logs and recordings.
func (u Upstream) String() string {
	if u.IsDirect() {
		return "direct"
	}
	return string(u.Scheme) + "://" + u.Addr()
}
