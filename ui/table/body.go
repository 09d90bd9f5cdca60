package table

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// body is what scrolls: as tall as all rows, with views for those in sight.
type body struct {
	widget.BaseWidget
	table *Table
	views []*rowView
	with  fyne.KeyModifier // held when the button went down
}

func newBody(t *Table) *body {
	b := &body{table: t}
	b.ExtendBaseWidget(b)
	return b
}

// place gives each row in sight a view and draws what changed.
func (b *body) place() {
	t := b.table
	width, height := b.Size().Width, t.scroll.Size().Height
	if width <= 0 || height <= 0 {
		return
	}
	t.columns = layOut(width)
	first := max(int(t.scroll.Offset.Y/rowHeight), 0)
	last := min(int((t.scroll.Offset.Y+height)/rowHeight)+1, len(t.rows))
	b.grow(last - first)
	var sight []string
	for i := first; i < last; i++ {
		// A row keeps its view while it can be seen, so that scrolling by one row
		// draws one row.
		view := b.views[i%len(b.views)]
		row := t.rows[i]
		sight = append(sight, row.Exchange.ID)
		view.show(row, t.columns, width, looks{row.Exchange.ID == t.chosen, slices.Contains(t.ticked, row.Exchange.ID), i == t.hovered, t.focused})
		view.Resize(fyne.NewSize(width, rowHeight))
		view.Move(fyne.NewPos(0, float32(i)*rowHeight))
		view.Show()
	}
	for k, view := range b.views {
		if i := rowAt(k, first, len(b.views)); i >= last {
			view.Hide()
		}
	}
	t.tellSight(sight)
}

// rowAt is the first row from first on whose view is k of n.
func rowAt(k, first, n int) int { return first + ((k-first)%n+n)%n }

// grow makes sure that there are at least n views, with a spare.
func (b *body) grow(n int) {
	if n < len(b.views) {
		return
	}
	for len(b.views) <= n {
		b.views = append(b.views, newRowView())
	}
	canvas.Refresh(b) // the renderer lists its objects anew
}

// MinSize is the height of all rows.
func (b *body) MinSize() fyne.Size {
	return fyne.NewSize(1, float32(len(b.table.rows))*rowHeight)
}

func (b *body) rowOf(at fyne.Position) int {
	if i := int(at.Y / rowHeight); at.Y >= 0 && i < len(b.table.rows) {
		return i
	}
	return -1
}

// MouseDown takes the keyboard and notes what is held.
func (b *body) MouseDown(event *desktop.MouseEvent) {
	b.with = event.Modifier
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil {
		c.Focus(b.table)
	}
}

// MouseUp does nothing: what was meant is known with the tap.
func (b *body) MouseUp(*desktop.MouseEvent) {}

// Tapped chooses or ticks a row.
func (b *body) Tapped(event *fyne.PointEvent) {
	b.table.touched(b.rowOf(event.Position), event.Position.X, b.with)
}

// TappedSecondary asks for the menu of a row.
func (b *body) TappedSecondary(event *fyne.PointEvent) {
	if i := b.rowOf(event.Position); i >= 0 && b.table.OnMenu != nil {
		id := b.table.rows[i].Exchange.ID
		b.table.Choose(id)
		b.table.OnMenu(id, event.AbsolutePosition)
	}
}

// MouseIn shows which row is pointed at.
func (b *body) MouseIn(event *desktop.MouseEvent) { b.hover(b.rowOf(event.Position)) }

// MouseMoved shows which row is pointed at.
func (b *body) MouseMoved(event *desktop.MouseEvent) { b.hover(b.rowOf(event.Position)) }

// MouseOut shows that none is.
func (b *body) MouseOut() { b.hover(-1) }

func (b *body) hover(i int) {
	if b.table.hovered != i {
		b.table.hovered = i
		b.place()
	}
}

// CreateRenderer is for Fyne.
func (b *body) CreateRenderer() fyne.WidgetRenderer { return &bodyRenderer{b} }

type bodyRenderer struct{ body *body }

func (r *bodyRenderer) Destroy()           {}
func (r *bodyRenderer) Layout(fyne.Size)   { r.body.place() }
func (r *bodyRenderer) MinSize() fyne.Size { return r.body.MinSize() }
func (r *bodyRenderer) Refresh()           { r.body.place() }

func (r *bodyRenderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(r.body.views))
	for i, view := range r.body.views {
		objects[i] = view.Container
	}
	return objects
}

// head names the columns.
type head struct {
	widget.BaseWidget
	table *Table
	names [columnCount]*canvas.Text
}

func newHead(t *Table) *head {
	h := &head{table: t}
	for c, key := range map[column]string{
		colMethod: "window.column.method", colPlace: "window.column.place", colStatus: "window.column.status", colProtocol: "window.column.protocol",
		colFirst: "window.column.first", colUnits: "window.column.units", colTime: "window.column.time", colStrip: "window.column.strip",
	} {
		h.names[c] = look.Caption(words.T(key))
		h.names[c].Alignment = rightAligned(c)
	}
	h.ExtendBaseWidget(h)
	return h
}

// CreateRenderer is for Fyne.
func (h *head) CreateRenderer() fyne.WidgetRenderer {
	return &headRenderer{h, look.Fill(theme.ColorNameSeparator)}
}

type headRenderer struct {
	head *head
	line *canvas.Rectangle
}

func (r *headRenderer) Destroy()           {}
func (r *headRenderer) MinSize() fyne.Size { return fyne.NewSize(380, headHeight) }
func (r *headRenderer) Refresh()           { r.Layout(r.head.Size()) }

func (r *headRenderer) Layout(size fyne.Size) {
	l := layOut(size.Width)
	for c, name := range r.head.names {
		if name != nil {
			put(name, l[c].x+edge, l[c].width-2*edge)
		}
	}
	r.line.Move(fyne.NewPos(0, size.Height-1))
	r.line.Resize(fyne.NewSize(size.Width, 1))
}

func (r *headRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.line}
	for _, name := range r.head.names {
		if name != nil {
			objects = append(objects, name)
		}
	}
	return objects
}
