package recording

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

const us = time.Microsecond

// stream is an exchange with something in every field that a recording holds.
func stream() tunnel.Exchange {
	ex := tunnel.Exchange{
		ID: "abc-1", Start: time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC), Kind: tunnel.KindHTTP,
		Method: "POST", URL: "http://api.test/v1/chat?stream=1&lang=zh", Protocol: "HTTP/1.1", Host: "api.test:80",
		Client: "127.0.0.1:5555", Upstream: "socks5://127.0.0.1:1080", Status: 200,
		RequestHeaders:  []tunnel.Header{{Name: "Accept", Value: "text/event-stream"}},
		ResponseHeaders: []tunnel.Header{{Name: "Content-Type", Value: "text/event-stream"}, {Name: "X-Note", Value: `"quoted" <&> 流`}},
		ReadsPerChunk:   1, UnitKind: tunnel.SSE, End: tunnel.Complete,
	}
	for i := range 20 {
		at := time.Duration(i+1) * 50_000 * us
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: at, Bytes: 100, Units: 1, Blocked: 15 * us})
		ex.Units = append(ex.Units, tunnel.Unit{At: at, Bytes: 98, Kind: tunnel.SSE})
	}
	ex.Totals = tunnel.Totals{
		Reads: 20, Bytes: 2_000, Units: 20, Blocked: 300 * us,
		LongestGap: 50_000 * us, LongestGapAt: 50_000 * us, Last: 1_000_000 * us,
	}
	for p, at := range map[tunnel.Phase]time.Duration{
		tunnel.Connect: 1_000 * us, tunnel.Handshake: 3_000 * us, tunnel.Sent: 3_500 * us,
		tunnel.Head: 40_000 * us, tunnel.FirstByte: 50_000 * us, tunnel.Ended: 1_001_000 * us,
	} {
		ex.Phases.Set(p, at)
	}
	return ex
}

// opaque is a long tunnel whose detail was merged.
func opaque() tunnel.Exchange {
	ex := tunnel.Exchange{
		ID: "abc-2", Start: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), Kind: tunnel.KindTunnel,
		Method: "CONNECT", URL: "api.test:443", Host: "api.test:443", Upstream: "direct",
		TLS:           tunnel.TLSInfo{ServerName: "api.test", ALPN: "h2", Version: "TLS 1.3"},
		ReadsPerChunk: 4, UnitKind: tunnel.TLSRecord, End: tunnel.Truncated, Error: "read origin: connection reset",
		Chunks: []tunnel.Chunk{{At: 10 * us, Bytes: 9, Units: 3}, {At: 90 * us, Bytes: 7, Units: 2}},
		Turns:  []tunnel.Turn{{Sent: 5 * us, First: 10 * us, Last: 99 * us, Bytes: 12}},
		Totals: tunnel.Totals{
			Reads: 7, Bytes: 16, RequestBytes: 1_234, Units: 5, Blocked: 1 * us,
			LongestGap: 20 * us, LongestGapAt: 30 * us, Last: 99 * us,
		},
	}
	return ex
}

func TestRoundTrip(t *testing.T) {
	running := stream()
	running.End, running.Phases = tunnel.Running, tunnel.Phases{}
	bare := tunnel.Exchange{Kind: tunnel.KindWebSocket, UnitKind: tunnel.WebSocket, Start: time.Unix(0, 0).UTC(), ReadsPerChunk: 1, RequestHeaders: []tunnel.Header{}, ResponseHeaders: []tunnel.Header{}}
	for _, want := range []tunnel.Exchange{stream(), opaque(), running, bare} {
		var first, second bytes.Buffer
		if err := WriteLine(&first, want, Options{}); err != nil {
			t.Fatal(err)
		}
		got, errs := read(first.String())
		if len(errs) > 0 || len(got) != 1 {
			t.Fatalf("read %d exchanges, errors %v of %s", len(got), errs, first.String())
		}
		if err := WriteLine(&second, got[0], Options{}); err != nil {
			t.Fatal(err)
		}
		if first.String() != second.String() {
			t.Errorf("written again:\n%s\nwant:\n%s", second.String(), first.String())
		}
		if got, want := nonNil(got[0]), nonNil(want); !reflect.DeepEqual(got, want) {
			t.Errorf("read:\n%+v\nwant:\n%+v", got, want)
		}
	}
}

// nonNil makes absent and empty lists the same, as they are in a recording.
func nonNil(ex tunnel.Exchange) tunnel.Exchange {
	if len(ex.RequestHeaders) == 0 {
		ex.RequestHeaders = nil
	}
	if len(ex.ResponseHeaders) == 0 {
		ex.ResponseHeaders = nil
	}
	return ex
}

