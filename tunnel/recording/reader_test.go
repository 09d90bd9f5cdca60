package recording

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

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

const good = `{"v":1,"kind":"http","end":"complete","start":"2026-01-02T03:04:05Z"}`

func TestReadReportsBadLines(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"not JSON", `hello`, "not JSON at byte 1"},
		{"broken off", good[:30], "breaks off within the line"},
		{"other version", `{"v":2}`, "version 2 is not known: this program reads version 1"},
		{"neither", `{"level":"info"}`, `neither an exchange of a recording, which has "v", nor a hop trace`},
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

func FuzzRead(f *testing.F) {
	for _, ex := range []tunnel.Exchange{stream(), opaque()} {
		var b bytes.Buffer
		if err := WriteLine(&b, ex, Options{}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.String())
	}
	f.Add(good)
	f.Add(goodTrace)
	f.Add(asHAR(entry, messages("_eventSourceMessages", "", 3, time.Second)))
	f.Add(exported(f, HAR, held(), opaque()))
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
