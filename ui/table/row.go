package table

import (
	"image/color"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// looks is what of a row depends on the user.
type looks struct{ chosen, ticked, hovered, focused bool }

// rowView draws one row. It is used again for others as the table scrolls.
type rowView struct {
	*fyne.Container
	row   *feed.Row
	looks looks
	width float32
	label verdict.Label
	drawn bool

	ground, bar, line *canvas.Rectangle
	tick              *look.Tick
	mark              *canvas.Image
	texts             [columnCount]*canvas.Text
	before, after     *canvas.Text // beside the place
	strip             *graph.Strip
}

func newRowView() *rowView {
	v := &rowView{
		ground: canvas.NewRectangle(color.Transparent), bar: canvas.NewRectangle(look.Color(theme.ColorNamePrimary)),
		line: look.Fill(theme.ColorNameSeparator), tick: look.NewTick(), mark: &canvas.Image{FillMode: canvas.ImageFillContain},
		before: look.Caption(""), after: look.Caption(""), strip: graph.NewStrip(),
	}
	v.Container = container.NewWithoutLayout(v.line, v.tick.Object(), v.mark, v.before, v.after, v.strip)
	for c := range v.texts {
		switch column(c) {
		case colTick, colMark, colStrip:
			continue
		}
		text := canvas.NewText("", look.Color(theme.ColorNameForeground))
		text.TextSize = theme.TextSize()
		text.Alignment = rightAligned(column(c))
		if column(c) == colProtocol || column(c) == colMethod {
			text.TextSize = theme.CaptionTextSize()
		}
		v.texts[c] = text
		v.Add(text)
	}
	// What the user does lies over the row as a tint, the strip's own ground
	// included.
	v.Add(v.ground)
	v.Add(v.bar)
	return v
}

// show draws row, as far as it is not drawn yet.
func (v *rowView) show(row *feed.Row, l layout, width float32, looks looks) {
	if !v.drawn || v.width != width {
		v.width = width
		v.arrange(l)
		v.row = nil
	}
	if !v.drawn || v.looks != looks {
		v.looks = looks
		v.paint()
	}
	if v.row != row {
		v.fill(row, l)
		v.row = row
	}
	v.drawn = true
}

// arrange puts everything into its column.
func (v *rowView) arrange(l layout) {
	v.ground.Resize(fyne.NewSize(v.width, rowHeight))
	v.bar.Resize(fyne.NewSize(3, rowHeight))
	v.line.Resize(fyne.NewSize(v.width, 1))
	v.line.Move(fyne.NewPos(0, rowHeight-1))
	v.tick.Object().Resize(fyne.NewSquareSize(14))
	v.tick.Object().Move(fyne.NewPos(9, (rowHeight-14)/2))
	v.mark.Resize(fyne.NewSquareSize(16))
	v.mark.Move(fyne.NewPos(l[colMark].x+3, (rowHeight-16)/2))
	for c, text := range v.texts {
		if text == nil {
			continue
		}
		put(text, l[c].x+edge, l[c].width-2*edge)
	}
	v.strip.Resize(fyne.NewSize(max(l[colStrip].width-edge, 0), rowHeight-8))
	v.strip.Move(fyne.NewPos(l[colStrip].x+edge/2, 4))
}

// put places a line of text in the middle of the row's height.
func put(text *canvas.Text, x, width float32) {
	height := fyne.MeasureText("X", text.TextSize, text.TextStyle).Height
	text.Resize(fyne.NewSize(max(width, 0), height))
	text.Move(fyne.NewPos(x, (rowHeight-height)/2))
	if width <= 0 {
		text.Hide()
	} else {
		text.Show()
	}
}

// paint shows what the user does with the row.
func (v *rowView) paint() {
	var ground color.Color = color.Transparent
	switch {
	case v.looks.chosen:
		ground = look.Tint(theme.ColorNamePrimary, 0x2a)
	case v.looks.hovered:
		ground = look.Color(theme.ColorNameHover)
	}
	if v.ground.FillColor != ground {
		v.ground.FillColor = ground
		v.ground.Refresh()
	}
	if v.looks.chosen && v.looks.focused {
		v.bar.Show()
	} else {
		v.bar.Hide()
	}
	v.tick.Set(v.looks.ticked, v.looks.hovered || v.looks.chosen)
}

// fill writes the texts of row.
func (v *rowView) fill(row *feed.Row, l layout) {
	ex := &row.Exchange
	v.setMark(row)
	muted, ink := theme.ColorNamePlaceHolder, theme.ColorNameForeground
	v.set(colMethod, ex.Method, muted, l)
	v.setPlace(row, l[colPlace])
	status, colour := statusOf(ex)
	v.set(colStatus, status, colour, l)
	v.set(colProtocol, protocolOf(ex), muted, l)
	first := "–"
	if after, ok := feed.FirstByte(ex); ok {
		first = plot.Span(after)
	}
	v.set(colFirst, first, ink, l)
	units := "–"
	if ex.Totals.Units > 0 {
		units = plot.Count(ex.Totals.Units)
	}
	v.set(colUnits, units, ink, l)
	colour = ink
	if row.Running() {
		colour = theme.ColorNamePrimary
	}
	v.set(colTime, plot.Span(row.Elapsed), colour, l)
	if ex.Chunks == nil && ex.Totals.Reads > 0 {
		ex = nil // its arrivals are on their way
	}
	v.strip.Set(ex, row.Verdict.Label, row.Elapsed)
}

func (v *rowView) setMark(row *feed.Row) {
	label := look.Shown(&row.Exchange, row.Verdict.Label)
	if v.mark.Resource == nil || v.label != label {
		v.label = label
		v.mark.Resource = look.Mark(label)
		v.mark.Refresh()
	}
	translucency := 0.0
	if row.Verdict.Provisional {
		translucency = 0.35
	}
	if v.mark.Translucency != translucency {
		v.mark.Translucency = translucency
		v.mark.Refresh()
	}
}

func (v *rowView) set(c column, text string, name fyne.ThemeColorName, l layout) {
	t := v.texts[c]
	look.SetLine(t, look.Elide(text, l[c].width-2*edge, t.TextSize, t.TextStyle), name)
}

// setPlace writes where the exchange went, with what it has to do with a tunnel
// beside it.
func (v *rowView) setPlace(row *feed.Row, s span) {
	before, after := "", ""
	if row.Exchange.Tunnel != "" {
		before = "↳"
	}
	switch {
	case row.Exchange.Error != "" && row.Exchange.End != tunnel.ClientClosed:
		after = row.Exchange.Error
	case row.Inside > 0:
		after = words.N("window.row.inside", row.Inside)
	case row.Blamed != "":
		after = recording.Visible(row.Blamed)
	case row.Exchange.Kind == tunnel.KindTunnel:
		after = words.T("window.row.tunnel")
	}
	size := v.after.TextSize
	x, room := s.x+edge, s.width-2*edge
	if before != "" {
		put(v.before, x, 12)
		x, room = x+14, room-14
	}
	look.SetLine(v.before, before, theme.ColorNamePlaceHolder)
	t := v.texts[colPlace]
	beside := float32(0)
	if after != "" {
		beside = min(fyne.MeasureText(after, size, v.after.TextStyle).Width+9, room*0.4)
	}
	place := look.ElideMiddle(row.Place, room-beside, t.TextSize, t.TextStyle)
	used := fyne.MeasureText(place, t.TextSize, t.TextStyle).Width
	put(t, x, room)
	look.SetLine(t, place, theme.ColorNameForeground)
	left := room - used - 8
	put(v.after, x+used+8, left)
	colour := theme.ColorNamePlaceHolder
	if row.Exchange.Error != "" {
		colour = theme.ColorNameError
	}
	look.SetLine(v.after, look.Elide(after, left, size, v.after.TextStyle), colour)
}

func statusOf(ex *tunnel.Exchange) (string, fyne.ThemeColorName) {
	switch {
	case ex.Status >= 400:
		return strconv.Itoa(ex.Status), theme.ColorNameError
	case ex.Status > 0:
		return strconv.Itoa(ex.Status), theme.ColorNameForeground
	case ex.End == tunnel.Failed:
		return "✗", theme.ColorNameError
	}
	return "–", theme.ColorNamePlaceHolder
}

// protocolOf is what was spoken, as short as it can be told.
func protocolOf(ex *tunnel.Exchange) string {
	switch ex.Kind {
	case tunnel.KindTunnel:
		if ex.TLS.Version != "" {
			return ex.TLS.Version
		}
		return "TCP"
	case tunnel.KindWebSocket:
		return "WebSocket"
	}
	return strings.TrimSuffix(ex.Protocol, ".0")
}
