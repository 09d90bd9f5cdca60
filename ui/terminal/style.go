package terminal

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// Style is what a destination can show. The zero value is a file or a pipe:
// plain fields, nothing cut, no colour, no pictures.
type Style struct {
	// Columns is the width to draw for; 0 where the destination is no terminal.
	Columns int
	// Color allows colours, Unicode anything beyond ASCII.
	Color, Unicode bool
	// Moves says that the cursor can be moved, so that running exchanges may be
	// drawn and redrawn.
	Moves bool
}

// fallbackColumns is the width of a terminal that does not tell its own.
const fallbackColumns = 80

// Detect settles the style of out from what it is and from the environment:
// NO_COLOR (unless empty) takes the colours, TERM=dumb also the moving cursor, and
// a locale that names another character set than UTF-8 all but ASCII.
func Detect(out *os.File, getenv func(string) string) Style {
	fd := int(out.Fd())
	if !term.IsTerminal(fd) {
		return Style{}
	}
	columns, _, err := term.GetSize(fd)
	if err != nil || columns < 1 {
		columns = fallbackColumns
	}
	return styleOf(columns, obeysEscapes(out), getenv)
}

func styleOf(columns int, obeys bool, getenv func(string) string) Style {
	moves := obeys && getenv("TERM") != "dumb"
	return Style{
		Columns: columns,
		Color:   moves && getenv("NO_COLOR") == "",
		Unicode: HasUnicode(getenv),
		Moves:   moves,
	}
}

// HasUnicode reports whether the environment speaks UTF-8. An environment that
// says nothing, as in most containers, is taken to: the terminal outside does.
func HasUnicode(getenv func(string) string) bool {
	if term := getenv("TERM"); term == "dumb" || term == "linux" {
		return false // the console of Linux lacks most of the bars
	}
	if runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return true
}

// Size returns a function that tells the current size of the terminal out, or
// the fallback where it cannot.
func Size(out *os.File) func() (columns, rows int) {
	return func() (int, int) {
		columns, rows, err := term.GetSize(int(out.Fd()))
		if err != nil || columns < 1 || rows < 1 {
			return fallbackColumns, 24
		}
		return columns, rows
	}
}

func (s Style) ellipsis() rune {
	if s.Unicode {
		return ellipsis
	}
	return ellipsisASCII
}

// A color is the parameter of an SGR sequence (ECMA-48 §8.3.117).
type color string

const (
	plain  color = ""
	bold   color = "1"
	faint  color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
)

// paint colours text where colours are allowed.
func (s Style) paint(c color, text string) string {
	if !s.Color || c == plain || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
