package plot

import (
	"time"

	"streamgauge/tunnel"
)

// Compared is one of several exchanges laid over each other.
type Compared struct {
	Name   string
	Series *Series
}

// CompareChart lays exchanges over each other, aligned at when each request was
// sent, so that what differs is what the path and the origin added.
type CompareChart struct {
	Of      []Compared
	View    View
	Measure Measure
}

// MostCompared is how many exchanges can be told apart in one graph; more are
// not drawn.
const MostCompared = 6

// comparedShapes are the symbols at the lines' ends.
var comparedShapes = [MostCompared]Shape{Disc, Square, Diamond, Triangle, Ring, Cross}

// sent is when the request was sent, or zero.
func (s *Series) sent() time.Duration {
	if s.ex == nil {
		return 0
	}
	at, _ := s.ex.Phases.At(tunnel.Sent)
	return min(max(at, 0), s.elapsed)
}

// of is those that are drawn.
func (c *CompareChart) of() []Compared { return c.Of[:min(len(c.Of), MostCompared)] }

// Whole is the view that shows all of them, since each request was sent.
func (c *CompareChart) Whole() View {
	var whole View
	for _, o := range c.of() {
		whole.To = max(whole.To, o.Series.Whole().To-o.Series.sent())
	}
	whole.To = max(whole.To, time.Millisecond)
	return whole
}

func (c *CompareChart) hasUnits() bool {
	for _, o := range c.of() {
		if !o.Series.HasUnits() {
			return false
		}
	}
	return true
}

// Lay draws the chart into area.
func (c *CompareChart) Lay(s *Scene, area Rect) {
	if len(c.Of) == 0 {
		s.note(area, s.Words.Empty)
		return
	}
	measure := c.Measure
	if !c.hasUnits() {
		measure = ByBytes
	}
	l := streamLayout{StreamChart: &StreamChart{View: c.View}, Scene: s, measure: measure}
	l.series = c.Of[0].Series
	c.arrange(&l, area)
	l.grid(s.Words.SinceSent)
	colors := s.Theme.Lines()
	for i, o := range c.of() {
		l.series = o.Series
		sent := o.Series.sent()
		// The same view, counted since that exchange began.
		l.View = View{c.View.From + sent, c.View.To + sent}
		l.columns = l.series.divide(l.columns, l.View, max(1, int(s.Plot.W*s.Scale+0.5)))
		l.area()
		m := &s.Marks[len(s.Marks)-1]
		m.Shape, m.Size, m.Color = Steps, lineWidth, colors[i]
		x, y := l.inside(l.series.elapsed), s.Points[len(s.Points)-1].Y
		s.symbol(comparedShapes[i], x, y, 10, colors[i])
		row := Rect{s.Plot.X, l.bottom - float32(len(c.of())-i)*(laneHeight+laneGap), s.Plot.W, laneHeight}
		for k, col := range l.columns {
			if col.from < col.to {
				s.box(Rect{row.X + (float32(k)+0.5)*row.W/float32(len(l.columns)) - 0.5, row.Y + 1, 1, row.H - 2}, colors[i])
			}
		}
		s.symbol(comparedShapes[i], row.X-gutter-4, row.Y+row.H/2, 8, colors[i])
	}
	l.View = c.View
	c.names(&l)
}

// arrange divides the area as for one stream, with a lane for each exchange.
func (c *CompareChart) arrange(l *streamLayout, area Rect) {
	l.low, l.high = 0, 1
	for _, o := range c.of() {
		i := o.Series.from(0, c.View.To+o.Series.sent()+1)
		l.high = max(l.high, 1.06*float64(o.Series.total(l.measure, i)))
	}
	lanes := float32(len(c.of())) * (laneHeight + laneGap)
	head := float32(30 + 18*((len(c.of())+1)/2))
	plotHeight := max(area.H-head-lanes-2*laneGap-axisRoom-captionRow, 20)
	l.values = l.ticksOf(max(2, int(plotHeight/34)))
	left := float32(30)
	for _, tick := range l.values {
		left = max(left, textWidth(tick.Label, small))
	}
	left += gutter + 4
	l.Plot = Rect{area.X + left, area.Y + head, max(area.W-left-rightRoom, 10), plotHeight}
	l.head = area.Y + 12
	l.bottom = l.Plot.Bottom() + 2*laneGap + lanes
}

// names says which line is which, and what came of it.
func (c *CompareChart) names(l *streamLayout) {
	colors := l.Theme.Lines()
	width := l.Plot.W / 2
	for i, o := range c.of() {
		x, y := l.Plot.X+float32(i%2)*width, l.head+20+18*float32(i/2)
		l.symbol(comparedShapes[i], x+5, y, 9, colors[i])
		l.text(x+16, y, Start, fit(Clean(o.Name), width-24), l.Theme.Ink)
	}
	l.measures(c.hasUnits())
}

// Value says how much of exchange i had come at a time since its request was
// sent.
func (c *CompareChart) Value(i int, at time.Duration) string {
	s := c.Of[i].Series
	n := s.from(0, at+s.sent()+1)
	if c.Measure == ByUnits && c.hasUnits() {
		return Count(s.units[n])
	}
	return Bytes(s.bytes[n])
}
