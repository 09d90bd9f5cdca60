package recording

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

func exported(t testing.TB, format Format, exchanges ...tunnel.Exchange) string {
	t.Helper()
	var b bytes.Buffer
	if err := Export(&b, format, Each(exchanges)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile are texts that a client or an origin may choose freely.
var hostile = []string{
	"=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠x",
	"\x1b]0;title\x07", "\x1b[2J\x1b[H", "a\u202egnp.exe", "\u2066hidden\u2069", "\x00nul", "bad\xffbyte", "c1\u009b31m",
	"quote\"inside", "comma,inside", "line\r\nbreak", "</script><script>alert(1)</script>", "{\"json\":1}", "\\", "\u2028",
	"'single", "%s%d%n", "流式", strings.Repeat("x", 5_000),
}

// chosen puts text into every field that another party fills.
func chosen(text string) tunnel.Exchange {
	ex := stream()
	ex.Method, ex.URL, ex.Host, ex.Protocol, ex.Client = text, text, text, text, text
	ex.Upstream, ex.Error, ex.ID = text, text, text
	ex.RequestHeaders = []tunnel.Header{{Name: text, Value: text}}
	ex.ResponseHeaders = []tunnel.Header{{Name: "Content-Type", Value: text}, {Name: "Location", Value: text}}
	ex.TLS = tunnel.TLSInfo{ServerName: text, ALPN: text, Version: text}
	return ex
}

func TestParseFormat(t *testing.T) {
	for _, name := range []string{"har", "NDJSON", "csv", "Text", "ascii"} {
		if f, err := ParseFormat(name); err != nil || string(f) != strings.ToLower(name) {
			t.Errorf("ParseFormat(%q) = %q, %v", name, f, err)
		}
	}
	_, err := ParseFormat("xlsx")
	if want := `format "xlsx" is not one of har, ndjson, csv, text, ascii`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := Export(io.Discard, "xlsx", Each(nil)); err == nil {
		t.Error("an unknown format was written")
	}
}

func TestExportNDJSONIsARecording(t *testing.T) {
	text := exported(t, NDJSON, stream(), opaque())
	all, errs := read(text)
	if len(all) != 2 || len(errs) > 0 {
		t.Fatalf("%d exchanges, errors %v", len(all), errs)
	}
	if again := exported(t, NDJSON, all...); again != text {
		t.Errorf("exported again:\n%s\nwant:\n%s", again, text)
	}
}

func TestExportStopsAtErrorAndEndsTheFile(t *testing.T) {
	broken := errors.New("line 2 is no good")
	seq := func(yield func(tunnel.Exchange, error) bool) {
		_ = yield(stream(), nil) && yield(tunnel.Exchange{}, broken) && yield(stream(), nil)
	}
	for _, format := range formats {
		var b bytes.Buffer
		if err := Export(&b, format, seq); !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want %v", format, err, broken)
		}
		if n := strings.Count(b.String(), "abc-1"); n != 1 {
			t.Errorf("%s: %d exchanges written, want the one before the error", format, n)
		}
		if format == HAR && !json.Valid(b.Bytes()) {
			t.Errorf("har is not JSON after an error: %s", b.String())
		}
	}
}

func TestExportTellsWriteError(t *testing.T) {
	full := errors.New("disk full")
	for _, format := range formats {
		many := slices.Repeat([]tunnel.Exchange{stream()}, 50)
		if err := Export(failingWriter{full}, format, Each(many)); !errors.Is(err, full) {
			t.Errorf("%s: error %v, want %v", format, err, full)
		}
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

// har is what the tests look at.
type har struct {
	Log struct {
		Version string
		Creator struct{ Name, Version string }
		Entries []struct {
			StartedDateTime time.Time
			Time            float64
			Request         struct {
				Method, URL, HTTPVersion string
				Headers, QueryString     []harPair
				BodySize                 int64
			}
			Response struct {
				Status      int
				StatusText  string
				Headers     []harPair
				Content     harContent
				RedirectURL string
				BodySize    int64
			}
			Timings harTimings
			Chunks  [][]float64 `json:"_chunks"`
			Units   [][]any     `json:"_units"`
			Verdict judged      `json:"_verdict"`
			End     string      `json:"_end"`
		}
	}
}

func parseHAR(t *testing.T, text string) har {
	t.Helper()
	var h har
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		t.Fatalf("har is not valid: %v: %s", err, text)
	}
	return h
}

func TestHAR(t *testing.T) {
	ex := stream()
	ex.ResponseHeaders = append(ex.ResponseHeaders, tunnel.Header{Name: "Location", Value: "/there"})
	h := parseHAR(t, exported(t, HAR, ex, opaque()))
	if h.Log.Version != "1.2" || h.Log.Creator.Name != "Streamgauge" || h.Log.Creator.Version == "" || len(h.Log.Entries) != 2 {
		t.Fatalf("log = %+v, want version 1.2, a creator, two entries", h.Log)
	}
	e := h.Log.Entries[0]
	if e.Time != 1001 || !e.StartedDateTime.Equal(ex.Start) || e.End != "complete" {
		t.Errorf("time %v, start %v, end %q", e.Time, e.StartedDateTime, e.End)
	}
	want := harTimings{Blocked: -1, DNS: -1, Connect: 3, SSL: -1, Send: 0.5, Wait: 36.5, Receive: 961}
	if e.Timings != want {
		t.Errorf("timings = %+v, want %+v", e.Timings, want)
	}
	if q := []harPair{{"stream", "1"}, {"lang", "zh"}}; !slices.Equal(e.Request.QueryString, q) {
		t.Errorf("query = %v, want %v", e.Request.QueryString, q)
	}
	if e.Response.Status != 200 || e.Response.StatusText != "OK" || e.Response.RedirectURL != "/there" ||
		e.Response.Content != (harContent{Size: 2_000, MimeType: "text/event-stream"}) {
		t.Errorf("response = %+v", e.Response)
	}
	if len(e.Chunks) != 20 || e.Chunks[0][0] != 50_000 || len(e.Units) != 20 || e.Units[0][2] != "sse" || e.Verdict.Label != "incremental" {
		t.Errorf("chunks %v, units %v, verdict %+v", e.Chunks, e.Units, e.Verdict)
	}
	if got := h.Log.Entries[1].Request.URL; got != "https://api.test:443" {
		t.Errorf("URL of the tunnel = %q, want an absolute one", got)
	}
}

func TestHARTimingsAddUp(t *testing.T) {
	all := tunnel.AllPhases()
	for set := range 1 << len(all) {
		for _, backwards := range []bool{false, true} {
			var ex tunnel.Exchange
			ex.Totals.Last = 7_001 * us
			for i, p := range all {
				at := time.Duration(i+1) * 1_003 * us
				if backwards {
					at = time.Duration(len(all)-i) * 1_003 * us
				}
				if set&(1<<i) != 0 {
					ex.Phases.Set(p, at)
				}
			}
			got, total := harTimingsOf(&ex)
			var sum float64
			for _, part := range []float64{got.Blocked, got.DNS, got.Connect, got.Send, got.Wait, got.Receive} {
				if part != -1 {
					sum += part
				}
				if part < 0 && part != -1 {
					t.Fatalf("phases %08b: negative part in %+v", set, got)
				}
			}
			if got.Send < 0 || got.Wait < 0 || got.Receive < 0 || got.SSL > max(got.Connect, 0) {
				t.Fatalf("phases %08b: %+v", set, got)
			}
			if total != float64(ex.Duration().Microseconds())/1000 || int64(sum*1000+0.5) != int64(total*1000+0.5) {
				t.Fatalf("phases %08b: parts %+v add up to %v, total %v", set, got, sum, total)
			}
		}
	}
}

func TestHARIsValidWhateverIsInIt(t *testing.T) {
	var all []tunnel.Exchange
	for _, text := range hostile {
		all = append(all, chosen(text))
	}
	text := exported(t, HAR, all...)
	if h := parseHAR(t, text); len(h.Log.Entries) != len(hostile) {
		t.Errorf("%d entries, want %d", len(h.Log.Entries), len(hostile))
	}
	if strings.Contains(text, "<script") {
		t.Error("markup stands unescaped in the har")
	}
	if h := parseHAR(t, exported(t, HAR)); h.Log.Entries == nil || len(h.Log.Entries) != 0 {
		t.Errorf("entries of nothing = %v, want an empty list", h.Log.Entries)
	}
}

func TestCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(exported(t, CSV, stream(), opaque()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d rows, want a head and two", len(rows))
	}
	cellOf := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
	for column, want := range map[string]string{
		"id": "abc-1", "start": "2026-01-02T03:04:05.678901234Z", "url": "http://api.test/v1/chat?stream=1&lang=zh",
		"status": "200", "end": "complete", "verdict": "incremental", "score": "1.000", "lumps": "20", "largest_lump_share": "0.050",
		"dns_ms": "", "connect_ms": "1.000", "first_byte_ms": "50.000", "end_ms": "1001.000",
		"reads": "20", "units": "20", "unit_kind": "sse", "bytes": "2000", "longest_gap_ms": "50.000", "blocked_ms": "0.300",
	} {
		if got := cellOf(1, column); got != want {
			t.Errorf("%s = %q, want %q", column, got, want)
		}
	}
	if got := cellOf(2, "error"); got != "read origin: connection reset" {
		t.Errorf("error = %q", got)
	}
}

func TestCSVCellsAreSafe(t *testing.T) {
	for _, text := range hostile {
		rows, err := csv.NewReader(strings.NewReader(exported(t, CSV, chosen(text)))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%q: %d rows, error %v", text, len(rows), err)
		}
		for i, got := range rows[1] {
			if strings.IndexAny(strings.TrimLeft(got, " "), formula) == 0 {
				t.Errorf("%s: %q begins a formula", rows[0][i], got)
			}
			if !printable(got) {
				t.Errorf("%s: %q holds what cannot be seen", rows[0][i], got)
			}
		}
	}
}

func TestText(t *testing.T) {
	lumped := stream()
	lumped.ID, lumped.End, lumped.Upstream = "abc-3", tunnel.Running, ""
	lumped.Chunks = []tunnel.Chunk{{At: 1_000_000 * us, Bytes: 2_000, Units: 20}}
	lumped.Phases = tunnel.Phases{}
	failed := tunnel.Exchange{
		ID: "abc-4", Start: lumped.Start, Kind: tunnel.KindTunnel, Method: "CONNECT", Host: "nowhere.test:443",
		Upstream: "direct", End: tunnel.Failed, Error: "reach nowhere.test:443: name not found",
	}
	want := `abc-1  POST http://api.test/v1/chat?stream=1&lang=zh  200  HTTP/1.1
  2026-01-02T03:04:05Z  http  to api.test:80 through socks5://127.0.0.1:1080
  incremental  1.00
    20 units in 20 lumps
    first after 47ms, last 950ms later
    largest lump 5 % of the bytes, longest gap 50ms
  ..#  #  #  #  #  #  #  #  #  #  #  #  #  #  #  #  #  #  #  # 1001.0 ms
  connect 1.0 ms, upstream 3.0 ms, sent 3.5 ms, head 40.0 ms, first byte 50.0 ms, end 1001.0 ms
  2000 bytes in 20 reads, 0 bytes sent, complete

abc-3  POST http://api.test/v1/chat?stream=1&lang=zh  200  HTTP/1.1
  2026-01-02T03:04:05Z  http  to api.test:80
  buffered_whole  0.00  so far
    20 units in 1 lump
    first after 1s, last 0s later
  suspect: unknown, 99 %: none of the layers that are known
  why: What holds the stream left no trace that can be seen from here.
  to change: Ask each hop on its own port, from the origin outwards; the first that comes late is the one.
      sgauge run -- curl -N http://127.0.0.1:8080/events
  documented; see https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
  ...........................................................# 1000.0 ms
  2000 bytes in 20 reads, 0 bytes sent, running

abc-4  CONNECT nowhere.test:443
  2026-01-02T03:04:05Z  tunnel  to nowhere.test:443
  no answer
  0 bytes in 0 reads, 0 bytes sent, error: reach nowhere.test:443: name not found
`
	if got := exported(t, ASCII, stream(), lumped, failed); got != want {
		t.Errorf("report:\n%s\nwant:\n%s", got, want)
	}
	if got := exported(t, Text); got != "no exchanges\n" {
		t.Errorf("report of nothing = %q", got)
	}
}

func TestTextIsSafeOnATerminal(t *testing.T) {
	for _, text := range hostile {
		for line := range strings.Lines(exported(t, Text, chosen(text))) {
			if line = strings.TrimSuffix(line, "\n"); !printable(line) {
				t.Errorf("%q: line %q holds what cannot be seen", text, line)
			}
		}
	}
}
