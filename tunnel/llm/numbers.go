package llm

import (
	"slices"
	"time"

	"streamgauge/tunnel"
)

// Numbers are what counts of a model's answer. Times are since the request was
// sent. What is not known is zero.
type Numbers struct {
	tunnel.Answer
	// TTFT is the time to the first content or tool call: heartbeats, openings,
	// empty deltas and reasoning do not count. HasTTFT is false while there is none.
	TTFT    time.Duration
	HasTTFT bool
	// TTFR is the time to the first reasoning; HasTTFR is false where there is none.
	TTFR    time.Duration
	HasTTFR bool
	// ICL is the time between neighbouring units that both carry content or a
	// tool call.
	ICL Spread
	// UnitsPerSecond is how many units carried content, reasoning or a tool call,
	// from the first of them to the last.
	UnitsPerSecond float64
	// ITL is the mean time a token took, and TokensPerSecond its inverse, where
	// the stream told its usage: from the first content, or reasoning if that was
	// streamed, to the end.
	ITL             time.Duration
	TokensPerSecond float64
	// LongestStall is the longest time without content, reasoning or a tool call
	// once there was one; where the answer did not say its end, also the time up
	// to the end. StallAt is when it began.
	LongestStall, StallAt time.Duration
	// Ending is the exchange's: whether the format's last words were there.
	Ending tunnel.Ending
	// Partial says that not all units were kept: ICL and LongestStall are then of
	// the first ones only. The rest is of all.
	Partial bool
}

// Spread is how values lie: by nearest rank over N of them.
type Spread struct {
	N             int
	P50, P95, Max time.Duration
}

// NumbersOf computes the numbers of ex as far as it has come. ok is false where
// no model's stream was recognised.
func NumbersOf(ex *tunnel.Exchange) (n Numbers, ok bool) {
	if ex.Answer.API == "" {
		return Numbers{}, false
	}
	sent, _ := ex.Phases.At(tunnel.Sent)
	n.Answer, n.Ending = ex.Answer, ex.Ending
	n.TTFT, n.HasTTFT = since(sent, n.FirstContent)
	n.TTFR, n.HasTTFR = since(sent, n.FirstReasoning)
	kept := n.measureGaps(ex, sent)
	n.Partial = kept < n.Deltas
	n.measurePace(ex)
	return n, true
}

// since is at as seen from sent, if at is known.
func since(sent, at time.Duration) (time.Duration, bool) {
	return max(at-sent, 0), at > 0
}

// measureGaps looks at the units one by one and returns how many carried
// something.
func (n *Numbers) measureGaps(ex *tunnel.Exchange, sent time.Duration) (kept int64) {
	var gaps []time.Duration
	var last *tunnel.Unit
	for i := range ex.Units {
		u := &ex.Units[i]
		if !carries(u.Part) {
			continue
		}
		kept++
		if last != nil {
			gap := u.At - last.At
			n.stalls(gap, last.At-sent)
			if u.Part != tunnel.Reasoning && last.Part != tunnel.Reasoning {
				gaps = append(gaps, gap)
			}
		}
		last = u
	}
	if n.Ending != tunnel.EndingSaid && n.Deltas > 0 {
		n.stalls(ex.Duration()-n.LastDelta, n.LastDelta-sent)
	}
	n.ICL = spreadOf(gaps)
	return kept
}

// carries reports whether a unit of that part brings the answer on.
func carries(p tunnel.Part) bool {
	return p == tunnel.Content || p == tunnel.Reasoning || p == tunnel.Tool
}

func (n *Numbers) stalls(gap, at time.Duration) {
	if gap > n.LongestStall {
		n.LongestStall, n.StallAt = gap, max(at, 0)
	}
}

// measurePace computes what needs no single units.
func (n *Numbers) measurePace(ex *tunnel.Exchange) {
	first := n.FirstContent
	if n.FirstReasoning > 0 && (first == 0 || n.FirstReasoning < first) {
		first = n.FirstReasoning
	}
	if span := n.LastDelta - first; n.Deltas > 1 && span > 0 {
		n.UnitsPerSecond = float64(n.Deltas-1) / span.Seconds()
	}
	tokens := n.OutputTokens
	if n.FirstReasoning == 0 && n.ReasoningTokens < tokens {
		tokens -= n.ReasoningTokens // made before the first content came
	}
	if span := ex.Duration() - first; first > 0 && tokens > 1 && span > 0 && ex.End != tunnel.Running {
		n.ITL = span / time.Duration(tokens-1)
		n.TokensPerSecond = float64(tokens-1) / span.Seconds()
	}
}

func spreadOf(values []time.Duration) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	at := func(percent int) time.Duration { return values[(len(values)*percent+99)/100-1] }
	return Spread{N: len(values), P50: at(50), P95: at(95), Max: at(100)}
}

// LastWords is how a format's end is written, for a person to read.
func LastWords(api string) string {
	switch api {
	case openAIChat:
		return "[DONE]"
	case openAIResponses:
		return "response.completed"
	case anthropic:
		return "message_stop"
	case gemini:
		return "finishReason"
	case dashScope:
		return "finish_reason"
	case ollama:
		return `"done":true`
	}
	return "the end"
}
