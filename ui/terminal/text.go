package terminal

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// ellipsis stands for what was cut out, one column wide.
const (
	ellipsis      = '…'
	ellipsisASCII = '~'
)

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
