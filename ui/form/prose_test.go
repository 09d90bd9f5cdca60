package form

import (
	"slices"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

func TestBreakLines(t *testing.T) {
	fits := func(line string) bool { return utf8.RuneCountInString(line) <= 10 }
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"short", []string{"short"}},
		{"words are kept whole", []string{"words are", "kept whole"}},
		{"ten letter s and more", []string{"ten letter", "s and more"}},
		{"incomprehensible", []string{"incomprehe", "nsible"}},
		{"a incomprehensible", []string{"a", "incomprehe", "nsible"}},
		{"中文没有空格所以随处可断", []string{"中文没有空格所以随处", "可断"}},
		{"句号不在行首这是规矩。好", []string{"句号不在行首这是规矩。"[:27], "矩。好"}},
		{"用 socks5://h 连接", []string{"用", "socks5://h", "连接"}},
		{"前括号不在行末好吧（对）", []string{"前括号不在行末好吧", "（对）"}},
		{"two\nlines", []string{"two", "lines"}},
	} {
		if got := breakLines(c.text, fits); !slices.Equal(got, c.want) {
			t.Errorf("%q breaks into %q, want %q", c.text, got, c.want)
		}
	}
}

func TestProseIsAsHighAsItsWidthAsks(t *testing.T) {
	test.NewTempApp(t)
	p := newNote("a sentence that takes a line where there is room and several where there is none")
	p.Resize(fyne.NewSize(1000, 10))
	one := p.MinSize().Height
	p.Resize(fyne.NewSize(120, 10))
	if several := p.MinSize().Height; several < 2*one {
		t.Errorf("height %v in a narrow place, %v in a wide one; want several lines", several, one)
	}
	p.say("", plain)
	if p.Visible() {
		t.Error("an empty text is shown")
	}
}
