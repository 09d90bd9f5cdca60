package verdict

import (
	"math"
	"time"
)

// The bounds by which lumps are told from pieces that merely came together.
const (
	// joinedFrom is how far apart in time the units of one lump must have been
	// made for the lump to count as joined on the way.
	joinedFrom = 50 * time.Millisecond
	// silence is the shortest pause that can be a stall, and stallFactor how
	// many usual gaps long it must be.
	silence     = 2 * time.Second
	stallFactor = 8
	// mostStalls is how many silences still leave a stream that stalled; with
	// more of them silence is its pace.
	mostStalls = 2
	// fewestToStall is how many lumps a usual gap needs to be known from.
	fewestToStall = 8
	// clumpUnits, clumpPause are what the source's own clumps have at least, by
	// the median: units each, and time between them.
	clumpUnits = 3
	clumpPause = 120 * time.Millisecond
	// A steady flow that is cut by size or by count gives lumps of like units,
	// one cut by a clock lumps of like gaps, and one that jams lumps whose units
	// grow with the gap before them. unlikeUnits and unlikeGaps are standard
	// deviations of the logarithm, related is a correlation.
	unlikeUnits = 0.15
	unlikeGaps  = 0.2
	related     = 0.4
	// outlier is how many usual gaps long a pause is that says nothing of the
	// pace.
	outlier = 4
	// fewestForPace is how many lumps between the first and the last that needs.
	fewestForPace = 5
	// mostForPace is how many are looked at: more would not change the answer.
	mostForPace = 300
	// prior is how many units' worth of weight the time since the request has
	// against the pace of what came later, when the pace of the first lump is
	// estimated.
	prior = 3
)

// shape is what the lumps look like together.
type shape struct {
	known bool // units are counted, not estimated

	// Of the arrivals.
	readBytes int64 // median
	// Of the lumps.
	lumps                int
	units                int64
	bytes                int64
	first, last, largest lump
	gap                  time.Duration // median between lumps
	longestGap           time.Duration
	lumpBytes            int64 // median
	lumpUnits            int64 // median, estimated where not known
	pieces               int64 // of all lumps' units, estimated where not known
	played               int   // most units of any one read

	blocks   bool          // the lumps are a buffer's blocks: see inBlocks
	firstGap time.Duration // how long the first lump was in the making, estimated
	pace     relation      // of gaps and units, over the lumps between first and last
	clumps   int           // lumps of clumpUnits or more
	dribbled int           // those among them that came in several reads a little apart
}

func shapeOf(a *arrivals) shape {
	s := shape{known: a.known}
	s.measureReads(a)
	s.measureLumps(a)
	s.firstGap = s.estimateFirstGap()
	s.blocks = s.inBlocks(a)
	if s.mayBeClumped() {
		s.measurePace(a)
	}
	return s
}

func (s *shape) measureReads(a *arrivals) {
	if s.known {
		return // the sizes of reads matter only where units must be guessed from them
	}
	var sizes median
	for i := range a.len() {
		if n := a.bytes(i); n > 0 {
			sizes.add(n)
		}
	}
	s.readBytes = sizes.value()
}

func (s *shape) measureLumps(a *arrivals) {
	var gaps, sizes, units median
	for i := 0; i < a.len(); {
		var l lump
		if l, i = a.lump(i); l.bytes == 0 {
			break
		}
		if s.lumps++; s.lumps == 1 {
			s.first = l
		} else {
			gap := l.at - s.last.at
			gaps.add(int64(gap))
			s.longestGap = max(s.longestGap, gap)
		}
		if l.bytes > s.largest.bytes {
			s.largest = l
		}
		s.bytes += l.bytes
		s.units += int64(l.units)
		s.played = max(s.played, l.most)
		sizes.add(l.bytes)
		n := s.count(&l)
		units.add(n)
		s.pieces += n
		s.last = l
	}
	s.gap, s.lumpBytes, s.lumpUnits = time.Duration(gaps.value()), sizes.value(), units.value()
}

