package graph

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"streamgauge/ui/plot"
)

// crosshair is a line at a moment, a ring on the staircase, and a line of text.
type crosshair struct {
	line *canvas.Line
	ring *canvas.Circle
	box  *canvas.Rectangle
	text *canvas.Text
}

func newCrosshair() *crosshair {
	h := &crosshair{
		line: canvas.NewLine(color.Transparent), ring: canvas.NewCircle(color.Transparent),
		box: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Transparent),
	}
	h.ring.StrokeWidth, h.box.StrokeWidth, h.box.CornerRadius, h.text.TextSize = 2, 1, 3, 12
	h.hide()
	return h
}

// objects lists what it is made of, the lowest first.
func (h *crosshair) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{h.line, h.ring, h.box, h.text}
}

func (h *crosshair) hide() {
	for _, object := range h.objects() {
		object.Hide()
	}
}

// show puts the line at x over the height of r, and what is said of it above. A
// negative y leaves the ring out.
func (h *crosshair) show(s *plot.Scene, r plot.Rect, at fyne.Position, text string) {
	ink, paper := s.Theme.Ink, s.Theme.Paper
	paper.A = 0xff
	h.line.StrokeColor = ink
	h.line.Position1, h.line.Position2 = fyne.NewPos(at.X, r.Y), fyne.NewPos(at.X, r.Bottom())
	h.ring.StrokeColor, h.ring.FillColor = ink, paper
	h.ring.Resize(fyne.NewSquareSize(9))
	h.ring.Move(fyne.NewPos(at.X-4.5, at.Y-4.5))
	h.text.Text, h.text.Color = text, paper
	h.box.FillColor, h.box.StrokeColor = ink, ink
	size := h.text.MinSize()
	width := size.Width + 14
	x := min(max(at.X-width/2, 2), max(s.W-width-2, 2))
	top := max(r.Y-size.Height-5, 1)
	h.box.Resize(fyne.NewSize(width, size.Height+4))
	h.box.Move(fyne.NewPos(x, top))
	h.text.Resize(size)
	h.text.Move(fyne.NewPos(x+7, top+2))
	for _, object := range h.objects() {
		object.Show()
		object.Refresh()
	}
	if at.Y < 0 {
		h.ring.Hide()
	}
}
