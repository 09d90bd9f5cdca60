package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Switch is on or off, and says so by the place of its knob, its colour and, on
// its ground, a bar or a ring.
type Switch struct {
	widget.DisableableWidget
	// OnTurn is asked to turn it. The switch itself follows with Set, when it is
	// known whether that went well.
	OnTurn func(on bool)

	on, focused, hovered bool
}

// NewSwitch returns a switch that is off.
func NewSwitch(onTurn func(on bool)) *Switch {
	s := &Switch{OnTurn: onTurn}
	s.ExtendBaseWidget(s)
	return s
}

// Set shows it on or off.
func (s *Switch) Set(on bool) {
	if s.on != on {
		s.on = on
		s.Refresh()
	}
}

// On reports how it stands.
func (s *Switch) On() bool { return s.on }

// Tapped asks to turn it.
func (s *Switch) Tapped(*fyne.PointEvent) {
	if !s.Disabled() && s.OnTurn != nil {
		s.OnTurn(!s.on)
	}
}

// TypedRune turns with space.
func (s *Switch) TypedRune(r rune) {
	if r == ' ' {
		s.Tapped(nil)
	}
}

// TypedKey turns with Enter.
func (s *Switch) TypedKey(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyReturn || key.Name == fyne.KeyEnter {
		s.Tapped(nil)
	}
}

// FocusGained shows that keys come here.
func (s *Switch) FocusGained() { s.focused = true; s.Refresh() }

// FocusLost shows that they do not.
func (s *Switch) FocusLost() { s.focused = false; s.Refresh() }

// MouseIn shows that it can be touched.
func (s *Switch) MouseIn(*desktop.MouseEvent) { s.hovered = true; s.Refresh() }

// MouseMoved does nothing.
func (s *Switch) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends what MouseIn began.
func (s *Switch) MouseOut() { s.hovered = false; s.Refresh() }

// The switch's size, and how far the knob is from its rim.
const (
	switchWidth, switchHeight = 52, 28
	knobRim                   = 4
)

// CreateRenderer is for Fyne.
func (s *Switch) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	r := &switchRenderer{of: s, halo: Fill(theme.ColorNameFocus), ground: Fill(theme.ColorNameButton), knob: canvas.NewCircle(nil), sign: canvas.NewRectangle(nil)}
	r.ground.CornerRadius, r.halo.CornerRadius = switchHeight/2, switchHeight/2+2
	r.Refresh()
	return r
}

type switchRenderer struct {
	of           *Switch
	halo, ground *canvas.Rectangle
	knob         *canvas.Circle
	sign         *canvas.Rectangle // a bar where on, a ring where off
}

func (r *switchRenderer) Destroy()           {}
func (r *switchRenderer) MinSize() fyne.Size { return fyne.NewSize(switchWidth+4, switchHeight+4) }

func (r *switchRenderer) Layout(size fyne.Size) {
	left, top := (size.Width-switchWidth)/2, (size.Height-switchHeight)/2
	r.ground.Move(fyne.NewPos(left, top))
	r.ground.Resize(fyne.NewSize(switchWidth, switchHeight))
	r.halo.Move(fyne.NewPos(left-2, top-2))
	r.halo.Resize(fyne.NewSize(switchWidth+4, switchHeight+4))
	const knob = switchHeight - 2*knobRim
	x, sign := float32(knobRim), fyne.NewSize(8, 8)
	signX := float32(switchWidth - 12 - 8)
	if r.of.on {
		x, sign, signX = switchWidth-knobRim-knob, fyne.NewSize(2, 10), 13
	}
	r.knob.Move(fyne.NewPos(left+x, top+knobRim))
	r.knob.Resize(fyne.NewSquareSize(knob))
	r.sign.Move(fyne.NewPos(left+signX, top+(switchHeight-sign.Height)/2))
	r.sign.Resize(sign)
}

func (r *switchRenderer) Refresh() {
	s := r.of
	ground, ink := Color(theme.ColorNameInputBorder), Color(theme.ColorNameForeground)
	knob := Color(theme.ColorNameBackground)
	r.sign.FillColor, r.sign.StrokeColor, r.sign.StrokeWidth, r.sign.CornerRadius = nil, ink, 1.5, 4
	if s.on {
		ground, ink = Color(theme.ColorNamePrimary), Color(theme.ColorNameForegroundOnPrimary)
		knob = ink
		r.sign.FillColor, r.sign.StrokeWidth, r.sign.CornerRadius = ink, 0, 1
	}
	r.ground.FillColor, r.knob.FillColor = ground, knob
	r.halo.Hidden = !s.focused && !s.hovered
	r.Layout(s.Size())
	for _, o := range r.Objects() {
		canvas.Refresh(o)
	}
}

func (r *switchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.halo, r.ground, r.sign, r.knob}
}
