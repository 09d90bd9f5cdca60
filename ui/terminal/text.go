package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// ellipsis stands for what was cut out, one column wide.
const (
	ellipsis      = '…'
	ellipsisASCII = '~'
)

// Visible spells out what a terminal would obey or hide rather than show:
// control characters, invisible and direction-changing ones, odd spaces, and
// bytes that are not UTF-8. U+202E becomes \u202e, an escape \x1b.
func Visible(s string) string {
	if isVisible(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

func isVisible(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Width is how many columns s takes: two for each wide East Asian character or
// emoji, none for a combining mark. Characters of ambiguous width count as one,
// as terminals draw them unless told otherwise.
func Width(s string) int {
	columns := 0
	for _, r := range s {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	if r < 0x300 { // nothing below the first combining mark is wide
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// cutMiddle shortens s to at most columns by taking out its middle: of a URL
// the host and, a little more, the end of the path tell the most.
func cutMiddle(s string, columns int, mark rune) string {
	if Width(s) <= columns {
		return s
	}
	if columns < 1 {
		return ""
	}
	head := prefix(s, (columns-1)*2/5)
	tail := suffix(s, columns-1-Width(head))
	return head + string(mark) + tail
}

// prefix returns the longest beginning of s that fits into columns.
func prefix(s string, columns int) string {
	for i, r := range s {
		if columns -= runeWidth(r); columns < 0 {
			return s[:i]
		}
	}
	return s
}

// suffix returns the longest end of s that fits into columns and does not
// begin with a combining mark that lost its base.
func suffix(s string, columns int) string {
	begin := len(s)
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		i -= n
		w := runeWidth(r)
		if columns -= w; columns < 0 {
			break
		}
		if w > 0 {
			begin = i
		}
	}
	return s[begin:]
}
