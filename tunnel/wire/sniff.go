package wire

import (
	"bytes"
	"encoding/json"

	"streamgauge/tunnel"
)

// maxSniff bounds in bytes how much of a body is looked at, and held, before
// the rule for its units is settled.
const maxSniff = 4 << 10

// sniffer decides by the first bytes of a body how its units are told apart.
// The decision depends on the bytes alone, not on where they were cut.
type sniffer struct {
	declared   tunnel.UnitKind // what the content type names
	lengthless bool
	untyped    bool // no content type: it might not even be text
	// kind is the decision, once feed returned true or end was called.
	kind tunnel.UnitKind
	// counted says that what is held was counted already, a unit each Feed.
	counted bool
	json    bool     // it begins like JSON
	held    []byte   // what came before the Feed that decided
	cuts    []uint16 // where in held each Feed ended
}

// feed returns whether p decides. If so, p is not held: the caller goes on with
// held, then p.
func (s *sniffer) feed(p []byte) bool {
	window := p
	before := len(s.held)
	if before > 0 {
		s.held = append(s.held, p[:min(len(p), maxSniff-before)]...)
		window = s.held
	}
	if s.decide(window[:min(len(window), maxSniff)]) {
		s.held = s.held[:before]
		return true
	}
	if before == 0 {
		s.held = append(s.held, p...)
	}
	s.cuts = append(s.cuts, uint16(len(s.held)))
	return false
}

// countable reports whether an undecided Feed is to be counted as Text at once.
// A document that trickles in on one line would be counted in one lump at its
// end otherwise.
func (s *sniffer) countable() bool {
	s.counted = s.json && s.lengthless && s.declared == tunnel.NoUnits
	return s.counted
}

// end decides by what there is.
func (s *sniffer) end() { s.kind = s.otherwise(s.held) }

func (s *sniffer) decide(window []byte) bool {
	kind, found := s.look(window)
	switch {
	case found == recognised:
		s.kind = kind
	case found == unlike || len(window) == maxSniff:
		s.kind = s.otherwise(window)
	default:
		return false
	}
	return true
}

// otherwise is the kind of a body whose beginning is neither that of an event
// stream nor of JSON lines.
func (s *sniffer) otherwise(window []byte) tunnel.UnitKind {
	switch {
	case s.declared != tunnel.NoUnits:
		return s.declared
	case !s.lengthless, s.untyped && isBinary(window):
		return tunnel.NoUnits
	}
	return tunnel.Text
}

// sniffed is what a look at the first bytes found.
type sniffed uint8

const (
	undecided sniffed = iota
	recognised
	unlike
)

var bom = []byte("\xef\xbb\xbf")

// look judges the beginning of a body. More bytes never change an answer other
// than undecided.
func (s *sniffer) look(b []byte) (tunnel.UnitKind, sniffed) {
	if bytes.HasPrefix(bom, b) {
		return 0, undecided
	}
	b = skipLineEnds(bytes.TrimPrefix(b, bom))
	for len(b) > 0 && b[0] == ':' {
		// A comment is an event stream's, but a style sheet may begin with a
		// colon too: the next line tells.
		end := bytes.IndexAny(b, "\r\n")
		if s.declared == tunnel.SSE {
			return tunnel.SSE, recognised
		}
		if end < 0 {
			return 0, undecided
		}
		b = skipLineEnds(b[end:])
	}
	switch {
	case len(b) == 0:
		return 0, undecided
	case b[0] == '{' || b[0] == '[' || b[0] == recordSeparator:
		return tunnel.NDJSON, s.lookJSON(b)
	}
	return tunnel.SSE, lookField(b)
}

// recordSeparator begins each record of a JSON text sequence (RFC 7464).
const recordSeparator = 0x1e

func skipLineEnds(b []byte) []byte { return bytes.TrimLeft(b, "\r\n") }

// lookJSON tells JSON lines from a JSON document. The first line must be a
// complete value, and another must follow, since a document may end in a
// newline too. Only where there is no length, and the whole line came at once,
// is it taken for the first of many: waiting for the second would stamp it
// late, and a document of one line is fairly called one unit.
func (s *sniffer) lookJSON(b []byte) sniffed {
	if s.declared == tunnel.NDJSON {
		return recognised
	}
	s.json = true
	line, rest, whole := bytes.Cut(b, lf)
	switch {
	case !whole:
		return undecided
	case !json.Valid(bytes.TrimLeft(line, string(rune(recordSeparator)))):
		return unlike
	case s.lengthless && !s.counted:
		return recognised
	}
	rest = skipLineEnds(rest)
	switch {
	case len(rest) == 0:
		return undecided
	case rest[0] == b[0]:
		return recognised
	}
	return unlike
}

// sseFields are the field names of an event stream, with their colon.
var sseFields = [...]string{"data:", "event:", "id:", "retry:"}

// lookField tells whether b begins with a field of an event stream.
func lookField(b []byte) sniffed {
	found := unlike
	for _, field := range sseFields {
		n := min(len(b), len(field))
		if string(b[:n]) != field[:n] {
			continue
		}
		if n == len(field) {
			return recognised
		}
		found = undecided
	}
	return found
}

// isBinary reports whether b holds a byte that text does not: the binary data
// bytes of the WHATWG MIME Sniffing standard §3.
func isBinary(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != 0x1b {
			return true
		}
	}
	return false
}
