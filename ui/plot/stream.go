package plot

import (
	"cmp"
	"image/color"
	"slices"
	"strconv"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// StreamChart is the graph of one exchange: a staircase of what has come over
// time, and lanes of its arrivals beneath.
type StreamChart struct {
	Series  *Series
	View    View
	Measure Measure
	// Following says whether the view goes along with a stream that runs.
	Following bool
}

// Lay draws the chart into area.
func (c *StreamChart) Lay(s *Scene, area Rect) {
	if c.Series.ex == nil {
		s.note(area, s.Words.Empty)
		return
	}
	l := c.layout(s, area)
	l.columns = l.series.divide(l.columns, l.View, max(1, int(l.Plot.W*l.Scale+0.5)))
	l.area()
	l.bands()
	l.grid(l.caption())
	l.marks()
	l.staircase()
	l.atOnce()
	l.ending()
	for i := range l.lanes {
		l.lanes[i].draw(l, l.laneRect(i))
		s.text(l.Plot.X-8, l.laneRect(i).Y+l.laneRect(i).H/2, End, l.lanes[i].name, s.Theme.Muted)
	}
	l.legend()
	l.follow()
}

// layout divides the area.
func (c *StreamChart) layout(s *Scene, area Rect) *streamLayout {
	l := &streamLayout{StreamChart: c, Scene: s, series: c.Series, measure: c.Measure}
	if !l.series.HasUnits() {
		l.measure = ByBytes
	}
	l.arrange(area)
	return l
}

// Spot is where the staircase is once chunk i has come, in the scene that the
// chart was laid into.
func (c *StreamChart) Spot(s *Scene, i int) (x, y float32) {
	l := streamLayout{StreamChart: c, Scene: s, series: c.Series, measure: c.Measure}
	if !l.series.HasUnits() {
		l.measure = ByBytes
	}
	l.low, l.high = l.valueRange()
	return l.x(c.Series.chunks[i].At), l.y(float64(c.Series.total(l.measure, i+1)))
}

// note is a word in the middle of an empty area.
func (s *Scene) note(area Rect, text string) {
	s.Plot = area
	s.text(area.X+area.W/2, area.Y+area.H/2, Middle, text, s.Theme.Muted)
}

// streamLayout is a chart while it is drawn.
type streamLayout struct {
	*StreamChart
	*Scene
	series    *Series
	measure   Measure
	lanes     []lane
	low, high float64 // of the axis of values
	values    []Tick
	strip     float32 // middle of the line of words above the plot
	taken     []span  // words in that line
	head      float32 // middle of the line of the legend
	bottom    float32 // of the lanes
	first     int     // of the points of the staircase
}

type span struct{ from, to float32 }

// Distances, in units of the screen.
const (
	gutter     = 8
	rightRoom  = 16
	headRoom   = 44
	axisRoom   = 25
	captionRow = 16
	laneHeight = 14
	tickHeight = 22
	laneGap    = 5
	lineWidth  = 1.75
)

// arrange divides the area.
func (l *streamLayout) arrange(area Rect) {
	l.lanes = l.lanesOf()
	l.low, l.high = l.valueRange()
	below := float32(axisRoom)
	if l.Captions {
		below += captionRow
	}
	// Where there is little room the staircase needs it most.
	for len(l.lanes) > 0 && area.H-headRoom-below-laneGap-laneRoom(l.lanes) < leastPlot {
		l.lanes = l.lanes[:len(l.lanes)-1]
	}
	below += laneRoom(l.lanes)
	plotHeight := max(area.H-headRoom-below-laneGap, 20)
	l.values = l.ticksOf(max(2, int(plotHeight/34)))
	left := float32(30)
	for _, tick := range l.values {
		left = max(left, textWidth(tick.Label, small))
	}
	for _, lane := range l.lanes {
		left = max(left, textWidth(lane.name, small))
	}
	left += gutter + 4
	l.Plot = Rect{area.X + left, area.Y + headRoom, max(area.W-left-rightRoom, 10), plotHeight}
	l.head, l.strip = area.Y+12, area.Y+headRoom-10
	l.bottom = l.Plot.Bottom() + below - axisRoom + laneGap
	if l.Captions {
		l.bottom -= captionRow
	}
}

// leastPlot is the height below which the staircase drives out lanes.
const leastPlot = 64

// laneRoom is the height of lanes with the gaps above them.
func laneRoom(lanes []lane) (height float32) {
	for _, lane := range lanes {
		height += lane.height + laneGap
	}
	return height
}

func (l *streamLayout) laneRect(i int) Rect {
	y := l.Plot.Bottom() + 2*laneGap
	for _, lane := range l.lanes[:i] {
		y += lane.height + laneGap
	}
	return Rect{l.Plot.X, y, l.Plot.W, l.lanes[i].height}
}

func (l *streamLayout) ticksOf(most int) []Tick {
	if l.series.total(l.measure, l.series.Len()) == 0 {
		return []Tick{{Label: "0"}}
	}
	if l.measure == ByUnits {
		return CountTicks(l.low, l.high, most)
	}
	return ByteTicks(l.low, l.high, most)
}

// valueRange is what the axis of values shows: what the stream counts within the
// view, from 0 unless that is far below.
func (l *streamLayout) valueRange() (low, high float64) {
	first := l.series.from(0, l.View.From)
	last := l.series.from(first, l.View.To+1)
	low, high = float64(l.series.total(l.measure, first)), float64(l.series.total(l.measure, last))
	if low < (high-low)*0.5 {
		low = 0
	}
	room := max((high-low)*0.06, 1e-9*high)
	if low > 0 {
		low -= room
	}
	if high += room; high <= low {
		high = low + 1 // nothing has come
	}
	return low, high
}

func (l *streamLayout) x(at time.Duration) float32 {
	return l.Plot.X + float32(l.View.Place(at))*l.Plot.W
}

// inside is x kept within the plot.
func (l *streamLayout) inside(at time.Duration) float32 {
	return l.Plot.X + float32(min(max(l.View.Place(at), 0), 1))*l.Plot.W
}

func (l *streamLayout) y(value float64) float32 {
	return l.Plot.Bottom() - float32((value-l.low)/(l.high-l.low))*l.Plot.H
}

func (l *streamLayout) shown(at time.Duration) bool { return at >= l.View.From && at <= l.View.To }

// area adds the points of the staircase and what lies beneath them.
func (l *streamLayout) area() {
	from := len(l.Points)
	l.first = from
	y := l.y(float64(l.series.total(l.measure, l.columns[0].from)))
	l.Points = append(l.Points, Point{l.inside(0), y})
	width := l.Plot.W / float32(len(l.columns))
	for i, c := range l.columns {
		if c.from < c.to {
			y = l.y(float64(l.series.total(l.measure, c.to)))
			l.Points = append(l.Points, Point{l.Plot.X + (float32(i)+0.5)*width, y})
		}
	}
	l.Points = append(l.Points, Point{l.inside(l.series.elapsed), y})
	l.Marks = append(l.Marks, Mark{Shape: Area, From: from, To: len(l.Points), Y: l.Plot.Bottom(), Color: l.Theme.Tint})
}

// staircase draws the line over what area added.
func (l *streamLayout) staircase() {
	l.Marks = append(l.Marks, Mark{Shape: Steps, From: l.first, To: len(l.Points), Size: lineWidth, Color: l.Theme.Flow})
	l.discs()
}

// apart is how far two arrivals must stand apart to get a disc each.
const apart = 9

// discs marks single arrivals where there is room to see them as such.
func (l *streamLayout) discs() {
	first := l.columns[0].from
	n := l.columns[len(l.columns)-1].to - first
	if n == 0 || float32(n)*apart > l.Plot.W {
		return
	}
	for i := first; i < first+n; i++ {
		x, y := l.x(l.series.chunks[i].At), l.y(float64(l.series.total(l.measure, i+1)))
		if l.series.slow[i+1] > l.series.slow[i] {
			l.symbol(Triangle, x, y, 8, l.Theme.Slow)
			continue
		}
		l.symbol(Disc, x, y, 5, l.Theme.Flow)
	}
}

// atOnce says beside the riser of a lump how much of all came with it.
func (l *streamLayout) atOnce() {
	v := &l.series.verdict
	switch v.Label {
	case verdict.BufferedWhole, verdict.Coalesced, verdict.Stalled, verdict.Bursty:
	default:
		return
	}
	if v.LargestShare < lumpShare || l.Words.AtOnce == "" {
		return
	}
	largest := slices.MaxFunc(l.columns, func(a, b column) int {
		return cmp.Compare(l.series.bytes[a.to]-l.series.bytes[a.from], l.series.bytes[b.to]-l.series.bytes[b.from])
	})
	if largest.from == largest.to {
		return
	}
	from, to := l.y(float64(l.series.total(l.measure, largest.from))), l.y(float64(l.series.total(l.measure, largest.to)))
	x, text := l.x(l.series.chunks[largest.from].At), strconv.Itoa(int(100*v.LargestShare+0.5))+" % "+l.Words.AtOnce
	if x-textWidth(text, small) > l.Plot.X {
		l.text(x-10, (from+to)/2, End, text, l.Theme.Bad)
	} else {
		l.text(x+10, (from+to)/2, Start, text, l.Theme.Bad)
	}
	l.Texts[len(l.Texts)-1].Bold = true
}

// lumpShare is from which part of all bytes on a lump is named in the graph.
const lumpShare = 0.4

// caption is the name of the axis of time, if it gets one.
func (l *streamLayout) caption() string {
	if l.Captions {
		return l.Words.SinceStart
	}
	return ""
}

// grid draws both axes, the values' as hairlines to read along. name is that of
// the axis of time, or empty.
func (l *streamLayout) grid(name string) {
	for _, tick := range l.values {
		y := l.y(tick.Value)
		if tick.Value > l.low {
			l.line(l.Plot.X, y, l.Plot.Right(), y, 1, l.Theme.Faint)
		}
		l.text(l.Plot.X-gutter, y, End, tick.Label, l.Theme.Muted)
	}
	l.line(l.Plot.X, l.Plot.Bottom(), l.Plot.Right(), l.Plot.Bottom(), 1, mix(l.Theme.Paper, l.Theme.Ink, 0.35))
	l.timeAxis(l.View, l.bottom, name)
}

// timeAxis draws round times beneath the plot, and the name of the axis unless it
// is empty.
func (s *Scene) timeAxis(v View, y float32, name string) {
	for _, tick := range TimeTicks(v.From, v.To, max(2, int(s.Plot.W/86))) {
		x := s.Plot.X + float32(v.Place(seconds(tick.Value)))*s.Plot.W
		s.line(x, y, x, y+4, 1, mix(s.Theme.Paper, s.Theme.Ink, 0.35))
		s.text(x, y+13, Middle, tick.Label, s.Theme.Muted)
	}
	if name != "" {
		s.text(s.Plot.X+s.Plot.W/2, y+13+captionRow, Middle, name, s.Theme.Muted)
	}
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// say puts a word into the line above the plot if there is room for it, with its
// middle at x or as near as the plot allows, and reports whether there was.
func (l *streamLayout) say(x float32, text string, c color.NRGBA) bool {
	half := textWidth(text, small)/2 + 4
	x = min(max(x, l.Plot.X+half-4), l.Plot.Right()+rightRoom-half)
	for _, t := range l.taken {
		if x-half < t.to && x+half > t.from {
			return false
		}
	}
	l.taken = append(l.taken, span{x - half, x + half})
	l.text(x, l.strip, Middle, text, c)
	return true
}

// band shades a stretch of time over the height of the plot.
func (l *streamLayout) band(from, to time.Duration) (Rect, bool) {
	x0, x1 := l.inside(from), l.inside(to)
	r := Rect{x0, l.Plot.Y, x1 - x0, l.Plot.H}
	return r, to > from && to >= l.View.From && from <= l.View.To && r.W > 0
}

// bands shades the wait before the first byte, and silences.
func (l *streamLayout) bands() {
	for _, silence := range l.series.silences {
		if r, ok := l.band(silence.From, silence.To); ok {
			l.box(r, faded(l.Theme.Stall, 0.10))
			l.hatch(r, faded(l.Theme.Stall, 0.22))
		}
	}
	from, to, ok := l.series.wait()
	if !ok {
		return
	}
	if r, ok := l.band(from, to); ok {
		l.box(r, l.Theme.Shade)
		if r.W > 3 {
			l.dashes(r.Right(), r.Y, r.Right(), r.Bottom(), 1, mix(l.Theme.Paper, l.Theme.Ink, 0.3))
		}
	}
}

// wait is the time from the request sent to the first payload, or until now.
func (s *Series) wait() (from, to time.Duration, ok bool) {
	from, _ = s.ex.Phases.At(tunnel.Sent)
	to, ok = s.ex.Phases.At(tunnel.FirstByte)
	switch {
	case ok:
	case len(s.chunks) > 0:
		to = s.chunks[0].At
	default:
		to = s.elapsed
	}
	return from, to, to > from
}

// marks names the moments and stretches in the line above the plot, the ones that
// matter most first: what finds no room is left out.
func (l *streamLayout) marks() {
	l.endWord()
	if from, to, ok := l.series.wait(); ok && to > l.View.From && from < l.View.To {
		x := (l.inside(from) + l.inside(to)) / 2
		l.say(x, l.Words.Wait+" "+Span(to-from), l.Theme.Muted)
	}
	for _, silence := range l.series.silences {
		if silence.To > l.View.From && silence.From < l.View.To {
			x := (l.inside(silence.From) + l.inside(silence.To)) / 2
			l.say(x, l.Words.Silence+" "+Span(silence.To-silence.From), l.Theme.Stall)
		}
	}
	l.moment(tunnel.Head, l.Words.Head)
	l.moment(tunnel.Sent, l.Words.Sent)
}

// moment marks when a phase ended, where it can be told from the wait's bounds.
func (l *streamLayout) moment(p tunnel.Phase, word string) {
	at, ok := l.series.ex.Phases.At(p)
	if !ok || !l.shown(at) || at == 0 {
		return
	}
	x := l.x(at)
	l.dashes(x, l.Plot.Y, x, l.Plot.Bottom(), 1, mix(l.Theme.Paper, l.Theme.Ink, 0.3))
	l.say(x, word, l.Theme.Muted)
}

// endOf returns how the exchange ended: a word, a symbol and a colour.
func (s *Scene) endOf(ex *tunnel.Exchange) (word string, shape Shape, c color.NRGBA) {
	switch ex.End {
	case tunnel.Complete:
		if ex.Ending == tunnel.EndingMissing {
			return s.Words.Truncated, Cross, s.Theme.Bad
		}
		return s.Words.Complete, Square, s.Theme.Good
	case tunnel.Truncated:
		return s.Words.Truncated, Cross, s.Theme.Bad
	case tunnel.ClientClosed:
		return s.Words.ClientClosed, Diamond, s.Theme.Slow
	case tunnel.Failed:
		return s.Words.Failed, Cross, s.Theme.Bad
	}
	return "", Disc, s.Theme.Flow
}

func (l *streamLayout) endWord() {
	word, _, c := l.endOf(l.series.ex)
	if at := l.series.elapsed; word != "" && l.shown(at) {
		l.say(l.x(at), word+" "+Span(at), c)
	}
}

// ending marks where the stream ended, or where it writes.
func (l *streamLayout) ending() {
	at := l.series.elapsed
	if !l.shown(at) {
		return
	}
	_, shape, c := l.endOf(l.series.ex)
	x, y := l.x(at), l.y(float64(l.series.total(l.measure, l.series.Len())))
	if l.series.Running() {
		l.symbol(Disc, x, y, 13, faded(c, 0.25))
		l.symbol(Disc, x, y, 7, c)
		return
	}
	l.line(x, l.Plot.Y, x, l.Plot.Bottom(), 1, faded(c, 0.7))
	l.symbol(shape, x, y, 10, c)
}
