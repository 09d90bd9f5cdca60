package terminal

import (
	"fmt"
	"io"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// How wide the picture of a judged exchange is at most, and what stands beside it.
const judgedColumns, besidePicture = 60, 10

// Judged writes all that is said of one exchange: what it is, the label and what
// that means, the findings, the picture, the suspects, and what to change.
func (s Style) Judged(w io.Writer, r Row) error {
	var b strings.Builder
	b.WriteString(s.paint(bold, title(&r.Exchange)) + "\n")
	b.WriteString("  " + s.verdictLine(&r) + "\n")
	if r.Verdict.HasScore {
		fmt.Fprintf(&b, "    score %.2f\n", r.Verdict.Score)
	}
	if r.Verdict.Provisional {
		b.WriteString("    as far as it has come: it was still running\n")
	}
	for _, reason := range r.Verdict.Reasons() {
		s.writeWrapped(&b, "    ", recording.Visible(reason))
	}
	if len(r.Exchange.Chunks) > 0 {
		columns := judgedColumns
		if s.Columns > 0 {
			columns = min(columns, max(s.Columns-besidePicture, minArrivals))
		}
		fmt.Fprintf(&b, "  %s %s\n", s.arrivals(&r, columns), formatSpan(r.elapsed()))
	}
	if answered := recording.Answered(&r.Exchange); answered != "" {
		s.writeWrapped(&b, "  ", answered)
	}
	s.explain(&b, &r.Verdict)
	_, err := io.WriteString(w, b.String())
	return err
}

// Cutoffs says of which hosts several exchanges ran into a limit, and which, a
// line each. Those of hosts that are not known are left out: they may not belong
// together.
func Cutoffs(found []verdict.Cutoff) []string {
	var lines []string
	for _, c := range found {
		if c.Host != "" {
			lines = append(lines, recording.Visible(c.Host+": "+c.String()))
		}
	}
	return lines
}

// title names an exchange by its ID and, where these are known, by its request
// and its answer.
func title(ex *tunnel.Exchange) string {
	parts := []string{recording.Visible(ex.ID)}
	if ex.Method != "" {
		parts = append(parts, recording.Visible(ex.Method))
	}
	if ex.URL != "" || ex.Host != "" {
		parts = append(parts, recording.Place(ex))
	}
	if ex.Status != 0 {
		parts = append(parts, statusText(ex))
	}
	return strings.Join(parts, " ")
}

// verdictLine is the label in words.
func (s Style) verdictLine(r *Row) string {
	if r.Verdict.Label == verdict.None {
		return "no answer: " + recording.Visible(firstOf(r.Exchange.Error, string(r.Exchange.End)))
	}
	if r.Verdict.Untimed {
		return s.means(r.Verdict.Label, "it came, but when is not known")
	}
	return s.Meaning(r.Verdict.Label)
}

// explain writes who is suspected and what to change.
func (s Style) explain(b *strings.Builder, j *recording.Judgement) {
	for _, line := range j.Report() {
		if strings.HasPrefix(line, " ") { // to be copied as it is
			b.WriteString("  " + line + "\n")
			continue
		}
		s.writeWrapped(b, "  ", line)
	}
}

// writeWrapped writes text on lines that fit the terminal, at blanks, each
// after indent, the second and later after four blanks more. Elsewhere it is one
// line.
func (s Style) writeWrapped(b *strings.Builder, indent, text string) {
	room := s.Columns - 1
	line, used := indent, Width(indent)
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case s.Columns > 0 && used+1+Width(word) > room:
			b.WriteString(line + "\n")
			line = indent + "    "
			used = Width(line)
		default:
			line += " "
			used++
		}
		line += word
		used += Width(word)
	}
	b.WriteString(line + "\n")
}
