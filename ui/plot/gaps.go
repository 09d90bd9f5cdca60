package plot

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"time"

	"streamgauge/tunnel"
)

// Gaps is the distribution of the times between neighbouring arrivals, in buckets
// of equal width on a logarithmic scale.
type Gaps struct {
	// P50, P95 and Max are those of all gaps, exact for the chunks kept.
	P50, P95, Max time.Duration
	// N is how many gaps there are.
	N int

	buckets   []bucket
	first     int     // which bucket the first one is
	perDecade float64 // buckets, the more the less the gaps differ
	sorted    []time.Duration
}

// bucket counts gaps: all, those that ended with a client-limited chunk, and
// those that were silences.
type bucket struct{ all, slow, silent int }

// shortest is where the scale begins: what is shorter counts as this. longest is
// where it ends.
const (
	shortest = 10 * time.Microsecond
	longest  = 10_000 * time.Hour
)

// Set counts the gaps of a series.
func (g *Gaps) Set(s *Series) {
	*g = Gaps{buckets: g.buckets[:0], sorted: g.sorted[:0]}
	for i := 1; i < len(s.chunks); i++ {
		g.sorted = append(g.sorted, s.chunks[i].At-s.chunks[i-1].At)
	}
	if g.N = len(g.sorted); g.N == 0 {
		return
	}
	low, high := slices.Min(g.sorted), slices.Max(g.sorted)
	g.perDecade = fineness(decades(high) - decades(low))
	g.first = g.bucketOf(low)
	g.buckets = append(g.buckets, make([]bucket, g.bucketOf(high)-g.first+1)...)
	least := s.verdict.Silence()
	for i, gap := range g.sorted {
		b := &g.buckets[g.bucketOf(gap)-g.first]
		b.all++
		switch {
		case tunnel.ClientLimited(s.chunks, i+1):
			b.slow++
		case least > 0 && gap >= least:
			b.silent++
		}
	}
	slices.Sort(g.sorted)
	g.P50, g.P95, g.Max = g.quantile(0.50), g.quantile(0.95), g.sorted[g.N-1]
}

// quantile is the smallest gap that so large a part of all gaps do not exceed.
func (g *Gaps) quantile(part float64) time.Duration {
	return g.sorted[max(0, int(math.Ceil(part*float64(g.N)))-1)]
}

// fineness is how many buckets a decade is divided into where gaps spread over so
// many decades.
func fineness(spread float64) float64 {
	switch {
	case spread < 0.7:
		return 40
	case spread < 1.8:
		return 20
	}
	return 10
}

// decades is the logarithm of a gap, counted from the shortest.
func decades(gap time.Duration) float64 {
	return math.Log10(float64(min(max(gap, shortest), longest)) / float64(shortest))
}

func (g *Gaps) bucketOf(gap time.Duration) int { return int(g.perDecade * decades(gap)) }

// Lay draws the histogram into area.
func (g *Gaps) Lay(s *Scene, area Rect) {
	if g.N == 0 {
		s.note(area, s.Words.NoGaps)
		return
	}
	most := 0
	for _, b := range g.buckets {
		most = max(most, b.all)
	}
	high := float64(most) * 1.05
	plotHeight := max(area.H-headRoom-axisRoom-captionRow, 20)
	values := CountTicks(0, high, max(2, int(plotHeight/34)))
	left := float32(30)
	for _, tick := range values {
		left = max(left, textWidth(tick.Label, small))
	}
	left += gutter + 4
	s.Plot = Rect{area.X + left, area.Y + headRoom, max(area.W-left-rightRoom, 10), plotHeight}
	for _, tick := range values {
		y := s.Plot.Bottom() - float32(tick.Value/high)*s.Plot.H
		if tick.Value > 0 {
			s.line(s.Plot.X, y, s.Plot.Right(), y, 1, s.Theme.Faint)
		}
		s.text(s.Plot.X-gutter, y, End, tick.Label, s.Theme.Muted)
	}
	g.bars(s, high)
	s.line(s.Plot.X, s.Plot.Bottom(), s.Plot.Right(), s.Plot.Bottom(), 1, mix(s.Theme.Paper, s.Theme.Ink, 0.35))
	g.axis(s)
	g.quantiles(s)
}

