package llm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// stream is what a provider sends, and what is to be read of it.
type stream struct {
	name   string
	kind   tunnel.UnitKind
	units  []string // of SSE the data, or "event|data"; else the unit
	want   []string // "part", or "part text" with what each unit adds
	answer tunnel.Answer
	said   bool
}

// unitsOf are the units as they travel.
func (s *stream) unitsOf() []string {
	var units []string
	for _, u := range s.units {
		switch name, data, named := strings.Cut(u, "|"); {
		case s.kind == tunnel.NDJSON:
			u += "\n"
		case s.kind == tunnel.SSE && named:
			u = "event: " + name + "\ndata: " + data + "\n\n"
		case s.kind == tunnel.SSE:
			u = "data: " + u + "\n\n"
		}
		units = append(units, u)
	}
	return units
}

func (d *Delta) text() string {
	var text strings.Builder
	text.WriteString(d.Part.String())
	for _, added := range [][]byte{d.Reasoning, d.Content, d.Tool} {
		if len(added) > 0 {
			text.WriteString(" " + string(added))
		}
	}
	return text.String()
}

func TestReader(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			var r Reader
			var got []string
			for _, unit := range tt.unitsOf() {
				before, said := r.Answer(), r.Said()
				d := r.Read(tt.kind, []byte(unit))
				got = append(got, d.text())
				if changed := before != r.Answer() || said != r.Said(); changed != d.Told {
					t.Errorf("%s: told %v, changed %v", unit, d.Told, changed)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("read\n%q\nwant\n%q", got, tt.want)
			}
			if r.Answer() != tt.answer || r.Said() != tt.said {
				t.Errorf("answer %+v, said %v; want %+v, %v", r.Answer(), r.Said(), tt.answer, tt.said)
			}
		})
	}
}

// TestForeign: what is no model's is let go soon, and says nothing.
func TestForeign(t *testing.T) {
	for _, tt := range []struct {
		kind tunnel.UnitKind
		unit string
	}{
		{tunnel.SSE, "event: tick\ndata: {\"n\":1,\"type\":\"message\",\"delta\":{\"content\":\"a\"}}\n\n"},
		{tunnel.SSE, "data: hello\n\n"},
		{tunnel.SSE, "data: {\"error\":{\"message\":\"no\"}}\n\n"},
		{tunnel.SSE, "data: {\"choices\":[\"red\",\"blue\"]}\n\n"},
		{tunnel.NDJSON, "{\"message\":\"started\",\"done\":false}\n"},
		{tunnel.NDJSON, "{\"response\":{\"status\":200}}\n"},
		{tunnel.NDJSON, "[1,2]\n"},
		{tunnel.Text, "[1,2"},
		{tunnel.Text, "Hello"},
		{tunnel.Text, "[{\"a\":1},"},
	} {
		var r Reader
		for range mostStrange + 1 {
			if d := r.Read(tt.kind, []byte(tt.unit)); d.Part != tunnel.NoPart || d.Told {
				t.Fatalf("%q: %v", tt.unit, d)
			}
		}
		if !r.Foreign() || r.Answer() != (tunnel.Answer{}) {
			t.Errorf("%q: foreign %v, %+v", tt.unit, r.Foreign(), r.Answer())
		}
	}
}

// TestKeepAlivesOfOthers: a ping is one whoever sends it, and no sign of a model.
func TestKeepAlivesOfOthers(t *testing.T) {
	for _, unit := range []string{"event: ping\ndata: {}\n\n", "data: {\"type\": \"ping\"}\n\n", "data\n\n", "data: {\"type\":\"keepalive\",\"sequence_number\":3}\n\n"} {
		var r Reader
		if d := r.Read(tunnel.SSE, []byte(unit)); d.Part != tunnel.Heartbeat || r.Answer().API != "" {
			t.Errorf("%q: %v, %+v", unit, d.Part, r.Answer())
		}
	}
}

