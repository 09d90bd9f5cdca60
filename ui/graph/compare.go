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

// Compared is one of the exchanges that [Compare] lays over each other.
type Compared struct {
	Exchange *tunnel.Exchange
	Verdict  verdict.Verdict
	// Name is what tells it from the others, credentials masked.
	Name string
	// Elapsed is how long it has run, if it runs.
	Elapsed time.Duration
}

// Compare shows exchanges over each other, aligned at when the request was sent.
// See [plot.CompareChart].
type Compare struct {
	moving
	draw plot.CompareChart
	of   []Compared
	hair *crosshair
}

// NewCompare makes a chart without exchanges.
func NewCompare() *Compare {
	c := &Compare{hair: newCrosshair()}
	c.whole = c.draw.Whole
	c.edge = func() (plot.View, bool) { return c.draw.Whole(), c.running() }
	c.act, c.pointed = c.touched, c.hover
	c.above = append(c.above, c.hair.objects()...)
	c.follow()
	c.beginMoving(c, fyne.NewSize(260, 200), func(scene *plot.Scene, area plot.Rect) {
		c.draw.View = c.view
		c.draw.Lay(scene, area)
	})
	return c
}

// Set shows these exchanges, at most [plot.MostCompared] of them.
func (c *Compare) Set(of []Compared) {
	if !sameExchanges(c.of, of) {
		c.fitted, c.following = true, true
	}
	c.of = of
	c.draw.Of = c.draw.Of[:0]
	for _, o := range of[:min(len(of), plot.MostCompared)] {
		series := &plot.Series{}
		series.Set(o.Exchange, o.Verdict, o.Elapsed)
		c.draw.Of = append(c.draw.Of, plot.Compared{Name: o.Name, Series: series})
	}
	c.follow()
	c.changed()
}

func sameExchanges(a, b []Compared) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Exchange.ID != b[i].Exchange.ID {
			return false
		}
	}
	return true
}

func (c *Compare) running() bool {
	for _, o := range c.draw.Of {
		if o.Series.Running() {
			return true
		}
	}
	return false
}

func (c *Compare) touched(a plot.Action, _ fyne.Position) {
	if a == plot.ToggleMeasure {
		c.draw.Measure = plot.ByUnits - c.draw.Measure
		c.changed()
	}
}

// hover says how much of each exchange had come at the moment of the pointer.
func (c *Compare) hover(at fyne.Position, inside bool) {
	if !inside || len(c.draw.Of) == 0 || at.X < c.scene.Plot.X || at.X > c.scene.Plot.Right() || at.Y < c.scene.Plot.Y {
		c.hair.hide()
		return
	}
	when := c.view.At(c.place(at.X))
	said := []string{plot.Span(when)}
	for i := range c.draw.Of {
		said = append(said, c.draw.Value(i, when))
	}
	c.hair.show(&c.scene, c.scene.Plot, fyne.NewPos(at.X, -1), strings.Join(said, "   "))
}

// AccessibilityLabel says in words what is shown.
func (c *Compare) AccessibilityLabel() string {
	return words.N("graph.name.compare", len(c.draw.Of))
}

// AccessibilityRole is for Fyne.
func (c *Compare) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
