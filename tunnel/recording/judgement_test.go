package recording

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// held is a stream that nginx kept until its end.
func held() tunnel.Exchange {
	ex := stream()
	ex.ID = "held"
	ex.ResponseHeaders = []tunnel.Header{
		{Name: "Server", Value: "nginx/1.22.1"},
		{Name: "Date", Value: "now"},
		{Name: "Content-Type", Value: "text/event-stream"},
		{Name: "Transfer-Encoding", Value: "chunked"},
		{Name: "Connection", Value: "keep-alive"},
	}
	ex.Chunks = []tunnel.Chunk{{At: 3_003_500 * us, Bytes: 2_000, Units: 20}}
	ex.Units = nil
	ex.Phases = tunnel.Phases{}
	ex.Phases.Set(tunnel.Sent, 3_500*us)
	ex.Phases.Set(tunnel.Head, 3_003_500*us)
	ex.Phases.Set(tunnel.FirstByte, 3_003_500*us)
	ex.Phases.Set(tunnel.Ended, 3_004_000*us)
	ex.Totals = tunnel.Totals{Reads: 1, Bytes: 2_000, Units: 20, Last: 3_003_500 * us}
	return ex
}

// unstamped is an exchange of which nobody wrote down when its pieces came.
func unstamped() tunnel.Exchange {
	ex := held()
	ex.ID, ex.Chunks = "unstamped", nil
	return ex
}

func TestJudge(t *testing.T) {
	flowing, whole, dark := stream(), held(), unstamped()
	empty := tunnel.Exchange{Kind: tunnel.KindHTTP, End: tunnel.Complete}
	failed := tunnel.Exchange{Kind: tunnel.KindHTTP, End: tunnel.Failed}
	tests := []struct {
		ex     *tunnel.Exchange
		label  verdict.Label
		blamed string
		advice string // begins the snippet
	}{
		{&flowing, verdict.Incremental, "", ""},
		{&whole, verdict.BufferedWhole, "nginx?", "proxy_buffering off;"},
		{&dark, verdict.TooShort, "", ""},
		{&empty, verdict.NotAStream, "", ""},
		{&failed, verdict.None, "", ""},
	}
	for _, test := range tests {
		j := Judge(test.ex)
		advice, ok := j.Advice()
		if j.Label != test.label || j.Blamed() != test.blamed || ok != (test.advice != "") || !strings.HasPrefix(advice.Snippet, test.advice) {
			t.Errorf("%q: %q blames %q, advises %q; want %+v", test.ex.ID, j.Label, j.Blamed(), advice.Snippet, test)
		}
		if got := j.Report(); (got != nil) != (test.advice != "") {
			t.Errorf("%q: report %q", test.ex.ID, got)
		}
	}
}

func TestJudgeSaysWhyItCannotTell(t *testing.T) {
	ex := unstamped()
	j := Judge(&ex)
	want := []string{"cannot tell: when the pieces of the body arrived was not written down; only that the head came after 3000.0 ms and the end 0.5 ms later"}
	if got := j.Reasons(); !slices.Equal(got, want) {
		t.Errorf("reasons %q, want %q", got, want)
	}
	if !j.Untimed || j.HasScore || j.Suspects != nil {
		t.Errorf("score %v, suspects %v: want neither", j.Score, j.Suspects)
	}
}

// A layer is named on a line only where pieces came joined; who is unknown is not.
func TestBlamed(t *testing.T) {
	nginx := []verdict.Suspect{{Layer: "nginx"}, {Layer: "origin"}}
	unknown := []verdict.Suspect{{Layer: verdict.Unknown}, {Layer: "nginx"}}
	for _, label := range verdict.Labels() {
		want := ""
		switch label {
		case verdict.BufferedWhole, verdict.Coalesced, verdict.Bursty:
			want = "nginx?"
		}
		j := Judgement{Verdict: verdict.Verdict{Label: label}, Suspects: nginx}
		if got := j.Blamed(); got != want {
			t.Errorf("%s blames %q, want %q", label, got, want)
		}
		if j.Suspects = unknown; j.Blamed() != "" {
			t.Errorf("%s blames %q, want nobody", label, j.Blamed())
		}
	}
}

