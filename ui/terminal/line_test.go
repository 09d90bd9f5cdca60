package terminal

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares got with the file of that name below testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (look, then run with -update)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// stream is a finished exchange whose chunks arrive as given.
func stream(chunks ...tunnel.Chunk) *tunnel.Exchange {
	ex := &tunnel.Exchange{Kind: tunnel.KindHTTP, Chunks: chunks, End: tunnel.Complete}
	for _, c := range chunks {
		ex.Totals.Bytes += int64(c.Bytes)
		ex.Totals.Units += int64(c.Units)
		ex.Totals.Reads++
		ex.Totals.Last = c.At
	}
	return ex
}

// every returns n chunks of one unit and 40 bytes, spaced by gap, the first at first.
func every(first, gap time.Duration, n int) []tunnel.Chunk {
	var chunks []tunnel.Chunk
	for i := range n {
		chunks = append(chunks, tunnel.Chunk{At: first + time.Duration(i)*gap, Bytes: 40, Units: 1})
	}
	return chunks
}

// styles are the destinations that the golden files are drawn for.
var styles = []struct {
	name string
	Style
}{
	{"80", Style{Columns: 80, Unicode: true}},
	{"120", Style{Columns: 120, Unicode: true}},
	{"200", Style{Columns: 200, Unicode: true}},
	{"ascii", Style{Columns: 100}},
	{"color", Style{Columns: 100, Unicode: true, Color: true}},
	{"bare", Style{}},
}

// sample is one exchange of each sort.
func sample() []Row {
	start := time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)
	make := func(method, url string, status int, end tunnel.End, label verdict.Label, chunks ...tunnel.Chunk) Row {
		ex := stream(chunks...)
		ex.Start, ex.Method, ex.URL, ex.Status, ex.End = start, method, url, status, end
		if len(chunks) > 0 {
			ex.Phases.Set(tunnel.FirstByte, chunks[0].At)
		}
		if end != tunnel.Running {
			ex.Phases.Set(tunnel.Ended, ex.Totals.Last+2*time.Millisecond)
		}
		start = start.Add(1234 * time.Millisecond)
		return Row{Exchange: *ex, Verdict: recording.Judgement{Verdict: verdict.Verdict{Label: label, Provisional: end == tunnel.Running}}}
	}
	const ms = time.Millisecond
	rows := []Row{
		make("POST", "https://api.openai.com/v1/chat/completions", 200, tunnel.Complete, verdict.Incremental, every(312*ms, 25*ms, 87)...),
		make("POST", "http://127.0.0.1:8080/api/聊天/完成/%E6%B5%81%E5%BC%8F?模型=qwen", 200, tunnel.Complete, verdict.BufferedWhole, tunnel.Chunk{At: 3012 * ms, Bytes: 12_345, Units: 30}),
		make("GET", "http://news.test/feed.ndjson", 200, tunnel.Complete, verdict.Coalesced, every(700*ms, 700*ms, 6)...),
		make("GET", "http://a.test/clumps", 200, tunnel.ClientClosed, verdict.Bursty, every(5*ms, 190*ms, 16)...),
		make("GET", "http://a.test/pause", 200, tunnel.Complete, verdict.Stalled, append(every(5*ms, 50*ms, 20), every(6*time.Second, 50*ms, 20)...)...),
		make("GET", "http://a.test/died", 200, tunnel.Truncated, verdict.Truncated, every(100*ms, 50*ms, 4)...),
		make("GET", "http://a.test/\x1b[31mred\u202e", 404, tunnel.Complete, verdict.NotAStream, tunnel.Chunk{At: 8 * ms, Bytes: 512}),
		make("OPTIONS", "http://a.test/", 204, tunnel.Complete, verdict.NotAStream),
		make("CONNECT", "api.anthropic.com:443", 0, tunnel.ClientClosed, verdict.TooShort, tunnel.Chunk{At: 50 * ms, Bytes: 4_321_987}),
		make("GET", "http://slow.test/never", 0, tunnel.ClientClosed, verdict.None),
		make("GET", "http://down.test/", 502, tunnel.Failed, verdict.None),
		make("GET", "http://a.test/live", 200, tunnel.Running, verdict.Incremental, every(300*ms, 100*ms, 12)...),
		make("GET", "http://a.test/waiting", 0, tunnel.Running, verdict.TooShort),
	}
	rows[1].Verdict.Suspects = []verdict.Suspect{
		{Layer: "some-hop", Confidence: 0.64, Evidence: []verdict.Evidence{
			{Clue: verdict.NamesItself, Detail: "Server: nginx/1.22.1\x1b[31m", Weight: 1.5},
			{Clue: verdict.HeadWithBody, Detail: "3.012s", Weight: 1},
		}},
		{Layer: verdict.Unknown, Confidence: 0.21},
	}
	rows[2].Verdict.Suspects = []verdict.Suspect{{Layer: verdict.Unknown, Confidence: 0.9}}
	rows[3].Verdict.Suspects = []verdict.Suspect{{Layer: "a-server-of-long-name", Confidence: 0.5, Evidence: []verdict.Evidence{{Clue: verdict.LoneCoding, Weight: 6}}}}
	rows[5].Exchange.Error = "read origin: connection reset by peer"
	rows[8].Exchange.Kind = tunnel.KindTunnel
	rows[10].Exchange.Error = "dial upstream socks5://127.0.0.1:1080: connection refused"
	rows[11].Elapsed = 1900 * ms
	rows[12].Elapsed = 12 * time.Second
	return rows
}

