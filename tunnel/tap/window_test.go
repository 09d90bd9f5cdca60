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

// FuzzUnits: where the reads cut a body changes neither its units nor what they
// carry, and each is found in the body that was kept.
func FuzzUnits(f *testing.F) {
	f.Add(uint8(0), []byte(": x\n\ndata: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\ndata: [DONE]\n\n"), uint8(3))
	f.Add(uint8(1), []byte("{\"done\":false,\"response\":\"a\"}\n\n{\"done\":true,\"response\":\"\"}"), uint8(9))
	f.Add(uint8(2), []byte("\n:x\n\ndata: {\"type\":\"message_stop\"}\r\r"), uint8(1))
	types := []string{"text/event-stream", "application/x-ndjson", "application/json"}
	f.Fuzz(func(t *testing.T, which uint8, body []byte, size uint8) {
		if len(body) > 1<<10 {
			return // more units than the test keeps
		}
		contentType := types[int(which)%len(types)]
		whole := read(t, contentType, "", int64(len(body)), string(body))
		var pieces []string
		for rest := string(body); rest != ""; {
			n := min(int(size)+1, len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		cut := read(t, contentType, "", int64(len(body)), pieces...)
		if len(cut.Units) != len(whole.Units) || cut.Answer.API != whole.Answer.API || cut.Ending != whole.Ending || string(cut.Body) != string(whole.Body) {
			t.Fatalf("cut: %+v %+v %q; whole: %+v %+v %q", cut.Units, cut.Answer, cut.Ending, whole.Units, whole.Answer, whole.Ending)
		}
		for i, u := range cut.Units {
			w := whole.Units[i]
			if u.Offset != w.Offset || u.Bytes != w.Bytes || u.Part != w.Part || u.Offset+int64(u.Bytes) > int64(len(cut.Body)) {
				t.Errorf("unit %d: cut %+v, whole %+v, %d bytes kept", i, u, w, len(cut.Body))
			}
		}
	})
}

// BenchmarkUnits is what looking at one event of a model costs beside the
// stream, with all that is recorded of it.
func BenchmarkUnits(b *testing.B) {
	for name, event := range map[string]string{
		"a model's": "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" the\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n",
		"another":   "data: {\"at\":\"2026-01-01T00:00:00Z\",\"values\":[1,2,3,4,5,6,7,8,9],\"of\":\"a sensor that speaks once a second and says little\"}\n\n",
	} {
		b.Run(name, func(b *testing.B) {
			live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 100, Units: 100, Body: 1 << 20}, nil)
			u := NewUnits("text/event-stream", "", -1, live)
			p := []byte(event)
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				u.Feed(0, 0, p)
			}
		})
	}
}
