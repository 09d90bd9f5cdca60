package graph

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// Gaps shows the distribution of the times between arrivals. See [plot.Gaps].
type Gaps struct {
	chart
	gaps plot.Gaps
	hair *crosshair
}

// NewGaps makes a chart without an exchange.
func NewGaps() *Gaps {
	g := &Gaps{hair: newCrosshair()}
	g.above = g.hair.objects()
	g.begin(g, fyne.NewSize(220, 160), func(s *plot.Scene, area plot.Rect) { g.gaps.Lay(s, area) })
	return g
}

// Set shows the gaps of ex, judged as v; nil shows none.
func (g *Gaps) Set(ex *tunnel.Exchange, v verdict.Verdict) {
	var series plot.Series
	series.Set(ex, v, 0)
	g.gaps.Set(&series)
	g.changed()
}

// MouseIn is for Fyne.
func (g *Gaps) MouseIn(ev *desktop.MouseEvent) { g.MouseMoved(ev) }

// MouseMoved says what the bar under the pointer stands for.
func (g *Gaps) MouseMoved(ev *desktop.MouseEvent) {
	n, low, high := g.gaps.At(&g.scene, ev.Position.X)
	if n == 0 || ev.Position.Y < g.scene.Plot.Y {
		g.hair.hide()
		return
	}
	text := words.N("graph.tip.gaps", n, words.Values{"From": plot.Span(low), "To": plot.Span(high)})
	g.hair.show(&g.scene, g.scene.Plot, fyne.NewPos(ev.Position.X, -1), text)
}

// MouseOut is for Fyne.
func (g *Gaps) MouseOut() { g.hair.hide() }

// AccessibilityLabel says in words what is shown.
func (g *Gaps) AccessibilityLabel() string {
	return words.T("graph.name.gaps", words.Values{"P50": plot.Span(g.gaps.P50), "P95": plot.Span(g.gaps.P95), "Max": plot.Span(g.gaps.Max)})
}

// AccessibilityRole is for Fyne.
func (g *Gaps) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// Phases shows on what an exchange spent its time. See [plot.PhasesChart].
type Phases struct {
	chart
	series plot.Series
}

// NewPhases makes a chart without an exchange.
func NewPhases() *Phases {
	p := &Phases{}
	p.begin(p, fyne.NewSize(220, 140), func(s *plot.Scene, area plot.Rect) {
		(&plot.PhasesChart{Series: &p.series}).Lay(s, area)
	})
	return p
}

// Set shows the phases of ex; nil shows none. elapsed is how long an exchange that
// runs has run.
func (p *Phases) Set(ex *tunnel.Exchange, elapsed time.Duration) {
	p.series.Set(ex, verdict.Verdict{}, elapsed)
	p.changed()
}

// AccessibilityLabel says in words what is shown.
func (p *Phases) AccessibilityLabel() string { return words.T("graph.name.phases") }

// AccessibilityRole is for Fyne.
func (p *Phases) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// Strip shows the arrivals of an exchange in a cell of a table. See [plot.Strip].
type Strip struct {
	chart
	strip plot.Strip
	drawn stripKey
}

// stripKey is all that a strip's picture depends on, but for size and theme.
type stripKey struct {
	id    string
	reads int64
	end   tunnel.End
	label verdict.Label
	span  time.Duration
}

// NewStrip makes a strip without an exchange.
func NewStrip() *Strip {
	s := &Strip{}
	s.begin(s, fyne.NewSize(80, 18), func(scene *plot.Scene, area plot.Rect) { s.strip.Lay(scene, area) })
	return s
}

// Set shows the arrivals of ex, judged as label; nil shows none. elapsed is how
// long an exchange that runs has run. It draws only if that makes a difference
// of a pixel, so it may be called for every visible row at every change.
func (s *Strip) Set(ex *tunnel.Exchange, label verdict.Label, elapsed time.Duration) {
	s.strip = plot.Strip{Exchange: ex, Label: label, Elapsed: elapsed}
	var key stripKey
	if ex != nil {
		key = stripKey{ex.ID, ex.Totals.Reads, ex.End, label, 0}
		if ex.End == tunnel.Running {
			step := max(plot.RoundUp(elapsed)/time.Duration(max(s.Size().Width, 1)), 1)
			key.span = elapsed / step
		}
	}
	if key != s.drawn {
		s.drawn = key
		s.changed()
	}
}

// AccessibilityLabel says in words what is shown.
func (s *Strip) AccessibilityLabel() string { return words.T("graph.name.strip") }

// AccessibilityRole is for Fyne.
func (s *Strip) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
