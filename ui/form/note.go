package form

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tone is how serious a note is.
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

// note is small text that wraps.
type note struct {
	*widget.RichText
	segment *widget.TextSegment
	tone    tone
}

func newNote(text string) *note {
	segment := &widget.TextSegment{Text: text}
	segment.Style = widget.RichTextStyle{ColorName: colors[quiet], SizeName: theme.SizeNameCaptionText}
	n := &note{RichText: widget.NewRichText(segment), segment: segment}
	n.Wrapping = fyne.TextWrapWord
	if text == "" {
		n.Hide()
	}
	return n
}

// say shows another text; an empty one hides the note.
func (n *note) say(text string, t tone) {
	if n.segment.Text == text && n.tone == t {
		return
	}
	n.tone, n.segment.Text, n.segment.Style.ColorName = t, text, colors[t]
	n.Refresh()
	if text == "" {
		n.Hide()
	} else {
		n.Show()
	}
}
