package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "GET /a?b=c", "GET /a?b=c"},
		{"letters of all scripts", "/聊天/ñ/🙂", "/聊天/ñ/🙂"},
		{"escape sequence", "/\x1b[2J", `/\x1b[2J`},
		{"title sequence", "\x1b]0;owned\a", `\x1b]0;owned\a`},
		{"line ends and tab", "a\r\nb\tc", `a\r\nb\tc`},
		{"C1 control", "a\u009bb", `a\u009bb`},
		{"C1 as a raw byte", "a\x9bb", `a\x9bb`},
		{"right-to-left override", "/\u202etxt.exe", `/\u202etxt.exe`},
		{"isolates", "\u2066x\u2069", `\u2066x\u2069`},
		{"zero width", "a\u200bb\ufeffc", `a\u200bb\ufeffc`},
		{"no-break and ideographic space", "a\u00a0b\u3000c", `a\u00a0b\u3000c`},
		{"delete", "a\x7fb", `a\x7fb`},
		{"not UTF-8", "a\xff\xfeb", `a\xff\xfeb`},
		{"replacement character itself", "a�b", "a�b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Visible(c.in); got != c.want {
				t.Errorf("Visible(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"", 0},
		{"abc", 3},
		{"聊天", 4},
		{"ﾊﾛｰ", 3},           // half-width katakana
		{"Ａ", 2},             // full-width letter
		{"e\u0301", 1},       // combining accent
		{"🙂", 2},             // emoji
		{"·▁█✓✗≈≡‖–…", 10},   // what we draw with
		{"api.例え.jp/聊天", 16}, // mixed
	} {
		if got := Width(c.in); got != c.want {
			t.Errorf("Width(%q) = %d, want %d", c.in, got, c.want)
		}
	}
}

func TestCutMiddle(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    string
	}{
		{"short", 5, "short"},
		{"abcdefghij", 7, "ab…ghij"},
		{"abcdefghij", 6, "ab…hij"},
		{"abcdefghij", 1, "…"},
		{"abcdefghij", 0, ""},
		{"聊天聊天聊天", 8, "聊…聊天"}, // an odd column stays free
		{"聊天聊天聊天", 7, "聊…聊天"},
		{"x聊天聊天y", 7, "x…聊天y"},
		{"aaaaae\u0301\u0301bb", 4, "a…bb"}, // no accent without its letter
	} {
		got := cutMiddle(c.in, c.columns, '…')
		if got != c.want {
			t.Errorf("cutMiddle(%q, %d) = %q, want %q", c.in, c.columns, got, c.want)
		}
		if Width(got) > c.columns {
			t.Errorf("cutMiddle(%q, %d) takes %d columns", c.in, c.columns, Width(got))
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("/\x1b[2J\u202e聊\xff", 5)
	f.Fuzz(func(t *testing.T, s string, columns int) {
		columns &= 0xff
		got := cutMiddle(Visible(s), columns, '…')
		if Width(got) > columns || !utf8.ValidString(got) {
			t.Errorf("%q cut to %d columns = %q of %d", s, columns, got, Width(got))
		}
		if strings.ContainsAny(got, "\x00\x07\x08\t\n\r\x1b\x7f\u0085\u009b\u202a\u202e\u2066") {
			t.Errorf("%q leaves %q", s, got)
		}
	})
}
