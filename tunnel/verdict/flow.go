package verdict

import (
	"math"
	"time"
)

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
	sums := held{previous: s.first.at - s.firstGap}
	clumped, stall := s.clumped(), s.stall()
	var all, joined, after, afterJoined int64
	for i, k := 0, 0; k < s.lumps; k++ {
		var l lump
		l, i = a.lump(i)
		gap := l.at - sums.previous
		n := s.madeApart(&l, gap)
		silent := k > 0 && stall > 0 && gap >= stall
		m := making{within: gap}
		if silent {
			m = s.madeInSilence(gap, n)
		}
		together := n > 1 && !clumped && min(m.share(n), s.usual(n)) >= joinedFrom
		all += n
		if together {
			joined += n
		}
		if silent {
			f.stalls++
			after += n
			if together {
				afterJoined += n
				f.caughtUp = true
			}
		}
		if clumped {
			m.within = 0
		}
		sums.add(&l, m, n)
	}
	f.joined = ratio(float64(joined), float64(all))
	f.outside = ratio(float64(joined-afterJoined), float64(all-after))
	f.score, f.hasScore, f.clientHeld = sums.score()
	return f
}

// making is when the units of a lump were made: evenly within a time that ended
// so long before the lump came.
type making struct {
	within, before time.Duration
}

// share is the time from the first of n units made to the last.
func (m making) share(n int64) time.Duration {
	return time.Duration(float64(m.within) * float64(n-1) / float64(n))
}

// usual is how far apart the first and the last of n units are made at the usual
// pace. A line that jams for a moment after a longer gap joins units that were
// made closer together than the gap suggests.
func (s *shape) usual(n int64) time.Duration {
	if s.lumps < fewestToStall {
		return math.MaxInt64
	}
	return time.Duration(float64(s.gap) * float64(n-1) / float64(max(s.lumpUnits, 1)))
}

// madeInSilence is when the n units that ended a silence were made: at the usual
// pace since the silence began, which on the path may have outlasted the
// source. A lone unit ended the source's own silence.
func (s *shape) madeInSilence(gap time.Duration, n int64) making {
	if n <= s.lumpUnits {
		return making{within: min(gap, s.gap)}
	}
	// The mean, since the median of uneven gaps is shorter.
	others := max(s.pieces-n, 1)
	within := min(gap, time.Duration(float64(s.span()-s.longestGap)*float64(n)/float64(others)))
	return making{within: within, before: gap - within}
}

// Lumps that, some time apart, are blocks of a buffer and not units, where units
// are not counted: those of TLS and of copy loops by their size, smaller ones by
// being alike. Frames of sound are alike too, but come faster.
const (
	largeBlock, largePause = 8000, 200 * time.Millisecond
	likeBlock, likePause   = 2000, 135 * time.Millisecond
	// alike is by what part of it the size of a block may be off the median.
	alike = 0.04
	// inBlock is how many units a block is taken to hold; beyond some ten the
	// number makes no difference.
	inBlock = 16
)

// madeApart is how many units of l were made one after the other.
func (s *shape) madeApart(l *lump, gap time.Duration) int64 {
	switch {
	case s.known:
		return int64(l.units)
	case s.blocks:
		return max(s.count(l), inBlock)
	case s.lumpUnits < clumpUnits && gap < s.gap+s.gap/2:
		return 1 // a unit larger than others, not several
	}
	return s.count(l)
}

// inBlocks reports that the lumps are blocks of many units, as far as sizes and
// pauses tell.
func (s *shape) inBlocks(a *arrivals) bool {
	size := s.lumpBytes
	if s.lumps <= fewest {
		size = s.largest.bytes // the last, what was left, may not tip the median
	}
	switch {
	case s.known || s.lumps < 2:
		return false
	case size >= largeBlock && s.gap >= largePause:
		return true
	case size < likeBlock || s.gap < likePause:
		return false
	}
	like := 0
	for i, k := 0, 1; k < s.lumps; k++ { // the last is what was left
		var l lump
		l, i = a.lump(i)
		if math.Abs(float64(l.bytes-size)) <= alike*float64(size) {
			like++
		}
	}
	return 2*like >= s.lumps-1
}

// stall is how long a silence must last in this stream to be a stall, 0 if too
// little came to tell.
func (s *shape) stall() time.Duration { return stallAfter(s.lumps, s.gap) }

// held adds up how long bytes waited, and how long they could have waited had
// all been held until the last was made.
type held struct {
	previous           time.Duration // when the lump before came
	bytes, waited      float64
	made               float64 // Σ bytes·time of making
	last               float64 // when the last was made
	evenWaited, client float64
}

// add takes a lump of n units.
func (h *held) add(l *lump, m making, n int64) {
	b := float64(l.bytes)
	waited := float64(m.before)
	if n > 1 {
		waited += float64(m.share(n)) / 2
	}
	h.bytes += b
	h.waited += b * waited
	h.made += b * (float64(l.at) - waited)
	h.last = float64(l.at - m.before)
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
	could := h.bytes*h.last - h.made
	if could <= 0 {
		return 0, false, false
	}
	return min(max(1-h.waited/could, 0), 1), true, h.client > h.evenWaited/2
}

func ratio(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}
