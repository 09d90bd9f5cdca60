package recording

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// answered is a model's stream: an opening, two pieces, a comment, the end, of
// Anthropic's format, read with a key log.
func answered() tunnel.Exchange {
	ex := stream()
	ex.ID, ex.Kind, ex.Tunnel, ex.Ending = "abc-3", tunnel.KindKeylog, "abc-2", tunnel.EndingSaid
	ex.Chunks, ex.Units = nil, nil
	for i, event := range []struct {
		text string
		part tunnel.Part
	}{
		{"event: message_start\ndata: {\"type\":\"message_start\"}\n\n", tunnel.Opening},
		{"event: content_block_delta\nid: 1\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"你 <sk-c4NaRy7Secret>\"}}\n\n", tunnel.Content},
		{": ping\n\n", tunnel.Heartbeat},
		{"event: content_block_delta\nid: 2\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"ok\"}}\n\n", tunnel.Content},
		{"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", tunnel.Closing},
	} {
		at := time.Duration(i+1) * 100_000 * us
		c := tunnel.Chunk{At: at, Bytes: int32(len(event.text)), Units: 1}
		if event.part == tunnel.Heartbeat {
			c.Units = 0
		}
		ex.Chunks = append(ex.Chunks, c)
		ex.Units = append(ex.Units, tunnel.Unit{At: at, Offset: int64(len(ex.Body)), Bytes: c.Bytes, Kind: tunnel.SSE, Part: event.part})
		ex.Body = append(ex.Body, event.text...)
	}
	ex.Totals = sum(ex.Chunks)
	ex.Answer = tunnel.Answer{
		API: "anthropic", Model: "claude", Finish: "end_turn", InputTokens: 9, OutputTokens: 5, ReasoningTokens: 1,
		FirstContent: 200_000 * us, Deltas: 2, LastDelta: 400_000 * us, Heartbeats: 1,
	}
	return ex
}

// socket is a WebSocket of frames both ways.
func socket() tunnel.Exchange {
	ex := stream()
	ex.ID, ex.Kind, ex.UnitKind = "abc-4", tunnel.KindWebSocket, tunnel.WebSocket
	ex.Remark = tunnel.RemarkFellBehind
	ex.Units = nil
	ex.Frames = []tunnel.Frame{
		{At: 1 * us, Bytes: 5, Opcode: 1, Direction: tunnel.ToOrigin, Fin: true, Compressed: true},
		{At: 2 * us, Bytes: 1 << 20, Opcode: 2, Direction: tunnel.ToClient},
		{At: 3 * us, Opcode: 8, Direction: tunnel.ToClient, Fin: true, Code: 1011},
	}
	return ex
}

func TestAnswerRoundTrip(t *testing.T) {
	binary := answered()
	binary.Body = append([]byte{0xff, 0, 1}, binary.Body...)
	for _, want := range []tunnel.Exchange{answered(), socket(), binary} {
		for _, options := range []Options{{Unredacted: true, Bodies: true}, {}} {
			var line bytes.Buffer
			if err := WriteLine(&line, want, options); err != nil {
				t.Fatal(err)
			}
			var har bytes.Buffer
			if err := ExportWith(&har, HAR, Each([]tunnel.Exchange{want}), options); err != nil {
				t.Fatal(err)
			}
			want := want
			if !options.Bodies {
				want.Body = nil
			}
			if got, errs := read(line.String()); len(errs) > 0 || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("recording %+v: read\n%+v %v\nwant\n%+v", options, got, errs, want)
			}
			got, errs := read(har.String())
			if len(errs) > 0 || len(got) != 1 {
				t.Fatalf("har: %v", errs)
			}
			if len(got[0].Body) == 0 {
				got[0].Body = nil
			}
			if got, want := got[0], want; !reflect.DeepEqual(got.Units, want.Units) || !reflect.DeepEqual(got.Frames, want.Frames) ||
				got.Answer != want.Answer || got.Tunnel != want.Tunnel || !bytes.Equal(got.Body, want.Body) {
				t.Errorf("har %+v: read\n%+v\nwant\n%+v", options, got, want)
			}
		}
	}
}

// TestBodiesStayUnlessAskedFor: nothing that a body says leaves unasked, and
// what looks like a key is masked even then, in its place.
func TestBodiesStayUnlessAskedFor(t *testing.T) {
	for _, format := range formats {
		if text := exported(t, format, answered()); strings.Contains(text, "你") || strings.Contains(text, canary) || strings.Contains(text, "text_delta") {
			t.Errorf("%s holds the body: %s", format, text)
		}
	}
	for _, format := range []Format{HAR, NDJSON} {
		var b bytes.Buffer
		if err := ExportWith(&b, format, Each([]tunnel.Exchange{answered()}), Options{Bodies: true}); err != nil {
			t.Fatal(err)
		}
		if text := b.String(); !strings.Contains(text, "你") || strings.Contains(text, canary) {
			t.Errorf("%s with bodies: %s", format, text)
		}
		got, errs := read(b.String())
		if len(errs) > 0 || len(got[0].Body) != len(answered().Body) {
			t.Errorf("%s: body of %d bytes, %v; want %d, so that units are found", format, len(got[0].Body), errs, len(answered().Body))
		}
	}
}

