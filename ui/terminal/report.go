package terminal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
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
// for each exchange with the worst stream first, what the labels that occur
// mean, and of the worst that was held back why, by whom and what to change.
// total may be more than rows where not all were kept.
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
	s.answers(&b, rows)
	s.worst(&b, rows)
	for _, habit := range habits(rows) {
		b.WriteString(habit + "\n")
	}
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

// worst explains the first of rows, the worst, that somebody is suspected of.
func (s Style) worst(b *strings.Builder, rows []Row) {
	i := slices.IndexFunc(rows, func(r Row) bool { return len(r.Verdict.Suspects) > 0 })
	if i < 0 {
		return
	}
	r := &rows[i]
	b.WriteString("\n" + s.paint(bold, recording.Place(&r.Exchange)+": "+string(r.Verdict.Label)) + "\n")
	if reasons := r.Verdict.Reasons(); len(reasons) > 0 {
		s.writeWrapped(b, "  ", "because: "+recording.Visible(strings.Join(reasons, "; ")))
	}
	s.explain(b, &r.Verdict)
}

// habits tells of limits that several of rows ran into.
func habits(rows []Row) []string {
	var cutoffs verdict.Cutoffs
	for i := range rows {
		cutoffs.Add(&rows[i].Exchange)
	}
	return Cutoffs(cutoffs.Found())
}

// Meaning is the label with its mark and what it says, in one line.
func (s Style) Meaning(label verdict.Label) string {
	return s.means(label, looks[label].meaning)
}

func (s Style) means(label verdict.Label, meaning string) string {
	look := s.lookOf(label)
	name := string(label)
	if s.Columns > 0 {
		name = strings.TrimSpace(look.mark + " " + name)
	}
	return s.paint(look.color, name) + ": " + meaning
}
