package forward

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// target returns the origin of r as host:port.
func target(r *http.Request) string {
	host, port := r.URL.Hostname(), r.URL.Port()
	if port == "" {
		port = "80"
		if r.URL.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(host, port)
}

// verbatim returns a copy of r's URL to send.
func verbatim(r *http.Request) *url.URL {
	u := *r.URL
	u.Fragment, u.RawFragment = "", ""
	return &u
}

// opaque returns what URL.Opaque must be for the request target to go out as
// it came in, or "" where url.URL writes it so anyway. net/http would escape
// what the client left unescaped, and an origin may care.
func opaque(r *http.Request, absolute bool) string {
	raw := rawPath(r.RequestURI)
	switch {
	case raw == "" && r.Method == http.MethodOptions && r.URL.RawQuery == "" && !r.URL.ForceQuery:
		// RFC 9112 §3.2.4: the last proxy sends "*" for an empty path.
		if absolute {
			return "//" + r.URL.Host
		}
		return "*"
	case raw == "" || raw == r.URL.EscapedPath() || strings.HasPrefix(raw, "//"):
		return ""
	case absolute:
		return "//" + r.URL.Host + raw
	}
	return raw
}

// rawPath cuts the path out of an absolute-form request target.
func rawPath(requestURI string) string {
	_, rest, ok := strings.Cut(requestURI, "://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#") // no part of a request target (RFC 9112 §3.2)
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return ""
	}
	return rest[slash:]
}
