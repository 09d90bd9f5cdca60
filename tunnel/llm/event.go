package llm

import (
	"bytes"
)

// event is one block of an event stream (WHATWG HTML §9.2.6).
type event struct {
	name, id []byte
	data     []byte
}

var bom = []byte("\xef\xbb\xbf")

// parse reads a block. Data of several lines is joined in joined, whose memory
// is used again.
func (e *event) parse(block []byte, joined *[]byte) {
	*e = event{}
	data := 0
	for l := linesOf(bytes.TrimPrefix(block, bom)); l.next(); {
		name, value, _ := bytes.Cut(l.line, colon)
		value = bytes.TrimPrefix(value, blank)
		switch string(name) {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			if data++; data == 1 {
				e.data = value
				continue
			}
			if data == 2 {
				*joined = append((*joined)[:0], e.data...)
			}
			*joined = append(append(*joined, '\n'), value...)
			e.data = *joined
		}
	}
}

var (
	colon = []byte(":")
	blank = []byte(" ")
)

// lines walks over the lines of a block, whichever line ends are in use. Each of
// the two is looked up again only when it has been passed, so that every byte is
// scanned twice at most.
type lines struct {
	text   []byte
	at     int
	lf, cr int // the next of each, or len(text); valid from at on
	line   []byte
}

func linesOf(text []byte) lines { return lines{text: text, lf: -1, cr: -1} }

// next moves to the next line and reports whether there is one.
func (l *lines) next() bool {
	if l.at >= len(l.text) {
		return false
	}
	if l.lf < l.at {
		l.lf = indexFrom(l.text, l.at, '\n')
	}
	if l.cr < l.at {
		l.cr = indexFrom(l.text, l.at, '\r')
	}
	end := min(l.lf, l.cr)
	l.line, l.at = l.text[l.at:end], end+1
	if end == l.cr && l.lf == end+1 {
		l.at++
	}
	return true
}

// indexFrom returns the index of the first c in p at or after from, or len(p).
func indexFrom(p []byte, from int, c byte) int {
	if i := bytes.IndexByte(p[from:], c); i >= 0 {
		return from + i
	}
	return len(p)
}
