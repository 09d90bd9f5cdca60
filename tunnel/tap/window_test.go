package tap

import (
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// TestUnitsAcrossReads: a model's units are read wherever the reads cut them,
// and one too large to be held is known by its beginning.
func TestUnitsAcrossReads(t *testing.T) {
	delta := func(text string) string {
		return `data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"` + text + "\"}}]}\n\n"
	}
	body := ": hello\n\n" + delta("") + delta("a") + "id: 1\n\n: ping\n\n" + delta(strings.Repeat("b", maxHeld/3)) +
		delta(strings.Repeat("c", 2*maxHeld)) + delta("d") + "data: [DONE]\n\n"
	want := []tunnel.Part{
		tunnel.Heartbeat, tunnel.Opening, tunnel.Content, tunnel.Heartbeat, tunnel.Content, tunnel.Content, tunnel.Content, tunnel.Closing,
	}
	for _, size := range []int{1, 7, 100, 4096, 50_000, len(body)} {
		for _, contentType := range []string{"text/event-stream", "text/plain"} {
			var pieces []string
			for rest := body; rest != ""; {
				n := min(size, len(rest))
				pieces = append(pieces, rest[:n])
				rest = rest[n:]
			}
			ex := read(t, contentType, "", -1, pieces...)
			if len(ex.Units) != len(want) {
				t.Fatalf("pieces of %d: %d units, want %d", size, len(ex.Units), len(want))
			}
			for i, u := range ex.Units {
				if u.Part != want[i] {
					t.Errorf("pieces of %d, %s: unit %d is %q, want %q", size, contentType, i, u.Part, want[i])
				}
			}
			if ex.Answer.Deltas != 4 || ex.Ending != tunnel.EndingSaid {
				t.Errorf("pieces of %d: %+v, ending %q", size, ex.Answer, ex.Ending)
			}
		}
	}
}

// TestWindowIsBounded: what is no model's is not held.
func TestWindowIsBounded(t *testing.T) {
	live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil)
	u := NewUnits("application/x-ndjson", "", -1, live)
	for range 100 {
		u.Feed(0, 0, []byte(strings.Repeat("x", 10_000)))
	}
	if n := len(u.plain.window.held); n != maxHeld {
		t.Errorf("%d bytes held of an endless line, want %d", n, maxHeld)
	}
	for range 100 {
		u.Feed(0, 0, []byte("\n{\"a\":1}\n{"))
	}
	if u.plain.window.held != nil {
		t.Errorf("%d bytes held of what is no model's", len(u.plain.window.held))
	}
}
