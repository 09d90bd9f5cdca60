package wire

import (
	"strings"

	"streamgauge/tunnel"
)

// Units tells apart the application's pieces of one body, after
// content-decoding. The declared type is a hint, the first bytes decide. It is
// not safe for concurrent use.
type Units struct {
	rule  tunnel.UnitKind // NoUnits while nothing was decided
	sniff *sniffer        // nil once decided
	sse   sse
	lines lines
	text  int64 // bytes of the body that were counted as Text
}

// Piece is what [Units] found: a unit, or a comment.
type Piece struct {
	Kind tunnel.UnitKind
	// Offset is where it begins in the body, in bytes, and Bytes its size,
	// delimiters included.
	Offset int64
	Bytes  int
	// Comment marks a block of an event stream that held nothing but comments:
	// a heartbeat, and no unit.
	Comment bool
}

// NewUnits starts on a body whose head declared that content type.
// lengthless says that it came without Content-Length: then text that is
// neither events nor JSON lines is still counted, one unit a read.
//
// Events and JSON lines are recognised under text/event-stream, any of the
// names of JSON lines, every other text/* type, JSON types, and no type at
// all. Bodies of other types have no units.
func NewUnits(contentType string, lengthless bool) *Units {
	declared, readable := declaredKind(contentType)
	if !readable {
		return &Units{}
	}
	return &Units{rule: declared, sniff: &sniffer{declared: declared, lengthless: lengthless, untyped: contentType == ""}}
}

// jsonLines are the types in use for JSON lines, parameters removed.
var jsonLines = map[string]bool{
	"application/x-ndjson":    true,
	"application/ndjson":      true,
	"text/x-ndjson":           true,
	"text/ndjson":             true,
	"application/jsonl":       true,
	"application/x-jsonl":     true,
	"text/jsonl":              true,
	"application/jsonlines":   true,
	"application/x-jsonlines": true,
	"application/json-lines":  true,
	"application/json-seq":    true, // RFC 7464: each record ends in LF
	"application/stream+json": true,
}

// declaredKind returns the kind that a content type names, and whether the
// bytes are worth a look.
func declaredKind(contentType string) (kind tunnel.UnitKind, readable bool) {
	// Parameters, malformed ones too, change nothing.
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	switch {
	case name == "text/event-stream":
		return tunnel.SSE, true
	case jsonLines[name]:
		return tunnel.NDJSON, true
	case name == "", name == "application/json", strings.HasPrefix(name, "text/"), strings.HasSuffix(name, "+json"):
		return tunnel.NoUnits, true
	}
	return tunnel.NoUnits, false
}

// Kind is the rule in force: the one declared until the first bytes were seen,
// then the one they call for. NoUnits while neither said anything.
func (u *Units) Kind() tunnel.UnitKind { return u.rule }

// Undecided reports that more bytes are needed to settle the rule.
func (u *Units) Undecided() bool { return u.sniff != nil }

// Heartbeats counts the blocks of an event stream that held nothing but
// comments. They are not units.
func (u *Units) Heartbeats() int { return u.sse.heartbeats }

// Feed takes the next bytes of the body and returns how many units they
// completed. each, unless nil, is called once a unit and once a comment, in their
// order. Where the cuts fall changes nothing, except for Text, which is
// counted by them. A body without a length that begins like JSON is Text while
// its first line is unfinished: if that turns out to be the first of many, the
// reads that brought it stand for it.
func (u *Units) Feed(p []byte, each func(Piece)) int {
	if len(p) == 0 {
		return 0
	}
	if u.sniff == nil {
		return u.split(p, each)
	}
	if u.sniff.feed(p) {
		return u.settle(each) + u.split(p, each)
	}
	if u.sniff.countable() {
		u.rule = tunnel.Text
		return u.split(p, each)
	}
	return 0
}

// settle takes over what the sniffer decided and counts what came before.
func (u *Units) settle(each func(Piece)) int {
	s := u.sniff
	u.sniff, u.rule = nil, s.kind
	if s.counted {
		if s.kind == tunnel.NDJSON {
			u.lines.skip(s.held)
		}
		return 0
	}
	n, start := 0, 0
	for _, end := range s.cuts {
		n += u.split(s.held[start:end], each)
		start = int(end)
	}
	return n
}

func (u *Units) split(p []byte, each func(Piece)) int {
	switch u.rule {
	case tunnel.SSE:
		return u.sse.feed(p, each)
	case tunnel.NDJSON:
		return u.lines.feed(p, each)
	case tunnel.Text:
		emit(each, Piece{Kind: tunnel.Text, Offset: u.text, Bytes: len(p)})
		u.text += int64(len(p))
		return 1
	}
	return 0
}

// End says that the body is over and returns how many units that completed: a
// last JSON line without its newline counts, an event without its blank line
// does not (WHATWG HTML §9.2.6 discards it).
func (u *Units) End(each func(Piece)) int {
	n := 0
	if u.sniff != nil {
		u.sniff.end()
		n = u.settle(each)
	}
	switch u.rule {
	case tunnel.SSE:
		n += u.sse.end(each)
	case tunnel.NDJSON:
		n += u.lines.end(each)
	}
	return n
}

func emit(each func(Piece), p Piece) {
	if each != nil {
		each(p)
	}
}
