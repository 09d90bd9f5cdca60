package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// answered is a row of a model's stream of six pieces, the first after 340 ms.
func answered(ending tunnel.Ending) Row {
	const ms = time.Millisecond
	ex := stream(every(340*ms, 40*ms, 6)...)
	ex.Method, ex.URL, ex.Status, ex.Ending = "POST", "http://api.test/v1/chat", 200, ending
	for _, c := range ex.Chunks {
		ex.Units = append(ex.Units, tunnel.Unit{At: c.At, Bytes: c.Bytes, Kind: tunnel.SSE, Part: tunnel.Content})
	}
	ex.Phases.Set(tunnel.Ended, 540*ms)
	ex.Answer = tunnel.Answer{API: "openai-chat", Model: "m\x1b1", FirstContent: 340 * ms, Deltas: 6, LastDelta: 540 * ms, OutputTokens: 11}
	return Row{Exchange: *ex, Verdict: recording.Judgement{Verdict: verdict.Verdict{Label: verdict.Incremental}}}
}

const sentence = `m\x1b1 (openai-chat): first content after 340.0 ms (TTFT), pieces 40.0 ms apart (p50; p95 40.0 ms, max 40.0 ms), 50.0 tokens/s, [DONE] `

func TestLineOfAnAnswer(t *testing.T) {
	wide, narrow := Style{Columns: 160, Unicode: true}, Style{Columns: 80, Unicode: true}
	if got := wide.Line(answered(tunnel.EndingSaid)); !strings.HasSuffix(got, "✓ incremental · ttft 340ms") {
		t.Errorf("wide: %s", got)
	}
	if got := wide.Line(answered(tunnel.EndingMissing)); !strings.HasSuffix(got, "✓ incremental · [DONE] missing") {
		t.Errorf("cut short: %s", got)
	}
	if got := narrow.Line(answered(tunnel.EndingSaid)); !strings.HasSuffix(got, "✓ incremental") {
		t.Errorf("narrow: %s", got)
	}
	blamed := answered(tunnel.EndingSaid)
	blamed.Verdict.Label, blamed.Verdict.Suspects = verdict.BufferedWhole, []verdict.Suspect{{Layer: "nginx"}}
	if got := wide.Line(blamed); !strings.HasSuffix(got, "✗ buffered_whole · nginx?") {
		t.Errorf("blamed: %s", got)
	}
	want := " incremental ttft=340ms icl_p50=40ms icl_p95=40ms icl_max=40ms tokens_per_s=50.0 ending=said"
	if got := (Style{}).Line(answered(tunnel.EndingSaid)); !strings.HasSuffix(got, want) {
		t.Errorf("bare: %s, want it to end in%s", got, want)
	}
}

func TestReportOfAnswers(t *testing.T) {
	rows := []Row{answered(tunnel.EndingSaid), answered(tunnel.EndingMissing), {Exchange: *stream(every(0, time.Second, 4)...)}}
	for range reportAnswers {
		rows = append(rows, answered(tunnel.EndingSaid))
	}
	var b bytes.Buffer
	if err := (Style{}).Report(&b, rows, len(rows)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.Contains(text, "\nwhat models answered\n  api.test/v1/chat, "+sentence+"seen\n") {
		t.Errorf("report:\n%s", text)
	}
	if n := strings.Count(text, "(TTFT)"); n != reportAnswers {
		t.Errorf("%d answers told, want %d:\n%s", n, reportAnswers, text)
	}
	if want := fmt.Sprintf("  and %d more answers; ", 2); !strings.Contains(text, want) {
		t.Errorf("report lacks %q:\n%s", want, text)
	}
	b.Reset()
	if err := (Style{}).Report(&b, rows[2:3], 1); err != nil || strings.Contains(b.String(), "models") {
		t.Errorf("no model's answer: %v\n%s", err, b.String())
	}
}

func TestJudgedAnswer(t *testing.T) {
	var b bytes.Buffer
	if err := (Style{}).Judged(&b, answered(tunnel.EndingMissing)); err != nil || !strings.Contains(b.String(), "\n  "+sentence+"missing\n") {
		t.Errorf("judged: %v\n%s", err, b.String())
	}
}
