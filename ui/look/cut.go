package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// CutLine is a line that is cut to the room it has.
type CutLine struct {
	widget.BaseWidget
	line *canvas.Text
	full string
}

// Text is the whole text.
func (c *CutLine) Text() string { return c.full }

// NewCutLine returns an empty line in a colour and a size of the theme.
func NewCutLine(colour fyne.ThemeColorName, size fyne.ThemeSizeName) *CutLine {
	c := &CutLine{line: colored("", colour, size)}
	c.ExtendBaseWidget(c)
	return c
}

// Set changes the text.
func (c *CutLine) Set(text string) {
	if c.full != text {
		c.full = text
		c.cut()
	}
}

func (c *CutLine) cut() {
	text := Elide(c.full, c.Size().Width, c.line.TextSize, c.line.TextStyle)
	if c.line.Text != text {
		c.line.Text = text
		c.line.Refresh()
	}
}

// CreateRenderer is for Fyne.
func (c *CutLine) CreateRenderer() fyne.WidgetRenderer { return &cutRenderer{c} }

type cutRenderer struct{ *CutLine }

func (r *cutRenderer) Destroy()                     {}
func (r *cutRenderer) Refresh()                     { r.cut() }
func (r *cutRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.line} }
func (r *cutRenderer) MinSize() fyne.Size {
	return fyne.NewSize(40, fyne.MeasureText("X", r.line.TextSize, r.line.TextStyle).Height)
}

func (r *cutRenderer) Layout(size fyne.Size) {
	r.line.Resize(size)
	r.cut()
}
