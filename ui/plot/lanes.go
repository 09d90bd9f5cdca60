package plot

import (
	"image/color"
	"math/bits"
	"strconv"
	"time"

	"streamgauge/tunnel"
)

// lane is a row of ticks beneath the staircase.
type lane struct {
	name   string
	height float32
	draw   func(l *streamLayout, r Rect)
}

// partsInOrder is how the lanes of a model's answer stand.
var partsInOrder = []tunnel.Part{tunnel.Reasoning, tunnel.Content, tunnel.Tool, tunnel.Heartbeat}

// lanesOf lists what the exchange has lanes for: its chunks always, the parts of
// a model's answer, the two directions of a WebSocket, the turns of a tunnel.
func (l *streamLayout) lanesOf() []lane {
	ex := l.series.ex
	name := l.Words.Chunks
	if ex.ReadsPerChunk > 1 { // merged for lack of room: a tick is several
		name += " ×" + strconv.Itoa(ex.ReadsPerChunk)
	}
	lanes := []lane{{name, tickHeight, (*streamLayout).chunkLane}}
	if ex.Answer.API != "" {
		for _, part := range partsInOrder {
			if hasPart(ex.Units, part) {
				lanes = append(lanes, lane{l.Words.Parts[part], laneHeight, partLane(part)})
			}
		}
	}
	if len(ex.Frames) > 0 {
		lanes = append(lanes,
			lane{l.Words.Down, laneHeight, frameLane(tunnel.ToClient)},
			lane{l.Words.Up, laneHeight, frameLane(tunnel.ToOrigin)})
	}
	if len(ex.Turns) > 0 {
		lanes = append(lanes, lane{l.Words.Turns, laneHeight, (*streamLayout).turnLane})
	}
	return lanes
}

func hasPart(units []tunnel.Unit, part tunnel.Part) bool {
	for i := range units {
		if units[i].Part == part {
			return true
		}
	}
	return false
}

// chunkLane draws a tick for each arrival. Where several share a column the tick
// is taller, by the logarithm of their number. A line beneath marks those that
// a slow client kept from coming earlier.
func (l *streamLayout) chunkLane(r Rect) {
	most := 1
	for _, c := range l.columns {
		most = max(most, c.to-c.from)
	}
	width := r.W / float32(len(l.columns))
	slow := Rect{X: -1, Y: r.Bottom() - 2, H: 2}
	for i, c := range l.columns {
		x := r.X + float32(i)*width
		if c.from < c.to {
			h := tall(r.H-5, c.to-c.from, most)
			l.box(Rect{x + (width-1)/2, r.Bottom() - 4 - h, 1, h}, l.Theme.Flow)
		}
		if l.series.slow[c.to] > l.series.slow[c.from] {
			// Neighbours join to one line; a lone one is wide enough to be seen.
			if x > slow.X+slow.W+3 {
				l.box(slow, l.Theme.Slow)
				slow.X = x - 1
			}
			slow.W = x + 2 - slow.X
		}
	}
	if slow.X >= 0 {
		l.box(slow, l.Theme.Slow)
	}
}

// tall is the height of a tick that stands for n arrivals.
func tall(height float32, n, most int) float32 {
	if most <= 1 {
		return height
	}
	return height * (0.55 + 0.45*float32(bits.Len(uint(n)))/float32(bits.Len(uint(most))))
}

// rug draws a tick of the lane's height in each column that something falls into.
type rug struct {
	l    *streamLayout
	r    Rect
	last float32
}

func (g *rug) tick(at time.Duration, top, height float32, c color.NRGBA) {
	if !g.l.shown(at) {
		return
	}
	step := 1 / g.l.Scale
	x := g.l.x(at)
	if x-g.last < step {
		return
	}
	g.last = x
	g.l.box(Rect{x - 0.5, g.r.Y + top, 1, height}, c)
}

func partLane(part tunnel.Part) func(*streamLayout, Rect) {
	return func(l *streamLayout, r Rect) {
		g := rug{l: l, r: r, last: -10}
		c := l.Theme.part(part)
		l.line(r.X, r.Bottom(), r.Right(), r.Bottom(), 1, l.Theme.Faint)
		for i := range l.series.ex.Units {
			if u := &l.series.ex.Units[i]; u.Part == part {
				g.tick(u.At, 2, r.H-2, c)
			}
		}
	}
}

