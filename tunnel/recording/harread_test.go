package recording

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// A HAR of ours is as good as the recording: the same comes back, and the same
// verdict. Only what the standard's fields cannot hold is lost.
func TestOwnHARIsARecording(t *testing.T) {
	running := stream()
	running.End, running.Phases = tunnel.Running, tunnel.Phases{}
	short := stream()
	short.Ending = tunnel.EndingMissing
	failed := tunnel.Exchange{ID: "f", Kind: tunnel.KindHTTP, End: tunnel.Failed, Error: "no route", Method: "GET", URL: "http://a.test/", Host: "a.test:80", Start: stream().Start}
	want := []tunnel.Exchange{stream(), opaque(), held(), unstamped(), running, short, failed}
	for i := range want {
		want[i].URL = harURL(&want[i])
		want[i].Protocol = "HTTP/1.1"
	}
	got, errs := read(exported(t, HAR, want...))
	if len(got) != len(want) || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(got), errs)
	}
	for i := range want {
		before, after := Judge(&want[i]), Judge(&got[i])
		if before.Verdict != after.Verdict || !slices.Equal(before.Reasons(), after.Reasons()) || before.Blamed() != after.Blamed() {
			t.Errorf("%s: verdict %+v, want %+v", want[i].ID, after, before)
		}
	}
	if a, b := exported(t, NDJSON, want...), exported(t, NDJSON, got...); a != b {
		t.Errorf("as a recording:\n%s\nwant:\n%s", b, a)
	}
}

// entry is one of another tool's HAR, begun at startOfEntry.
const entry = `{"startedDateTime":"2026-05-01T12:00:00.500+08:00","time":3100.5,
  "request":{"method":"GET","url":"https://api.test/v1/stream?x=1","httpVersion":"h2","headers":[{"name":":authority","value":"api.test"},{"name":"accept","value":"*/*"}],"bodySize":0},
  "response":{"status":200,"statusText":"OK","httpVersion":"h2","headers":[{"name":"server","value":"nginx"}],"content":{"size":5000,"mimeType":"text/event-stream","text":"data: 1\n\n"},"bodySize":-1},
  "cache":{},"timings":{"blocked":0.5,"dns":2,"connect":30,"ssl":20,"send":1,"wait":3000,"receive":67},"connection":"443"}`

var startOfEntry = time.Date(2026, 5, 1, 4, 0, 0, 500_000_000, time.UTC)

func asHAR(entries ...string) string {
	return "\ufeff" + `{ "comment": "first", "log": {"version":"1.2","creator":{"name":"Other"},"pages":[],` + "\n" + `"entries": [` + strings.Join(entries, ",\n") + "]}}\n"
}

func TestForeignHARHasTimingsOnly(t *testing.T) {
	all, errs := read(asHAR(entry))
	if len(all) != 1 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	ex := all[0]
	if ex.ID != "1" || ex.Kind != tunnel.KindHTTP || ex.Method != "GET" || ex.Host != "api.test:443" || ex.Protocol != "HTTP/2.0" ||
		!ex.Start.Equal(startOfEntry) || ex.Status != 200 || ex.End != tunnel.Complete || ex.Totals.Bytes != 5000 || len(ex.RequestHeaders) != 1 {
		t.Errorf("exchange %+v", ex)
	}
	for phase, want := range map[tunnel.Phase]time.Duration{
		tunnel.DNS: 2_500 * us, tunnel.Connect: 12_500 * us, tunnel.TLS: 32_500 * us, tunnel.Sent: 33_500 * us,
		tunnel.Head: 3_033_500 * us, tunnel.Ended: 3_100_500 * us,
	} {
		if at, ok := ex.Phases.At(phase); !ok || at != want {
			t.Errorf("%s at %v, want %v", phase, at, want)
		}
	}
	j := Judge(&ex)
	if j.Label != verdict.TooShort || !strings.HasPrefix(strings.Join(j.Reasons(), ""), "cannot tell: ") {
		t.Errorf("%s because %q: want too_short, since the arrivals are not known", j.Label, j.Reasons())
	}
}

