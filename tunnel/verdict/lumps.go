package verdict

import (
	"iter"
	"time"

	"streamgauge/tunnel"
)

// lump is a group of arrivals.
type lump struct {
	at    time.Duration // of its first arrival, since the request was sent
	bytes int64
	// held reports that the client kept its first arrival from coming earlier.
	held bool
}

// arrivals are what a verdict is made from.
type arrivals struct {
	chunks []tunnel.Chunk
	units  []tunnel.Unit // instead of chunks, where reads carry what is not payload
	sent   time.Duration
}

func arrivalsOf(ex *tunnel.Exchange) arrivals {
	a := arrivals{chunks: ex.Chunks}
	// The reads of a tunnel carry handshakes and session tickets too; its
	// records are those of application data. If not all were kept the reads show
	// the whole length.
	if ex.UnitKind == tunnel.TLSRecord && int64(len(ex.Units)) == ex.Totals.Units {
		a = arrivals{units: ex.Units}
	}
	// A response may begin before its request has ended: then only the start is
	// certain to lie before what came.
	if sent, ok := ex.Phases.At(tunnel.Sent); ok && a.len() > 0 && sent <= a.at(0) {
		a.sent = sent
	}
	return a
}

func (a *arrivals) len() int { return len(a.chunks) + len(a.units) }

func (a *arrivals) at(i int) time.Duration {
	if a.units != nil {
		return a.units[i].At
	}
	return a.chunks[i].At
}

func (a *arrivals) bytes(i int) int64 {
	if a.units != nil {
		return int64(a.units[i].Bytes)
	}
	return int64(a.chunks[i].Bytes)
}

// lumps groups the arrivals, without allocating.
func (a *arrivals) lumps() iter.Seq[lump] {
	return func(yield func(lump) bool) {
		for i := 0; i < a.len(); {
			first := i
			l := lump{at: a.at(first) - a.sent, held: tunnel.ClientLimited(a.chunks, first)}
			for ; i < a.len() && a.at(i)-a.at(first) <= LumpWindow; i++ {
				l.bytes += a.bytes(i)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// measure fills in everything but the label.
func (a *arrivals) measure() Verdict {
	var v Verdict
	var first, last, largest lump
	var total int64
	for l := range a.lumps() {
		if v.Lumps++; v.Lumps == 1 {
			first = l
		} else {
			v.LongestGap = max(v.LongestGap, l.at-last.at)
		}
		if l.bytes > largest.bytes {
			largest = l
		}
		total += l.bytes
		last = l
	}
	if total == 0 {
		return v
	}
	v.Wait, v.Span = first.at, last.at-first.at
	v.LargestShare = float64(largest.bytes) / float64(total)
	a.score(&v, firstGap(first, v.Span, total), total)
	return v
}

// firstGap is how long the bytes of the first lump were in the making: as long
// as they take at the rate of the others, but no longer than since the request.
func firstGap(first lump, span time.Duration, total int64) time.Duration {
	rest := total - first.bytes
	if rest == 0 {
		return first.at
	}
	return min(first.at, time.Duration(float64(first.bytes)*float64(span)/float64(rest)))
}

// score weighs the waiting of each lump's bytes, and whose fault it was.
func (a *arrivals) score(v *Verdict, gap time.Duration, total int64) {
	all := float64(gap + v.Span)
	if all <= 0 {
		return
	}
	var waited, held float64
	previous := v.Wait - gap
	for l := range a.lumps() {
		w := float64(l.bytes) / float64(total) * float64(l.at-previous)
		waited += w
		if l.held {
			held += w
		}
		previous = l.at
	}
	v.Score, v.HasScore = min(max(1-waited/all, 0), 1), true
	v.ClientLimited = held > waited/2
}
