package wire

import (
	"bytes"

	"streamgauge/tunnel"
)

// lines splits JSON lines. Blank lines, which some senders use to keep the
// connection alive, are no units. A record of a JSON text sequence (RFC 7464)
// is a line too; one written over several lines is not recognised as one.
type lines struct {
	size    int   // bytes of the unfinished line
	read    int64 // bytes of the body so far
	content bool  // the line holds more than white space
	counted bool  // it was counted already
}

// skip takes bytes that were counted already, by another rule.
func (l *lines) skip(p []byte) {
	l.feed(p, nil)
	l.counted = l.content
}

func (l *lines) feed(p []byte, each func(Piece)) int {
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
	l.read += int64(len(p))
	l.content = l.content || len(bytes.TrimLeft(p, " \t\r\n")) > 0
}

// end completes the line and returns 1 if it is a unit.
func (l *lines) end(each func(Piece)) int {
	size, isUnit := l.size, l.content && !l.counted
	*l = lines{read: l.read}
	if !isUnit {
		return 0
	}
	emit(each, Piece{Kind: tunnel.NDJSON, Offset: l.read - int64(size), Bytes: size})
	return 1
}
