package plot

import (
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// Strip is the arrivals of an exchange in the height of a line of text: a rug of
// ticks over a hairline that is dotted until the first of them. The tallest tick
// is the column of pixels that brought the most; one that brought most of all is
// broad, so that a lump is seen as such.
type Strip struct {
	Exchange *tunnel.Exchange
	Label    verdict.Label
	// Elapsed is how long an exchange that runs has run.
	Elapsed time.Duration
}

// view is the time that the strip covers. While the exchange runs it grows in
// steps, so that ticks stay where they are. A tunnel that ended is drawn up to
// its last bytes: how long the client kept it open says nothing of the stream.
func (c *Strip) view() View {
	ex := c.Exchange
	switch {
	case ex.End == tunnel.Running:
		return View{0, RoundUp(near(max(c.Elapsed, ex.Totals.Last, 200*time.Millisecond)))}
	case ex.Kind == tunnel.KindTunnel && ex.Totals.Reads > 0:
		return View{0, near(max(ex.Totals.Last, 1))}
	}
	return View{0, near(max(ex.Duration(), ex.Totals.Last, 1))}
}

// Lay draws the strip into area.
func (c *Strip) Lay(s *Scene, area Rect) {
	s.Plot = area
	if c.Exchange == nil {
		return
	}
	ex, v := c.Exchange, c.view()
	room := Rect{area.X + 2, area.Y + 2, area.W - 12, area.H - 4}
	x := func(at time.Duration) float32 {
		return room.X + float32(min(max(v.Place(at), 0), 1))*room.W
	}
	end := ex.Duration()
	if ex.End == tunnel.Running {
		end = max(c.Elapsed, ex.Totals.Last)
	}
	end = min(end, v.To)
	base := room.Bottom() - 1
	quiet := mix(s.Theme.Paper, s.Theme.Ink, 0.38)
	first, came := ex.Phases.At(tunnel.FirstByte)
	if len(ex.Chunks) > 0 {
		first, came = ex.Chunks[0].At, true
	}
	if !came {
		first = end
	}
	s.dashes(room.X, base, x(first), base, 1, quiet)
	s.line(x(first), base, x(end), base, 1, quiet)
	c.ticks(s, room, v)
	if _, shape, color := s.endOf(ex); ex.End != tunnel.Running && ex.End != tunnel.Complete {
		s.symbol(shape, min(x(end)+6, area.Right()-4), area.Y+area.H/2, 7, color)
	} else if ex.End == tunnel.Running {
		s.symbol(Disc, x(end), base, 5, color)
	}
}

func (c *Strip) ticks(s *Scene, room Rect, v View) {
	chunks := c.Exchange.Chunks
	n := max(1, int(room.W*s.Scale+0.5))
	s.columns = columnsOf(s.columns[:0], chunks, v, n)
	var most, all int64
	for i := range s.columns {
		sum := bytesOf(chunks[s.columns[i].from:s.columns[i].to])
		most, all = max(most, sum), all+sum
	}
	ink := s.Theme.Verdict(c.Label)
	width := room.W / float32(n)
	for _, k := range s.columns {
		sum := bytesOf(chunks[k.from:k.to])
		h := max(room.H*float32(0.45+0.55*float64(sum)/float64(max(most, 1))), 2)
		w := float32(1)
		if 2*sum > all && c.Label != verdict.TooShort {
			w = 4
		}
		x := room.X + (float32(columnAt(chunks[k.from].At, v, n))+0.5)*width
		s.box(Rect{x - w/2, room.Bottom() - h, w, h}, ink)
	}
}

func bytesOf(chunks []tunnel.Chunk) (sum int64) {
	for i := range chunks {
		sum += int64(max(chunks[i].Bytes, 1))
	}
	return sum
}

// columnAt is the column of n that a time within the view falls into.
func columnAt(at time.Duration, v View, n int) int {
	return min(max(int(v.Place(at)*float64(n)), 0), n-1)
}

// columnsOf lists the columns of n that hold chunks. It looks at no more chunks
// than twice the logarithm of their number for each column.
func columnsOf(columns []column, chunks []tunnel.Chunk, v View, n int) []column {
	for i := seek(chunks, 0, v.From); i < len(chunks) && chunks[i].At <= v.To; {
		k := columnAt(chunks[i].At, v, n)
		border := v.To + 1
		if k+1 < n {
			border = v.At(float64(k+1) / float64(n))
		}
		next := max(seek(chunks, i, border), i+1)
		columns = append(columns, column{i, next})
		i = next
	}
	return columns
}
