package detail

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// unitsPage shows the stream in three views: unit by unit with times, as merged
// text, and as bytes; above them what counts of a model's answer.
type unitsPage struct {
	actions Actions
	box     *fyne.Container
	numbers *fyne.Container
	said    string
	ending  *look.Notice
	views   *widget.RadioGroup
	copying *widget.Button
	empty   *look.Prose

	events *widget.List
	text   *lineView
	bytes  *lineView
	middle *fyne.Container
	shown  *Shown
	drawn  string
}

func newUnitsPage(actions Actions) *unitsPage {
	u := &unitsPage{actions: actions, numbers: container.NewGridWithColumns(4), ending: look.NewNotice(theme.ColorNameWarning), empty: look.Note("")}
	u.ending.Hide()
	u.numbers.Hide()
	u.events = widget.NewList(u.count, func() fyne.CanvasObject { return newEventRow() }, func(i widget.ListItemID, o fyne.CanvasObject) { u.fill(i, o.(*eventRow)) })
	u.events.HideSeparators = true
	u.text, u.bytes = newLineView(), newLineView()
	u.views = widget.NewRadioGroup([]string{words.T("window.units.events"), words.T("window.units.text"), words.T("window.units.bytes")}, func(string) { u.turn() })
	u.views.Horizontal, u.views.Required = true, true
	u.copying = widget.NewButtonWithIcon(words.T("Copy"), theme.ContentCopyIcon(), u.copy)
	u.middle = container.NewStack(u.events, u.text.list, u.bytes.list, look.Inset(10, 0, 14, 14, u.empty))
	u.box = look.Frame(look.Column(0, look.Inset(8, 2, 14, 14, u.numbers), u.ending, look.Inset(2, 2, 8, 10, container.NewHBox(u.views, layout.NewSpacer(), u.copying))),
		nil, nil, nil, u.middle)
	u.views.Selected = u.views.Options[0]
	u.turn()
	return u
}

func (u *unitsPage) object() fyne.CanvasObject { return u.box }

// view is which of the three is in front.
func (u *unitsPage) view() int {
	for i, option := range u.views.Options {
		if option == u.views.Selected {
			return i
		}
	}
	return 0
}

func (u *unitsPage) turn() {
	for i, o := range []fyne.CanvasObject{u.events, u.text.list, u.bytes.list} {
		o.Hide()
		if i == u.view() {
			o.Show()
		}
	}
	if u.view() == 0 {
		u.copying.Hide()
	} else {
		u.copying.Show()
	}
	u.drawn = ""
	if u.shown != nil {
		u.show(u.shown)
	}
}

func (u *unitsPage) show(s *Shown) {
	if u.shown != nil && u.shown.Exchange.ID != s.Exchange.ID {
		u.events.ScrollToTop()
	}
	u.shown = s
	ex := &s.Exchange
	u.showNumbers(ex)
	of := fmt.Sprint(ex.ID, len(ex.Units), len(ex.Frames), len(ex.Body), u.view(), ex.End)
	if of == u.drawn {
		return
	}
	u.drawn = of
	var missing string
	switch u.view() {
	case 0:
		u.events.Refresh()
		if u.count() == 0 {
			missing = words.T("window.units.none")
		}
	case 1:
		u.text.set(textLines(textOf(ex)))
		if len(u.text.lines) == 0 {
			missing = words.T("window.units.no.text")
		}
	case 2:
		u.bytes.setBytes(ex.Body)
		if len(ex.Body) == 0 {
			missing = words.T("window.units.no.body")
		}
	}
	u.empty.SetText(missing)
}

// showNumbers shows what counts of a model's answer, and how it ended.
func (u *unitsPage) showNumbers(ex *tunnel.Exchange) {
	n, ok := llm.NumbersOf(ex)
	pairs := modelNumbers(&n)
	if !ok {
		pairs = nil
	}
	said := fmt.Sprint(pairs)
	if said == u.said {
		return
	}
	u.said = said
	u.numbers.RemoveAll()
	for _, pair := range pairs {
		t := newTile()
		t.set(words.T(pair[0]), pair[1])
		u.numbers.Add(look.Column(0, t.name, t.value))
	}
	if len(pairs) == 0 {
		u.numbers.Hide()
	} else {
		u.numbers.Show()
	}
	if ok && n.Ending == tunnel.EndingMissing && ex.End != tunnel.Running {
		u.ending.Say(words.T("window.units.ending.missing"))
	} else {
		u.ending.Hide()
	}
	u.box.Refresh()
}

