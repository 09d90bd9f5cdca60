package wire

import (
	"bytes"
	"iter"
	"strconv"
	"strings"

	"streamgauge/tunnel"
)

var lf = []byte("\n")

// head is what the framing depends on (RFC 9112 §6.3).
type head struct {
	proto     string
	status    int
	end       int // length of the head after unfolding, blank line left out
	length    int64
	hasLength bool
	chunked   bool
}

const httpPrefix = "HTTP/"

// startsLikeHTTP reports whether b can be the beginning of a response, so that
// another protocol is noticed before it sends anything like a line end.
func startsLikeHTTP(b []byte) bool {
	n := min(len(b), len(httpPrefix))
	return string(b[:n]) == httpPrefix[:n]
}

// isBlank reports whether a line, given with its line end, ends a section.
func isBlank(line []byte) bool {
	return len(line) == 1 || len(line) == 2 && line[0] == '\r'
}

// parseHead reads a complete head whose field lines begin at fields, unfolding
// them in place. What it refuses, net/http refuses too.
func parseHead(b []byte, fields int) (head, bool) {
	h, ok := parseStatusLine(string(trimEOL(b[:fields])))
	if !ok {
		return h, false
	}
	h.end, ok = unfold(b, fields)
	if !ok {
		return h, false
	}
	ok = h.readFields(b[fields:h.end])
	return h, ok
}

// readFields takes from unfolded field lines what the framing depends on.
func (h *head) readFields(rest []byte) bool {
	for ok := true; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, lf)
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !validField(name, value) {
			return false
		}
		value = bytes.TrimLeft(value, " \t")
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			ok = h.setLength(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")) && knowsChunks(h.proto):
			// Like net/http: the one coding that can be followed is chunked, alone.
			ok = !h.chunked && len(value) == len("chunked") && bytes.EqualFold(value, []byte("chunked"))
			h.chunked = true
		}
		if !ok {
			return false
		}
	}
	return true
}

func parseStatusLine(line string) (h head, ok bool) {
	proto, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 0 || !validProto(proto) {
		return h, false
	}
	return head{proto: knownProto(proto), status: status}, true
}

func validProto(proto string) bool {
	return len(proto) == len("HTTP/1.1") && strings.HasPrefix(proto, httpPrefix) &&
		isDigit(proto[5]) && proto[6] == '.' && isDigit(proto[7])
}

// knownProto spares the usual versions an allocation and the head's memory a
// reference.
func knownProto(proto string) string {
	switch proto {
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/1.0":
		return "HTTP/1.0"
	}
	return strings.Clone(proto)
}

// knowsChunks reports whether Transfer-Encoding means anything in that version:
// not before HTTP/1.1, except that net/http takes 0.0 for it.
func knowsChunks(proto string) bool { return proto >= "HTTP/1.1" || proto == "HTTP/0.0" }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// setLength notes a Content-Length. RFC 9110 §8.6: repeating the same value is
// tolerated, a second one that differs is not.
func (h *head) setLength(value string) bool {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil || h.hasLength && h.length != int64(n) {
		return false
	}
	h.length, h.hasLength = int64(n), true
	return true
}

// framing applies the order of precedence of RFC 9112 §6.3 and returns the
// length of the body where that is known.
func (h *head) framing(toHEAD bool) (Framing, int64) {
	switch {
	case h.status == 101:
		return UntilClose, 0
	case toHEAD || h.status == 204 || h.status == 304:
		return Bodiless, 0
	case h.chunked:
		return Chunked, 0
	case !h.hasLength:
		return UntilClose, 0
	case h.length == 0:
		return Bodiless, 0
	}
	return ContentLength, h.length
}

// unfold rewrites the lines of b from start on, in place: line ends become a
// bare LF, a line folded over several (RFC 9112 §5.2) becomes one, joined by a
// space, and the blank line at the end goes. It returns the new length, and
// false if the first line is a continuation of nothing or a line has no colon.
func unfold(b []byte, start int) (end int, ok bool) {
	end = start
	for in := start; in < len(b); {
		n := bytes.IndexByte(b[in:], '\n') + 1
		line := trimEOL(b[in : in+n])
		in += n
		switch folded := len(line) > 0 && (line[0] == ' ' || line[0] == '\t'); {
		case len(line) == 0:
			continue
		case folded && end == start:
			return 0, false
		case folded:
			b[end-1] = ' ' // in place of the LF that was written after the line before
		case bytes.IndexByte(line, ':') < 0:
			return 0, false
		}
		end += copy(b[end:], bytes.Trim(line, " \t"))
		b[end] = '\n'
		end++
	}
	return end, true
}

func trimEOL(line []byte) []byte {
	line = bytes.TrimSuffix(line, lf)
	return bytes.TrimSuffix(line, []byte("\r"))
}

// validField applies net/http's idea of an acceptable field line. A space
// within the name is accepted, but makes it another name.
func validField(name, value []byte) bool {
	for _, c := range name {
		if c != ' ' && !isToken(c) {
			return false
		}
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// isToken reports whether c is a tchar of RFC 9110 §5.6.2.
func isToken(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// fieldLines yields the lines of an unfolded head.
func fieldLines(text string) iter.Seq[tunnel.Header] {
	return func(yield func(tunnel.Header) bool) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			name, value, ok := strings.Cut(line, ":")
			if ok && !yield(tunnel.Header{Name: name, Value: strings.TrimLeft(value, " \t")}) {
				return
			}
		}
	}
}
