package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Bounds of what is taken of a HAR at a time.
const (
	// maxText bounds a string in bytes, its quotes aside: a longer one, the body
	// of an answer mostly, is read as empty. One of ours with a body of maxBody
	// has less.
	maxText = 2 << 20
	// maxDepth is how deep arrays and objects of one entry may be nested.
	maxDepth = 1000
	// maxName bounds the name of a field outside the entries.
	maxName = 1 << 10
)

var (
	errNoEntries = errors.New("a log without entries: not a HAR")
	errTooDeep   = fmt.Errorf("nested deeper than %d", maxDepth)
	errTooLong   = fmt.Errorf("longer than %d MiB without its long texts", maxLine>>20)
)

// splitter cuts the entries out of a HAR without ever holding more than one. It
// checks no more than it needs to find their ends: what it cut out is parsed
// again. After an error it stands still.
type splitter struct {
	r    *bufio.Reader
	line int // of the byte read last, from 1
	err  error
	buf  []byte // what is being cut out
	keep bool   // whether anything is
	// spoiled says why what is being cut out cannot be used although it ends.
	spoiled error
}

// entries calls take with each entry, the line where it begins, and what is
// wrong with it if anything, until take returns false. It returns the error that
// ended the file too early.
func (s *splitter) entries(take func(text []byte, line int, wrong error) bool) error {
	found := false
	s.fields(func(name string) bool {
		if name != "log" {
			s.pass()
			return true
		}
		return s.fields(func(name string) bool {
			if name != "entries" {
				s.pass()
				return true
			}
			found = true
			return s.elements(take)
		})
	})
	if s.err == nil && !found {
		s.err = errNoEntries
	}
	return s.err
}

// fields walks over an object; visit must consume the value of each field. Both
// return false to stop.
func (s *splitter) fields(visit func(name string) bool) bool {
	s.expect('{')
	for first := true; ; first = false {
		b := s.next()
		switch {
		case b == '}' && first:
			return true
		case b == ',' && !first:
			b = s.next()
		case b == '}':
			return true
		}
		if s.err != nil {
			return false
		}
		if b != '"' {
			s.unexpected(b)
			return false
		}
		name := s.name()
		s.expect(':')
		if s.err != nil || !visit(name) {
			return false
		}
	}
}

// elements walks over an array of entries.
func (s *splitter) elements(take func(text []byte, line int, wrong error) bool) bool {
	s.expect('[')
	for first := true; ; first = false {
		b := s.next()
		switch {
		case b == ']':
			return true
		case b == ',' && !first:
			b = s.next()
		}
		if s.err != nil {
			return false
		}
		line := s.line
		s.buf, s.keep, s.spoiled = s.buf[:0], true, nil
		s.value(b)
		s.keep = false
		if s.err != nil || !take(s.buf, line, s.spoiled) {
			return false
		}
	}
}

// pass passes over one value.
func (s *splitter) pass() { s.value(s.next()) }

// value reads one value that begins with b, byte by byte up to its end.
func (s *splitter) value(b byte) {
	switch b {
	case '"':
		s.text()
		return
	case '{', '[':
	default:
		s.scalar(b)
		return
	}
	s.put(b)
	for depth := 1; depth > 0 && s.err == nil; {
		switch b := s.next(); b {
		case '"':
			s.text()
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				s.spoiled = errTooDeep
			}
			s.put(b)
		case '}', ']':
			depth--
			s.put(b)
		default:
			s.put(b)
		}
	}
}

// scalar reads a number, true, false or null that begins with b.
func (s *splitter) scalar(b byte) {
	if isDelimiter(b) || b == ':' {
		s.unexpected(b)
		return
	}
	s.put(b)
	for s.err == nil {
		ahead, err := s.r.Peek(1)
		if err != nil {
			s.fail(err)
			return
		}
		if isDelimiter(ahead[0]) {
			return
		}
		s.put(s.read())
	}
}

// text reads a string whose opening quote was read, in runs: bodies are long.
func (s *splitter) text() {
	s.put('"')
	start, length := len(s.buf), 0
	for s.err == nil {
		run := s.run()
		if length += len(run); length <= maxText {
			for _, b := range run {
				s.put(b)
			}
		} else if s.keep {
			s.buf = s.buf[:min(start, len(s.buf))]
		}
		switch b := s.read(); b {
		case '"':
			s.put(b)
			return
		case '\\':
			if escaped := s.read(); length < maxText {
				s.put(b)
				s.put(escaped)
			}
			length += 2
		default: // the buffer ended there
			if length++; length <= maxText {
				s.put(b)
			}
		}
	}
}

// run reads what stands in the buffer before the next quote or backslash.
func (s *splitter) run() []byte {
	if _, err := s.r.Peek(1); err != nil {
		s.fail(err)
		return nil
	}
	ahead, _ := s.r.Peek(s.r.Buffered())
	for _, end := range []byte{'"', '\\'} { // far faster than to look for either at once
		if i := bytes.IndexByte(ahead, end); i >= 0 {
			ahead = ahead[:i]
		}
	}
	_, _ = s.r.Discard(len(ahead)) // it stands there
	s.line += bytes.Count(ahead, []byte{'\n'})
	return ahead
}

// name reads the name of a field outside the entries, whose opening quote was
// read. Names with escapes are none that are looked for.
func (s *splitter) name() string {
	var name []byte
	escaped := false
	for s.err == nil {
		b := s.read()
		if b == '"' && !escaped {
			break
		}
		if escaped = b == '\\' && !escaped; len(name) < maxName {
			name = append(name, b)
		}
	}
	return string(name)
}

// put keeps b, as long as there is room.
func (s *splitter) put(b byte) {
	if !s.keep || s.spoiled != nil {
		return
	}
	if len(s.buf) >= maxLine {
		s.spoiled = errTooLong
		return
	}
	if len(s.buf) == cap(s.buf) { // not by append, which goes on in small steps
		s.buf = slices.Grow(s.buf, min(max(len(s.buf), 4<<10), maxLine-len(s.buf)))
	}
	s.buf = append(s.buf, b)
}

// next returns the next byte that is not white space.
func (s *splitter) next() byte {
	for {
		switch b := s.read(); b {
		case ' ', '\t', '\r', '\n':
			if s.err != nil {
				return 0
			}
		default:
			return b
		}
	}
}

func (s *splitter) read() byte {
	if s.err != nil {
		return 0
	}
	b, err := s.r.ReadByte()
	if err != nil {
		s.fail(err)
		return 0
	}
	if b == '\n' {
		s.line++
	}
	return b
}

func (s *splitter) expect(want byte) {
	if b := s.next(); b != want {
		s.unexpected(b)
	}
}

func (s *splitter) unexpected(b byte) {
	if s.err == nil {
		s.err = fmt.Errorf("not JSON: %q where it does not belong", b)
	}
}

func (s *splitter) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("breaks off: %w", io.ErrUnexpectedEOF)
	}
	s.err = err
}
