package plot

import (
	"image/color"
	"time"

	"streamgauge/tunnel"
)

// PhasesChart shows on what an exchange spent its time: a bar for each phase.
type PhasesChart struct{ Series *Series }

// phaseBar is one phase: of Words.Phases the one with this number.
type phaseBar struct {
	name     int
	from, to time.Duration
	open     bool // it goes on
}

// bars lists the phases that happened. One that began before another ended, as an
// answer may before its request has, is cut to what it added.
func (c *PhasesChart) bars() []phaseBar {
	ex := c.Series.ex
	var bars []phaseBar
	var from time.Duration
	for i, p := range tunnel.AllPhases() {
		at, ok := ex.Phases.At(p)
		open := !ok && ex.End == tunnel.Running && p == nextPhase(ex)
		if open {
			at = c.Series.elapsed
		}
		if at = near(at); !ok && !open || at < from {
			continue
		}
		bars = append(bars, phaseBar{i, from, at, open})
		from = at
	}
	return bars
}

// nextPhase is the phase that a running exchange is in, as far as can be told:
// the one after the last that ended.
func nextPhase(ex *tunnel.Exchange) tunnel.Phase {
	next := tunnel.Sent
	for _, p := range tunnel.AllPhases() {
		if ex.Phases.Has(p) && p >= tunnel.Sent {
			next = p + 1
		}
	}
	return next
}

// phaseColor groups phases: the way there, the request, the waits, the body. The
// waits have the grey that they have in the graph of the stream.
func phaseColor(p *Palette, name int) color.NRGBA {
	switch tunnel.Phase(name) {
	case tunnel.Sent:
		return p.Alt
	case tunnel.Head, tunnel.FirstByte:
		return mix(p.Paper, p.Ink, 0.2)
	case tunnel.Ended:
		return p.Flow
	}
	return mix(p.Paper, p.Ink, 0.5)
}

// The height of a phase's row, and of its bar.
const phaseRow, phaseBarHeight = 26, 12

// Lay draws the bars into area.
func (c *PhasesChart) Lay(s *Scene, area Rect) {
	if c.Series.ex == nil {
		s.note(area, s.Words.Empty)
		return
	}
	bars := c.bars()
	if len(bars) == 0 {
		s.note(area, s.Words.NoPhases)
		return
	}
	var left, right float32 = 40, 60
	for _, b := range bars {
		left = max(left, textWidth(s.Words.Phases[b.name], small)+gutter+4)
	}
	row := min(phaseRow, max((area.H-axisRoom-12)/float32(len(bars)), 10))
	s.Plot = Rect{area.X + left, area.Y + 10, max(area.W-left-right-rightRoom, 10), row * float32(len(bars))}
	view := View{0, max(c.Series.Whole().To, 1)}
	for _, tick := range TimeTicks(view.From, view.To, max(2, int(s.Plot.W/86))) {
		x := s.Plot.X + float32(view.Place(seconds(tick.Value)))*s.Plot.W
		s.line(x, s.Plot.Y, x, s.Plot.Bottom()+4, 1, s.Theme.Faint)
	}
	s.timeAxis(view, s.Plot.Bottom()+2, "")
	for i, b := range bars {
		y := s.Plot.Y + (float32(i)+0.5)*row
		x0, x1 := s.Plot.X+float32(view.Place(b.from))*s.Plot.W, s.Plot.X+float32(view.Place(b.to))*s.Plot.W
		h := min(phaseBarHeight, row-4)
		s.text(s.Plot.X-gutter, y, End, s.Words.Phases[b.name], s.Theme.Muted)
		s.box(Rect{x0, y - h/2, max(x1-x0, 2), h}, phaseColor(&s.Theme, b.name))
		took := Span(b.to - b.from)
		if b.open {
			took += " …"
		}
		s.text(max(x1, x0+2)+6, y, Start, took, s.Theme.Ink)
	}
}
