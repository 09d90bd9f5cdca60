package wire

import (
	"bytes"

	"streamgauge/tunnel"
)

// lines splits JSON lines. Blank lines, which some senders use to keep the
// connection alive, are no units. A record of a JSON text sequence (RFC 7464)
// is a line too; one written over several lines is not recognised as one.
type lines struct {
	size    int  // bytes of the unfinished line
	content bool // it holds more than white space
	counted bool // it was counted already
}

// skip takes bytes that were counted already, by another rule.
func (l *lines) skip(p []byte) {
	l.feed(p, nil)
	l.counted = l.content
}

func (l *lines) feed(p []byte, each func(kind tunnel.UnitKind, bytes int)) int {
	n := 0
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			l.text(p)
			return n
		}
		l.text(p[:end+1])
		n += l.end(each)
		p = p[end+1:]
	}
}

func (l *lines) text(p []byte) {
	l.size += len(p)
	l.content = l.content || len(bytes.TrimLeft(p, " \t\r\n")) > 0
}

// end completes the line and returns 1 if it is a unit.
func (l *lines) end(each func(kind tunnel.UnitKind, bytes int)) int {
	size, isUnit := l.size, l.content && !l.counted
	*l = lines{}
	if !isUnit {
		return 0
	}
	emit(each, tunnel.NDJSON, size)
	return 1
}
