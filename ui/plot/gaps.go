package plot

import (
	"image/color"
	"math"
	"slices"
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

	buckets []bucket
	first   int // which bucket the first one is
	sorted  []time.Duration
}

// bucket counts gaps: all, those that ended with a client-limited chunk, and
// those that were silences.
type bucket struct{ all, slow, silent int }

const (
	perDecade = 8
	// shortest is where the scale begins: what is shorter counts as this.
	shortest = 10 * time.Microsecond
	// mostBuckets is up to half a year.
	mostBuckets = 13 * perDecade
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
	g.first = bucketOf(slices.Min(g.sorted))
	g.buckets = append(g.buckets, make([]bucket, bucketOf(slices.Max(g.sorted))-g.first+1)...)
	least := s.verdict.Silence()
	for i, gap := range g.sorted {
		b := &g.buckets[bucketOf(gap)-g.first]
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

func bucketOf(gap time.Duration) int {
	return min(int(perDecade*math.Log10(float64(max(gap, shortest))/float64(shortest))), mostBuckets-1)
}

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
	values := CountTicks(0, high, max(2, int(plotHeight/48)))
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

// domain is the range of the axis in buckets, never so narrow that two or three
// bars would fill it.
func (g *Gaps) domain() (low, high float64) {
	low, high = float64(g.first)-1, float64(g.first+len(g.buckets))+1
	if short := 2*perDecade - (high - low); short > 0 {
		low, high = low-math.Floor(short/2), high+math.Ceil(short/2)
	}
	if low < 0 {
		low, high = 0, high-low
	}
	return low, high
}

// place is where a bucket's border stands.
func (g *Gaps) place(s *Scene, border float64) float32 {
	low, high := g.domain()
	return s.Plot.X + float32((border-low)/(high-low))*s.Plot.W
}

func (g *Gaps) bars(s *Scene, high float64) {
	for i, b := range g.buckets {
		if b.all == 0 {
			continue
		}
		x, right := g.place(s, float64(g.first+i)), g.place(s, float64(g.first+i+1))
		r := Rect{X: x + 1, W: right - x - 2, Y: s.Plot.Bottom()}
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
	if high-low <= 3*perDecade && s.Plot.W > 360 {
		marks = []float64{1, 2, 5}
	}
	for decade := math.Floor(low / perDecade); decade*perDecade <= high; decade++ {
		for _, n := range marks {
			border := (decade + math.Log10(n)) * perDecade
			if border < low || border > high {
				continue
			}
			x := g.place(s, border)
			s.line(x, s.Plot.Bottom(), x, s.Plot.Bottom()+4, 1, mix(s.Theme.Paper, s.Theme.Ink, 0.35))
			s.text(x, s.Plot.Bottom()+13, Middle, decadeLabel(n*math.Pow(10, decade)*float64(shortest)), s.Theme.Muted)
		}
	}
	s.text(s.Plot.X+s.Plot.W/2, s.Plot.Bottom()+13+captionRow, Middle, s.Words.Gaps, s.Theme.Muted)
}

func decadeLabel(ns float64) string {
	switch {
	case ns >= 0.999e9:
		return decimal(ns/1e9, 1) + " s"
	case ns >= 0.999e6:
		return decimal(ns/1e6, 1) + " ms"
	}
	return decimal(ns/1e3, 1) + " µs"
}

// quantiles marks p50, p95 and the longest gap.
func (g *Gaps) quantiles(s *Scene) {
	l := streamLayout{Scene: s, strip: s.Plot.Y - 10}
	for _, q := range []struct {
		word string
		gap  time.Duration
	}{{s.Words.P50, g.P50}, {s.Words.Max, g.Max}, {s.Words.P95, g.P95}} {
		x := g.place(s, perDecade*math.Log10(float64(max(q.gap, shortest))/float64(shortest)))
		s.dashes(x, s.Plot.Y, x, s.Plot.Bottom(), 1, mix(s.Theme.Paper, s.Theme.Ink, 0.55))
		l.say(x, q.word+" "+Span(q.gap), s.Theme.Ink)
	}
}