// modelNumbers are the keys and values of what is known.
func modelNumbers(n *llm.Numbers) [][2]string {
	var pairs [][2]string
	add := func(key, value string) { pairs = append(pairs, [2]string{key, value}) }
	if n.Model != "" {
		add("window.llm.model", look.Elide(recording.Visible(n.Model), 150, theme.TextSize(), fyne.TextStyle{Bold: true}))
	}
	if n.HasTTFT {
		add("window.llm.ttft", plot.Span(n.TTFT))
	}
	if n.HasTTFR {
		add("window.llm.ttfr", plot.Span(n.TTFR))
	}
	if n.ICL.N > 0 {
		add("window.llm.icl", plot.Span(n.ICL.P50)+" / "+plot.Span(n.ICL.P95))
		add("window.llm.icl.max", plot.Span(n.ICL.Max))
	}
	if n.UnitsPerSecond > 0 {
		add("window.llm.rate", fmt.Sprintf("%.1f /s", n.UnitsPerSecond))
	}
	if n.OutputTokens > 0 {
		add("window.llm.tokens", plot.Count(n.InputTokens)+" / "+plot.Count(n.OutputTokens))
	}
	if n.TokensPerSecond > 0 {
		add("window.llm.token.rate", fmt.Sprintf("%.1f /s", n.TokensPerSecond))
		add("window.llm.itl", plot.Span(n.ITL))
	}
	if n.LongestStall > 0 {
		add("window.llm.stall", plot.Span(n.LongestStall))
	}
	if n.Heartbeats > 0 {
		add("window.llm.heartbeats", plot.Count(n.Heartbeats))
	}
	if n.Finish != "" {
		add("window.llm.finish", look.Elide(recording.Visible(n.Finish), 150, theme.TextSize(), fyne.TextStyle{Bold: true}))
	}
	switch n.Ending {
	case tunnel.EndingSaid:
		add("window.llm.ending", words.T("window.llm.ending.said"))
	case tunnel.EndingMissing:
		add("window.llm.ending", words.T("window.llm.ending.missing"))
	}
	return pairs
}

func (u *unitsPage) count() int {
	if u.shown == nil {
		return 0
	}
	if n := len(u.shown.Exchange.Frames); n > 0 {
		return n
	}
	return len(u.shown.Exchange.Units)
}

// fill writes one unit or one WebSocket frame into a row.
func (u *unitsPage) fill(i int, row *eventRow) {
	ex := &u.shown.Exchange
	if len(ex.Frames) > 0 {
		row.frame(ex, i)
		return
	}
	for _, event := range llm.EventsOf(ex, i, 1) {
		row.event(&event, deltaText(ex, i), ex.Units[i].Kind)
	}
}

// deltaText is what a unit adds to a model's answer; empty where that is nothing,
// or cannot be told from this unit alone.
func deltaText(ex *tunnel.Exchange, i int) string {
	unit := &ex.Units[i]
	if ex.Answer.API == "" || unit.Offset < 0 || unit.Offset+int64(unit.Bytes) > int64(len(ex.Body)) {
		return ""
	}
	var reader llm.Reader
	delta := reader.Read(unit.Kind, ex.Body[unit.Offset:unit.Offset+int64(unit.Bytes)])
	for _, text := range [][]byte{delta.Content, delta.Reasoning, delta.Tool} {
		if len(text) > 0 {
			return strings.ToValidUTF8(string(text), "\uFFFD")
		}
	}
	return ""
}

func (u *unitsPage) copy() {
	if u.shown == nil {
		return
	}
	ex := &u.shown.Exchange
	if u.view() == 1 {
		u.actions.Copy(recording.RedactText(strings.Join(textOf(ex), "\n\n")), words.T("window.units.copied"))
		return
	}
	u.actions.Copy(recording.RedactText(string(ex.Body)), words.T("window.units.copied"))
}

// eventRow is one line of the list.
type eventRow struct {
	widget.BaseWidget
	number, at, gap, size, part *canvas.Text
	data                        *look.CutLine
}