func TestForeignHARBodies(t *testing.T) {
	size := func(content, body, mime string) string {
		return strings.NewReplacer(`"size":5000`, `"size":`+content, `"bodySize":-1}`, `"bodySize":`+body+`}`, "text/event-stream", mime).Replace(entry)
	}
	status := func(code string) string {
		return strings.Replace(size("-1", "-1", "x"), `"status":200`, `"status":`+code, 1)
	}
	tests := []struct {
		name, entry string
		want        verdict.Label
	}{
		{"no body", size("0", "0", "text/plain"), verdict.NotAStream},
		{"unknown size", size("-1", "-1", "text/plain"), verdict.TooShort},
		{"an open stream", size("0", "0", "text/event-stream;charset=utf-8"), verdict.TooShort},
		{"only on the wire", size("0", "77", "text/plain"), verdict.TooShort},
		{"not modified", status("304"), verdict.NotAStream},
		{"no content", status("204"), verdict.NotAStream},
		{"blocked", status("0"), verdict.None},
		{"head", strings.Replace(size("-1", "-1", "x"), `"GET"`, `"HEAD"`, 1), verdict.NotAStream},
		{"broke off", strings.Replace(entry, `"bodySize":-1}`, `"bodySize":-1,"_error":"net::ERR_INCOMPLETE_CHUNKED_ENCODING"}`, 1), verdict.TooShort},
	}
	for _, test := range tests {
		all, errs := read(asHAR(test.entry))
		if len(all) != 1 || len(errs) > 0 {
			t.Fatalf("%s: %d exchanges, errors %v", test.name, len(all), errs)
		}
		if j := Judge(&all[0]); j.Label != test.want {
			t.Errorf("%s: %q, want %q", test.name, j.Label, test.want)
		}
	}
}

func TestForeignHAREnds(t *testing.T) {
	for says, want := range map[string]tunnel.End{
		"": tunnel.Complete, "net::ERR_ABORTED": tunnel.ClientClosed, "NS_BINDING_ABORTED": tunnel.ClientClosed,
		"net::ERR_CONTENT_LENGTH_MISMATCH": tunnel.Truncated,
	} {
		var e entryIn
		e.Response.Status, e.Response.Error = 200, says
		if got := e.end(); got != want {
			t.Errorf("%q ended %q, want %q", says, got, want)
		}
	}
	if got := (&entryIn{}).end(); got != tunnel.Failed {
		t.Errorf("without an answer it ended %q, want %q", got, tunnel.Failed)
	}
}

