package terminal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// reportLines is how many exchanges a report lists. The worst come first, so
// what is left out is what there is least to say about.
const reportLines = 40

// severity orders the outcomes, the worst first; see [rank].
var severity = []verdict.Label{
	verdict.BufferedWhole, verdict.Truncated, failed, verdict.Stalled, verdict.Coalesced,
	verdict.Bursty, verdict.Incremental, verdict.TooShort, verdict.NotAStream,
}

// failed stands in [severity] for the exchanges without an answer.
const failed = verdict.None

// Report writes what a person wants to know when it is over: the sums, a line
// for each exchange with the worst stream first, and what the labels that
// occur mean. total may be more than rows where not all were kept.
func (s Style) Report(w io.Writer, rows []Row, total int) error {
	if total == 0 {
		_, err := fmt.Fprintln(w, "sgauge: no exchange came through the proxy")
		return err
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, worseFirst)
	var b strings.Builder
	b.WriteString(s.paint(bold, "sgauge: "+sums(rows, total)) + "\n")
	if header := s.Header(); header != "" {
		b.WriteString(header + "\n")
	}
	shown := rows[:min(len(rows), reportLines)]
	for _, row := range shown {
		b.WriteString(s.Line(row) + "\n")
	}
	if rest := total - len(shown); rest > 0 {
		fmt.Fprintf(&b, "and %d more; --record FILE keeps all\n", rest)
	}
	s.meanings(&b, shown)
	_, err := io.WriteString(w, b.String())
	return err
}

func worseFirst(a, b Row) int {
	return cmp.Or(
		cmp.Compare(rank(&a), rank(&b)),
		cmp.Compare(a.Verdict.Score, b.Verdict.Score),
		cmp.Compare(b.elapsed(), a.elapsed()),
	)
}

// rank is the place of an outcome in severity.
func rank(r *Row) int {
	return slices.Index(severity, r.Verdict.Label)
}

// sums is one sentence on all rows.
func sums(rows []Row, total int) string {
	var bytes, units int64
	var begin, end time.Time
	for _, row := range rows {
		ex := &row.Exchange
		bytes += ex.Totals.Bytes
		units += ex.Totals.Units
		if begin.IsZero() || ex.Start.Before(begin) {
			begin = ex.Start
		}
		if over := ex.Start.Add(row.elapsed()); over.After(end) {
			end = over
		}
	}
	text := plural(int64(total), "exchange") + " in " + formatSpan(end.Sub(begin)) + ", " + formatBytes(bytes)
	if units > 0 {
		text += ", " + plural(units, "unit")
	}
	if len(rows) > 1 {
		text += "; worst first"
	}
	return text
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return formatCount(n) + " " + noun + "s"
}

// meanings explains the labels among rows, in their order.
func (s Style) meanings(b *strings.Builder, rows []Row) {
	var said []verdict.Label
	for _, row := range rows {
		label := row.Verdict.Label
		if label == verdict.None || row.Exchange.End == tunnel.Failed || slices.Contains(said, label) {
			continue
		}
		said = append(said, label)
		b.WriteString(s.Meaning(label) + "\n")
	}
}

// Meaning is the label with its mark and what it says, in one line.
func (s Style) Meaning(label verdict.Label) string {
	look := s.lookOf(label)
	name := string(label)
	if s.Columns > 0 {
		name = strings.TrimSpace(look.mark + " " + name)
	}
	return s.paint(look.color, name) + ": " + look.meaning
}
