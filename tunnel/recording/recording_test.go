package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
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

// read collects the exchanges and errors of a recording.
func read(text string) (all []tunnel.Exchange, errs []error) {
	for ex, err := range Read(strings.NewReader(text), "test.ndjson") {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, ex)
	}
	return all, errs
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
	ex.Chunks, ex.Units, ex.Turns = make([]tunnel.Chunk, n), make([]tunnel.Unit, n), make([]tunnel.Turn, n)
	for i := range n {
		at := 24*time.Hour + time.Duration(i)*time.Second
		ex.Chunks[i] = tunnel.Chunk{At: at, Bytes: 32 << 10, Units: 100, Blocked: 999 * us}
		ex.Units[i] = tunnel.Unit{At: at, Bytes: 32 << 10, Kind: tunnel.NDJSON}
	}
	ex.ResponseHeaders = slices.Repeat([]tunnel.Header{{Name: "a"}}, 1<<20/4)
	ex.Totals = sum(ex.Chunks)
	var b bytes.Buffer
	if err := WriteLine(&b, ex, Options{}); err != nil {
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

const good = `{"v":1,"kind":"http","end":"complete","start":"2026-01-02T03:04:05Z"}`

func TestReadReportsBadLines(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"not JSON", `hello`, "not JSON at byte 1"},
		{"broken off", good[:30], "breaks off within the line"},
		{"other version", `{"v":2}`, "version 2 is not known: this program reads version 1"},
		{"no version", `{}`, "version 0 is not known"},
		{"array", `[1]`, "cannot unmarshal array"},
		{"unknown kind", `{"v":1,"kind":"carrier pigeon"}`, `kind "carrier pigeon" is not one of`},
		{"unknown end", `{"v":1,"kind":"http","end":"of days"}`, `end "of days" is not one of`},
		{"status", `{"v":1,"kind":"http","status":1000}`, "status 1000 is not from 0 to 999"},
		{"bytes", `{"v":1,"kind":"http","bytes":-1}`, "bytes -1 is negative"},
		{"reads", `{"v":1,"kind":"http","reads_per_chunk":-2}`, "reads_per_chunk -2 is not"},
		{"phase", `{"v":1,"kind":"http","phases_us":{"dns":-5}}`, "phases_us: dns -5 is not from 0"},
		{"totals", `{"v":1,"kind":"http","totals":{"reads":-5}}`, "totals: a count is negative"},
		{"totals time", `{"v":1,"kind":"http","totals":{"last_us":9223372036854775807}}`, "totals: last_us"},
		{"start", `{"v":1,"kind":"http","start":"yesterday"}`, "cannot parse"},
		{"short chunk", `{"v":1,"kind":"http","chunks":[[1,2,3,4],[1,2]]}`, "chunks: row 2: too few cells"},
		{"chunk of text", `{"v":1,"kind":"http","chunks":[["a",2,3,4]]}`, `chunks: row 1: "\"a\"" is not a whole number`},
		{"chunk of fractions", `{"v":1,"kind":"http","chunks":[[1.5,2,3,4]]}`, `"1.5" is not a whole number`},
		{"negative time", `{"v":1,"kind":"http","chunks":[[-1,2,3,4]]}`, `"-1" is not a whole number`},
		{"time beyond all bounds", `{"v":1,"kind":"http","chunks":[[9000000000000000,2,3,4]]}`, "is not a whole number from 0 to"},
		{"chunk too large", `{"v":1,"kind":"http","chunks":[[1,2147483648,3,4]]}`, "is not a whole number from 0 to 2147483647"},
		{"chunks not a list", `{"v":1,"kind":"http","chunks":{"a":1}}`, "chunks: not an array of arrays"},
		{"chunk not a list", `{"v":1,"kind":"http","chunks":[7]}`, "chunks: row 1: not an array of arrays"},
		{"chunk of chunks", `{"v":1,"kind":"http","chunks":[[[1],2,3,4]]}`, "chunks: row 1:"},
		{"further cell an object", `{"v":1,"kind":"http","chunks":[[1,2,3,4,{"a":[5]}]]}`, "chunks: row 1: not an array of arrays"},
		{"unit kind a number", `{"v":1,"kind":"http","units":[[1,2,3]]}`, `units: row 1: "3" is not a string`},
		{"header of one", `{"v":1,"kind":"http","request_headers":[["a"]]}`, "headers: row 1: too few cells"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all, errs := read(good + "\n\n" + test.line + "\n" + good)
			if len(all) != 2 || len(errs) != 1 {
				t.Fatalf("%d exchanges, errors %v: want the good lines before and after, and one error", len(all), errs)
			}
			got := errs[0].Error()
			if !strings.HasPrefix(got, "read recording test.ndjson: line 3: ") || !strings.Contains(got, test.want) {
				t.Errorf("error %q, want file, line 3 and %q", got, test.want)
			}
		})
	}
}

