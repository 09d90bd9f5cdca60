package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/feed"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// comparison lays the ticked exchanges over each other, aligned at when the
// request was sent, with their numbers below.
type comparison struct {
	window *Window
	object fyne.CanvasObject
	chart  *graph.Compare
	table  *fyne.Container
	said   string
}

func newComparison(w *Window) *comparison {
	c := &comparison{window: w, chart: graph.NewCompare(), table: look.Shares(2.1, 1.5, 1, 1, 1.3, 1)}
	closing := toolButton("", theme.CancelIcon(), w.toggleCompare)
	head := look.Frame(nil, nil, nil, closing, look.Inset(8, 8, 14, 8, look.Column(2,
		look.Strong(words.T("window.compare.title"), theme.SizeNameSubHeadingText), look.Caption(words.T("window.compare.text")))))
	c.object = look.Frame(head, look.Inset(4, 14, 14, 14, c.table), nil, nil, look.Inset(4, 4, 8, 8, c.chart))
	return c
}

func (c *comparison) show(open []*feed.Whole) {
	compared := make([]graph.Compared, len(open))
	for i, whole := range open {
		compared[i] = graph.Compared{Exchange: &whole.Exchange, Verdict: whole.Judgement.Verdict, Name: placeOf(&whole.Exchange), Elapsed: whole.Elapsed}
	}
	c.chart.Set(compared)
	var said strings.Builder
	for _, whole := range open {
		said.WriteString(whole.Exchange.ID + string(whole.Judgement.Label) + plot.Span(whole.Elapsed) + plot.Bytes(whole.Exchange.Totals.Bytes))
	}
	if said.String() != c.said {
		c.said = said.String()
		c.numbers(open)
	}
}

// numbers lists what can be compared in figures.
func (c *comparison) numbers(open []*feed.Whole) {
	c.table.RemoveAll()
	for _, key := range []string{"window.compare.exchange", "window.compare.verdict", "window.tile.first", "window.tile.time", "window.tile.gap", "window.tile.bytes"} {
		name := look.NewCutLine(theme.ColorNamePlaceHolder, theme.SizeNameCaptionText)
		name.Set(words.T(key))
		c.table.Add(name)
	}
	colours := look.Palette()
	lines := colours.Lines()
	for i, whole := range open {
		ex := &whole.Exchange
		first := "–"
		if after, ok := feed.FirstByte(ex); ok {
			first = plot.Span(after)
		}
		dot := container.NewGridWrap(fyne.NewSquareSize(9), canvas.NewCircle(lines[i%len(lines)]))
		c.table.Add(look.Frame(nil, nil, look.Inset(0, 0, 0, 7, container.NewCenter(dot)), nil, cell(placeOf(ex))))
		for _, text := range []string{labelName(whole.Judgement.Label), first, plot.Span(whole.Elapsed), plot.Span(ex.Totals.LongestGap), plot.Bytes(ex.Totals.Bytes)} {
			c.table.Add(cell(text))
		}
	}
	c.object.Refresh()
}

func cell(text string) fyne.CanvasObject {
	line := look.NewCutLine(theme.ColorNameForeground, theme.SizeNameText)
	line.Set(text)
	return line
}

// placeOf is where an exchange went, fit to be shown.
func placeOf(ex *tunnel.Exchange) string {
	shown := recording.Redact(tunnel.Exchange{URL: ex.URL, Host: ex.Host})
	return recording.Place(&shown)
}
