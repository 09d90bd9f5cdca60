package graph

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"streamgauge/ui/plot"
)

// moving is a chart whose axis of time is moved with wheel, hand and keys:
//
//	wheel      zooms at the pointer      + −     zoom in the middle
//	drag       moves                     ← →     move
//	two taps   show all                  0       shows all
//	             Home End  to the beginning and the end    F  goes along
type moving struct {
	chart
	view plot.View
	// fitted shows all there is, however much comes. following keeps the end of
	// what runs in sight.
	fitted, following bool
	// whole is the view of all there is, and edge the end of what runs.
	whole func() plot.View
	edge  func() (at plot.View, running bool)
	// act does what a touched zone asks for, or, with NoAction, what a place does.
	act func(plot.Action, fyne.Position)
	// pointed moves the crosshair to a place, or hides it.
	pointed func(at fyne.Position, inside bool)
	// drop is how a drag moves beside the axis, if it does.
	drop func(dy float32)

	redraw, aim pace
	pointer     fyne.Position
	hovered     bool
	border      *canvas.Rectangle // of the focus
}

// beginMoving joins the chart to its widget. What is to stand above the border of
// the focus is added by the caller.
func (m *moving) beginMoving(self fyne.Widget, least fyne.Size, lay func(*plot.Scene, plot.Rect)) {
	m.fitted, m.following = true, true
	m.border = canvas.NewRectangle(color.Transparent)
	m.border.StrokeWidth, m.border.CornerRadius = 2, 4
	m.border.Hide()
	m.above = append(m.above, m.border)
	m.laid = m.placeAbove
	m.begin(self, least, lay)
}

// placeAbove moves the border and the crosshair to where the scene is.
func (m *moving) placeAbove() {
	m.border.StrokeColor = theme.CurrentForWidget(m.self).Color(theme.ColorNamePrimary, fyne.CurrentApp().Settings().ThemeVariant())
	m.border.Resize(m.Size())
	m.point()
}

// point moves the crosshair to where the pointer is.
func (m *moving) point() {
	if m.pointed != nil {
		m.pointed(m.pointer, m.hovered)
	}
}

// follow moves the view to what there is now, as far as it should.
func (m *moving) follow() {
	whole := m.whole()
	edge, running := m.edge()
	switch {
	case m.fitted:
		m.view = whole
	case m.following && running:
		span := m.view.Span()
		to := max(m.view.To, edge.To+span/20)
		m.view = plot.View{From: to - span, To: to}
	default:
		m.view = m.view.Within(whole)
	}
}

// turn shows another view, and notes whether the end is still in sight.
func (m *moving) turn(view plot.View) {
	whole := m.whole()
	edge, running := m.edge()
	m.view = view
	m.fitted = view == whole
	m.following = m.fitted || !running || view.To >= edge.To
	m.redraw.ask(m.changed)
}

// fit shows all there is.
func (m *moving) fit() {
	m.fitted, m.following = true, true
	m.follow()
	m.redraw.ask(m.changed)
}

// goAlong goes along with what runs, or stops that.
func (m *moving) goAlong(along bool) {
	m.following = along
	if !along {
		m.fitted = false
	}
	m.follow()
	m.redraw.ask(m.changed)
}

// bounds is how far the view may go: in what runs, up to a little after its end.
func (m *moving) bounds() plot.View {
	whole := m.whole()
	if m.view.To > whole.To {
		whole.To = m.view.To
	}
	return whole
}

// place is where on the axis a position is, from 0 to 1.
func (m *moving) place(x float32) float64 {
	return min(max(float64((x-m.scene.Plot.X)/max(m.scene.Plot.W, 1)), 0), 1)
}

// One notch of a wheel is 10 units of Fyne's, and zooms by a fifth.
const perNotch, notch = 10, 1.25

