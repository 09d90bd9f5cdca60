package verdict

import "time"

// flow is how the units were held back, by what each lump suggests of when its
// units were made: evenly since the lump before, or, where the source itself
// writes in clumps, at once.
type flow struct {
	joined, outside float64 // shares of the units that came in joined lumps; outside: not counting the lumps that end a silence
	stalls          int
	caughtUp        bool // a silence ended in a joined lump: the path was silent, not the source
	score           float64
	hasScore        bool
	clientHeld      bool // most of the waiting ended when a slow client had read on
}

func flowOf(a *arrivals, s *shape) flow {
	var f flow
	sums := held{end: float64(s.last.at), previous: s.first.at - s.firstGap}
	clumped, stall := s.clumped(), s.stall()
	var all, joined, after, afterJoined int64
	for i, k := 0, 0; k < s.lumps; k++ {
		var l lump
		l, i = a.lump(i)
		gap := l.at - sums.previous
		n := s.madeApart(l, gap)
		waited := time.Duration(0)
		if n > 1 && !clumped {
			waited = time.Duration(float64(gap) * float64(n-1) / float64(2*n))
		}
		together := 2*waited >= joinedFrom
		all += n
		if together {
			joined += n
		}
		if k > 0 && stall > 0 && gap >= stall {
			f.stalls++
			after += n
			if together {
				afterJoined += n
				f.caughtUp = true
			}
		}
		sums.add(l, float64(waited))
	}
	f.joined = ratio(float64(joined), float64(all))
	f.outside = ratio(float64(joined-afterJoined), float64(all-after))
	f.score, f.hasScore, f.clientHeld = sums.score()
	return f
}

// The sizes of lumps that, some time apart, are blocks of a buffer and not
// units, where units are not counted: those of TLS and of copy loops, and the
// smaller ones of a page of memory. Frames of sound come in such sizes too, but
// faster.
const (
	largeBlock, largePause = 8000, 200 * time.Millisecond
	pageBlock, pagePause   = 3000, 250 * time.Millisecond
	// inBlock is how many units a block is taken to hold; beyond some ten the
	// number makes no difference.
	inBlock = 16
)

// madeApart is how many units of l were made one after the other.
func (s *shape) madeApart(l lump, gap time.Duration) int64 {
	n := s.count(l)
	switch {
	case s.known:
		return n
	case s.inBlocks():
		return max(n, inBlock)
	case s.lumpUnits < clumpUnits && gap < s.gap+s.gap/2:
		return 1 // a unit larger than others, not several
	}
	return n
}

// inBlocks reports that the lumps are blocks of many units, as far as sizes and
// pauses tell.
func (s *shape) inBlocks() bool {
	return s.lumpBytes >= largeBlock && s.gap >= largePause || s.lumpBytes >= pageBlock && s.gap >= pagePause
}

// stall is how long a silence must last in this stream to be a stall, 0 if too
// little came to tell.
func (s *shape) stall() time.Duration {
	if s.lumps < fewestToStall {
		return 0
	}
	return max(silence, stallFactor*s.gap)
}

// held adds up how long bytes waited, and how long they could have waited had
// all been held to the end.
type held struct {
	end                float64 // when the last byte came
	previous           time.Duration
	waited, could      float64
	evenWaited, client float64
}

// add takes a lump whose bytes waited for that long on average.
func (h *held) add(l lump, waited float64) {
	b := float64(l.bytes)
	h.waited += b * waited
	h.could += b * (h.end - (float64(l.at) - waited))
	share := b * float64(l.at-h.previous)
	h.evenWaited += share
	if l.held {
		h.client += share
	}
	h.previous = l.at
}

// score is 1 for bytes that came as soon as they were made and 0 for bytes that
// came as late as if all had been held to the end.
func (h *held) score() (score float64, ok, client bool) {
	if h.could <= 0 {
		return 0, false, false
	}
	return min(max(1-h.waited/h.could, 0), 1), true, h.client > h.evenWaited/2
}

func ratio(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}
