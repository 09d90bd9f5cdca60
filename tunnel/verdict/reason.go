package verdict

import (
	"fmt"
	"time"
)

// Reasons are the numbers behind the label, in English, the weightiest first.
func (v *Verdict) Reasons() []string {
	var sentences []string
	for _, reason := range v.Why() {
		sentences = append(sentences, reason.String())
	}
	return sentences
}

// ReasonCode says what a reason is about, and so which of its numbers count.
type ReasonCode string

// The reasons, with the fields they use.
const (
	Arrivals       ReasonCode = "arrivals"        // Units (0: unknown) in Lumps
	Timing         ReasonCode = "timing"          // first after Wait, last Span later
	Largest        ReasonCode = "largest"         // Share of the bytes in the largest lump, longest gap Gap
	HeadHeld       ReasonCode = "head_held"       // the head came only with the first bytes, after Wait
	HeadEarly      ReasonCode = "head_early"      // the head came Gap before the first bytes
	JoinedUnits    ReasonCode = "joined"          // Share of the units came joined; Units a lump, every Gap
	SourceClumps   ReasonCode = "source_clumps"   // the source writes Units at a time, every Gap
	Silence        ReasonCode = "silence"         // Lumps silences, the longest of Gap, the usual gap Wait
	SilenceOnPath  ReasonCode = "silence_on_path" // as Silence; what was missed came at its end
	PlayedBack     ReasonCode = "played_back"     // Units, one by one within Span, after Wait
	OnlyHeartbeats ReasonCode = "only_heartbeats" // Units keep-alives and nothing else
	HeartbeatsToo  ReasonCode = "heartbeats"      // Units keep-alives among the rest
	BrokeOff       ReasonCode = "broke_off"       // after Wait
	EndedShort     ReasonCode = "cut_short"       // no number: a clean end without the format's last words
	ClientSlow     ReasonCode = "client_slow"     // no number
	Opaque         ReasonCode = "opaque"          // a tunnel with too little to tell: the label is a guess
	CutAtAge       ReasonCode = "cut_at_age"      // Lumps exchanges ended at the age Wait; Gap is the usual limit
	SilentToEnd    ReasonCode = "silent_to_end"   // Lumps exchanges ended after a silence of Wait; Gap is the usual limit
)

// Reason is one finding in numbers. Which of them count depends on Code; the
// others are zero.
type Reason struct {
	Code  ReasonCode    `json:"code"`
	Units int64         `json:"units,omitempty"`
	Lumps int           `json:"lumps,omitempty"`
	Share float64       `json:"share,omitempty"` // 0…1
	Wait  time.Duration `json:"wait_ns,omitempty"`
	Span  time.Duration `json:"span_ns,omitempty"`
	Gap   time.Duration `json:"gap_ns,omitempty"`
}

// Why lists the findings behind the label, the weightiest first.
func (v *Verdict) Why() []Reason {
	if v.Lumps == 0 {
		return nil
	}
	reasons := []Reason{
		{Code: Arrivals, Units: v.Units, Lumps: v.Lumps},
		{Code: Timing, Wait: v.Wait, Span: v.Span},
	}
	if v.Lumps > 1 {
		reasons = append(reasons, Reason{Code: Largest, Share: v.LargestShare, Gap: v.LongestGap})
	}
	reasons = append(reasons, v.particulars()...)
	return append(reasons, v.besides()...)
}

// particulars are the findings that belong to the label.
func (v *Verdict) particulars() []Reason {
	var reasons []Reason
	switch {
	case v.Label == Truncated:
		return []Reason{{Code: BrokeOff, Wait: v.Wait + v.Span}}
	case v.Label == Stalled && v.CaughtUp:
		reasons = append(reasons, Reason{Code: SilenceOnPath, Lumps: v.Stalls, Gap: v.LongestGap, Wait: v.UsualGap})
	case v.Label == Stalled:
		reasons = append(reasons, Reason{Code: Silence, Lumps: v.Stalls, Gap: v.LongestGap, Wait: v.UsualGap})
	case v.Label == Bursty && v.Clumped:
		reasons = append(reasons, Reason{Code: SourceClumps, Units: v.LumpUnits, Gap: v.UsualGap})
	case v.Label == Coalesced || v.Label == Bursty:
		reasons = append(reasons, Reason{Code: JoinedUnits, Share: v.Joined, Units: v.LumpUnits, Gap: v.UsualGap})
	}
	if (v.Label == Coalesced || v.Label == BufferedWhole) && v.Head > 0 {
		switch {
		case v.HeadHeld:
			reasons = append(reasons, Reason{Code: HeadHeld, Wait: v.Wait})
		case v.Wait > v.Head:
			reasons = append(reasons, Reason{Code: HeadEarly, Gap: v.Wait - v.Head})
		}
	}
	return reasons
}