// Scrolled zooms at the pointer, or, with a sideways wheel, moves.
func (m *moving) Scrolled(ev *fyne.ScrollEvent) {
	if dx := ev.Scrolled.DX; abs(dx) > abs(ev.Scrolled.DY) {
		m.turn(m.view.Pan(-float64(dx/max(m.scene.Plot.W, 1)), m.bounds()))
		return
	}
	m.zoom(m.place(ev.Position.X), math.Pow(notch, -float64(ev.Scrolled.DY)/perNotch))
}

func abs(v float32) float32 { return max(v, -v) }

func (m *moving) zoom(place, factor float64) {
	m.turn(m.view.Zoom(place, factor, m.whole()))
}

// Dragged moves the view with the hand.
func (m *moving) Dragged(ev *fyne.DragEvent) {
	if m.drop != nil {
		m.drop(ev.Dragged.DY)
	}
	m.pointer = ev.Position
	m.turn(m.view.Pan(-float64(ev.Dragged.DX/max(m.scene.Plot.W, 1)), m.bounds()))
}

// DragEnd is for Fyne.
func (m *moving) DragEnd() {}

// DoubleTapped shows all there is.
func (m *moving) DoubleTapped(*fyne.PointEvent) { m.fit() }

// Tapped takes the focus and does what the zone there is for.
func (m *moving) Tapped(ev *fyne.PointEvent) {
	if shown := fyne.CurrentApp().Driver().CanvasForObject(m.raster); shown != nil {
		if self, ok := m.self.(fyne.Focusable); ok {
			shown.Focus(self)
		}
	}
	for _, z := range m.scene.Zones {
		if (plot.Rect{X: z.X, Y: z.Y, W: z.W, H: z.H}).Holds(ev.Position.X, ev.Position.Y) {
			m.do(z.Action, ev.Position)
			return
		}
	}
	m.do(plot.NoAction, ev.Position)
}

func (m *moving) do(a plot.Action, at fyne.Position) {
	if a == plot.ToggleFollow {
		m.goAlong(true)
		return
	}
	if m.act != nil {
		m.act(a, at)
	}
}

// TypedRune is for Fyne.
func (m *moving) TypedRune(r rune) {
	switch r {
	case '+', '=':
		m.zoom(0.5, 1/notch)
	case '-', '_', '−':
		m.zoom(0.5, notch)
	case '0':
		m.fit()
	case 'f', 'F':
		m.goAlong(!m.following)
	case 'u', 'U', 'b', 'B':
		m.do(plot.ToggleMeasure, fyne.Position{})
	}
}

// TypedKey is for Fyne.
func (m *moving) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyLeft:
		m.turn(m.view.Pan(-0.2, m.bounds()))
	case fyne.KeyRight:
		m.turn(m.view.Pan(0.2, m.bounds()))
	case fyne.KeyHome:
		whole := m.whole()
		m.turn(plot.View{From: whole.From, To: whole.From + m.view.Span()}.Within(whole))
	case fyne.KeyEnd:
		m.following = true
		whole := m.whole()
		m.turn(plot.View{From: whole.To - m.view.Span(), To: whole.To}.Within(whole))
	case fyne.KeyUp:
		m.zoom(0.5, 1/notch)
	case fyne.KeyDown:
		m.zoom(0.5, notch)
	}
}

// FocusGained and FocusLost show whose the keys are.
func (m *moving) FocusGained() { m.border.Show(); m.border.Refresh() }

// FocusLost is for Fyne.
func (m *moving) FocusLost() { m.border.Hide(); m.border.Refresh() }

// MouseIn is for Fyne.
func (m *moving) MouseIn(ev *desktop.MouseEvent) { m.MouseMoved(ev) }

// MouseMoved moves the crosshair.
func (m *moving) MouseMoved(ev *desktop.MouseEvent) {
	m.pointer, m.hovered = ev.Position, true
	m.aim.ask(m.point)
}

// MouseOut hides the crosshair.
func (m *moving) MouseOut() {
	m.hovered = false
	m.point()
}

// Cursor is a crosshair over the plot.
func (m *moving) Cursor() desktop.Cursor {
	if m.scene.Plot.Holds(m.pointer.X, m.pointer.Y) {
		return desktop.CrosshairCursor
	}
	return desktop.DefaultCursor
}
