package recording

import (
	"fmt"
	"math"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
)

// answer is what a model's stream said, as it stands in a recording. Times are
// in microseconds since the exchange's start. Numbers follows from the rest and
// from the units: it is for other programs, and not read back.
type answer struct {
	API             string   `json:"api,omitempty"`
	Model           string   `json:"model,omitempty"`
	Finish          string   `json:"finish,omitempty"`
	InputTokens     int64    `json:"input_tokens,omitempty"`
	OutputTokens    int64    `json:"output_tokens,omitempty"`
	ReasoningTokens int64    `json:"reasoning_tokens,omitempty"`
	FirstContent    int64    `json:"first_content_us,omitempty"`
	FirstReasoning  int64    `json:"first_reasoning_us,omitempty"`
	Deltas          int64    `json:"deltas,omitempty"`
	LastDelta       int64    `json:"last_delta_us,omitempty"`
	Heartbeats      int64    `json:"heartbeats,omitempty"`
	Numbers         *numbers `json:"numbers,omitempty"`
}

// numbers are those of package llm, in microseconds since the request was sent.
// What is not known is null.
type numbers struct {
	TTFT            *int64   `json:"ttft_us"`
	TTFR            *int64   `json:"ttfr_us"`
	ICL             *spread  `json:"icl_us"`
	UnitsPerSecond  *float64 `json:"units_per_second"`
	ITL             *int64   `json:"itl_us"`
	TokensPerSecond *float64 `json:"tokens_per_second"`
	LongestStall    int64    `json:"longest_stall_us"`
	StallAt         int64    `json:"stall_at_us"`
	// Partial says that not all units were kept; ICL and stall are of the first.
	Partial bool `json:"partial,omitempty"`
}

type spread struct {
	N   int   `json:"n"`
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	Max int64 `json:"max"`
}

// answerOf is nil where there is nothing to say. The times of ex are whole
// microseconds.
func answerOf(ex *tunnel.Exchange) *answer {
	a := &ex.Answer
	if *a == (tunnel.Answer{}) {
		return nil
	}
	return &answer{
		API: a.API, Model: a.Model, Finish: a.Finish,
		InputTokens: a.InputTokens, OutputTokens: a.OutputTokens, ReasoningTokens: a.ReasoningTokens,
		FirstContent: a.FirstContent.Microseconds(), FirstReasoning: a.FirstReasoning.Microseconds(),
		Deltas: a.Deltas, LastDelta: a.LastDelta.Microseconds(), Heartbeats: a.Heartbeats,
		Numbers: numbersOf(ex),
	}
}

func numbersOf(ex *tunnel.Exchange) *numbers {
	n, ok := llm.NumbersOf(ex)
	if !ok {
		return nil
	}
	out := &numbers{LongestStall: n.LongestStall.Microseconds(), StallAt: n.StallAt.Microseconds(), Partial: n.Partial}
	if n.HasTTFT {
		out.TTFT = new(n.TTFT.Microseconds())
	}
	if n.HasTTFR {
		out.TTFR = new(n.TTFR.Microseconds())
	}
	if n.ICL.N > 0 {
		out.ICL = &spread{n.ICL.N, n.ICL.P50.Microseconds(), n.ICL.P95.Microseconds(), n.ICL.Max.Microseconds()}
	}
	if n.UnitsPerSecond > 0 {
		out.UnitsPerSecond = new(thousandths(n.UnitsPerSecond))
	}
	if n.TokensPerSecond > 0 {
		out.ITL, out.TokensPerSecond = new(n.ITL.Microseconds()), new(thousandths(n.TokensPerSecond))
	}
	return out
}

// cutAnswer makes its times whole microseconds. A first moment must not become
// none.
func cutAnswer(a *tunnel.Answer) {
	for _, at := range []*time.Duration{&a.FirstContent, &a.FirstReasoning, &a.LastDelta} {
		if *at > 0 {
			*at = max(at.Truncate(time.Microsecond), time.Microsecond)
		}
	}
}

func (a *answer) answer() tunnel.Answer {
	if a == nil {
		return tunnel.Answer{}
	}
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	return tunnel.Answer{
		API: a.API, Model: a.Model, Finish: a.Finish,
		InputTokens: a.InputTokens, OutputTokens: a.OutputTokens, ReasoningTokens: a.ReasoningTokens,
		FirstContent: us(a.FirstContent), FirstReasoning: us(a.FirstReasoning),
		Deltas: a.Deltas, LastDelta: us(a.LastDelta), Heartbeats: a.Heartbeats,
	}
}

func (a *answer) check() error {
	if a == nil {
		return nil
	}
	for _, n := range []int64{a.FirstContent, a.FirstReasoning, a.LastDelta} {
		if n < 0 || n > maxMicros {
			return fmt.Errorf("answer: a time of %d is not from 0 to %d", n, int64(maxMicros))
		}
	}
	for _, n := range []int64{a.InputTokens, a.OutputTokens, a.ReasoningTokens, a.Deltas, a.Heartbeats} {
		if n < 0 || n > math.MaxInt64/2 {
			return fmt.Errorf("answer: a count of %d", n)
		}
	}
	return nil
}

// Answered says in English, on one line, what counts of a model's answer: when it
// began, how it went on, how fast, and whether it said its end. Empty where ex is
// no model's stream. Nothing in it can act on a terminal.
func Answered(ex *tunnel.Exchange) string {
	n, ok := llm.NumbersOf(ex)
	if !ok {
		return ""
	}
	parts := []string{first(&n)}
	if n.ICL.N > 0 {
		parts = append(parts, fmt.Sprintf("pieces %s apart (p50; p95 %s, max %s)", short(n.ICL.P50), short(n.ICL.P95), short(n.ICL.Max)))
	}
	if n.TokensPerSecond > 0 {
		parts = append(parts, fmt.Sprintf("%.1f tokens/s", n.TokensPerSecond))
	}
	if n.Partial {
		parts = append(parts, "not all pieces were kept")
	}
	if words := last(ex, &n); words != "" {
		parts = append(parts, words)
	}
	return Visible(named(&n) + ": " + strings.Join(parts, ", "))
}

// named is the model, and by what format it speaks.
func named(n *llm.Numbers) string {
	if n.Model == "" {
		return n.API
	}
	return n.Model + " (" + n.API + ")"
}

func first(n *llm.Numbers) string {
	switch {
	case n.HasTTFT && n.HasTTFR && n.TTFR < n.TTFT:
		return fmt.Sprintf("first content after %s (TTFT), reasoning after %s", short(n.TTFT), short(n.TTFR))
	case n.HasTTFT:
		return fmt.Sprintf("first content after %s (TTFT)", short(n.TTFT))
	case n.HasTTFR:
		return fmt.Sprintf("reasoning after %s, no content", short(n.TTFR))
	}
	return "no content"
}

// last tells of the format's last words, once it is known whether they came.
func last(ex *tunnel.Exchange, n *llm.Numbers) string {
	words := llm.LastWords(n.API)
	switch {
	case strings.HasPrefix(n.Finish, "error"):
		return "ended by an error of the model's server (" + n.Finish + ")"
	case n.Ending == tunnel.EndingSaid:
		return words + " seen"
	case n.Ending == tunnel.EndingMissing, ex.End == tunnel.Truncated:
		return words + " missing"
	}
	return ""
}