func newEventRow() *eventRow {
	r := &eventRow{number: look.Caption(""), at: look.Caption(""), gap: look.Caption(""), size: look.Caption(""), part: look.Caption(""), data: look.NewCutLine(theme.ColorNameForeground, theme.SizeNameCaptionText)}
	r.number.Alignment, r.at.Alignment, r.gap.Alignment, r.size.Alignment = fyne.TextAlignTrailing, fyne.TextAlignTrailing, fyne.TextAlignTrailing, fyne.TextAlignTrailing
	r.ExtendBaseWidget(r)
	return r
}

// Widths of the columns of the list.
const (
	numberWidth, atWidth, gapWidth, sizeWidth, partWidth = 46, 66, 74, 56, 70
	eventHeight                                          = 20
)

func (r *eventRow) set(number, at, gap, size, part, data string, colour fyne.ThemeColorName) {
	look.SetLine(r.number, number, theme.ColorNamePlaceHolder)
	look.SetLine(r.at, at, theme.ColorNameForeground)
	look.SetLine(r.gap, gap, theme.ColorNamePlaceHolder)
	look.SetLine(r.size, size, theme.ColorNamePlaceHolder)
	look.SetLine(r.part, part, colour)
	r.data.Set(data)
}

// event shows a unit: what it adds to a model's answer where that is known, else
// its data.
func (r *eventRow) event(e *llm.Event, text string, kind tunnel.UnitKind) {
	part, colour := e.Name, theme.ColorNamePlaceHolder
	if e.Part != tunnel.NoPart {
		part = words.T("window.part." + e.Part.String())
	}
	if e.Part == tunnel.Content {
		colour = theme.ColorNamePrimary
	}
	if part == "" {
		part = kind.String()
	}
	data := e.Data
	if text != "" {
		data = text
	}
	data = recording.Visible(recording.RedactText(data))
	if e.Cut && text == "" {
		data += " …"
	}
	r.set(plot.Count(int64(e.Index)+1), plot.Span(e.At), "+"+plot.Span(e.Gap), plot.Bytes(int64(e.Bytes)), recording.Visible(part), data, colour)
}

func (r *eventRow) frame(ex *tunnel.Exchange, i int) {
	f := &ex.Frames[i]
	var gap time.Duration
	if i > 0 {
		gap = f.At - ex.Frames[i-1].At
	}
	arrow, colour := "↓", theme.ColorNamePrimary
	if f.Direction == tunnel.ToOrigin {
		arrow, colour = "↑", theme.ColorNameWarning
	}
	data := ""
	if f.Code > 0 {
		data = words.T("window.frame.code", words.Values{"Code": f.Code})
	}
	if f.Compressed {
		data = strings.TrimSpace(data + " permessage-deflate")
	}
	r.set(plot.Count(int64(i)+1), plot.Span(f.At), "+"+plot.Span(gap), plot.Bytes(int64(f.Bytes)), opcodeName(f.Opcode)+" "+arrow, data, colour)
}

// opcodeName is RFC 6455 §5.2's name, the same in all languages.
func opcodeName(opcode uint8) string {
	switch opcode {
	case 0:
		return "cont."
	case 1:
		return "text"
	case 2:
		return "binary"
	case 8:
		return "close"
	case 9:
		return "ping"
	case 10:
		return "pong"
	}
	return fmt.Sprintf("0x%x", opcode)
}

// CreateRenderer is for Fyne.
func (r *eventRow) CreateRenderer() fyne.WidgetRenderer { return &eventRenderer{r} }

type eventRenderer struct{ *eventRow }

func (r *eventRenderer) Destroy()           {}
func (r *eventRenderer) Refresh()           {}
func (r *eventRenderer) MinSize() fyne.Size { return fyne.NewSize(320, eventHeight) }

func (r *eventRenderer) Layout(size fyne.Size) {
	x := float32(0)
	for _, c := range []struct {
		o     fyne.CanvasObject
		width float32
	}{{r.number, numberWidth}, {r.at, atWidth}, {r.gap, gapWidth}, {r.size, sizeWidth}, {r.part, partWidth}, {r.data, size.Width}} {
		width := min(c.width, size.Width-x)
		height := c.o.MinSize().Height
		gap := float32(0)
		if c.o == r.part || c.o == fyne.CanvasObject(r.data) {
			gap = 8
		}
		c.o.Move(fyne.NewPos(x+gap, (size.Height-height)/2))
		c.o.Resize(fyne.NewSize(max(width-gap, 0), height))
		x += c.width
	}
}

func (r *eventRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.number, r.at, r.gap, r.size, r.part, r.data}
}
