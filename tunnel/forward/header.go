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
	"Proxy-Authentication-Info", "Te", "Transfer-Encoding", "Upgrade",
}

// removeHopByHop removes from h what belongs to the hop it came by: the known
// fields, and those that the Connection lines name.
func removeHopByHop(h http.Header, connection []string) {
	for _, line := range connection {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.TrimString(name); keepsMeaning(name) {
				h.Del(name)
			}
		}
	}
	for _, name := range hopByHop {
		delete(h, name) // canonical as it stands
	}
}

// renewTE says again that trailers are welcome where the client said so: they
// are passed on, while transfer codings are each hop's own (RFC 9110 §10.1.4).
func renewTE(out, in http.Header) {
	if hasToken(in["Te"], "trailers") {
		out.Set("Te", "trailers")
		out.Set("Connection", "TE")
	}
}

// keepUserAgent keeps net/http from adding a User-Agent of its own, and from
// dropping one that is empty.
func keepUserAgent(h http.Header) {
	switch values, named := h["User-Agent"]; {
	case !named:
		h["User-Agent"] = nil
	case len(values) == 1 && values[0] == "":
		h["User-Agent"], h["User-agent"] = nil, values
	}
}

// removeFromTrailer removes what may not be a trailer field: what frames,
// routes or authorizes the message, or belongs to a hop (RFC 9110 §6.5.1).
func removeFromTrailer(trailer http.Header) {
	removeHopByHop(trailer, trailer["Connection"])
	for _, name := range []string{"Content-Length", "Host", "Trailer", "Authorization", "Content-Encoding", "Content-Type", "Content-Range"} {
		delete(trailer, name)
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

// valuesOf returns the values of a field among lines as they were on the wire.
func valuesOf(lines []tunnel.Header, name string) []string {
	var values []string
	for _, line := range lines {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
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
