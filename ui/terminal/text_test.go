package terminal

import (
	"testing"
	"unicode/utf8"

	"streamgauge/tunnel/recording"
)

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

func FuzzCutMiddle(f *testing.F) {
	f.Add("/\x1b[2J\u202e聊\xff", 5)
	f.Fuzz(func(t *testing.T, s string, columns int) {
		columns &= 0xff
		got := cutMiddle(recording.Visible(s), columns, '…')
		if Width(got) > columns || !utf8.ValidString(got) {
			t.Errorf("%q cut to %d columns = %q of %d", s, columns, got, Width(got))
		}
	})
}