func TestReadIsLenientWhereItMay(t *testing.T) {
	all, errs := read(`{"v":1,"kind":"http","news":{"a":[1]},"chunks":[ [ 20 , 2 , 1 , 0 , "more", 7 ] , [10,1,0,0]],"units":null,"request_headers":[["a\"]","b,"]]}` + "\r\n")
	if len(errs) > 0 || len(all) != 1 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	ex := all[0]
	if len(ex.Chunks) != 2 || ex.Chunks[0].At != 10*us || ex.Chunks[1].At != 20*us {
		t.Errorf("chunks = %+v, want those of 10 and 20 µs in this order", ex.Chunks)
	}
	if want := (tunnel.Header{Name: `a"]`, Value: "b,"}); ex.RequestHeaders[0] != want {
		t.Errorf("header = %q, want %q", ex.RequestHeaders[0], want)
	}
}

// repeat yields a text over and over, up to n bytes, then tail.
func repeat(text string, n int64, tail string) io.Reader {
	text = strings.Repeat(text, 1+(64<<10)/len(text))
	return io.MultiReader(io.LimitReader(&repeater{text: text}, n), strings.NewReader(tail))
}

type repeater struct {
	text string
	pos  int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.pos:])
	r.pos = (r.pos + n) % len(r.text)
	return n, nil
}

// TestHostileRecordings are refused within 64 MiB, and what follows is read.
func TestHostileRecordings(t *testing.T) {
	head := `{"v":1,"kind":"http",`
	tests := []struct {
		name string
		text io.Reader
		want string
	}{
		{"a line of 1 GiB", repeat("x", 1<<30, "\n"+good), "line 1: longer than 16 MiB"},
		{"depth 10,001", io.MultiReader(strings.NewReader(head+`"x":`), repeat("[", 10_001, ""), repeat("]", 10_001, "}\n"+good)), "exceeded max depth"},
		{"depth beyond all bounds", repeat("[", 8<<20, "\n"+good), "exceeded max depth"},
		{"10 million chunks", io.MultiReader(strings.NewReader(head+`"chunks":[`), repeat("[1,1,1,1],", 10_000_000*10, "[1,1,1,1]]}\n"+good)), "longer than 16 MiB"},
		{"a million chunks", io.MultiReader(strings.NewReader(head+`"chunks":[`), repeat("[1,1,1,1],", 1_000_000*10, "[1,1,1,1]]}\n"+good)), "chunks: more than 100000"},
		{"a million headers", io.MultiReader(strings.NewReader(head+`"request_headers":[`), repeat(`["",""],`, 1_000_000*8, `["",""]]}`+"\n"+good)), "headers: more than 300000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var good int
			var errs []error
			for _, err := range Read(test.text, "evil.ndjson") {
				if err != nil {
					errs = append(errs, err)
				} else {
					good++
				}
			}
			runtime.ReadMemStats(&now)
			if good != 1 || len(errs) != 1 || !strings.Contains(errs[0].Error(), test.want) {
				t.Errorf("%d exchanges, errors %v: want one, and %q", good, errs, test.want)
			}
			// All that was ever allocated, so that no peak can hide.
			if used := now.TotalAlloc - before.TotalAlloc; used > 128<<20 {
				t.Errorf("%d MiB allocated in all", used>>20)
			}
			if grown := int64(now.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
				t.Errorf("heap grew by %d MiB, want at most 64", grown>>20)
			}
		})
	}
}