func TestReport(t *testing.T) {
	ex := held()
	ex.ResponseHeaders[0].Value = "nginx/1\x1b[31m sk-0123456789abcdef"
	j := Judge(&ex)
	text := strings.Join(j.Report(), "\n")
	for _, want := range []string{
		"suspect: nginx, ", "a header names it (Server: nginx/1\\x1b[31m " + Mask, "\nwhy: proxy_buffering is on by default",
		"\nto change: Put this into the location", "\n    proxy_buffering off;\n", "measured with version 1.22.1; see https://nginx.org/",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "sk-0123") || strings.Contains(text, "\x1b") {
		t.Errorf("report shows what it must not: %q", text)
	}
}

// The verdict stands in recordings and HAR alike, with the layer and the lines
// to copy.
func TestVerdictIsWritten(t *testing.T) {
	ex := held()
	var b bytes.Buffer
	if err := WriteLine(&b, ex, Options{}); err != nil {
		t.Fatal(err)
	}
	var l line
	if err := json.Unmarshal(b.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	inHAR := parseHAR(t, exported(t, HAR, ex)).Log.Entries[0].Verdict
	for _, v := range []*judged{l.Verdict, &inHAR} {
		if v.Label != "buffered_whole" || v.Layer != "nginx" || *v.Score != 0 || len(v.Reasons) < 2 ||
			len(v.Advice) != 2 || !strings.HasPrefix(v.Advice[1], "proxy_buffering off;") {
			t.Errorf("verdict %+v, want buffered_whole by nginx with its setting", v)
		}
	}
	csv := exported(t, CSV, ex)
	if !strings.Contains(csv, ",buffered_whole,0.000,nginx,") {
		t.Errorf("the row does not name the layer: %s", csv)
	}
}

func TestWriteJudgement(t *testing.T) {
	failed := tunnel.Exchange{Kind: tunnel.KindHTTP, End: tunnel.Failed}
	failed.ID = "7"
	flowing := stream()
	flowing.ID = "7"
	for _, test := range []struct {
		ex   *tunnel.Exchange
		want string
	}{
		{&failed, `{"file":"f<>","id":"7","label":null,"score":null,"client_limited":false,"layers":[],"reasons":[],"advice":[]}`},
		{&flowing, `{"file":"f<>","id":"7","label":"incremental","score":1,"client_limited":false,"layers":[],"reasons":["20 units in 20 lumps","first after 47ms, last 950ms later","largest lump 5 % of the bytes, longest gap 50ms"],"advice":[]}`},
	} {
		var b bytes.Buffer
		j := Judge(test.ex)
		if err := WriteJudgement(&b, "f<>", test.ex, &j); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != test.want+"\n" {
			t.Errorf("wrote %s, want %s", got, test.want)
		}
	}
	whole := held()
	j := Judge(&whole)
	var b bytes.Buffer
	if err := WriteJudgement(&b, "f", &whole, &j); err != nil {
		t.Fatal(err)
	}
	var got judgementLine
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Layers) == 0 || got.Layers[0].Layer != "nginx" || got.Layers[0].Confidence <= 0.5 || len(got.Layers[0].Evidence) == 0 ||
		len(got.Advice) != 1 || got.Advice[0].Layer != "nginx" || got.Advice[0].Basis != "measured" {
		t.Errorf("wrote %s, want nginx first, with evidence and advice", b.String())
	}
}

// TestWriteJudgementOfAnAnswer: of a model's stream the numbers stand beside the
// label.
func TestWriteJudgementOfAnAnswer(t *testing.T) {
	ex := answered()
	j := Judge(&ex)
	var b bytes.Buffer
	if err := WriteJudgement(&b, "f", &ex, &j); err != nil {
		t.Fatal(err)
	}
	var got judgementLine
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "abc-3" || got.Answer == nil || got.Answer.Model != "claude" || got.Answer.Numbers.ICL.P95 != 200_000 {
		t.Errorf("wrote %s, want the answer of claude", b.String())
	}
}

// TestAdviceFitsTheLabel asks that a stream which broke off is not told to flush.
func TestAdviceFitsTheLabel(t *testing.T) {
	suspects := []verdict.Suspect{{Layer: "nginx", Confidence: 1}}
	for _, label := range verdict.Labels() {
		j := Judgement{Verdict: verdict.Verdict{Label: label}, Suspects: suspects}
		gathered := label == verdict.BufferedWhole || label == verdict.Coalesced || label == verdict.Bursty
		if _, ok := j.Advice(); ok != gathered || (j.Blamed() != "") != gathered {
			t.Errorf("%s: advice %v, blamed %q", label, ok, j.Blamed())
		}
	}
}
