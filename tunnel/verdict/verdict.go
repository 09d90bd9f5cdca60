package verdict

import (
	"time"

	"streamgauge/tunnel"
)

// Label names what was seen of a stream.
type Label string

// The labels. None means that there was no answer to judge.
const (
	None          Label = ""
	Incremental   Label = "incremental"
	Bursty        Label = "bursty"
	Coalesced     Label = "coalesced"
	Stalled       Label = "stalled"
	BufferedWhole Label = "buffered_whole"
	Truncated     Label = "truncated"
	NotAStream    Label = "not_a_stream"
	TooShort      Label = "too_short"
)

// Labels returns all labels but None, the best news first.
func Labels() []Label {
	return []Label{Incremental, Bursty, Coalesced, Stalled, BufferedWhole, Truncated, NotAStream, TooShort}
}

// Verdict is what the arrivals of one exchange say. It holds no reference to
// the exchange and may be compared with ==.
type Verdict struct {
	Label Label
	// Provisional is set while the exchange runs.
	Provisional bool
	// Guessed is set where so little could be seen that the label is only the
	// likelier one: a tunnel that brought everything at once.
	Guessed bool
	// Score runs from 0, everything as late as if held to the end, to 1,
	// everything as soon as made. It means nothing unless HasScore.
	Score    float64
	HasScore bool
	// Lumps is how many groups of arrivals came, each within [LumpWindow].
	Lumps int
	// Units is how many units came; 0 where they could not be told apart.
	Units int64
	// Wait is the time from the request to the first lump.
	Wait time.Duration
	// Head is the time from the request to the response's head, Wait if it came
	// with the first lump; 0 where no head was seen.
	Head time.Duration
	// HeadHeld reports that the head came late and with the first bytes, more
	// than one unit of them: whatever held these held it too.
	HeadHeld bool
	// FirstContent is the time from the request to the first read that completed
	// a unit other than a heartbeat; 0 where units could not be told apart.
	FirstContent time.Duration
	// Span is the time from the first lump to the last.
	Span time.Duration
	// UsualGap is the median time between two neighbouring lumps.
	UsualGap time.Duration
	// LongestGap is the longest time between two neighbouring lumps.
	LongestGap time.Duration
	// LargestShare is the part of all bytes that came in the largest lump, 0…1.
	LargestShare float64
	// LumpBytes and LumpUnits are the median lump's; LumpUnits is estimated
	// where Units is 0.
	LumpBytes, LumpUnits int64
	// Joined is the part of the units that came in one lump with others made at
	// least 50 ms apart, 0…1, estimated.
	Joined float64
	// Clumped reports that the source itself seems to write several units at a
	// time, with pauses between.
	Clumped bool
	// Stalls is how many silences were far longer than the usual gap.
	Stalls int
	// CaughtUp reports that a silence ended with the units missed: the path was
	// silent, not the source.
	CaughtUp bool
	// Played reports that after a long wait everything came in one lump but unit
	// by unit: made whole, then played, by a program and not by a buffer.
	Played bool
	// Heartbeats is how many reads brought nothing but a keep-alive, and
	// HeartbeatsOnly that no other came.
	Heartbeats     int
	HeartbeatsOnly bool
	// CutShort says that the answer ended in good order without the words with
	// which its format ends.
	CutShort bool
	// ClientLimited reports that most of the waiting ended with a chunk that the
	// client was too slow to let come earlier: the origin is not to blame.
	ClientLimited bool

	outside float64 // Joined, but for the lumps that end a silence
}

// Assess judges ex as far as it has come. It keeps nothing of it, and it
// allocates nothing. An opaque tunnel is judged by its records, and as one lane
// whatever it carried.
func Assess(ex *tunnel.Exchange) Verdict {
	a := arrivalsOf(ex)
	s := shapeOf(&a)
	v := Verdict{Provisional: ex.End == tunnel.Running, Lumps: s.lumps, Units: countable(ex)}
	if s.lumps > 0 {
		v.measure(&a, &s)
		v.readHead(ex, &a, &s)
		v.readBeats(ex, &a)
	}
	v.CutShort = ex.End == tunnel.Complete && ex.Ending == tunnel.EndingMissing
	v.judge(ex, &s)
	return v
}

func (v *Verdict) measure(a *arrivals, s *shape) {
	f := flowOf(a, s)
	v.Score, v.HasScore = f.score, f.hasScore
	if s.lumps == 1 {
		v.Score, v.HasScore = 0, true // whatever it held came as late as it could
	}
	v.Wait, v.Span = s.first.at, s.span()
	v.UsualGap, v.LongestGap = s.gap, s.longestGap
	v.LargestShare = ratio(float64(s.largest.bytes), float64(s.bytes))
	v.LumpBytes, v.LumpUnits = s.lumpBytes, s.lumpUnits
	v.Joined, v.outside, v.Clumped = f.joined, f.outside, s.clumped()
	v.Stalls, v.CaughtUp = f.stalls, f.caughtUp
	v.ClientLimited = f.clientHeld
	v.Played = playedBack(s)
}

// readHead notes when the head came. One that came within the first lump came
// with it.
func (v *Verdict) readHead(ex *tunnel.Exchange, a *arrivals, s *shape) {
	head, ok := ex.Phases.At(tunnel.Head)
	if !ok || ex.Kind == tunnel.KindTunnel {
		return
	}
	v.Head = max(head-a.sent, 0)
	if v.Head >= v.Wait-LumpWindow {
		v.Head = v.Wait
	}
	v.HeadHeld = v.Head == v.Wait && v.Wait >= late && (!s.known || s.first.units > 1)
}
