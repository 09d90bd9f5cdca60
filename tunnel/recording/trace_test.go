package recording

import (
	"strings"
	"testing"

	"streamgauge/tunnel"
)

const traceHead = `{"id":"t-1","visible":{"tunnel":false,"reads":[[1.2,200],[80.5,40]],"end_ms":91,"proto":"HTTP/1.1","status":200,"header_ms":1.2,`

// goodTrace has truth beside what is visible, which must not be looked at.
const goodTrace = traceHead + `"headers":[["server","x"],["Content-Type","text/event-stream; charset=utf-8"]],"body":[[80.516,40],[90,41]],"msgs":[1,2],"chunks":null,"go_reads":[[1,2]],"end":"chunk-end"},` +
	`"truth":{"label":"buffered_whole","origin":[["not","read"]]}}`

func TestReadTrace(t *testing.T) {
	all, errs := read(goodTrace + "\n" + good + "\n")
	if len(all) != 2 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v: want the trace and the line of a recording", len(all), errs)
	}
	ex := all[0]
	if ex.ID != "t-1" || ex.Kind != tunnel.KindHTTP || ex.Protocol != "HTTP/1.1" || ex.Status != 200 || ex.End != tunnel.Complete || ex.UnitKind != tunnel.SSE {
		t.Errorf("exchange %+v", ex)
	}
	if len(ex.ResponseHeaders) != 2 || ex.ResponseHeaders[0].Name != "server" {
		t.Errorf("headers %v, want them in the order of the wire", ex.ResponseHeaders)
	}
	want := []tunnel.Chunk{{At: 80_516 * us, Bytes: 40, Units: 1}, {At: 90_000 * us, Bytes: 41, Units: 2}}
	if len(ex.Chunks) != 2 || ex.Chunks[0] != want[0] || ex.Chunks[1] != want[1] {
		t.Errorf("chunks %v, want %v", ex.Chunks, want)
	}
	if ex.Totals.Bytes != 81 || ex.Totals.Units != 3 || ex.Totals.Reads != 2 {
		t.Errorf("totals %+v", ex.Totals)
	}
	head, _ := ex.Phases.At(tunnel.Head)
	end, _ := ex.Phases.At(tunnel.Ended)
	if sent, ok := ex.Phases.At(tunnel.Sent); !ok || sent != 0 || head != 1_200*us || end != 91_000*us {
		t.Errorf("sent %v, head %v, end %v", sent, head, end)
	}
}

func TestReadTraceOfTunnel(t *testing.T) {
	all, errs := read(`{"id":"t-2","visible":{"tunnel":true,"reads":[[5.5,300],[9,100]],"end_ms":9.5,"proto":null,"status":null,"headers":null,"header_ms":null,"body":null,"msgs":null,"end":null}}`)
	if len(all) != 1 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	ex := all[0]
	if ex.Kind != tunnel.KindTunnel || ex.UnitKind != tunnel.NoUnits || len(ex.Chunks) != 2 || ex.Totals.Bytes != 400 || ex.End != tunnel.Complete {
		t.Errorf("tunnel %+v", ex)
	}
	if ex.Phases.Has(tunnel.Head) {
		t.Error("a tunnel shows no head")
	}
}

func TestTraceEndsAndUnits(t *testing.T) {
	ends := map[string]tunnel.End{
		"chunk-end": tunnel.Complete, "content-length": tunnel.Complete, "eof": tunnel.Complete, "clean": tunnel.Complete, "": tunnel.Complete,
		"eof-before-chunk-end": tunnel.Truncated, "reset-before-chunk-end": tunnel.Truncated, "eof-short-of-content-length": tunnel.Truncated,
		"stream error": tunnel.Truncated, "cut: limit of the recorder": tunnel.ClientClosed,
	}
	for end, want := range ends {
		if got := (&visible{End: end}).end(); got != want {
			t.Errorf("end %q is %q, want %q", end, got, want)
		}
	}
	plain := headers{{Name: "content-type", Value: "Text/Event-Stream"}}
	for _, test := range []struct {
		v    visible
		want tunnel.UnitKind
	}{
		{visible{Headers: plain}, tunnel.NoUnits},
		{visible{Headers: plain, Messages: counts{}}, tunnel.SSE},
		{visible{Messages: counts{1}}, tunnel.NDJSON},
	} {
		if got := test.v.unitKind(); got != test.want {
			t.Errorf("%+v has units %q, want %q", test.v, got, test.want)
		}
	}
}

func TestReadReportsBadTraces(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"broken off", goodTrace[:200], "breaks off within the line"},
		{"counts missing", traceHead + `"body":[[1,2],[3,4]],"msgs":[1]}}`, "msgs: 1 counts for 2 rows"},
		{"counts left over", traceHead + `"body":[[1,2]],"msgs":[1,1]}}`, "msgs: 2 counts for 1 rows"},
		{"count of text", traceHead + `"body":[[1,2]],"msgs":["x"]}}`, `msgs: "\"x\"" is not a whole number`},
		{"negative count", traceHead + `"body":[[1,2]],"msgs":[-1]}}`, `msgs: "-1" is not a whole number`},
		{"counts not a list", traceHead + `"body":[[1,2]],"msgs":{}}}`, "msgs: not an array"},
		{"row of one", traceHead + `"body":[[1]]}}`, "rows: row 1: too few cells"},
		{"negative time", traceHead + `"body":[[-1,2]]}}`, `"-1" is not a number of milliseconds`},
		{"time of text", traceHead + `"body":[["1",2]]}}`, "is not a number of milliseconds"},
		{"time beyond all bounds", traceHead + `"body":[[1e300,2]]}}`, "is not a number of milliseconds"},
		{"size in fractions", traceHead + `"body":[[1,2.5]]}}`, `"2.5" is not a whole number`},
		{"head of text", `{"visible":{"header_ms":"x"}}`, "is not a number of milliseconds"},
		{"visible not an object", `{"visible":[1]}`, "cannot unmarshal"},
		{"status", `{"visible":{"status":-1}}`, "status -1 is not from 0 to 999"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all, errs := read(goodTrace + "\n" + test.line + "\n" + goodTrace + "\n")
			if len(all) != 2 || len(errs) != 1 {
				t.Fatalf("%d exchanges, errors %v: want the good lines before and after, and one error", len(all), errs)
			}
			if got := errs[0].Error(); !strings.HasPrefix(got, "read recording test.ndjson: line 2: ") || !strings.Contains(got, test.want) {
				t.Errorf("error %q, want file, line 2 and %q", got, test.want)
			}
		})
	}
}
