package recording

import (
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain text, 100 %", "plain text, 100 %"},
		{"流式响应 é ß 👍", "流式响应 é ß 👍"},
		{"a\x1b[2Jb", `a\x1b[2Jb`},
		{"line\r\nnext\ttab", `line\x0d\x0anext\x09tab`},
		{"nul\x00del\x7f", `nul\x00del\x7f`},
		{"\u0085\u009b31m", `\u0085\u009b31m`},
		{"a\u202egnp.exe", `a\u202egnp.exe`},
		{"\u2066x\u2069\u200f\u061c", `\u2066x\u2069\u200f\u061c`},
		{"zero\u200bwidth\ufeff\u2060", `zero\u200bwidth\ufeff\u2060`},
		{"sep\u2028\u2029\u00a0", `sep\u2028\u2029\u00a0`},
		{"tag\U000e0041", `tag\U000e0041`},
		{"bad\xff\xc3(", `bad\xff\xc3(`},
		{"replacement \ufffd", "replacement \ufffd"},
	}
	for _, test := range tests {
		if got := Visible(test.in); got != test.want {
			t.Errorf("Visible(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\x1b[0m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if !printable(got) || !utf8.ValidString(got) {
			t.Errorf("Visible(%q) = %q holds what cannot be seen", s, got)
		}
		if Visible(got) != got {
			t.Errorf("Visible of %q changes it again", got)
		}
	})
}
