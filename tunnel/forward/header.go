package forward

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"streamgauge/tunnel"
)

// hopByHop are the fields that belong to one connection (RFC 9110 §7.6.1, and
// those that earlier documents named).
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Authentication-Info", "Transfer-Encoding", "Upgrade",
}

// Fields that are removed in one direction only. TE is about this hop's
// transfer codings; "trailers" may be said again since trailers are kept.
var (
	requestOnly  = []string{"Te"}
	responseOnly = []string{}
)

// removeHopByHop removes from h what belongs to the hop it came by: the known
// fields, the extra ones, and those that Connection names.
func removeHopByHop(h http.Header, extra []string) {
	trailers := hasToken(h["Te"], "trailers")
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.TrimString(name); keepsMeaning(name) {
				h.Del(name)
			}
		}
	}
	for _, name := range hopByHop {
		h.Del(name)
	}
	for _, name := range extra {
		h.Del(name)
	}
	if trailers {
		h.Set("Te", "trailers")
	}
}

// keepsMeaning guards fields that frame or route the message: naming them in
// Connection is an attack, not a wish (RFC 9110 §7.6.1 forbids it).
func keepsMeaning(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "", "Host", "Content-Length", "Trailer", "Max-Forwards":
		return false
	}
	return true
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			part, _, _ = strings.Cut(part, ";")
			if strings.EqualFold(textproto.TrimString(part), token) {
				return true
			}
		}
	}
	return false
}

// flatten returns the field lines of h, sorted by name: net/http keeps neither
// their order nor their spelling.
func flatten(h http.Header) []tunnel.Header {
	lines := make([]tunnel.Header, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			lines = append(lines, tunnel.Header{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(lines, func(a, b tunnel.Header) int { return strings.Compare(a.Name, b.Name) })
	return lines
}
