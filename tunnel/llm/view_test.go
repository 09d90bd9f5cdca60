package llm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

const ms = time.Millisecond

// exchangeOf is a stream whose units came 100 ms apart, the first 100 ms after
// the request, which took 50 ms to send. Empty strings pass the time.
func exchangeOf(kind tunnel.UnitKind, units ...string) tunnel.Exchange {
	ex := tunnel.Exchange{UnitKind: kind, End: tunnel.Complete}
	ex.Phases.Set(tunnel.Sent, 50*ms)
	var r Reader
	for i, text := range units {
		if text == "" {
			continue
		}
		at := 50*ms + time.Duration(i+1)*100*ms
		u := tunnel.Unit{At: at, Offset: int64(len(ex.Body)), Bytes: int32(len(text)), Kind: kind, Part: tunnel.Heartbeat}
		if !strings.HasPrefix(text, ":") {
			u.Part = r.Read(kind, []byte(text)).Part
			ex.Totals.Units++
		}
		ex.Units = append(ex.Units, u)
		ex.Body = append(ex.Body, text...)
		ex.Totals.Bytes += int64(len(text))
		switch u.Part {
		case tunnel.Content, tunnel.Tool:
			if ex.Answer.FirstContent == 0 {
				ex.Answer.FirstContent = at
			}
			ex.Answer.Deltas, ex.Answer.LastDelta = ex.Answer.Deltas+1, at
		case tunnel.Reasoning:
			if ex.Answer.FirstReasoning == 0 {
				ex.Answer.FirstReasoning = at
			}
			ex.Answer.Deltas, ex.Answer.LastDelta = ex.Answer.Deltas+1, at
		}
	}
	ex.Answer.Describe(r.Answer())
	if r.Said() {
		ex.Ending = tunnel.EndingSaid
	}
	ex.Phases.Set(tunnel.Ended, 50*ms+time.Duration(len(units))*100*ms)
	return ex
}

func block(delta string) string {
	return "event: content_block_delta\nid: 7\ndata: {\"type\":\"content_block_delta\",\"delta\":{" + delta + "}}\n\n"
}

const (
	start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":3}}}\n\n"
	usage = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":11}}\n\n"
	stop  = "data: {\"type\":\"message_stop\"}\n\n"
)

func thought(text string) string { return block(`"thinking":"` + text + `"`) }
func said(text string) string    { return block(`"text":"` + text + `"`) }

func TestNumbers(t *testing.T) {
	// Thoughts at 200 and 300 ms, words at 600, 700 and 1000, more thought, a
	// word at 1200, the end at 1500.
	ex := exchangeOf(tunnel.SSE, start, thought("a"), thought("b"), "", ": x\n\n", said("c"), said("d"), "", "", said("e"), thought("f"), said("g"), "", usage, stop)
	n, ok := NumbersOf(&ex)
	if !ok || n.TTFT != 600*ms || n.TTFR != 200*ms || !n.HasTTFT || !n.HasTTFR {
		t.Errorf("first content %v, reasoning %v, %v", n.TTFT, n.TTFR, ok)
	}
	if want := (Spread{N: 2, P50: 100 * ms, P95: 300 * ms, Max: 300 * ms}); n.ICL != want {
		t.Errorf("ICL %+v, want %+v: not over thoughts", n.ICL, want)
	}
	if n.LongestStall != 300*ms || n.StallAt != 300*ms {
		t.Errorf("stall of %v at %v, want 300ms at 300ms", n.LongestStall, n.StallAt)
	}
	if n.UnitsPerSecond != 6 { // seven units within a second
		t.Errorf("%v units a second, want 6", n.UnitsPerSecond)
	}
	if n.ITL != 130*ms || n.TokensPerSecond < 7.69 || n.TokensPerSecond > 7.70 { // 11 tokens from 200 to 1500
		t.Errorf("ITL %v, %v tokens a second", n.ITL, n.TokensPerSecond)
	}
}

