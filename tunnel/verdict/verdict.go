package verdict

import (
	"fmt"
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

// The bounds of the rule.
const (
	// LumpWindow is how long after the first arrival of a lump others still
	// belong to it.
	LumpWindow = 8 * time.Millisecond
	// IncrementalFrom is the least score of an incremental stream.
	IncrementalFrom = 0.9
	// BufferedBelow is the score under which a stream was held to its end.
	BufferedBelow = 0.15
	// shortest is how long after the request the last arrival must come for
	// anything to be said.
	shortest = 250 * time.Millisecond
	// fewest is how many pieces (units, or lumps where units are not known) a
	// stream has.
	fewest = 3
)

// Verdict is what the arrivals of one exchange say.
type Verdict struct {
	Label Label
	// Provisional is set while the exchange runs.
	Provisional bool
	// Score runs from 0, everything as late as if held to the end, to 1,
	// everything as soon as made. It means nothing unless HasScore.
	Score    float64
	HasScore bool
	// Lumps is how many groups of arrivals came.
	Lumps int
	// Units is how many units came; 0 where they could not be told apart.
	Units int64
	// Wait is the time from the request to the first lump.
	Wait time.Duration
	// Span is the time from the first lump to the last.
	Span time.Duration
	// LongestGap is the longest time between two neighbouring lumps.
	LongestGap time.Duration
	// LargestShare is the part of all bytes that came in the largest lump, 0…1.
	LargestShare float64
	// ClientLimited reports that most of the waiting ended with a chunk that the
	// client was too slow to let come earlier: the origin is not to blame.
	ClientLimited bool
}

// Assess judges ex as far as it has come. It keeps nothing of it. An opaque
// tunnel is judged by its records, and as one lane whatever it carried.
func Assess(ex *tunnel.Exchange) Verdict {
	a := arrivalsOf(ex)
	v := a.measure()
	v.Provisional = ex.End == tunnel.Running
	v.Units = countable(ex)
	v.Label = v.judge(ex)
	return v
}

// countable is how many units ex has by a rule that finds messages in the
// bytes. Text is told apart by its reads and a record says nothing of messages,
// so their number adds nothing to the lumps.
func countable(ex *tunnel.Exchange) int64 {
	if ex.UnitKind == tunnel.Text || ex.UnitKind == tunnel.TLSRecord {
		return 0
	}
	return ex.Totals.Units
}

func (v *Verdict) judge(ex *tunnel.Exchange) Label {
	switch {
	case ex.End == tunnel.Truncated:
		return Truncated
	case v.Lumps == 0:
		return unanswered(ex)
	case ex.Kind == tunnel.KindTunnel && v.Lumps < fewest:
		return TooShort // neither a lone lump nor its size tells what was inside
	case v.Units == 0 && v.Lumps == 1 && !v.Provisional:
		return NotAStream // made in one piece, for all that can be seen
	case v.Units < fewest && v.Lumps < fewest, v.Wait+v.Span < shortest, !v.HasScore:
		return TooShort
	case v.Score >= IncrementalFrom:
		return Incremental
	case v.Score < BufferedBelow:
		return BufferedWhole
	}
	return Coalesced
}

// unanswered labels an exchange of which no payload came.
func unanswered(ex *tunnel.Exchange) Label {
	switch ex.End {
	case tunnel.Running:
		return TooShort
	case tunnel.Complete:
		return NotAStream
	}
	return None
}

// Reasons are the numbers behind the label, in English, the weightiest first.
func (v *Verdict) Reasons() []string {
	if v.Lumps == 0 {
		return nil
	}
	pieces := count(int64(v.Lumps), "lump")
	if v.Units > 0 {
		pieces = count(v.Units, "unit") + " in " + pieces
	}
	reasons := []string{
		pieces,
		fmt.Sprintf("first after %s, last %s later", round(v.Wait), round(v.Span)),
	}
	if v.Lumps > 1 {
		reasons = append(reasons, fmt.Sprintf("largest lump %.0f %% of the bytes, longest gap %s", 100*v.LargestShare, round(v.LongestGap)))
	}
	if v.ClientLimited {
		reasons = append(reasons, "the client was slow to read")
	}
	return reasons
}

// round cuts d to what a person can compare: milliseconds, or microseconds
// where there are no whole ones.
func round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
