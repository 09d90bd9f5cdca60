package recording

import (
	"math/bits"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// glyphs are the characters a sparkline is made of, each one column wide.
type glyphs struct {
	wait   rune // nothing has come yet
	levels [8]rune
}

var (
	blocks = glyphs{'·', [8]rune{'▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}}
	// Without Unicode the levels grow in ink.
	inks = glyphs{'.', [8]rune{'_', '-', '=', '+', 'o', 'x', '%', '#'}}
)

// Sparkline draws when the payload of ex arrived, in exactly cells columns from
// the request to elapsed: how long an exchange that runs has run, or one that
// ended took. Dots are the wait before the first arrival, blanks are silence
// after it, bars are arrivals: the tallest marks the slice of time that brought
// the most units, or the most bytes where no units were told apart. An arrival
// is never so small that it vanishes. Without unicode it is all ASCII.
func Sparkline(ex *tunnel.Exchange, elapsed time.Duration, cells int, unicode bool) string {
	g := &inks
	if unicode {
		g = &blocks
	}
	span := spanOf(ex, elapsed)
	sums := make([]int64, cells)
	first := cells
	if len(ex.Chunks) == 0 && ex.End == tunnel.Complete {
		first = 0 // there was nothing to wait for
	}
	byUnits := ex.Totals.Units > 0
	for _, c := range ex.Chunks {
		cell := cellOf(c.At, span, cells)
		first = min(first, cell)
		sums[cell] += weight(c, byUnits)
	}
	return bars(sums, first, g)
}

// spanOf is the time a sparkline of ex covers. A finished tunnel is drawn up to
// its last bytes: how long the client then kept it open for another request
// says nothing about the stream.
func spanOf(ex *tunnel.Exchange, elapsed time.Duration) time.Duration {
	if ex.Kind == tunnel.KindTunnel && ex.End != tunnel.Running && ex.Totals.Reads > 0 {
		return ex.Totals.Last
	}
	return max(elapsed, ex.Totals.Last)
}

// cellOf returns the cell that an arrival at falls into. A cell ends with its
// border rather than beginning there, so that the last arrival stands in the
// last cell with no more beside it than in the others. The product may be
// larger than 64 bits: a recording may tell of a century.
func cellOf(at, span time.Duration, cells int) int {
	switch {
	case at >= span:
		return cells - 1
	case at <= 0:
		return 0
	}
	high, low := bits.Mul64(uint64(at), uint64(cells))
	cell, beyond := bits.Div64(high, low, uint64(span))
	if beyond == 0 {
		cell--
	}
	return max(int(cell), 0)
}

// weight is what a chunk adds to the height of its cell. It is never zero: a
// chunk that completes no unit has arrived all the same.
func weight(c tunnel.Chunk, byUnits bool) int64 {
	if byUnits {
		// Units count so much more than a part of one that the parts of a long
		// unit do not outgrow it.
		return max(int64(c.Units)*1024, 1)
	}
	return max(int64(c.Bytes), 1)
}

func bars(sums []int64, first int, g *glyphs) string {
	var tallest int64
	for _, sum := range sums {
		tallest = max(tallest, sum)
	}
	var b strings.Builder
	for i, sum := range sums {
		switch {
		case i < first:
			b.WriteRune(g.wait)
		case sum == 0:
			b.WriteByte(' ')
		default:
			top := len(g.levels) - 1
			b.WriteRune(g.levels[int((float64(sum)/float64(tallest))*float64(top)+0.5)])
		}
	}
	return b.String()
}