// count is how many units l holds, at least one. Where they cannot be counted
// the usual read is taken for one; units vary in size, so it takes nearly twice
// as much to be two.
func (s *shape) count(l *lump) int64 {
	if s.known {
		return max(int64(l.units), 1)
	}
	if s.readBytes == 0 {
		return 1
	}
	return max((l.bytes+s.readBytes/4)/s.readBytes, 1)
}

// estimateFirstGap is how long the first lump was in the making: as long as its
// units take at the pace of the others, but no longer than since the request.
// The fewer the others, the more the time since the request counts.
func (s *shape) estimateFirstGap() time.Duration {
	rest := float64(s.bytes - s.first.bytes)
	if s.lumps < 2 || rest <= 0 {
		return s.first.at
	}
	share := float64(s.first.bytes) / rest
	if s.known && s.units > int64(s.first.units) && s.first.units > 1 {
		n := float64(s.first.units)
		others := float64(s.units) - n
		perUnit := (float64(s.span()) + prior*float64(s.first.at)/n) / (others + prior)
		return min(s.first.at, time.Duration(perUnit*n))
	}
	return min(s.first.at, time.Duration(share*float64(s.span())))
}

// span is the time from the first lump to the last.
func (s *shape) span() time.Duration { return s.last.at - s.first.at }

// making is how long all that came was in the making, estimated.
func (s *shape) making() time.Duration { return s.firstGap + s.span() }

// measurePace finds out whether the lumps can have been cut out of a steady
// flow, and whether their parts came a little apart, as a source's own writes
// do.
func (s *shape) measurePace(a *arrivals) {
	previous := s.first.at
	for i, k := 0, 1; k <= min(s.lumps, mostForPace); k++ {
		var l lump
		l, i = a.lump(i)
		n := s.count(&l)
		if k > 1 && k < s.lumps {
			if gap := l.at - previous; gap < outlier*s.gap {
				s.pace.add(math.Log(float64(gap)), math.Log(float64(n)))
			}
		}
		if n >= clumpUnits {
			s.clumps++
			if s.dribble(&l) {
				s.dribbled++
			}
		}
		previous = l.at
	}
}

// dribble reports that no single read brought most of l, and that its reads
// came further apart than the pieces of one write do.
func (s *shape) dribble(l *lump) bool {
	whole := int64(l.units)
	if !s.known {
		whole = l.bytes
	}
	return l.reads > 1 && l.end-l.at >= 300*time.Microsecond && 4*int64(l.most) < 3*whole
}

func (s *shape) mayBeClumped() bool {
	return s.lumps >= fewest && s.lumpUnits >= clumpUnits && s.gap >= clumpPause
}

// clumped reports that the source itself writes several units at a time, with
// pauses between.
func (s *shape) clumped() bool {
	return s.mayBeClumped() && (5*s.dribbled >= 3*s.clumps || s.pace.unrelated())
}

// relation is how two values vary, alone and together, kept as it grows.
type relation struct {
	n                int
	x, y, xx, yy, xy float64 // means; sums of squares and products of what is off them
}

func (r *relation) add(x, y float64) {
	r.n++
	dx, dy := x-r.x, y-r.y
	r.x += dx / float64(r.n)
	r.y += dy / float64(r.n)
	r.xx += dx * (x - r.x)
	r.yy += dy * (y - r.y)
	r.xy += dx * (y - r.y)
}

// unrelated reports that gaps (x) and units (y) both vary, and not together.
func (r *relation) unrelated() bool {
	n := float64(r.n)
	return r.n >= fewestForPace &&
		r.xx > n*unlikeGaps*unlikeGaps && r.yy > n*unlikeUnits*unlikeUnits &&
		r.xy < related*math.Sqrt(r.xx*r.yy)
}