// frameLane draws the frames of one direction; control frames are half as tall.
func frameLane(direction tunnel.Direction) func(*streamLayout, Rect) {
	return func(l *streamLayout, r Rect) {
		g := rug{l: l, r: r, last: -10}
		c := l.Theme.Flow
		if direction == tunnel.ToOrigin {
			c = l.Theme.Bad
		}
		l.line(r.X, r.Bottom(), r.Right(), r.Bottom(), 1, l.Theme.Faint)
		for i := range l.series.ex.Frames {
			f := &l.series.ex.Frames[i]
			switch {
			case f.Direction != direction:
			case f.Opcode >= 8: // RFC 6455 §5.5: control frames
				g.tick(f.At, r.H/2, r.H/2, l.Theme.Muted)
			default:
				g.tick(f.At, 2, r.H-2, c)
			}
		}
	}
}

// turnLane draws each request of a tunnel as a wait and a response.
func (l *streamLayout) turnLane(r Rect) {
	for i := range l.series.ex.Turns {
		t := &l.series.ex.Turns[i]
		if t.Bytes == 0 {
			t = &tunnel.Turn{Sent: t.Sent, First: l.series.elapsed, Last: l.series.elapsed}
		}
		if t.Last < l.View.From || t.Sent > l.View.To {
			continue
		}
		sent, first, last := l.inside(t.Sent), l.inside(t.First), l.inside(t.Last)
		l.box(Rect{sent, r.Y + 6, first - sent, 2}, mix(l.Theme.Paper, l.Theme.Ink, 0.35))
		l.box(Rect{first, r.Y + 3, max(last-first, 1), 8}, l.Theme.Flow)
	}
}

// legend names the two measures and, at the right, the marks that this picture
// has.
func (l *streamLayout) legend() {
	l.measures(l.series.HasUnits())
	l.symbols()
}

// measures names what the staircase can count, what it counts in ink.
func (l *streamLayout) measures(both bool) {
	x := l.Plot.X
	for m, word := range []string{l.Words.Bytes, l.Words.Units[l.series.UnitKind()]} {
		chosen := Measure(m) == l.measure
		if Measure(m) == ByUnits && !both {
			break
		}
		c := l.Theme.Muted
		if chosen {
			c = l.Theme.Ink
		}
		w := l.text(x, l.head, Start, word, c)
		if chosen && both {
			l.box(Rect{x, l.head + 9, w * 0.92, 2}, l.Theme.Flow)
		}
		if both {
			l.Zones = append(l.Zones, Zone{x - 4, l.head - 12, w + 8, 24, ToggleMeasure})
		}
		x += w + 14
	}
}

// symbols explains what no word in the picture itself does.
func (l *streamLayout) symbols() {
	x := l.Plot.Right()
	first, last := l.columns[0].from, l.columns[len(l.columns)-1].to
	if l.series.slow[last] > l.series.slow[first] {
		x -= l.text(x, l.head, End, l.Words.ClientSlow, l.Theme.Muted) + 6
		l.box(Rect{x - 14, l.head + 2, 14, 2}, l.Theme.Slow)
		l.symbol(Triangle, x-7, l.head-3, 7, l.Theme.Slow)
		x -= 30
	}
	if len(l.series.silences) > 0 {
		x -= l.text(x, l.head, End, l.Words.Silence, l.Theme.Muted) + 6
		r := Rect{x - 14, l.head - 5, 14, 10}
		l.box(r, faded(l.Theme.Stall, 0.10))
		l.hatch(r, faded(l.Theme.Stall, 0.5))
	}
}

// follow offers to go along with the stream again.
func (l *streamLayout) follow() {
	if !l.series.Running() || l.Following {
		return
	}
	text := l.Words.Following
	w := textWidth(text, small) + 34
	r := Rect{l.Plot.Right() - w - 4, l.Plot.Bottom() - 30, w, 22}
	l.box(r, l.Theme.Flow)
	l.box(Rect{r.X + 1, r.Y + 1, r.W - 2, r.H - 2}, mix(l.Theme.Paper, l.Theme.Flow, 0.06))
	l.symbol(Disc, r.X+13, r.Y+r.H/2, 7, l.Theme.Flow)
	l.text(r.X+22, r.Y+r.H/2, Start, text, l.Theme.Flow)
	l.Zones = append(l.Zones, Zone{r.X, r.Y, r.W, r.H, ToggleFollow})
}
