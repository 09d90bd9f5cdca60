package verdict

import (
	"time"

	"streamgauge/tunnel"
)

// The bounds of heartbeats and of playing back.
const (
	// largestBeat is how many bytes a keep-alive has at most: a comment.
	largestBeat = 64
	// beatPause is how far apart keep-alives come at least.
	beatPause = 250 * time.Millisecond
	// playedUnits is how many units must have come one by one within a lump, and
	// playedWait how long after the request, to say that they were played back.
	playedUnits = 8
	playedWait  = 600 * time.Millisecond
)

// readBeats counts the keep-alives of an event stream: small reads that
// complete no event, with nothing near them whose part they could be. Encoded
// bodies are left out: there a head of the coding looks the same.
func (v *Verdict) readBeats(ex *tunnel.Exchange, a *arrivals) {
	if ex.UnitKind != tunnel.SSE || a.merged > 1 || hasHeader(ex, "Content-Encoding") {
		return
	}
	for i, c := range a.chunks {
		switch {
		case a.isBeat(i):
			v.Heartbeats++
		case c.Units > 0 && v.FirstContent == 0:
			v.FirstContent = c.At - a.sent
		}
	}
	v.HeartbeatsOnly = v.Heartbeats > 0 && v.Heartbeats == len(a.chunks)
}

func (a *arrivals) isBeat(i int) bool {
	c := a.chunks[i]
	if c.Bytes == 0 || c.Bytes > largestBeat || c.Units > 0 {
		return false
	}
	return i+1 == len(a.chunks) || a.chunks[i+1].At-c.At >= beatPause
}

// playedBack reports that after a long wait everything came within a moment,
// but unit by unit.
func playedBack(s *shape) bool {
	if !s.known || s.units < playedUnits || s.first.at < playedWait {
		return false
	}
	return s.atOnce() && 4*int64(s.played) <= s.units
}

// atOnce reports that, next to the wait before it, no time passed from the
// first arrival to the last, or that all units came in one lump.
func (s *shape) atOnce() bool {
	if s.lumps == 1 || s.span() < shortest && 10*s.span() <= s.first.at {
		return true
	}
	return s.inOne()
}

// inOne reports that all units came in one lump.
func (s *shape) inOne() bool { return s.known && int64(s.largest.units) == s.units }