// besides are the findings that may stand beside any label.
func (v *Verdict) besides() []Reason {
	var reasons []Reason
	if v.Played && v.Label == BufferedWhole {
		reasons = append(reasons, Reason{Code: PlayedBack, Units: v.Units, Span: v.Span, Wait: v.Wait})
	}
	switch {
	case v.HeartbeatsOnly:
		reasons = append(reasons, Reason{Code: OnlyHeartbeats, Units: int64(v.Heartbeats)})
	case v.Heartbeats > 0:
		reasons = append(reasons, Reason{Code: HeartbeatsToo, Units: int64(v.Heartbeats)})
	}
	if v.CutShort {
		reasons = append(reasons, Reason{Code: EndedShort})
	}
	if v.Guessed {
		reasons = append(reasons, Reason{Code: Opaque})
	}
	if v.ClientLimited {
		reasons = append(reasons, Reason{Code: ClientSlow})
	}
	return reasons
}

// String is the reason as an English sentence without a full stop.
func (r Reason) String() string {
	switch r.Code {
	case Arrivals:
		pieces := count(int64(r.Lumps), "lump")
		if r.Units > 0 {
			pieces = count(r.Units, "unit") + " in " + pieces
		}
		return pieces
	case Timing:
		return fmt.Sprintf("first after %s, last %s later", round(r.Wait), round(r.Span))
	case Largest:
		return fmt.Sprintf("largest lump %.0f %% of the bytes, longest gap %s", 100*r.Share, round(r.Gap))
	case HeadHeld:
		return fmt.Sprintf("the head was held too: it came with the first bytes, after %s", round(r.Wait))
	case HeadEarly:
		return fmt.Sprintf("the head came %s before the first bytes", round(r.Gap))
	case JoinedUnits:
		return fmt.Sprintf("%.0f %% of the units came joined, some %d at a time, every %s", 100*r.Share, r.Units, round(r.Gap))
	case SourceClumps:
		return fmt.Sprintf("the source writes some %d units at a time, every %s", r.Units, round(r.Gap))
	case Silence:
		return fmt.Sprintf("%s, the longest of %s, where %s is usual; nothing was missed: the source was silent", count(int64(r.Lumps), "silence"), round(r.Gap), round(r.Wait))
	case SilenceOnPath:
		return fmt.Sprintf("%s, the longest of %s, where %s is usual; what was missed came at its end: the path was silent", count(int64(r.Lumps), "silence"), round(r.Gap), round(r.Wait))
	}
	return r.aside()
}

// aside renders the findings that stand beside any label.
func (r Reason) aside() string {
	switch r.Code {
	case PlayedBack:
		return fmt.Sprintf("made whole, then played: after %s, %d units one by one within %s; a program does that, not the network", round(r.Wait), r.Units, round(r.Span))
	case OnlyHeartbeats:
		return fmt.Sprintf("%s and nothing else: the connection is alive, the source has said nothing", count(r.Units, "keep-alive"))
	case HeartbeatsToo:
		return count(r.Units, "keep-alive") + " among the rest"
	case BrokeOff:
		return fmt.Sprintf("broke off after %s", round(r.Wait))
	case EndedShort:
		return "it ended in good order, but without the last words of its format ([DONE], message_stop or the like): cut short on the way or by the source"
	case ClientSlow:
		return "the client was slow to read"
	case Opaque:
		return "an opaque tunnel that brought all at once: a guess by size and time"
	case CutAtAge:
		return fmt.Sprintf("cut at %s, %d times: %s is a usual limit on a whole answer", seconds(r.Wait), r.Lumps, r.Gap)
	case SilentToEnd:
		return fmt.Sprintf("cut after %s of silence, %d times: %s is a usual idle limit", seconds(r.Wait), r.Lumps, r.Gap)
	}
	return string(r.Code)
}

// round cuts d to what a person can compare: milliseconds, or microseconds
// where there are no whole ones.
func round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
