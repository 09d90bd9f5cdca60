package wire

import (
	"bytes"

	"streamgauge/tunnel"
)

// sse splits an event stream (WHATWG HTML §9.2.6) at the blank lines that
// dispatch an event. Nothing is kept of a line but its beginning.
type sse struct {
	heartbeats int

	read    int64 // bytes of the body so far
	size    int   // bytes of the block so far: the last ones read
	data    bool  // the block has a data field: its end dispatches an event
	comment bool
	field   bool // the block has a field of any kind

	line     int     // bytes of the unfinished line
	head     [8]byte // its beginning: a BOM and the longest name that matters
	begun    bool    // the first line is over, no BOM can come
	afterCR  bool    // the last byte was a CR: an LF would be of the same line end
	crlf     bool    // the line end before was CRLF
	awaiting bool    // the block's blank line was ended by that CR, an LF should follow
}

func (s *sse) feed(p []byte, each func(Piece)) int {
	n := 0
	if s.afterCR {
		var used int
		used, n = s.afterReturn(p[0], each)
		p = p[used:]
	}
	// Each of the two is looked up again only when it has been passed, so that
	// every byte is scanned twice at most, whichever line ends are in use.
	nextLF, nextCR := -1, -1
	for at := 0; at < len(p); {
		if nextLF < at {
			nextLF = indexFrom(p, at, '\n')
		}
		if nextCR < at {
			nextCR = indexFrom(p, at, '\r')
		}
		end := min(nextLF, nextCR)
		s.text(p[at:end])
		if end == len(p) {
			break
		}
		at = end + 1
		s.read++
		if s.size++; end == nextLF {
			s.crlf = false
			n += s.endLine(each)
			continue
		}
		n += s.endLineAtReturn(each)
		if at < len(p) {
			used, more := s.afterReturn(p[at], each)
			at += used
			n += more
		}
	}
	return n
}

// indexFrom returns the index of the first c in p at or after from, or len(p).
func indexFrom(p []byte, from int, c byte) int {
	if i := bytes.IndexByte(p[from:], c); i >= 0 {
		return from + i
	}
	return len(p)
}

// text adds to the unfinished line.
func (s *sse) text(p []byte) {
	if s.line < len(s.head) {
		copy(s.head[s.line:], p)
	}
	s.line += len(p)
	s.size += len(p)
	s.read += int64(len(p))
}

// endLineAtReturn takes a CR, which may be the first half of CRLF. An event is
// not to wait for an LF that never comes, nor to leave one behind that does:
// the line end before tells which it will be.
func (s *sse) endLineAtReturn(each func(Piece)) int {
	s.afterCR = true
	if s.crlf && s.isBlank() {
		s.awaiting = true
		return 0
	}
	return s.endLine(each)
}

// afterReturn looks at the byte that follows a CR and consumes it if it is the
// LF of the same line end.
func (s *sse) afterReturn(c byte, each func(Piece)) (used, n int) {
	s.afterCR = false
	s.crlf = c == '\n'
	if s.crlf {
		used = 1
		s.read++
		if s.size > 0 { // else the block was over with the CR
			s.size++
		}
	}
	if s.awaiting {
		s.awaiting = false
		n = s.endLine(each)
	}
	return used, n
}

func (s *sse) isBlank() bool { return len(s.lineHead()) == 0 }

// lineHead is the beginning of the unfinished line, without a BOM.
func (s *sse) lineHead() []byte {
	head := s.head[:min(s.line, len(s.head))]
	if !s.begun {
		head = bytes.TrimPrefix(head, bom)
	}
	return head
}

// endLine applies the line that was completed and returns 1 if it dispatched
// an event.
func (s *sse) endLine(each func(Piece)) int {
	head := s.lineHead()
	s.line, s.begun = 0, true
	switch {
	case len(head) == 0:
		return s.endBlock(each)
	case head[0] == ':':
		s.comment = true
	default:
		s.field = true
		s.data = s.data || isData(head)
	}
	return 0
}

// isData reports whether a line is a data field. Without a colon the whole line
// is the name.
func isData(line []byte) bool {
	name, found := bytes.CutPrefix(line, []byte("data"))
	return found && (len(name) == 0 || name[0] == ':')
}

// endBlock dispatches what came since the blank line before. A block without
// data is no event; if it was all comment it is a heartbeat.
func (s *sse) endBlock(each func(Piece)) int {
	size, data := s.size, s.data
	piece := Piece{Kind: tunnel.SSE, Offset: s.read - int64(size), Bytes: size, Comment: s.comment && !s.field}
	if piece.Comment {
		s.heartbeats++
	}
	s.size, s.data, s.comment, s.field = 0, false, false, false
	switch {
	case data:
		emit(each, piece)
		return 1
	case piece.Comment:
		emit(each, piece)
	}
	return 0
}

// end completes a blank line whose LF did not come.
func (s *sse) end(each func(Piece)) int {
	if !s.awaiting {
		return 0
	}
	s.awaiting = false
	return s.endLine(each)
}