func TestLineGolden(t *testing.T) {
	for _, style := range styles {
		t.Run(style.name, func(t *testing.T) {
			var b strings.Builder
			if header := style.Header(); header != "" {
				fmt.Fprintln(&b, header)
			}
			for _, row := range sample() {
				fmt.Fprintln(&b, style.Line(row))
			}
			golden(t, "lines-"+style.name+".txt", b.String())
		})
	}
}

func TestReportGolden(t *testing.T) {
	for _, style := range styles {
		t.Run(style.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := style.Report(&b, sample(), len(sample())); err != nil {
				t.Fatal(err)
			}
			golden(t, "report-"+style.name+".txt", b.String())
		})
	}
}

func TestReportOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := (Style{}).Report(&b, nil, 0); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "sgauge: no exchange came through the proxy\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReportIsBounded(t *testing.T) {
	var b bytes.Buffer
	rows := make([]Row, 500)
	for i := range rows {
		rows[i] = sample()[7]
	}
	if err := (Style{}).Report(&b, rows, 12_000); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(b.String(), "\n"), 1+reportLines+1+1; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	if want := "and 11960 more; --record FILE keeps all\n"; !strings.Contains(b.String(), want) {
		t.Errorf("does not say %q", want)
	}
}

var colors = regexp.MustCompile(`\x1b\[\d*m`)

// No terminal is so narrow that a line reaches its last column, and whatever
// the width, colours change nothing but colours.
func TestLinesFit(t *testing.T) {
	for columns := 16; columns <= 240; columns++ {
		plain := Style{Columns: columns, Unicode: true}
		colored := Style{Columns: columns, Unicode: true, Color: true}
		lines := []string{plain.Header()}
		for _, row := range sample() {
			lines = append(lines, plain.Line(row))
			if got, want := colors.ReplaceAllString(colored.Line(row), ""), plain.Line(row); strings.TrimRight(got, " ") != want {
				t.Errorf("at %d columns coloured %q, plain %q", columns, got, want)
			}
		}
		for _, line := range lines {
			if Width(line) >= columns {
				t.Errorf("at %d columns a line takes %d: %q", columns, Width(line), line)
			}
		}
	}
}

func TestEveryLabelHasALook(t *testing.T) {
	for _, label := range severity {
		if label == verdict.None {
			continue
		}
		look := looks[label]
		if Width(look.mark) != 1 || len(look.asciiMark) != 1 || look.meaning == "" {
			t.Errorf("%s looks like %+v", label, look)
		}
	}
	if len(severity) != len(looks)+1 {
		t.Errorf("%d labels are ordered, %d have a look", len(severity)-1, len(looks))
	}
}