// domain is the range of the axis in decades, never so narrow that two or three
// bars would fill it.
func (g *Gaps) domain() (low, high float64) {
	low, high = (float64(g.first)-1)/g.perDecade, (float64(g.first+len(g.buckets))+1)/g.perDecade
	if short := 24/g.perDecade - (high - low); short > 0 {
		low, high = low-short/2, high+short/2
	}
	if low < 0 {
		low, high = 0, high-low
	}
	return low, high
}

// place is where a gap of so many decades stands.
func (g *Gaps) place(s *Scene, at float64) float32 {
	low, high := g.domain()
	return s.Plot.X + float32((at-low)/(high-low))*s.Plot.W
}

func (g *Gaps) bars(s *Scene, high float64) {
	for i, b := range g.buckets {
		if b.all == 0 {
			continue
		}
		x, right := g.place(s, float64(g.first+i)/g.perDecade), g.place(s, float64(g.first+i+1)/g.perDecade)
		r := Rect{X: x + 0.5, W: right - x - 1, Y: s.Plot.Bottom()}
		stack := func(n int, c color.NRGBA) {
			if n > 0 {
				r.H = max(float32(float64(n)/high)*s.Plot.H, 1.5)
				r.Y -= r.H
				s.box(r, c)
			}
		}
		stack(b.all-b.slow-b.silent, s.Theme.Flow)
		stack(b.silent, s.Theme.Stall)
		stack(b.slow, s.Theme.Slow)
	}
}

func (g *Gaps) axis(s *Scene) {
	low, high := g.domain()
	marks := []float64{1}
	switch {
	case high-low < 1.2:
		marks = []float64{1, 1.5, 2, 3, 4, 5, 7}
	case high-low <= 3 && s.Plot.W > 360:
		marks = []float64{1, 2, 5}
	}
	for decade := math.Floor(low); decade <= high; decade++ {
		for _, n := range marks {
			at := decade + math.Log10(n)
			if at < low || at > high {
				continue
			}
			x := g.place(s, at)
			s.line(x, s.Plot.Bottom(), x, s.Plot.Bottom()+4, 1, mix(s.Theme.Paper, s.Theme.Ink, 0.35))
			s.text(x, s.Plot.Bottom()+13, Middle, decadeLabel(n*math.Pow(10, decade)*float64(shortest)), s.Theme.Muted)
		}
	}
	s.text(s.Plot.X+s.Plot.W/2, s.Plot.Bottom()+13+captionRow, Middle, s.Words.Gaps, s.Theme.Muted)
}

func decadeLabel(ns float64) string {
	unit, name := 1e3, " µs"
	switch {
	case ns >= 0.999e9:
		unit, name = 1e9, " s"
	case ns >= 0.999e6:
		unit, name = 1e6, " ms"
	}
	return strconv.FormatFloat(math.Round(ns/unit*10)/10, 'f', -1, 64) + name
}

// At returns how many gaps the bar at x of a scene stands for, and between which
// two they lie; none beside the bars.
func (g *Gaps) At(s *Scene, x float32) (n int, low, high time.Duration) {
	if g.N == 0 || s.Plot.W <= 0 {
		return 0, 0, 0
	}
	from, to := g.domain()
	at := from + float64((x-s.Plot.X)/s.Plot.W)*(to-from)
	i := int(math.Floor(at*g.perDecade)) - g.first
	if i < 0 || i >= len(g.buckets) {
		return 0, 0, 0
	}
	border := func(i int) time.Duration {
		return time.Duration(float64(shortest) * math.Pow(10, float64(g.first+i)/g.perDecade))
	}
	return g.buckets[i].all, border(i), border(i + 1)
}

// quantiles marks p50, p95 and the longest gap. Where they lie close together
// their names stand in two lines, or beside their line.
func (g *Gaps) quantiles(s *Scene) {
	lines := [2]streamLayout{{Scene: s, strip: s.Plot.Y - 10}, {Scene: s, strip: s.Plot.Y - 27}}
	for _, q := range []struct {
		word string
		gap  time.Duration
	}{{s.Words.P50, g.P50}, {s.Words.Max, g.Max}, {s.Words.P95, g.P95}} {
		x := g.place(s, decades(q.gap))
		text := q.word + " " + Span(q.gap)
		top := s.Plot.Y
		beside := textWidth(text, small)/2 + 8
		for i, off := range []float32{0, 0, beside, beside, -beside, -beside} {
			if lines[i%2].say(x+off, text, s.Theme.Ink) {
				top -= float32(i%2) * 18
				break
			}
		}
		s.dashes(x, top, x, s.Plot.Bottom(), 1, s.Theme.Ink)
	}
}
