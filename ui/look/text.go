package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Elide returns as much of text as fits into width, with an ellipsis where
// something had to go. It measures as the screen will set it.
func Elide(text string, width, size float32, style fyne.TextStyle) string {
	if width <= 0 || text == "" {
		return ""
	}
	fits := func(s string) bool { return fyne.MeasureText(s, size, style).Width <= width }
	if fits(text) {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes) // runes that fit, runes that do not
	for high-low > 1 {
		if mid := (low + high) / 2; fits(string(runes[:mid]) + "…") {
			low = mid
		} else {
			high = mid
		}
	}
	if low == 0 {
		return ""
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// ElideMiddle is Elide for texts that tell more at both ends than between.
func ElideMiddle(text string, width, size float32, style fyne.TextStyle) string {
	fits := func(s string) bool { return fyne.MeasureText(s, size, style).Width <= width }
	if width <= 0 || text == "" || fits(text) {
		return Elide(text, width, size, style)
	}
	runes := []rune(text)
	cut := func(kept int) string {
		head := (kept + 1) / 2
		return string(runes[:head]) + "…" + string(runes[len(runes)-(kept-head):])
	}
	low, high := 0, len(runes) // characters that can be kept, and that cannot
	for high-low > 1 {
		if mid := (low + high) / 2; fits(cut(mid)) {
			low = mid
		} else {
			high = mid
		}
	}
	if low < 2 {
		return Elide(text, width, size, style)
	}
	return cut(low)
}

// Caption is a small line in the colour of what only names things.
func Caption(text string) *canvas.Text {
	return colored(text, theme.ColorNamePlaceHolder, theme.SizeNameCaptionText)
}

// HasChinese reports whether a font of this system has Chinese characters. They
// are as wide as they are tall; what stands in for a missing one is not.
func HasChinese() bool {
	const size = 100
	width := fyne.MeasureText("中", size, fyne.TextStyle{}).Width
	return width > 0.9*size && width < 1.1*size
}

// Muted is a line of the usual size in the colour of what only names things.
func Muted(text string) *canvas.Text {
	return colored(text, theme.ColorNamePlaceHolder, theme.SizeNameText)
}

// Strong is a line that stands out.
func Strong(text string, size fyne.ThemeSizeName) *canvas.Text {
	t := colored(text, theme.ColorNameForeground, size)
	t.TextStyle.Bold = true
	return t
}

func colored(text string, name fyne.ThemeColorName, size fyne.ThemeSizeName) *canvas.Text {
	t := canvas.NewText(text, Color(name))
	t.TextSize = theme.Size(size)
	return t
}

// Paragraph is text that wraps and can be selected, without the room that labels
// keep around them.
func Paragraph(text string) *Prose {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	l.Selectable = true
	return newProse(l)
}

// Note is a paragraph in the colour of what is beside the matter.
func Note(text string) *Prose {
	p := Paragraph(text)
	p.label.Importance = widget.LowImportance
	return p
}

// Prose is a paragraph whose text can change.
type Prose struct {
	widget.BaseWidget
	label *widget.Label
}

func newProse(l *widget.Label) *Prose {
	p := &Prose{label: l}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer is for Fyne.
func (p *Prose) CreateRenderer() fyne.WidgetRenderer {
	x, y := -theme.InnerPadding(), -theme.InnerPadding()/2
	return widget.NewSimpleRenderer(Inset(y, y, x, x, p.label))
}

// SetText changes the text, if that is a change.
func (p *Prose) SetText(text string) {
	if p.label.Text != text {
		p.label.SetText(text)
	}
}

// Text is what it says.
func (p *Prose) Text() string { return p.label.Text }

// SetLine changes a line and its colour, if that is a change.
func SetLine(t *canvas.Text, text string, name fyne.ThemeColorName) {
	if colour := Color(name); t.Text != text || t.Color != colour {
		t.Text, t.Color = text, colour
		t.Refresh()
	}
}
