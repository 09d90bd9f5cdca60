package terminal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// judgedSample is one exchange of each sort that is told of in its own way.
func judgedSample() []Row {
	rows := sample()[:3]
	held := rows[1].Exchange
	held.ID, held.UnitKind = "2-held", tunnel.SSE
	held.Phases.Set(tunnel.Sent, 0)
	held.Phases.Set(tunnel.Head, held.Chunks[0].At)
	held.ResponseHeaders = []tunnel.Header{{Name: "Server", Value: "nginx/1.22.1\x1b[31m"}, {Name: "Content-Type", Value: "text/event-stream"}}
	dark := tunnel.Exchange{ID: "3-dark", Method: "GET", URL: "http://a.test/har", Status: 200, End: tunnel.Complete, Totals: tunnel.Totals{Bytes: 9}}
	down := tunnel.Exchange{ID: "4-down", Kind: tunnel.KindTunnel, Host: "down.test:443", End: tunnel.Failed, Error: "connection refused\n"}
	live := *stream(every(300*time.Millisecond, 100*time.Millisecond, 12)...)
	live.ID, live.UnitKind, live.End = "5-live", tunnel.SSE, tunnel.Running
	bare := *stream(every(300*time.Millisecond, 100*time.Millisecond, 12)...)
	bare.ID, bare.Status = "6-trace", 200
	var judged []Row
	for _, ex := range []tunnel.Exchange{held, dark, down, live, bare} {
		judged = append(judged, NewRow(ex))
	}
	return judged
}

// somebody stands in golden files for the suspects, whose advice and odds are
// the business of package verdict.
func somebody() []verdict.Suspect { return sample()[1].Verdict.Suspects }

func TestJudgedGolden(t *testing.T) {
	for _, style := range styles {
		t.Run(style.name, func(t *testing.T) {
			var b bytes.Buffer
			for _, row := range judgedSample() {
				if row.Verdict.Suspects != nil {
					row.Verdict.Suspects = somebody()
				}
				if err := style.Judged(&b, row); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, "judged-"+style.name+".txt", b.String())
			for line := range strings.Lines(colors.ReplaceAllString(b.String(), "")) {
				if style.Columns > 0 && Width(strings.TrimSuffix(line, "\n")) >= style.Columns {
					t.Errorf("a line is wider than the terminal: %q", line)
				}
			}
		})
	}
}

// What to change is told by Judged and by Report alike, with the lines to copy.
func TestAdviceIsTold(t *testing.T) {
	row := judgedSample()[0]
	var judged, report bytes.Buffer
	style := Style{Columns: 60}
	if err := errors.Join(style.Judged(&judged, row), style.Report(&report, []Row{row}, 1)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{judged.String(), report.String()} {
		for _, want := range []string{"\n  suspect: nginx, ", "\n  why: ", "\n  to change: ", "\n      proxy_buffering off;\n", "https://nginx.org/"} {
			if !strings.Contains(text, want) {
				t.Errorf("it lacks %q:\n%s", want, text)
			}
		}
	}
	if want := "\n  because: 30 units in 1 lump; first after 3.012s, "; !strings.Contains(report.String(), want) {
		t.Errorf("the report lacks %q:\n%s", want, report.String())
	}
}

func TestJudgedTellsWriteError(t *testing.T) {
	full := errors.New("disk full")
	if err := (Style{}).Judged(failingWriter{full}, judgedSample()[0]); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

func TestCutoffs(t *testing.T) {
	cut := verdict.Reason{Code: verdict.CutAtAge, Lumps: 2, Wait: time.Minute, Gap: time.Minute}
	got := Cutoffs([]verdict.Cutoff{{Reason: cut}, {Host: "a.test:80\x1b", Reason: cut}})
	want := []string{`a.test:80\x1b: ` + cut.String()}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: not of a host that is not known", got, want)
	}
}

// A report tells of a limit that two exchanges ran into.
func TestReportTellsOfCutoffs(t *testing.T) {
	rows := make([]Row, 2)
	for i := range rows {
		ex := stream(every(100*time.Millisecond, 100*time.Millisecond, 600)...)
		ex.Host, ex.End = "a.test:80", tunnel.Truncated
		ex.Phases.Set(tunnel.Sent, 0)
		ex.Phases.Set(tunnel.Ended, time.Minute)
		rows[i] = NewRow(*ex)
	}
	var b bytes.Buffer
	if err := (Style{}).Report(&b, rows, 2); err != nil {
		t.Fatal(err)
	}
	if want := "\na.test:80: cut at 60.0s, 2 times: 1m0s is a usual limit on a whole answer\n"; !strings.Contains(b.String(), want) {
		t.Errorf("report lacks %q:\n%s", want, b.String())
	}
}

func TestCutLabel(t *testing.T) {
	unicode, ascii := Style{Unicode: true}, Style{}
	tests := []struct {
		style   Style
		text    string
		columns int
		want    string
	}{
		{unicode, "✗ buffered_whole · nginx?", 25, "✗ buffered_whole · nginx?"},
		{unicode, "✗ buffered_whole · nginx?", 24, "✗ buffered_whole… nginx?"},
		{unicode, "✗ buffered_whole · nginx?", 16, "✗ buffer… nginx?"},
		{unicode, "✗ buffered_whole · nginx?", 13, "✗ bu…ed_whole"},
		{unicode, "✗ buffered_whole · webpack-dev-server?", 16, "✗ buffered_whole"},
		{unicode, "✗ buffered_whole", 16, "✗ buffered_whole"},
		{ascii, "x buffered_whole - nginx?", 16, "x buffer~ nginx?"},
		{unicode, "✗ buffered_whole · nginx?", 1, "…"},
	}
	for _, test := range tests {
		if got := test.style.cutLabel(test.text, test.columns); got != test.want {
			t.Errorf("%q in %d columns: %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

// NewRow judges before it takes the headers away, which name the layers.
func TestRowKnowsTheSuspect(t *testing.T) {
	row := judgedSample()[0]
	if row.Exchange.ResponseHeaders != nil || row.Verdict.Blamed() != "nginx?" {
		t.Errorf("headers %v, blames %q: want none, and nginx", row.Exchange.ResponseHeaders, row.Verdict.Blamed())
	}
	if line := (Style{Columns: 120, Unicode: true}).Line(row); !strings.HasSuffix(line, "✗ buffered_whole · nginx?") {
		t.Errorf("line %q does not end with label and suspect", line)
	}
	if line := (Style{}).Line(row); !strings.HasSuffix(line, " complete buffered_whole nginx?") {
		t.Errorf("line %q does not end with label and suspect", line)
	}
	row.Verdict = recording.Judgement{Verdict: verdict.Verdict{Label: verdict.Incremental}}
	if line := (Style{}).Line(row); !strings.HasSuffix(line, " complete incremental") {
		t.Errorf("line %q does not end with the label", line)
	}
}