// TestLineFormat pins the documented form.
func TestLineFormat(t *testing.T) {
	ex := stream()
	ex.Chunks, ex.Units = ex.Chunks[:1], ex.Units[:1]
	ex.Totals = tunnel.Totals{Reads: 1, Bytes: 100, Units: 1, Blocked: 15 * us, Last: 50_000 * us}
	var b bytes.Buffer
	if err := WriteLine(&b, ex, Options{}); err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"id":"abc-1","start":"2026-01-02T03:04:05.678901234Z","kind":"http","method":"POST",` +
		`"url":"http://api.test/v1/chat?stream=1&lang=zh","host":"api.test:80","protocol":"HTTP/1.1",` +
		`"client":"127.0.0.1:5555","upstream":"socks5://127.0.0.1:1080","status":200,` +
		`"request_headers":[["Accept","text/event-stream"]],` +
		`"response_headers":[["Content-Type","text/event-stream"],["X-Note","\"quoted\" <&> 流"]],` +
		`"phases_us":{"connect":1000,"upstream":3000,"sent":3500,"head":40000,"first_byte":50000,"end":1001000},` +
		`"chunks":[[50000,100,1,15]],"units":[[50000,98,"sse"]],"bytes":100,"end":"complete","error":"",` +
		`"verdict":{"label":"too_short","score":0,"reasons":["1 unit in 1 lump","first after 47ms, last 0s later"]}}` + "\n"
	if b.String() != want {
		t.Errorf("line:\n%s\nwant:\n%s", b.String(), want)
	}
}

// TestVerdictIsThatOfTheReader: writer and reader see other digits of the same
// times, and must not differ over which side of a border they fall on.
func TestVerdictIsThatOfTheReader(t *testing.T) {
	ex := stream()
	ex.Chunks[0].At = 5_005 * us
	ex.Phases = tunnel.Phases{}
	ex.Phases.Set(tunnel.Sent, 900*time.Nanosecond)
	var first, second bytes.Buffer
	if err := WriteLine(&first, ex, Options{}); err != nil {
		t.Fatal(err)
	}
	got, errs := read(first.String())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if err := WriteLine(&second, got[0], Options{}); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("written again:\n%s\nwant:\n%s", second.String(), first.String())
	}
}

func TestTotalsAreWrittenWhenChunksDoNotShowThem(t *testing.T) {
	for name, test := range map[string]struct {
		ex   tunnel.Exchange
		want bool
	}{"plain": {stream(), false}, "merged": {opaque(), true}} {
		var b bytes.Buffer
		if err := WriteLine(&b, test.ex, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), `"totals"`); got != test.want {
			t.Errorf("%s: totals written: %v, want %v", name, got, test.want)
		}
	}
}

// TestLongestExchangeCanBeReadBack is one with all that may be kept of it and
// heads as large as they may be.
func TestLongestExchangeCanBeReadBack(t *testing.T) {
	const n = 1_000_001
	ex := stream()
	ex.Chunks, ex.Units = make([]tunnel.Chunk, n), make([]tunnel.Unit, n)
	ex.Turns, ex.Frames = make([]tunnel.Turn, n), make([]tunnel.Frame, n)
	ex.Body = bytes.Repeat([]byte{'\\'}, n)
	for i := range n {
		at := 24*time.Hour + time.Duration(i)*time.Second
		ex.Chunks[i] = tunnel.Chunk{At: at, Bytes: 32 << 10, Units: 100, Blocked: 999 * us}
		ex.Units[i] = tunnel.Unit{At: at, Bytes: 32 << 10, Kind: tunnel.NDJSON, Offset: int64(i) << 15, Part: tunnel.Reasoning}
		ex.Frames[i] = tunnel.Frame{At: at, Bytes: 32 << 10, Opcode: 10, Direction: tunnel.ToClient, Fin: true}
	}
	ex.ResponseHeaders = slices.Repeat([]tunnel.Header{{Name: "a"}}, 1<<20/4)
	ex.Totals = sum(ex.Chunks)
	var b bytes.Buffer
	if err := WriteLine(&b, ex, Options{Bodies: true}); err != nil {
		t.Fatal(err)
	}
	all, errs := read(b.String())
	if len(all) != 1 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	got := all[0]
	if got.Totals != ex.Totals || got.ReadsPerChunk != 16 || len(got.Chunks) != n/16+1 {
		t.Errorf("totals %+v, %d chunks of %d reads: want %+v, %d of 16", got.Totals, len(got.Chunks), got.ReadsPerChunk, ex.Totals, n/16+1)
	}
	if want := (tunnel.Chunk{At: ex.Chunks[16].At, Bytes: 16 * 32 << 10, Units: 1_600, Blocked: 16 * 999 * us}); got.Chunks[1] != want {
		t.Errorf("second chunk = %+v, want %+v", got.Chunks[1], want)
	}
	if len(ex.Chunks) != n || ex.Chunks[0].Bytes != 32<<10 {
		t.Error("writing changed the exchange")
	}
}

func BenchmarkWriteLine(b *testing.B) {
	ex := stream()
	for len(ex.Chunks) < 10_000 {
		ex.Chunks = append(ex.Chunks, ex.Chunks[:20]...)
		ex.Units = append(ex.Units, ex.Units[:20]...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteLine(io.Discard, ex, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
