package plot

import (
	"math"
	"slices"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// Track is one exchange on a timeline.
type Track struct {
	Exchange *tunnel.Exchange
	Label    verdict.Label
	Name     string // beside the lane
}

// TimelineChart shows many exchanges, a lane each, on one axis of the clock on the
// wall. Times of its view are since Epoch.
type TimelineChart struct {
	Tracks []Track // from the top
	Epoch  time.Time
	// Now is since Epoch.
	Now  time.Duration
	View View
	// Scroll is by how many units of the screen the lanes are moved up.
	Scroll float32
	// Selected is the ID of the exchange that is shown elsewhere.
	Selected string

	rows []int // the tracks that the latest Lay had lanes for, from the top
	top  float32
}

// trackRow is the height of a lane, trackHead the room above the first one.
const trackRow, trackHead = 22, 12

// starts is when a track began, since the epoch.
func (c *TimelineChart) starts(t *Track) time.Duration { return near(t.Exchange.Start.Sub(c.Epoch)) }

// ends is when it ended, or now.
func (c *TimelineChart) ends(t *Track) time.Duration {
	if t.Exchange.End == tunnel.Running {
		return max(near(c.Now), c.starts(t)+near(max(t.Exchange.Totals.Last, 0)))
	}
	return c.starts(t) + near(max(t.Exchange.Duration(), t.Exchange.Totals.Last, 0))
}

// Whole is the view from the first exchange to now, or to the end of the last one
// where none runs.
func (c *TimelineChart) Whole() View {
	if len(c.Tracks) == 0 {
		return View{c.Now - 10*time.Second, c.Now}
	}
	whole := View{c.Now, math.MinInt64}
	running := false
	for i := range c.Tracks {
		t := &c.Tracks[i]
		whole.From = min(whole.From, c.starts(t))
		whole.To = max(whole.To, c.ends(t))
		running = running || t.Exchange.End == tunnel.Running
	}
	if running {
		whole.To = max(whole.To, c.Now)
	}
	room := max(whole.Span()/50, time.Millisecond)
	return View{whole.From - room, whole.To + room}
}

// Lay draws the chart into area.
func (c *TimelineChart) Lay(s *Scene, area Rect) {
	c.rows = c.rows[:0]
	if len(c.Tracks) == 0 {
		s.note(area, s.Words.NoExchanges)
		return
	}
	names := min(area.W*0.28, 230)
	s.Plot = Rect{area.X + names, area.Y + trackHead, max(area.W-names-rightRoom, 10), max(area.H-trackHead-axisRoom-6, trackRow)}
	c.top = s.Plot.Y
	for i := range c.Tracks {
		if t := &c.Tracks[i]; c.ends(t) >= c.View.From && c.starts(t) <= c.View.To {
			c.rows = append(c.rows, i)
		}
	}
	c.Scroll = min(max(c.Scroll, 0), max(float32(len(c.rows))*trackRow-s.Plot.H, 0))
	c.axis(s)
	for row := range c.rows {
		y := c.top + float32(row)*trackRow - c.Scroll
		if y > s.Plot.Y-trackRow/2 && y+trackRow/2 < s.Plot.Bottom() {
			c.lane(s, &c.Tracks[c.rows[row]], Rect{s.Plot.X, y, s.Plot.W, trackRow}, names)
		}
	}
}

// axis draws round times of the clock on the wall, as hairlines through all
// lanes.
func (c *TimelineChart) axis(s *Scene) {
	y := s.Plot.Bottom() + 4
	for _, tick := range WallTicks(c.Epoch, c.View, max(2, int(s.Plot.W/110))) {
		x := s.Plot.X + float32(c.View.Place(seconds(tick.Value)))*s.Plot.W
		s.line(x, s.Plot.Y-4, x, y+4, 1, s.Theme.Faint)
		s.text(x, y+13, Middle, tick.Label, s.Theme.Muted)
	}
	s.line(s.Plot.X, y, s.Plot.Right(), y, 1, mix(s.Theme.Paper, s.Theme.Ink, 0.35))
	if c.Now >= c.View.From && c.Now <= c.View.To {
		x := s.Plot.X + float32(c.View.Place(c.Now))*s.Plot.W
		s.line(x, s.Plot.Y-4, x, y, 1, faded(s.Theme.Flow, 0.6))
	}
}

// WallTicks returns round times of the day of a view whose times are since epoch.
// Values are seconds since epoch.
func WallTicks(epoch time.Time, v View, most int) []Tick {
	hour, minute, second := epoch.Clock()
	day := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(epoch.Nanosecond())
	low, high := (v.From + day).Seconds(), (v.To + day).Seconds()
	step := timeStep((high - low) / float64(max(most, 1)))
	layout := "15:04:05"
	switch {
	case step < 1e-3:
		layout = "05.000000"
	case step < 1:
		layout = "15:04:05.000"
	case step >= 60:
		layout = "15:04"
	}
	var ticks []Tick
	for _, at := range multiples(low, high, step) {
		since := at - day.Seconds()
		ticks = append(ticks, Tick{since, epoch.Add(seconds(since) + time.Microsecond/2).Format(layout)})
	}
	return ticks
}

// lane draws one exchange: a dotted line while it connects, a line while it
// waits, ticks on a ground for what arrived, and how it ended.
func (c *TimelineChart) lane(s *Scene, t *Track, r Rect, names float32) {
	ex, start := t.Exchange, c.starts(t)
	x := func(at time.Duration) float32 {
		return r.X + float32(min(max(c.View.Place(start+at), 0), 1))*r.W
	}
	if t.Exchange.ID == c.Selected {
		s.box(Rect{r.X - names, r.Y + 1, r.W + names + rightRoom, r.H - 2}, s.Theme.Shade)
	}
	middle, end := r.Y+r.H/2, c.ends(t)-start
	color := s.Theme.Verdict(t.Label)
	first, came := ex.Phases.At(tunnel.FirstByte)
	if len(ex.Chunks) > 0 {
		first, came = ex.Chunks[0].At, true
	}
	if !came {
		first = end
	}
	sent, ok := ex.Phases.At(tunnel.Sent)
	if !ok || sent > first {
		sent = 0
	}
	line := mix(s.Theme.Paper, s.Theme.Ink, 0.4)
	s.dashes(x(0), middle, x(sent), middle, 1, line)
	s.line(x(sent), middle, x(first), middle, 1, line)
	if came {
		s.box(Rect{x(first), middle - 6, max(x(end)-x(first), 1), 12}, mix(s.Theme.Paper, color, 0.14))
	}
	c.arrivals(s, t, Rect{r.X, middle - 6, r.W, 12})
	c.capLane(s, t, x(end), middle)
	if names > 60 {
		_, shape, _ := s.endOf(ex)
		if ex.End == tunnel.Complete || ex.End == tunnel.Running {
			shape = labelShape(t.Label)
		}
		s.symbol(shape, r.X-names+10, middle, 8, color)
		s.text(r.X-names+20, middle, Start, fit(Clean(t.Name), names-32), s.Theme.Ink)
	}
}

// capLane marks the end of a lane, unless it was as it should be.
func (c *TimelineChart) capLane(s *Scene, t *Track, x, y float32) {
	if at := c.ends(t); at < c.View.From || at > c.View.To || t.Exchange.End == tunnel.Complete {
		return
	}
	_, shape, color := s.endOf(t.Exchange)
	s.symbol(shape, x, y, 8, color)
}

// arrivals draws a tick in each column that something arrived in, and a broad one
// where most of all did.
func (c *TimelineChart) arrivals(s *Scene, t *Track, r Rect) {
	start, n := c.starts(t), max(1, int(r.W*s.Scale+0.5))
	v := View{c.View.From - start, c.View.To - start}
	s.columns = columnsOf(s.columns[:0], t.Exchange.Chunks, v, n)
	color := s.Theme.Verdict(t.Label)
	width := r.W / float32(n)
	for _, k := range s.columns {
		chunks := t.Exchange.Chunks[k.from:k.to]
		x := r.X + (float32(columnAt(chunks[0].At, v, n))+0.5)*width
		w := float32(1)
		if 2*bytesOf(chunks) > t.Exchange.Totals.Bytes && t.Exchange.End != tunnel.Running {
			w = 4
		}
		s.box(Rect{x - w/2, r.Y, w, r.H}, color)
	}
}

// labelShape is a symbol for a verdict, so that it is not told by colour alone.
func labelShape(label verdict.Label) Shape {
	switch label {
	case verdict.Incremental:
		return Disc
	case verdict.Bursty, verdict.Coalesced:
		return Diamond
	case verdict.Stalled:
		return Triangle
	case verdict.BufferedWhole:
		return Square
	case verdict.Truncated:
		return Cross
	}
	return Ring
}

// TrackAt returns which track a place of the scene belongs to, -1 if none.
func (c *TimelineChart) TrackAt(s *Scene, y float32) int {
	if y < s.Plot.Y || y >= s.Plot.Bottom() {
		return -1
	}
	if row := int((y - c.top + c.Scroll) / trackRow); row >= 0 && row < len(c.rows) {
		return c.rows[row]
	}
	return -1
}

// Beside returns the track that is so many lanes below the one of an exchange, the
// nearest there is, and the first one if that exchange has no lane; -1 if there
// are no lanes.
func (c *TimelineChart) Beside(id string, lanes int) int {
	if len(c.rows) == 0 {
		return -1
	}
	row := slices.IndexFunc(c.rows, func(i int) bool { return c.Tracks[i].Exchange.ID == id })
	if row < 0 {
		return c.rows[0]
	}
	return c.rows[min(max(row+lanes, 0), len(c.rows)-1)]
}

// Reveal scrolls so that the lane of a track is in sight.
func (c *TimelineChart) Reveal(s *Scene, track int) {
	row := slices.Index(c.rows, track)
	if row < 0 {
		return
	}
	y := float32(row) * trackRow
	c.Scroll = min(max(c.Scroll, y+trackRow-s.Plot.H), y)
}
