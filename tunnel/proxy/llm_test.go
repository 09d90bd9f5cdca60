package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

// chat is a stream of OpenAI's chat completions, its last words left to the
// caller: a role, five pieces of content with a comment after the first and an
// empty delta before the last, the finish, the usage.
func chat() []string {
	delta := func(delta, finish string) string {
		return fmt.Sprintf("data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{%s},\"finish_reason\":%s}]}\n\n", delta, finish)
	}
	return []string{
		delta(`"role":"assistant","content":""`, "null"),
		delta(`"content":"one"`, "null"),
		": keep-alive\n\n",
		delta(`"content":" two"`, "null"),
		delta(`"content":" three"`, "null"),
		delta(`"content":" four"`, "null"),
		delta(`"content":""`, "null"),
		delta(`"content":" five"`, "null"),
		delta("", `"stop"`),
		"data: {\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":6}}\n\n",
	}
}

// TestNumbersEqualTheScript: what is shown of a model's answer is what its
// origin did, in whatever coding it came.
func TestNumbersEqualTheScript(t *testing.T) {
	const ms = time.Millisecond
	for _, encoding := range []string{"", "gzip", "br", "zstd"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.Handle("/", tunneltest.Stream{
				Pieces: append(chat(), "data: [DONE]\n\n"), Encoding: encoding,
				HeadDelay: 200 * ms, First: 100 * ms, Every: 40 * ms, Pauses: map[int]time.Duration{4: 1000 * ms}, Tail: 15 * ms,
			})
			if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err != nil {
				t.Fatal(got.err)
			}
			ex := w.last()
			n, ok := llm.NumbersOf(&ex)
			if !ok {
				t.Fatalf("%q: no model's stream in %+v", encoding, ex.Units)
			}
			// Content comes at 340, 420, 1460, 1500 and 1580 ms, the end at 1715.
			want := llm.Spread{N: 4, P50: 80 * ms, P95: 1040 * ms, Max: 1040 * ms}
			if n.TTFT != 340*ms || n.ICL != want || n.LongestStall != 1040*ms || n.StallAt != 420*ms {
				t.Errorf("%q: TTFT %v, ICL %+v, stall %v at %v; want 340ms, %+v, 1.04s at 420ms", encoding, n.TTFT, n.ICL, n.LongestStall, n.StallAt, want)
			}
			if wantITL := (1715 - 340) * ms / 5; n.ITL != wantITL || n.Deltas != 5 || n.Heartbeats != 2 || n.Ending != tunnel.EndingSaid || n.Partial {
				t.Errorf("%q: ITL %v, want %v; %+v", encoding, n.ITL, wantITL, n)
			}
			if n.HasTTFR || n.OutputTokens != 6 || n.Finish != "stop" || n.Model != "m" {
				t.Errorf("%q: %+v", encoding, n.Answer)
			}
			if text := llm.TextOf(&ex); text != (llm.Transcript{Content: "one two three four five"}) {
				t.Errorf("%q: text %+v", encoding, text)
			}
		})
	}
}

// TestNumbersWhereEventsAreCut: an event that arrives in two writes counts with
// the second, and a client that leaves at the last words has heard them.
func TestNumbersWhereEventsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Pieces: append(chat(), "data: [DONE]\n\n"), HalfChunks: true, Every: 100 * time.Millisecond, Tail: time.Hour})
		ctx := t.Context()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://origin.test/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		for said := ""; !strings.Contains(said, "[DONE]"); {
			n, err := resp.Body.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			said += string(buffer[:n])
		}
		resp.Body.Close()
		ex := w.last()
		n, _ := llm.NumbersOf(&ex)
		if n.TTFT != 150*time.Millisecond || n.ICL.Max != 200*time.Millisecond {
			t.Errorf("TTFT %v, ICL %+v; want 150ms, at most 200ms", n.TTFT, n.ICL)
		}
		if ex.End != tunnel.ClientClosed || n.Ending != tunnel.EndingSaid {
			t.Errorf("end %q, ending %q; want client_closed, said", ex.End, n.Ending)
		}
	})
}

// TestOnlyKeepAlives: a connection that is alive while its source says nothing is
// known for that.
func TestOnlyKeepAlives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Pieces: []string{": ping\n\n", ": ping\n\n", ": ping\n\n"}, Every: 15 * time.Second})
		if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err != nil {
			t.Fatal(got.err)
		}
		ex := w.last()
		if v := verdict.Assess(&ex); !v.HeartbeatsOnly || v.Heartbeats != 3 {
			t.Errorf("verdict %+v, want three heartbeats and nothing else", v)
		}
		if ex.Totals.Units != 0 || ex.Answer.Heartbeats != 3 || len(ex.Units) != 3 || ex.Units[2].At != 30*time.Second {
			t.Errorf("%d units, %+v, %+v; want none but heartbeats", ex.Totals.Units, ex.Units, ex.Answer)
		}
	})
}

// TestArrayOfGemini: elements of one array are no units, yet they are read.
func TestArrayOfGemini(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		element := func(text, more string) string {
			return "{\n  \"candidates\": [{\n    \"content\": {\"parts\": [{\"text\": \"" + text + "\"}], \"role\": \"model\"}" + more + "\n  }]\n}\n"
		}
		w.origin.Handle("/", tunneltest.Stream{
			Body: tunneltest.Text, ContentType: "application/json",
			Pieces: []string{"[" + element("a", ""), ",\r\n" + element("b", ""), ",\r\n" + element("c", ",\n\"finishReason\": \"STOP\""), "]"},
			First:  time.Second, Every: 50 * time.Millisecond,
		})
		if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err != nil {
			t.Fatal(got.err)
		}
		ex := w.last()
		n, _ := llm.NumbersOf(&ex)
		if n.API != "gemini" || n.TTFT != time.Second || n.ICL != (llm.Spread{N: 2, P50: 50 * time.Millisecond, P95: 50 * time.Millisecond, Max: 50 * time.Millisecond}) {
			t.Errorf("%+v", n)
		}
		if text := llm.TextOf(&ex); text.Content != "abc" || text.Cut || n.Ending != tunnel.EndingSaid {
			t.Errorf("text %+v, ending %q", text, n.Ending)
		}
	})
}