func TestNumbersOfWhatIsNotWhole(t *testing.T) {
	cut := exchangeOf(tunnel.SSE, start, said("a"), said("b"), "", "", "", "")
	n, _ := NumbersOf(&cut)
	if n.LongestStall != 400*ms || n.StallAt != 300*ms || n.ITL != 0 || n.TokensPerSecond != 0 {
		t.Errorf("cut: stall %v at %v, ITL %v; want the silence up to the end, and no rate without usage", n.LongestStall, n.StallAt, n.ITL)
	}
	dropped := exchangeOf(tunnel.SSE, start, said("a"), said("b"), "", said("c"), usage, stop)
	dropped.Units = dropped.Units[:3]
	n, _ = NumbersOf(&dropped)
	if !n.Partial || n.ICL.N != 1 || n.Deltas != 3 || n.UnitsPerSecond != 2/0.3 {
		t.Errorf("units dropped: %+v", n)
	}
	hidden := exchangeOf(tunnel.SSE, start, said("a"), said("b"), stop)
	hidden.Answer.OutputTokens, hidden.Answer.ReasoningTokens = 103, 100
	if n, _ = NumbersOf(&hidden); n.ITL != 100*ms {
		t.Errorf("tokens of hidden reasoning: ITL %v, want 100ms", n.ITL)
	}
	running := exchangeOf(tunnel.SSE, start, said("a"), usage)
	running.End = tunnel.Running
	if n, _ = NumbersOf(&running); n.ITL != 0 || !n.HasTTFT {
		t.Errorf("running: %+v", n)
	}
	empty := exchangeOf(tunnel.SSE, start)
	if n, ok := NumbersOf(&empty); !ok || n.HasTTFT || n.HasTTFR || n.ICL.N != 0 || n.LongestStall != 0 {
		t.Errorf("without content: %+v", n)
	}
	other := exchangeOf(tunnel.SSE, "data: 1\n\n")
	if n, ok := NumbersOf(&other); ok {
		t.Errorf("no model: %+v", n)
	}
}

func TestEvents(t *testing.T) {
	ex := exchangeOf(tunnel.SSE, start, ": wait\n\n", said("é"), "", "data: a\ndata: b\n\n", "data: "+strings.Repeat("é", longestData)+"\n\n")
	got := EventsOf(&ex, 1, 3)
	want := []Event{
		{Index: 1, At: 200 * ms, Gap: 100 * ms, Bytes: 8, Part: tunnel.Heartbeat, Data: ": wait"},
		{Index: 2, At: 300 * ms, Gap: 100 * ms, Name: "content_block_delta", ID: "7", Bytes: len(said("é")), Part: tunnel.Content, Data: `{"type":"content_block_delta","delta":{"text":"é"}}`},
		{Index: 3, At: 500 * ms, Gap: 200 * ms, Bytes: 17, Data: "a\nb"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%+v\nwant\n%+v", got, want)
	}
	if first := EventsOf(&ex, -5, 1); len(first) != 1 || first[0].Gap != 100*ms || first[0].Name != "message_start" {
		t.Errorf("first event %+v", first)
	}
	last := EventsOf(&ex, 4, 100)
	if len(last) != 1 || !last[0].Cut || last[0].Data != strings.Repeat("é", longestData/2) {
		t.Errorf("a long event shows %d bytes, cut %v", len(last[0].Data), last[0].Cut)
	}
	if none := EventsOf(&ex, 99, 5); len(none) != 0 {
		t.Errorf("beyond the end: %+v", none)
	}
	ex.Body = ex.Body[:len(start)+len(": wait\n\n")+len("event: content_block_delta\n")]
	for i, e := range EventsOf(&ex, 0, 5) {
		if e.Cut != (i > 1) || i > 2 && e.Data != "" {
			t.Errorf("body cut: event %d %+v", i, e)
		}
	}
}

func TestText(t *testing.T) {
	ex := exchangeOf(tunnel.SSE, start, thought("hm"), said("Hel"), ": x\n\n", said("lo"), usage, stop)
	whole := Transcript{Reasoning: "hm", Content: "Hello"}
	if got := TextOf(&ex); got != whole {
		t.Errorf("text %+v, want %+v", got, whole)
	}
	kept := ex
	kept.Units = kept.Units[:2] // the body tells the rest
	if got := TextOf(&kept); got != whole {
		t.Errorf("units dropped: %+v", got)
	}
	kept.Body = kept.Body[:len(start)+len(thought("hm"))+len(said("Hel"))+5]
	if got := TextOf(&kept); got != (Transcript{Reasoning: "hm", Content: "Hel", Cut: true}) {
		t.Errorf("body cut: %+v", got)
	}
	ex.ResponseHeaders = []tunnel.Header{{Name: "content-encoding", Value: "gzip"}}
	ex.Totals.Bytes = 1 << 20 // of payload, which says nothing of the body
	if got := TextOf(&ex); got != whole {
		t.Errorf("encoded: %+v", got)
	}
	ex.Totals.Units++
	if got := TextOf(&ex); !got.Cut {
		t.Error("encoded, a unit missing: not cut")
	}
	lines := exchangeOf(tunnel.NDJSON, "{\"done\":false,\"response\":\"a\"}\n", "{\"done\":true,\"response\":\"b\"}\n")
	if got := TextOf(&lines); got.Content != "ab" || got.Cut {
		t.Errorf("lines: %+v", got)
	}
	gone := exchangeOf(tunnel.SSE, start)
	gone.Body = nil
	if got := TextOf(&gone); got != (Transcript{Cut: true}) {
		t.Errorf("nothing kept: %+v", got)
	}
}