// TestListCutAnywhere: the elements of an array are found wherever it is cut.
func TestListCutAnywhere(t *testing.T) {
	body := "[{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"a \\\"}]\"}]}}]\n}\n,\r\n{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"b\\\\\"}]}, \"finishReason\": \"STOP\"}]}\n]"
	for size := range len(body) {
		var r Reader
		var text strings.Builder
		for rest := body; rest != ""; {
			n := min(size+1, len(rest))
			d := r.Read(tunnel.Text, []byte(rest[:n]))
			text.WriteString(string(d.Content))
			rest = rest[n:]
		}
		if text.String() != `a "}]b\` || !r.Said() {
			t.Errorf("in pieces of %d: %q, said %v", size+1, text.String(), r.Said())
		}
	}
}

// TestOversize: of a very large unit the beginning tells what it is.
func TestOversize(t *testing.T) {
	var r Reader
	text := strings.Repeat("x", 2*maxUnit)
	d := r.Read(tunnel.SSE, []byte(`data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"`+text+"\"}}]}\n\n"))
	if d.Part != tunnel.Content || len(d.Content) == 0 || len(d.Content) > maxUnit {
		t.Errorf("%v with %d bytes", d.Part, len(d.Content))
	}
	d = r.Read(tunnel.SSE, []byte(`data: {"type":"response.completed","response":{"output":"`+text+"\"}}\n\n"))
	if d.Part != tunnel.Closing || !r.Said() {
		t.Errorf("%v, said %v", d.Part, r.Said())
	}
}

func TestAppendText(t *testing.T) {
	for raw, want := range map[string]string{
		`"plain"`:                   "plain",
		`"a\n\t\r\b\f\"\\\/b"`:      "a\n\t\r\b\f\"\\/b",
		`"\u4f60\u597d"`:            "你好",
		`"\ud83d\ude00!"`:           "😀!",
		`"\ud83d!"`:                 "\ufffd!",
		`"\ud83d\u0041"`:            "\ufffdA",
		`"\u00"`:                    "\ufffd",
		`"\uzzzz"`:                  "\ufffd",
		`"broken off`:               "broken off",
		`"ends in a backslash\\\"x`: "ends in a backslash\\\"x",
		`12`:                        "",
		`null`:                      "",
		``:                          "",
	} {
		if got := string(appendText(nil, []byte(raw))); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// FuzzReader: nothing that comes can break it, and an array may be cut anywhere.
func FuzzReader(f *testing.F) {
	for _, tt := range streams {
		for _, unit := range tt.unitsOf() {
			f.Add(uint8(tt.kind), []byte(unit), uint8(7))
		}
	}
	kinds := []tunnel.UnitKind{tunnel.SSE, tunnel.NDJSON, tunnel.Text}
	f.Fuzz(func(t *testing.T, which uint8, unit []byte, size uint8) {
		kind := kinds[int(which)%len(kinds)]
		var r, cut Reader
		first := r.Read(kind, unit)
		texts := fmt.Sprintf("%q %q %q", first.Reasoning, first.Content, first.Tool)
		if n := len(first.Reasoning) + len(first.Content) + len(first.Tool); n > 4*len(unit) {
			t.Errorf("%d bytes of text in %d", n, len(unit))
		}
		r.Read(kind, unit)
		if kind != tunnel.Text || len(unit) > maxUnit {
			return
		}
		var joined [3][]byte
		for rest := unit; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			d := cut.Read(kind, rest[:n])
			joined[0], joined[1], joined[2] = append(joined[0], d.Reasoning...), append(joined[1], d.Content...), append(joined[2], d.Tool...)
			rest = rest[n:]
		}
		if got := fmt.Sprintf("%q %q %q", joined[0], joined[1], joined[2]); got != texts {
			t.Errorf("cut: %s; whole: %s", got, texts)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, tt := range []struct{ name, unit string }{
		{"chat", "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o\",\"system_fingerprint\":\"fp_1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" the\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"},
		{"anthropic", "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" the\"}}\n\n"},
		{"no model's", "event: tick\ndata: {\"at\":\"2026-01-01T00:00:00Z\",\"values\":[1,2,3,4,5,6,7,8,9]}\n\n"},
		{"64 KiB", "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"" + strings.Repeat("x", maxUnit) + "\"}}]}\n\n"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var r Reader
			unit := []byte(tt.unit)
			b.SetBytes(int64(len(unit)))
			b.ReportAllocs()
			for b.Loop() {
				r.strange = 0
				r.Read(tunnel.SSE, unit)
			}
		})
	}
}
