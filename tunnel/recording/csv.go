package recording

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
)

// csvColumns are those of the CSV, one row an exchange: what a spreadsheet can
// sort, filter and pivot. Times are milliseconds since the start, cells of what
// did not happen are empty. Single arrivals are in NDJSON and HAR.
var csvColumns = []string{
	"id", "start", "kind", "method", "url", "host", "protocol", "client", "upstream", "status",
	"end", "error", "verdict", "score", "layer", "lumps", "largest_lump_share",
	"dns_ms", "connect_ms", "upstream_ms", "tls_ms", "sent_ms", "head_ms", "first_byte_ms", "end_ms",
	"reads", "units", "unit_kind", "bytes", "request_bytes", "longest_gap_ms", "longest_gap_at_ms", "blocked_ms",
	"tunnel", "api", "model", "finish", "ending", "ttft_ms", "ttfr_ms", "icl_p50_ms", "icl_p95_ms", "icl_max_ms",
	"longest_stall_ms", "input_tokens", "output_tokens", "tokens_per_second", "heartbeats",
}

// csvSheet writes RFC 4180.
type csvSheet struct{ w *csv.Writer }

func newCSVSheet(w io.Writer) csvSheet {
	s := csvSheet{csv.NewWriter(w)}
	s.w.UseCRLF = true
	return s
}

func (s csvSheet) begin() error { return s.write(csvColumns) }

func (s csvSheet) add(ex *tunnel.Exchange) error {
	v := Judge(ex)
	score, share, layer := "", "", ""
	if v.HasScore {
		score = strconv.FormatFloat(v.Score, 'f', 3, 64)
	}
	if suspect, ok := v.Suspect(); ok {
		layer = suspect.Layer
	}
	if v.Lumps > 0 {
		share = strconv.FormatFloat(v.LargestShare, 'f', 3, 64)
	}
	row := []string{
		ex.ID, ex.Start.UTC().Format(time.RFC3339Nano), string(ex.Kind), ex.Method, ex.URL, ex.Host, ex.Protocol,
		ex.Client, ex.Upstream, number(int64(ex.Status)), string(ex.End), ex.Error, string(v.Label), score, layer,
		number(int64(v.Lumps)), share,
	}
	for _, p := range tunnel.AllPhases() {
		cell := ""
		if at, ok := ex.Phases.At(p); ok {
			cell = millis(at)
		}
		row = append(row, cell)
	}
	t := &ex.Totals
	row = append(row, number(t.Reads), number(t.Units), ex.UnitKind.String(), number(t.Bytes), number(t.RequestBytes),
		millis(t.LongestGap), millis(t.LongestGapAt), millis(t.Blocked))
	row = append(row, answerCells(ex)...)
	for i := range row {
		row[i] = cell(row[i])
	}
	return s.write(row)
}

// answerCells are those of a model's answer, empty where there is none or where
// it is not known.
func answerCells(ex *tunnel.Exchange) []string {
	n, ok := llm.NumbersOf(ex)
	if !ok {
		return []string{ex.Tunnel, "", "", "", string(ex.Ending), "", "", "", "", "", "", "", "", "", number(ex.Answer.Heartbeats)}
	}
	when := func(known bool, text string) string {
		if known {
			return text
		}
		return ""
	}
	gaps := n.ICL.N > 0
	return []string{
		ex.Tunnel, n.API, n.Model, n.Finish, string(n.Ending), when(n.HasTTFT, millis(n.TTFT)), when(n.HasTTFR, millis(n.TTFR)),
		when(gaps, millis(n.ICL.P50)), when(gaps, millis(n.ICL.P95)), when(gaps, millis(n.ICL.Max)), millis(n.LongestStall),
		when(n.InputTokens > 0, number(n.InputTokens)), when(n.OutputTokens > 0, number(n.OutputTokens)),
		when(n.TokensPerSecond > 0, strconv.FormatFloat(n.TokensPerSecond, 'f', 3, 64)), number(n.Heartbeats),
	}
}

func (s csvSheet) end() error {
	s.w.Flush()
	return s.w.Error()
}

func (s csvSheet) write(row []string) error {
	if err := s.w.Write(row); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 3, 64)
}

// formula are the characters with which a spreadsheet lets a formula begin,
// those that East Asian input turns into them included.
const formula = "=+-@\t\r\n＝＋－＠"

// cell makes s safe to open: it cannot be a formula, and nothing in it is
// hidden. A leading apostrophe means text to spreadsheets.
func cell(s string) string {
	if strings.IndexAny(strings.TrimLeft(s, " "), formula) == 0 {
		return "'" + Visible(s)
	}
	return Visible(s)
}
