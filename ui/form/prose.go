package form

import (
	"sort"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tone is how serious a text is.
type tone int

const (
	quiet   tone = iota // a hint
	plain               // something to know
	good                // as it should be
	caution             // mind this
	alarm               // wrong
)

// colors of the tones, by the names of the theme.
var colors = [...]fyne.ThemeColorName{
	quiet: theme.ColorNamePlaceHolder, plain: theme.ColorNameForeground, good: theme.ColorNameSuccess,
	caution: theme.ColorNameWarning, alarm: theme.ColorNameError,
}

// prose is text that wraps as its language does. Fyne's own labels break lines at
// spaces alone, of which Chinese has none.
type prose struct {
	widget.BaseWidget
	text string
	tone tone
	size fyne.ThemeSizeName
}

// newProse returns text of the usual size, newNote small and quiet text. An empty
// one is hidden.
func newProse(text string) *prose { return newText(text, plain, theme.SizeNameText) }

func newNote(text string) *prose { return newText(text, quiet, theme.SizeNameCaptionText) }

func newText(text string, t tone, size fyne.ThemeSizeName) *prose {
	p := &prose{text: text, tone: t, size: size}
	p.ExtendBaseWidget(p)
	p.Hidden = text == ""
	return p
}

// say shows another text; an empty one hides the widget. It reports whether
// anything changed.
func (p *prose) say(text string, t tone) bool {
	if p.text == text && p.tone == t {
		return false
	}
	p.text, p.tone = text, t
	p.Refresh()
	if text == "" {
		p.Hide()
	} else {
		p.Show()
	}
	return true
}

// AccessibilityLabel is what a screen reader says.
func (p *prose) AccessibilityLabel() string { return p.text }

// CreateRenderer is for Fyne.
func (p *prose) CreateRenderer() fyne.WidgetRenderer {
	r := &proseRenderer{of: p}
	r.Refresh()
	return r
}

type proseRenderer struct {
	of    *prose
	lines []fyne.CanvasObject // *canvas.Text
	width float32             // for which they were broken
}

func (r *proseRenderer) Destroy()                     {}
func (r *proseRenderer) Objects() []fyne.CanvasObject { return r.lines }

// Refresh breaks the text anew.
func (r *proseRenderer) Refresh() {
	r.width = r.of.Size().Width
	size, ink := theme.Size(r.of.size), theme.Color(colors[r.of.tone])
	room := max(r.width-2*theme.InnerPadding(), 0)
	fits := func(line string) bool { return fyne.MeasureText(line, size, fyne.TextStyle{}).Width <= room }
	if room == 0 {
		fits = func(string) bool { return true }
	}
	r.lines = nil
	for _, line := range breakLines(r.of.text, fits) {
		text := canvas.NewText(line, ink)
		text.TextSize = size
		r.lines = append(r.lines, text)
	}
	r.place()
	canvas.Refresh(r.of)
}

// Layout breaks the text for another width.
func (r *proseRenderer) Layout(size fyne.Size) {
	if size.Width != r.width {
		r.Refresh()
	}
}

func (r *proseRenderer) place() {
	y := r.above()
	for _, line := range r.lines {
		size := line.MinSize()
		line.Resize(size)
		line.Move(fyne.NewPos(theme.InnerPadding(), y))
		y += size.Height
	}
}

// above is the room above and below: as much as a label has, or half of it where
// the text is small and belongs to what is above.
func (r *proseRenderer) above() float32 {
	if r.of.size == theme.SizeNameCaptionText {
		return theme.InnerPadding() / 2
	}
	return theme.InnerPadding()
}

// MinSize is as high as the text is at the width that it has.
func (r *proseRenderer) MinSize() fyne.Size {
	height := 2 * r.above()
	for _, line := range r.lines {
		height += line.MinSize().Height
	}
	return fyne.NewSize(0, height)
}

// breakLines breaks a text into lines that fit: at spaces, between Chinese
// characters but not before a full stop or behind a bracket, and within a word
// only where it does not fit alone.
func breakLines(text string, fits func(string) bool) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		rest := []rune(paragraph)
		for len(rest) > 0 && !fits(string(rest)) {
			end := lineEnd(rest, fits)
			lines = append(lines, strings.TrimRight(string(rest[:end]), " "))
			for rest = rest[end:]; len(rest) > 0 && rest[0] == ' '; {
				rest = rest[1:]
			}
		}
		lines = append(lines, string(rest))
	}
	return lines
}

// lineEnd is how many runes go into the line.
func lineEnd(text []rune, fits func(string) bool) int {
	whole := sort.Search(len(text), func(i int) bool {
		return !fits(strings.TrimRight(string(text[:i+1]), " "))
	})
	for end := whole; end > 0; end-- {
		if end < len(text) && mayBreak(text[end-1], text[end]) {
			return end
		}
	}
	return max(whole, 1)
}

const (
	opening = "（《【“‘("
	closing = "，。、；：？！）》】”’…,.;:?!)%"
)

// mayBreak reports whether a line may end between two characters.
func mayBreak(before, after rune) bool {
	switch {
	case strings.ContainsRune(closing, after), strings.ContainsRune(opening, before):
		return false
	case before == ' ' || after == ' ':
		return before == ' '
	}
	return wide(before) || wide(after)
}

// wide reports whether a character is one of Chinese writing.
func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || strings.ContainsRune(opening+closing, r) && r > unicode.MaxLatin1
}
