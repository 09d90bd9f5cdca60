package detail

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// head says what came of the exchange before anything is opened: the verdict, who
// is suspected, and the numbers that count.
type head struct {
	content   *fyne.Container
	toVerdict func()
	// moved is called when something in it takes more room, or less.
	moved func()

	id      string
	mark    *canvas.Image
	marked  verdict.Label
	label   *canvas.Text
	why     *look.Prose
	place   *look.CutLine
	path    *look.CutLine
	suspect *widget.Button
	tiles   []*tile
}

// tile is a number with its name above.
type tile struct{ name, value *canvas.Text }

func newTile() *tile {
	return &tile{look.Caption(""), look.Strong("", theme.SizeNameText)}
}

func (t *tile) set(name, value string) {
	look.SetLine(t.name, name, theme.ColorNamePlaceHolder)
	look.SetLine(t.value, value, theme.ColorNameForeground)
}

// tileCount is how many numbers stand in the head.
const tileCount = 6

func newHead(actions Actions) *head {
	h := &head{mark: canvas.NewImageFromResource(look.Mark(verdict.None)), label: look.Strong("", theme.SizeNameSubHeadingText), why: look.Paragraph("")}
	h.mark.SetMinSize(fyne.NewSquareSize(26))
	h.mark.FillMode = canvas.ImageFillContain
	h.place = look.NewCutLine(theme.ColorNameForeground, theme.SizeNameText)
	h.path = look.NewCutLine(theme.ColorNamePlaceHolder, theme.SizeNameCaptionText)
	h.suspect = widget.NewButtonWithIcon("", theme.NavigateNextIcon(), func() { h.toVerdict() })
	h.suspect.IconPlacement = widget.ButtonIconTrailingText
	h.suspect.Hide()
	grid := container.NewGridWithColumns(tileCount)
	for range tileCount {
		t := newTile()
		h.tiles = append(h.tiles, t)
		grid.Add(look.Column(0, t.name, t.value))
	}
	copying := widget.NewButtonWithIcon("curl", theme.ContentCopyIcon(), func() { actions.CopyRequest(h.id) })
	closing := widget.NewButtonWithIcon("", theme.CancelIcon(), func() { actions.Choose("") })
	copying.Importance, closing.Importance = widget.LowImportance, widget.LowImportance
	where := look.Frame(nil, nil, nil, look.Row(2, copying, closing), look.Column(1, h.place, h.path))
	said := look.Frame(nil, nil, look.Inset(1, 0, 0, 10, look.Column(0, h.mark)), look.Column(0, h.suspect), look.Column(3, h.label, h.why))
	h.content = look.Column(0,
		container.NewStack(look.Fill(theme.ColorNameHeaderBackground), look.Inset(5, 6, 14, 4, where)), rule(),
		look.Inset(12, 10, 14, 12, said), look.Inset(0, 10, 14, 14, grid))
	return h
}

func (h *head) show(s *Shown) {
	ex, j := &s.Exchange, &s.Judgement
	h.id = ex.ID
	shown := recording.Redact(tunnel.Exchange{URL: ex.URL, Host: ex.Host, Error: ex.Error})
	h.place.Set(strings.TrimSpace(recording.Visible(ex.Method) + " " + recording.Place(&shown)))
	h.path.Set(describe(ex))
	label := look.Shown(ex, j.Label)
	if h.marked != label {
		h.marked = label
		h.mark.Resource = look.Mark(label)
		h.mark.Refresh()
	}
	name := labelName(label)
	if j.Provisional {
		name = words.T("window.head.so.far", words.Values{"Label": name})
	}
	look.SetLine(h.label, name, theme.ColorNameForeground)
	why := h.why.Text()
	h.why.SetText(sentence(s, &shown))
	h.setTiles(s)
	if before := h.suspect.Visible(); h.setSuspect(s) || before != h.suspect.Visible() || why != h.why.Text() {
		h.moved()
	}
}

// sentence says in one why the label was given.
func sentence(s *Shown, shown *tunnel.Exchange) string {
	ex, j := &s.Exchange, &s.Judgement
	switch {
	case ex.End == tunnel.Failed:
		return words.T("window.head.failed", words.Values{"Error": recording.Visible(shown.Error)})
	case j.Label == verdict.None && ex.End == tunnel.Running:
		return words.T("window.head.waiting")
	case j.Label == verdict.None:
		return words.T("window.head.nothing")
	case j.Untimed:
		return words.T("window.head.untimed")
	case j.CutShort:
		return words.T("verdict.reason.cut_short")
	}
	return words.T("verdict.meaning." + string(j.Label))
}

// setSuspect names who is suspected, and reports whether that is another text.
func (h *head) setSuspect(s *Shown) bool {
	suspect, ok := s.Judgement.Suspect()
	if !ok || suspect.Layer == verdict.Unknown || s.Judgement.Label == verdict.Truncated {
		h.suspect.Hide()
		return false
	}
	text := words.T("window.head.suspect", words.Values{"Layer": suspect.Layer, "Percent": suspect.Percent()})
	h.suspect.Show()
	if text == h.suspect.Text {
		return false
	}
	h.suspect.SetText(text)
	return true
}

func (h *head) setTiles(s *Shown) {
	ex, j := &s.Exchange, &s.Judgement
	const none = "–"
	first := none
	if after, ok := feed.FirstByte(ex); ok {
		first = plot.Span(after)
	}
	h.tiles[0].set(words.T("window.tile.first"), first)
	h.tiles[1].set(words.T("window.tile.time"), plot.Span(s.Elapsed))
	units := none
	if ex.Totals.Units > 0 {
		units = plot.Count(ex.Totals.Units)
	}
	h.tiles[2].set(words.T("window.tile.units"), units)
	h.tiles[3].set(words.T("window.tile.bytes"), plot.Bytes(ex.Totals.Bytes))
	gap := none
	if ex.Totals.Reads > 1 {
		gap = plot.Span(ex.Totals.LongestGap)
	}
	h.tiles[4].set(words.T("window.tile.gap"), gap)
	score := none
	if j.HasScore {
		score = fmt.Sprintf("%.2f", j.Score)
	}
	if n, ok := llm.NumbersOf(ex); ok && n.HasTTFT {
		h.tiles[5].set(words.T("window.tile.ttft"), plot.Span(n.TTFT))
		return
	}
	h.tiles[5].set(words.T("window.tile.score"), score)
}

// describe says on one line how the exchange travelled.
func describe(ex *tunnel.Exchange) string {
	parts := []string{ex.Start.Format("15:04:05.000")}
	if ex.Status > 0 {
		parts = append(parts, fmt.Sprint(ex.Status))
	}
	if ex.Protocol != "" {
		parts = append(parts, recording.Visible(ex.Protocol))
	}
	if ex.TLS.Version != "" {
		parts = append(parts, strings.TrimSpace(ex.TLS.Version+" "+recording.Visible(ex.TLS.ALPN)))
	}
	parts = append(parts, words.T("window.kind."+string(ex.Kind)))
	if ex.Upstream != "" && ex.Upstream != "direct" {
		parts = append(parts, words.T("window.head.through", words.Values{"Upstream": ex.Upstream}))
	} else {
		parts = append(parts, words.T("window.upstream.direct"))
	}
	return strings.Join(parts, "  ·  ")
}
