package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// side is the right half: the exchange looked at, a comparison, or what the marks
// mean while there is neither.
type side struct {
	window *Window
	object *fyne.Container
	legend fyne.CanvasObject
}

func newSide(w *Window) *side {
	s := &side{window: w, legend: newLegend()}
	s.object = container.NewStack(s.legend)
	return s
}

func (s *side) update() {}

func (w *Window) showLeft() {}
