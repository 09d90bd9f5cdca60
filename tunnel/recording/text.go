package recording

import (
	"fmt"
	"io"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// sparkWidth is how many columns the sparkline of a report has.
const sparkWidth = 60

// textSheet writes a report for people, an exchange a paragraph.
type textSheet struct {
	w         io.Writer
	unicode   bool
	exchanges int
}

func (s *textSheet) begin() error { return nil }

func (s *textSheet) add(ex *tunnel.Exchange) error {
	var b strings.Builder
	if s.exchanges++; s.exchanges > 1 {
		b.WriteByte('\n')
	}
	for _, text := range s.paragraph(ex) {
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return s.print(b.String())
}

func (s *textSheet) end() error {
	if s.exchanges == 0 {
		return s.print("no exchanges\n")
	}
	return nil
}

func (s *textSheet) print(text string) error {
	if _, err := io.WriteString(s.w, text); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (s *textSheet) paragraph(ex *tunnel.Exchange) []string {
	j := Judge(ex)
	lines := []string{heading(ex)}
	if !ex.Start.IsZero() {
		lines = append(lines, fmt.Sprintf("  %s  %s  to %s", ex.Start.UTC().Format(time.RFC3339), ex.Kind, path(ex)))
	}
	lines = append(lines, "  "+label(&j.Verdict))
	for _, reason := range j.Reasons() {
		lines = append(lines, "    "+reason)
	}
	if answered := Answered(ex); answered != "" {
		lines = append(lines, "  "+answered)
	}
	for _, line := range j.Report() {
		lines = append(lines, "  "+line)
	}
	if len(ex.Chunks) > 0 {
		span := spanOf(ex, ex.Duration())
		lines = append(lines, fmt.Sprintf("  %s %s", Sparkline(ex, span, sparkWidth, s.unicode), short(span)))
	}
	if steps := steps(&ex.Phases); steps != "" {
		lines = append(lines, "  "+steps)
	}
	lines = append(lines, fmt.Sprintf("  %d bytes in %d reads, %d bytes sent, %s", ex.Totals.Bytes, ex.Totals.Reads, ex.Totals.RequestBytes, ending(ex)))
	return lines
}

func heading(ex *tunnel.Exchange) string {
	target := ex.URL
	if target == "" {
		target = ex.Host
	}
	text := Visible(strings.TrimSpace(ex.ID + "  " + strings.TrimSpace(ex.Method+" "+target)))
	if ex.Status != 0 {
		text += fmt.Sprintf("  %d", ex.Status)
	}
	if ex.Protocol != "" {
		text += "  " + Visible(ex.Protocol)
	}
	return text
}

func path(ex *tunnel.Exchange) string {
	if ex.Upstream == "" || ex.Upstream == (tunnel.Upstream{}).String() {
		return Visible(ex.Host)
	}
	return Visible(ex.Host + " through " + ex.Upstream)
}

func label(v *verdict.Verdict) string {
	text := string(v.Label)
	if v.Label == verdict.None {
		text = "no answer"
	}
	if v.HasScore {
		text += fmt.Sprintf("  %.2f", v.Score)
	}
	if v.Provisional {
		text += "  so far"
	}
	return text
}

func steps(ps *tunnel.Phases) string {
	var parts []string
	for _, p := range tunnel.AllPhases() {
		if at, ok := ps.At(p); ok {
			parts = append(parts, fmt.Sprintf("%s %s", strings.ReplaceAll(p.String(), "_", " "), short(at)))
		}
	}
	return strings.Join(parts, ", ")
}

func ending(ex *tunnel.Exchange) string {
	text := strings.ReplaceAll(string(ex.End), "_", " ")
	if ex.End == tunnel.Running {
		text = "running"
	}
	if ex.Error != "" {
		text += ": " + Visible(ex.Error)
	}
	return text
}

// short prints d in milliseconds, in seconds from ten of them on.
func short(d time.Duration) string {
	if d >= 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