func TestAnswerFormat(t *testing.T) {
	var b bytes.Buffer
	if err := WriteLine(&b, answered(), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"units":[[100000,53,"sse","opening",0],[200000,113,"sse","content",53],[300000,8,"sse","heartbeat",166],`,
		`"tunnel":"abc-2"`,
		`"answer":{"api":"anthropic","model":"claude","finish":"end_turn","input_tokens":9,"output_tokens":5,"reasoning_tokens":1,` +
			`"first_content_us":200000,"deltas":2,"last_delta_us":400000,"heartbeats":1,` +
			`"numbers":{"ttft_us":196500,"ttfr_us":null,"icl_us":{"n":1,"p50":200000,"p95":200000,"max":200000},"units_per_second":5,` +
			`"itl_us":267000,"tokens_per_second":3.745,"longest_stall_us":200000,"stall_at_us":196500}}`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("line lacks\n%s\nin\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := WriteLine(&b, socket(), Options{}); err != nil {
		t.Fatal(err)
	}
	if want := `"frames":[[1,5,1,"send",1,1,0],[2,1048576,2,"receive",0,0,0],[3,0,8,"receive",1,0,1011]]`; !strings.Contains(b.String(), want) {
		t.Errorf("line lacks %s: %s", want, b.String())
	}
}

// TestEventNamesInHAR: the names say how a stream was made, its data what.
func TestEventNamesInHAR(t *testing.T) {
	var h struct {
		Log struct {
			Entries []struct {
				Events []harEvent `json:"_eventSourceMessages"`
			}
		}
	}
	if err := json.Unmarshal([]byte(exported(t, HAR, answered())), &h); err != nil {
		t.Fatal(err)
	}
	events := h.Log.Entries[0].Events
	if len(events) != 4 || events[1].Name != "content_block_delta" || events[1].Data != "" || events[1].ID != "" {
		t.Errorf("events %+v, want four by name", events)
	}
	if want := float64(stream().Start.UnixMicro()+200_000) / 1e6; events[1].Time != want {
		t.Errorf("the second came at %f, want %f", events[1].Time, want)
	}
}

func TestHostileAnswers(t *testing.T) {
	var b bytes.Buffer
	if err := WriteLine(&b, answered(), Options{Bodies: true}); err != nil {
		t.Fatal(err)
	}
	line := b.String()
	for what, hostile := range map[string]string{
		"negative time":  strings.Replace(line, `"first_content_us":200000`, `"first_content_us":-1`, 1),
		"endless time":   strings.Replace(line, `"last_delta_us":400000`, `"last_delta_us":9223372036854775807`, 1),
		"negative count": strings.Replace(line, `"deltas":2`, `"deltas":-2`, 1),
		"huge body":      strings.Replace(line, `"body":"`, `"body":"`+strings.Repeat("x", maxBody), 1),
		"odd body":       strings.Replace(line, `"body":"`, `"body":7,"x":"`, 1),
		"odd offset":     strings.Replace(line, `"opening",0`, `"opening",-4`, 1),
		"odd frame":      strings.Replace(line, `"answer"`, `"frames":[[1,2,16,"send",1,1,0]],"answer"`, 1),
	} {
		if got, errs := read(hostile); hostile == line || len(got) != 0 || len(errs) != 1 {
			t.Errorf("%s: %d exchanges, %v", what, len(got), errs)
		}
	}
}

func TestAnswered(t *testing.T) {
	whole, cut, failed, thinking, none := answered(), answered(), answered(), answered(), answered()
	cut.Ending, cut.Answer.OutputTokens, cut.Units = tunnel.EndingMissing, 0, cut.Units[:2]
	failed.Answer.Finish, failed.Answer.Model = "error: overloaded_error", "\x1b[2J"
	thinking.Answer.FirstReasoning = 150_000 * us
	none.Answer = tunnel.Answer{Heartbeats: 3}
	for want, ex := range map[string]tunnel.Exchange{
		"claude (anthropic): first content after 196.5 ms (TTFT), pieces 200.0 ms apart (p50; p95 200.0 ms, max 200.0 ms), 3.7 tokens/s, message_stop seen":                                                  whole,
		"claude (anthropic): first content after 196.5 ms (TTFT), not all pieces were kept, message_stop missing":                                                                                            cut,
		`\x1b[2J (anthropic): first content after 196.5 ms (TTFT), pieces 200.0 ms apart (p50; p95 200.0 ms, max 200.0 ms), 3.7 tokens/s, ended by an error of the model's server (error: overloaded_error)`: failed,
		"claude (anthropic): first content after 196.5 ms (TTFT), reasoning after 146.5 ms, pieces 200.0 ms apart (p50; p95 200.0 ms, max 200.0 ms), 4.7 tokens/s, message_stop seen":                        thinking,
		"": none,
	} {
		if got := Answered(&ex); got != want {
			t.Errorf("\n%s\nwant\n%s", got, want)
		}
	}
}

// TestAnswerInSheets: tables and reports show the numbers, too.
func TestAnswerInSheets(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(exported(t, CSV, answered(), socket()))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for column, want := range map[string][2]string{
		"model": {"claude", ""}, "ttft_ms": {"196.500", ""}, "icl_p95_ms": {"200.000", ""}, "ttfr_ms": {"", ""},
		"tokens_per_second": {"3.745", ""}, "ending": {"said", ""}, "heartbeats": {"1", "0"}, "tunnel": {"abc-2", ""},
	} {
		i := slices.Index(rows[0], column)
		if i < 0 || rows[1][i] != want[0] || rows[2][i] != want[1] {
			t.Errorf("column %s: %q, %q; want %q", column, rows[1][max(i, 0)], rows[2][max(i, 0)], want)
		}
	}
	if text := exported(t, Text, answered()); !strings.Contains(text, "  claude (anthropic): first content after 196.5 ms (TTFT), ") {
		t.Errorf("report:\n%s", text)
	}
}