// messages makes the list of an extension: n messages a gap apart.
func messages(field, kind string, n int, gap time.Duration) string {
	var b strings.Builder
	b.WriteString(`"` + field + `":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		at := startOfEntry.Add(100*time.Millisecond + time.Duration(i)*gap)
		b.WriteString(`{"type":"` + kind + `","time":` + millis(at.Sub(time.Unix(0, 0))/1000) + `,"data":"{\"token\":\"words\"}"}`)
	}
	return strings.TrimSuffix(entry, "}") + "," + b.String() + "]}"
}

func TestForeignHARWithMessages(t *testing.T) {
	tests := []struct {
		name, entry string
		kind        tunnel.UnitKind
		chunks      int
		want        verdict.Label
	}{
		{"events", messages("_eventSourceMessages", "", 30, 100*time.Millisecond), tunnel.SSE, 30, verdict.Incremental},
		{"frames", messages("_webSocketMessages", "receive", 30, 100*time.Millisecond), tunnel.WebSocket, 30, verdict.Incremental},
		{"frames that went", messages("_webSocketMessages", "send", 30, 100*time.Millisecond), tunnel.NoUnits, 0, verdict.TooShort},
		{"events of another clock", strings.ReplaceAll(messages("_eventSourceMessages", "", 30, time.Second), `"time":17`, `"time":7`), tunnel.NoUnits, 0, verdict.TooShort},
	}
	for _, test := range tests {
		all, errs := read(asHAR(test.entry))
		if len(all) != 1 || len(errs) > 0 {
			t.Fatalf("%s: %d exchanges, errors %v", test.name, len(all), errs)
		}
		ex := &all[0]
		j := Judge(ex)
		if len(ex.Chunks) != test.chunks || ex.UnitKind != test.kind || j.Label != test.want {
			t.Errorf("%s: %d chunks of %q: %s %q; want %d of %q: %s", test.name, len(ex.Chunks), ex.UnitKind, j.Label, j.Reasons(), test.chunks, test.kind, test.want)
		}
		if test.chunks > 0 && ex.Chunks[0].At.Round(time.Millisecond) != 100*time.Millisecond {
			t.Errorf("%s: the first after %v, want 100ms", test.name, ex.Chunks[0].At)
		}
	}
}

// TestForeignHARFrames: of a WebSocket that a browser wrote down the frames of
// both directions are shown.
func TestForeignHARFrames(t *testing.T) {
	at := func(after time.Duration) string { return millis(startOfEntry.Add(after).Sub(time.Unix(0, 0)) / 1000) }
	all, errs := read(asHAR(strings.TrimSuffix(entry, "}") + `,"_webSocketMessages":[` +
		`{"type":"receive","time":` + at(2*time.Second) + `,"opcode":2,"data":"AAEC"},{"type":"send","time":` + at(time.Second) + `,"opcode":1,"data":"hi"},` +
		`{"type":"send","time":1,"opcode":1,"data":"before"},{"type":"send","time":` + at(time.Second) + `,"opcode":99,"data":"odd"}]}`))
	if len(all) != 1 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	got := all[0].Frames
	for i := range got {
		got[i].At = got[i].At.Round(time.Millisecond) // seconds since 1970 are not more exact
	}
	want := []tunnel.Frame{
		{At: time.Second, Bytes: 2, Opcode: 1, Direction: tunnel.ToOrigin, Fin: true},
		{At: 2 * time.Second, Bytes: 4, Opcode: 2, Direction: tunnel.ToClient, Fin: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("frames %+v, want %+v", got, want)
	}
}

// TestForeignHARWithChunks: arrivals as ours in a HAR that is not.
func TestForeignHARWithChunks(t *testing.T) {
	all, errs := read(asHAR(strings.TrimSuffix(entry, "}") + `,"_chunks":[[3040000,2000,0,0],[3050000,3000,0,0]]}`))
	if len(all) != 1 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	if ex := all[0]; len(ex.Chunks) != 2 || ex.End != tunnel.Complete || Judge(&ex).Lumps == 0 {
		t.Errorf("exchange %+v, want its two chunks judged", ex)
	}
}

func TestReadReportsBadHAR(t *testing.T) {
	har := asHAR(entry, entry)
	tests := []struct {
		name, text string
		exchanges  int
		want       []string
	}{
		{"cut within an entry", har[:len(har)-200], 1, []string{"test.ndjson: line 8: after 1 entries: breaks off"}},
		{"cut between", strings.TrimSuffix(asHAR(entry), "]}}\n"), 1, []string{"after 1 entries: breaks off"}},
		{"bad entry", asHAR(`{"request":7}`, entry), 1, []string{"line 2: entry 1: json: cannot unmarshal number"}},
		{"entry no object", asHAR(`7`, entry), 1, []string{"line 2: entry 1: json: cannot unmarshal number"}},
		{"status", asHAR(strings.Replace(entry, `"status":200`, `"status":-3`, 1), entry), 1, []string{"line 2: entry 1: status -3 is not from"}},
		{"no entries", `{"log":{"version":"1.2"}}`, 0, []string{"line 1: after 0 entries: a log without entries"}},
		{"log no object", `{"log":"a line of another program"}`, 0, []string{"after 0 entries: not JSON: '\"' where it does not belong"}},
		{"entries no list", `{"log":{"entries":{}}}`, 0, []string{"not JSON: '{'"}},
		{"foreign", "{\n \"name\": \"app\",\n \"version\": \"1\"\n}\n", 0, []string{"test.ndjson: line 1: JSON, but neither"}},
		{"no JSON within", `{"log":{"entries":[{"a":1},,]}}`, 1, []string{"not JSON: ',' where it does not belong"}},
		{"no name", `{"log":{7:8}}`, 0, []string{"not JSON: '7' where it does not belong"}},
		{"two logs as one", `{"log":{"entries":[` + entry + `],"entries":[` + entry + `]}} trailing`, 2, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all, errs := read(test.text)
			if len(all) != test.exchanges || len(errs) != len(test.want) {
				t.Fatalf("%d exchanges, errors %v: want %d and %q", len(all), errs, test.exchanges, test.want)
			}
			for i, want := range test.want {
				if got := errs[i].Error(); !strings.Contains(got, want) || !strings.Contains(got, "test.ndjson: line ") {
					t.Errorf("error %q, want file, line and %q", got, want)
				}
			}
		})
	}
}

// TestHostileHARs are refused within 64 MiB, and what follows is read.
func TestHostileHARs(t *testing.T) {
	har := func(middle ...io.Reader) io.Reader {
		all := append([]io.Reader{strings.NewReader(`{"log":{"entries":[` + "\n")}, middle...)
		return io.MultiReader(append(all, strings.NewReader(",\n"+entry+"]}}"))...)
	}
	text := strings.NewReader
	tests := []struct {
		name string
		file io.Reader
		good int
		want string
	}{
		{"a body of 1 GiB", har(text(`{"request":7,"a":"`), repeat("x", 1<<30, `"}`)), 1, "line 2: entry 1: json: cannot unmarshal number"},
		{"an entry of 24 MiB", har(text(`{"a":[`), repeat("1,", 24<<20, "1]}")), 1, "line 2: entry 1: longer than 16 MiB"},
		{"depth beyond all bounds", har(repeat("[", 64<<10, ""), repeat("]", 64<<10, "")), 1, "line 2: entry 1: nested deeper than 1000"},
		{"five million headers", har(text(`{"request":{"headers":[`), repeat("{},", 3*5_000_000, "{}]}}")), 1, "line 2: entry 1: a list of more than 100000"},
		{"a name of 4 MiB", io.MultiReader(text(`{"log":{"entries":[`+entry+`]},"`), repeat("n", 4<<20, "")), 1, "breaks off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			good, failures := 0, []string{}
			for _, err := range Read(test.file, "evil.har") {
				if err != nil {
					failures = append(failures, err.Error())
				} else {
					good++
				}
			}
			runtime.ReadMemStats(&now)
			if good != test.good || len(failures) != 1 || !strings.Contains(failures[0], test.want) {
				t.Errorf("%d exchanges, errors %v: want %d, and %q", good, failures, test.good, test.want)
			}
			if grown := int64(now.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
				t.Errorf("heap grew by %d MiB, want at most 64", grown>>20)
			}
		})
	}
}

// TestLongBodiesInHAR are passed over: who has them has them from a browser.
func TestLongBodiesInHAR(t *testing.T) {
	long := strings.Replace(entry, `data: 1\n\n`, strings.Repeat(`\\\"x`, maxText), 1)
	all, errs := read(asHAR(long, entry))
	if len(all) != 2 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	if all[0].Totals.Bytes != 5000 {
		t.Errorf("bytes %d, want those that the entry tells", all[0].Totals.Bytes)
	}
}

// TestReadsInPieces: wherever a read ends, the same comes out.
func TestReadsInPieces(t *testing.T) {
	some := []tunnel.Exchange{stream(), opaque(), held(), chosen(`a "quoted" \ back`)}
	text := exported(t, HAR, slices.Repeat(some, 40)...) // more than is looked at to tell what it is
	want, _ := read(text)
	var got []tunnel.Exchange
	for ex, err := range Read(iotest.OneByteReader(strings.NewReader(text)), "pieces.har") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ex)
	}
	if a, b := exported(t, NDJSON, want...), exported(t, NDJSON, got...); a != b || len(got) != 160 {
		t.Errorf("byte by byte %d exchanges, not as whole", len(got))
	}
}

func TestReadStopsWhenAsked(t *testing.T) {
	for _, text := range []string{asHAR(entry, entry), goodTrace + "\n" + goodTrace} {
		n := 0
		for range Read(strings.NewReader(text), "f") {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%d exchanges after the first was enough", n)
		}
	}
}

func BenchmarkReadHAR(b *testing.B) {
	ex := stream()
	for len(ex.Chunks) < 10_000 {
		ex.Chunks = append(ex.Chunks, ex.Chunks[:20]...)
	}
	var text bytes.Buffer
	if err := Export(&text, HAR, Each([]tunnel.Exchange{ex})); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Read(bytes.NewReader(text.Bytes()), "b") {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
