package terminal

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// Row is one exchange as it is to be shown.
type Row struct {
	// Exchange is redacted.
	Exchange tunnel.Exchange
	// Verdict is provisional while the exchange runs.
	Verdict recording.Judgement
	// Elapsed is the time since the exchange began; not looked at once it ended.
	Elapsed time.Duration
}

func (r *Row) elapsed() time.Duration {
	if r.Exchange.End != tunnel.Running {
		return r.Exchange.Duration()
	}
	return max(r.Elapsed, r.Exchange.Totals.Last)
}

// Line returns r on one line without a line end: on a terminal cut and padded
// to its columns, elsewhere whole and bare. A provisional label is faint.
func (s Style) Line(r Row) string {
	if s.Columns == 0 {
		return bareLine(&r)
	}
	l := newLayout(s.Columns)
	if r.Exchange.End == tunnel.Failed {
		// What failed takes the place of a picture that would be empty.
		l[colLabel] += l[colArrivals] + 1
		l[colArrivals] = 0
	}
	return s.render(l, s.cells(&r, l[colArrivals]))
}

// Header returns the titles above the columns of [Style.Line], or nothing
// where lines are bare.
func (s Style) Header() string {
	if s.Columns == 0 {
		return ""
	}
	titles := [columnCount]string{
		"time", "method", "url", "code", "first", "total", "size", "units", "arrivals", "verdict",
	}
	var cells row
	for c, title := range titles {
		cells[c] = cell{title, faint}
	}
	return s.render(newLayout(s.Columns), cells)
}

func (s Style) cells(r *Row, arrivals int) row {
	ex := &r.Exchange
	return row{
		colClock:    {ex.Start.Format(time.TimeOnly), faint},
		colMethod:   {recording.Visible(ex.Method), plain},
		colPlace:    {recording.Place(ex), plain},
		colStatus:   {statusText(ex), statusColor(ex.Status)},
		colFirst:    {firstText(ex), plain},
		colTotal:    {formatSpan(r.elapsed()), plain},
		colSize:     {formatBytes(ex.Totals.Bytes), plain},
		colUnits:    {unitsText(ex), plain},
		colArrivals: {s.arrivals(r, arrivals), s.lookOf(r.Verdict.Label).color},
		colLabel:    s.outcome(r),
	}
}

func (s Style) arrivals(r *Row, cells int) string {
	if cells == 0 {
		return ""
	}
	return recording.Sparkline(&r.Exchange, r.elapsed(), cells, s.Unicode)
}

// outcome is the mark and the label with who is suspected, else what counts of a
// model's answer, or what is to be said in their place.
func (s Style) outcome(r *Row) cell {
	switch ex := &r.Exchange; {
	case ex.End == tunnel.Failed:
		return cell{"! " + recording.Visible(firstOf(ex.Error, "failed")), red}
	case ex.End == tunnel.ClientClosed && r.Verdict.Label == verdict.None:
		return cell{"client left", faint}
	case ex.End == tunnel.Running && ex.Totals.Reads == 0:
		return cell{"waiting", faint}
	}
	look := s.lookOf(r.Verdict.Label)
	if r.Verdict.Provisional {
		look.color = faint
	}
	text := strings.TrimSpace(look.mark + " " + string(r.Verdict.Label))
	if tail := cmp.Or(r.Verdict.Blamed(), answerTail(&r.Exchange)); tail != "" {
		text += s.separator() + tail
	}
	return cell{text, look.color}
}

// separator stands between a label and who is suspected.
func (s Style) separator() string {
	if s.Unicode {
		return " · "
	}
	return " - "
}

// statusText is the status code, or a dash for what has none (yet).
func statusText(ex *tunnel.Exchange) string {
	if ex.Status == 0 {
		return "-"
	}
	return strconv.Itoa(ex.Status)
}

func statusColor(status int) color {
	switch {
	case status >= http.StatusInternalServerError:
		return red
	case status >= http.StatusBadRequest:
		return yellow
	default:
		return plain
	}
}

// firstText is when the first payload byte came, since the exchange began.
func firstText(ex *tunnel.Exchange) string {
	if at, ok := ex.Phases.At(tunnel.FirstByte); ok {
		return formatSpan(at)
	}
	return "-"
}

func unitsText(ex *tunnel.Exchange) string {
	if ex.Totals.Units == 0 {
		return "-"
	}
	return formatCount(ex.Totals.Units)
}

// bareLine is the line for files and pipes: fields without blanks in them, of
// which a dash means none. Behind the label stands who is suspected, if anybody
// is, with a question mark, then the numbers of a model's answer by name, and at
// the very end, as free text, what failed.
func bareLine(r *Row) string {
	ex := &r.Exchange
	fields := []string{
		ex.Start.Format("2006-01-02T15:04:05.000Z07:00"),
		bareField(ex.Method), bareField(firstOf(ex.URL, ex.Host)), statusText(ex),
		firstText(ex), formatSpan(r.elapsed()), formatBytes(ex.Totals.Bytes), unitsText(ex),
		firstOf(string(ex.End), "running"), firstOf(string(r.Verdict.Label)),
	}
	if blamed := r.Verdict.Blamed(); blamed != "" {
		fields = append(fields, blamed)
	}
	fields = append(fields, answerFields(ex)...)
	if ex.Error != "" {
		fields = append(fields, recording.Visible(ex.Error))
	}
	return strings.Join(fields, " ")
}

func bareField(s string) string {
	return firstOf(strings.ReplaceAll(recording.Visible(s), " ", `\x20`))
}
