package terminal

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// screen is a small terminal: it obeys the sequences that a board uses, wraps
// and scrolls as terminals do, and, when resized, wraps its lines anew.
type screen struct {
	t             *testing.T
	columns, rows int
	lines         []line // scrolled off ones first
	x, y          int    // y counts from lines[0]
	wrap          bool
	shown         bool // the cursor
	writes        int
}

// line is one row; wrapped says that the row below continues it.
type line struct {
	text    []rune
	wrapped bool
}

func newScreen(t *testing.T, columns, rows int) *screen {
	return &screen{t: t, columns: columns, rows: rows, lines: make([]line, 1), wrap: true, shown: true}
}

func (s *screen) size() (int, int) { return s.columns, s.rows }

var sequence = regexp.MustCompile(`^\x1b\[(\??)(\d*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	s.writes++
	for rest := string(p); rest != ""; {
		if m := sequence.FindStringSubmatch(rest); m != nil {
			s.obey(m[1]+m[3], m[2])
			rest = rest[len(m[0]):]
			continue
		}
		r, n := utf8.DecodeRuneInString(rest)
		s.put(r)
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *screen) obey(what, parameter string) {
	n, _ := strconv.Atoi(parameter)
	switch what {
	case "m":
	case "A":
		s.y = max(s.y-n, len(s.lines)-s.rows, 0)
	case "K":
		s.erase()
	case "J":
		s.erase()
		s.lines = s.lines[:s.y+1]
	case "?h", "?l":
		switch n {
		case 7:
			s.wrap = what == "?h"
		case 25:
			s.shown = what == "?h"
		case 2026:
		default:
			s.t.Errorf("unknown mode %d", n)
		}
	default:
		s.t.Errorf("unknown sequence %q", what)
	}
}

func (s *screen) erase() {
	l := &s.lines[s.y]
	l.text, l.wrapped = l.text[:min(s.x, len(l.text))], false
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.x = 0
	case '\n':
		s.x = 0
		s.down(false)
	case '\x1b':
		s.t.Error("unknown escape sequence")
	default:
		if s.x+runeWidth(r) > s.columns {
			if !s.wrap {
				return
			}
			s.x = 0
			s.down(true)
		}
		l := &s.lines[s.y]
		for len(l.text) <= s.x {
			l.text = append(l.text, ' ')
		}
		l.text[s.x] = r
		s.x++
		for range runeWidth(r) - 1 { // the right half of a wide character
			l.text = append(l.text[:s.x], append([]rune{0}, l.text[min(s.x+1, len(l.text)):]...)...)
			s.x++
		}
	}
}

func (s *screen) down(wrapped bool) {
	s.lines[s.y].wrapped = wrapped
	if s.y++; s.y == len(s.lines) {
		s.lines = append(s.lines, line{})
	}
}

// resize wraps the lines anew for the width, as most terminals do; the cursor
// stays with the beginning of its line.
func (s *screen) resize(columns, rows int) {
	old := *s
	s.columns, s.rows, s.lines = columns, rows, nil
	for y := 0; y < len(old.lines); y++ {
		if y == old.y {
			s.y = len(s.lines)
		}
		text := old.lines[y].text
		for old.lines[y].wrapped {
			y++
			text = append(text, old.lines[y].text...)
		}
		for len(text) > columns {
			s.lines = append(s.lines, line{text[:columns:columns], true})
			text = text[columns:]
		}
		s.lines = append(s.lines, line{text: text})
	}
	s.x = min(s.x, columns-1)
}

// text is everything from the first line on, with trailing blanks removed and a
// bar where the cursor stands.
func (s *screen) text() string {
	var b strings.Builder
	for y, l := range s.lines {
		text := strings.TrimRight(strings.ReplaceAll(string(l.text), "\x00", ""), " ")
		if y == s.y {
			text = strings.TrimRight("|"+text, " ")
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
