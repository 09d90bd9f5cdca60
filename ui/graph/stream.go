package graph

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// Stream shows one exchange as a staircase of what came, with its arrivals
// beneath. See [plot.StreamChart].
type Stream struct {
	moving
	series plot.Series
	shown  string // ID of the exchange
	draw   plot.StreamChart
	hair   *crosshair
	chosen int // the chunk under the crosshair, -1 if none
	byKey  bool
}

// NewStream makes a chart without an exchange.
func NewStream() *Stream {
	s := &Stream{hair: newCrosshair(), chosen: -1}
	s.draw = plot.StreamChart{Series: &s.series}
	s.whole = s.series.Whole
	s.edge = func() (plot.View, bool) { return s.series.Edge(), s.series.Running() }
	s.act, s.pointed = s.touched, s.hover
	s.above = append(s.above, s.hair.objects()...)
	s.series.Set(nil, verdict.Verdict{}, 0)
	s.follow()
	s.beginMoving(s, fyne.NewSize(260, 180), func(scene *plot.Scene, area plot.Rect) {
		s.draw.View, s.draw.Following = s.view, s.following
		s.draw.Lay(scene, area)
	})
	return s
}

// Set shows ex, judged as v; nil shows none. elapsed is how long an exchange that
// runs has run. Another exchange than the one shown is shown whole.
func (s *Stream) Set(ex *tunnel.Exchange, v verdict.Verdict, elapsed time.Duration) {
	id := ""
	if ex != nil {
		id = ex.ID
	}
	if id != s.shown {
		s.shown, s.chosen, s.byKey = id, -1, false
		s.fitted, s.following = true, true
	}
	s.series.Set(ex, v, elapsed)
	s.follow()
	s.changed()
}

// Measure returns what the staircase counts, and SetMeasure changes it.
func (s *Stream) Measure() plot.Measure { return s.draw.Measure }

// SetMeasure makes the staircase count bytes or units.
func (s *Stream) SetMeasure(m plot.Measure) {
	s.draw.Measure = m
	s.changed()
}

// Following reports whether the end of a stream that runs is kept in sight.
func (s *Stream) Following() bool { return s.following }

// View is the part of the time axis that is shown.
func (s *Stream) View() plot.View { return s.view }

func (s *Stream) touched(a plot.Action, _ fyne.Position) {
	if a == plot.ToggleMeasure && s.series.HasUnits() {
		s.SetMeasure(plot.ByUnits - s.draw.Measure)
	}
}

// TypedRune is for Fyne: , and . go from arrival to arrival.
func (s *Stream) TypedRune(r rune) {
	switch r {
	case ',', '<':
		s.step(-1)
	case '.', '>':
		s.step(1)
	default:
		s.moving.TypedRune(r)
	}
}

// step moves the crosshair to the arrival before or after.
func (s *Stream) step(by int) {
	n := s.series.Len()
	if n == 0 {
		return
	}
	if !s.byKey && s.chosen < 0 {
		s.chosen = s.series.Nearest(s.view.From) - by
	}
	s.chosen, s.byKey = min(max(s.chosen+by, 0), n-1), true
	at := s.series.Arrival(s.chosen).At
	if at < s.view.From || at > s.view.To {
		s.turn(s.view.Pan(s.view.Place(at)-0.5, s.bounds()))
	}
	s.point()
}

// hover moves the crosshair to the arrival nearest to the pointer.
func (s *Stream) hover(at fyne.Position, inside bool) {
	switch {
	case inside && at.X >= s.scene.Plot.X && at.X <= s.scene.Plot.Right() && at.Y >= s.scene.Plot.Y:
		s.byKey = false
		s.chosen = s.series.Nearest(s.view.At(s.place(at.X)))
	case !s.byKey:
		s.chosen = -1
	}
	if s.chosen < 0 || s.chosen >= s.series.Len() {
		s.hair.hide()
		return
	}
	a := s.series.Arrival(s.chosen)
	if a.At < s.view.From || a.At > s.view.To {
		s.hair.hide()
		return
	}
	x, y := s.draw.Spot(&s.scene, s.chosen)
	s.hair.show(&s.scene, s.scene.Plot, fyne.NewPos(x, y), s.tell(a))
}

// tell says of an arrival what is known, in one line.
func (s *Stream) tell(a plot.Arrival) string {
	number := plot.Count(a.First)
	if a.Last > a.First {
		number += "–" + plot.Count(a.Last)
	}
	said := []string{
		words.T("graph.tip.chunk", words.Values{"Number": number, "All": plot.Count(a.Reads)}),
		plot.Span(a.At),
		words.T("graph.tip.gap", words.Values{"Gap": plot.Span(a.Gap)}),
		plot.Bytes(int64(a.Bytes)),
	}
	if s.series.HasUnits() {
		said = append(said, s.units(a))
	}
	if a.Slow {
		said = append(said, words.T("graph.client_slow"))
	}
	return strings.Join(said, "   ")
}

// units says how many units an arrival completed.
func (s *Stream) units(a plot.Arrival) string {
	key := "graph.tip.units"
	if kind := s.series.UnitKind(); kind != tunnel.NoUnits {
		key = "graph.tip.units." + kind.String()
	}
	return words.N(key, int(a.Units), words.Values{"Total": plot.Count(a.TotalUnits)})
}

// AccessibilityLabel says in words what is shown.
func (s *Stream) AccessibilityLabel() string {
	if s.chosen >= 0 && s.chosen < s.series.Len() {
		return s.tell(s.series.Arrival(s.chosen))
	}
	return words.T("graph.name.stream")
}

// AccessibilityRole is for Fyne.
func (s *Stream) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