func TestReadEndsAtReadError(t *testing.T) {
	broken := errors.New("disk gone")
	r := io.MultiReader(strings.NewReader(good+"\n"+good[:9]), &failing{broken})
	var got []error
	for _, err := range Read(r, "f") {
		got = append(got, err)
	}
	if len(got) != 2 || got[0] != nil || !errors.Is(got[1], broken) {
		t.Errorf("errors = %v, want none, then the disk's, then the end", got)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.ndjson")
	w, err := OpenWriter(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 25 {
				ex := stream()
				ex.ID = fmt.Sprintf("%d-%d", i, k)
				ex.RequestHeaders = []tunnel.Header{{Name: "Cookie", Value: canary}}
				if err := w.Write(ex); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	text, err := os.ReadFile(path) // before Close: each line is out at once
	if err != nil {
		t.Fatal(err)
	}
	all, errs := read(string(text))
	if len(all) != 200 || len(errs) > 0 {
		t.Errorf("%d exchanges, errors %v: want 200", len(all), errs)
	}
	if strings.Contains(string(text), canary) {
		t.Error("a cookie got into the recording")
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := w.Write(stream()); err == nil || w.Write(stream()) == nil {
		t.Error("writing after Close went unnoticed")
	}
}

func TestWriterUnredacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.ndjson")
	w, err := OpenWriter(path, Options{Unredacted: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ex := stream()
	ex.RequestHeaders = []tunnel.Header{{Name: "Cookie", Value: canary}}
	if err := w.Write(ex); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), canary) {
		t.Error("the cookie that was asked for is not there")
	}
}

func TestWriterFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.ndjson")
	reopen := func() *Writer {
		t.Helper()
		w, err := OpenWriter(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(stream()); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return w
	}
	if w := reopen(); w.Shared() {
		t.Error("a new recording is said to be shared")
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode().Perm())
	}
	reopen()
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(path, text[:len(text)-40], 0o600); err != nil { // a crash
		t.Fatal(err)
	}
	reopen()
	text, _ = os.ReadFile(path)
	if all, errs := read(string(text)); len(all) != 2 || len(errs) != 1 {
		t.Errorf("%d exchanges, errors %v: want the first and the third, and one error", len(all), errs)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if w := reopen(); !w.Shared() {
		t.Error("a recording that the group can read goes unnoticed")
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenWriter(dir, Options{}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: error %v", err)
	}
	if _, err := OpenWriter(filepath.Join(dir, "no", "such"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: error %v", err)
	}
	for name, target := range map[string]string{"link": filepath.Join(dir, "target"), "dangling": filepath.Join(dir, "nothing")} {
		if name == "link" {
			if err := os.WriteFile(target, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		link := filepath.Join(dir, name)
		if err := os.Symlink(target, link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if _, err := OpenWriter(link, Options{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a file was made through a dangling link")
	}
}

func FuzzRead(f *testing.F) {
	for _, ex := range []tunnel.Exchange{stream(), opaque()} {
		var b bytes.Buffer
		if err := WriteLine(&b, ex, Options{}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.String())
	}
	f.Add(good)
	f.Add(`{"v":1,"kind":"http","chunks":[[1,2,3,4,{}]],"units":[[1,2,"sse"]],"turns":[[1,2,3,4]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := read(text)
		for _, ex := range all {
			var first, second bytes.Buffer
			if err := WriteLine(&first, ex, Options{Unredacted: true}); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			again, errs := read(first.String())
			if len(again) != 1 || len(errs) > 0 {
				t.Fatalf("what was written cannot be read: %v: %s", errs, first.String())
			}
			if err := WriteLine(&second, again[0], Options{Unredacted: true}); err != nil {
				t.Fatal(err)
			}
			if first.String() != second.String() {
				t.Errorf("written again:\n%s\nwant:\n%s", second.String(), first.String())
			}
		}
		for _, format := range formats {
			if err := Export(io.Discard, format, Each(all)); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
	})
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

func BenchmarkRead(b *testing.B) {
	ex := stream()
	for len(ex.Chunks) < 10_000 {
		ex.Chunks = append(ex.Chunks, ex.Chunks[:20]...)
	}
	var text bytes.Buffer
	if err := WriteLine(&text, ex, Options{}); err != nil {
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
