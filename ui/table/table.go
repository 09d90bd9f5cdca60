// Package table is the live table of exchanges: a widget that takes rows and
// draws those that can be seen, so that it costs the same at ten rows and at ten
// thousand. It makes no row and knows no journal; package ui feeds it.
//
// It is a table of its own since Fyne's selects cells: here a row is chosen, some
// are ticked to be compared, and both stay with their exchanges while others
// arrive above. All methods are for the goroutine of the user interface.
package table

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/feed"
	"streamgauge/ui/look"
)

// Table shows rows. Its callbacks are set before it is shown.
type Table struct {
	widget.BaseWidget
	// OnChosen is told which exchange the user looks at, OnTicked which ones are
	// ticked, in the order of ticking.
	OnChosen func(id string)
	OnTicked func(ids []string)
	// OnSight is told which rows can be seen.
	OnSight func(ids []string)
	// OnCopy is asked to copy an exchange, OnFind to show where to filter, OnMenu
	// for the menu of a row at a place on the canvas, and OnLeave is told that
	// Escape was typed.
	OnCopy          func(id string)
	OnFind, OnLeave func()
	OnMenu          func(id string, at fyne.Position)

	rows    []*feed.Row
	chosen  string
	ticked  []string
	hovered int
	focused bool
	sight   []string
	columns layout

	head   *head
	body   *body
	scroll *container.Scroll
}

// New returns an empty table.
func New() *Table {
	t := &Table{hovered: -1}
	t.body = newBody(t)
	t.head = newHead(t)
	t.scroll = container.NewVScroll(t.body)
	t.scroll.OnScrolled = func(fyne.Position) { t.body.place() }
	t.ExtendBaseWidget(t)
	return t
}

// SetRows replaces the rows, the newest first. What the user sees stays where it is
// unless that is the top.
func (t *Table) SetRows(rows []*feed.Row) {
	offset := t.scroll.Offset.Y
	if anchor := int(offset / rowHeight); offset > 0 && anchor < len(t.rows) {
		if now := indexOf(rows, t.rows[anchor].Exchange.ID); now >= 0 {
			offset += float32(now-anchor) * rowHeight
		}
	}
	resized := len(rows) != len(t.rows)
	t.rows = rows
	if !resized && offset == t.scroll.Offset.Y {
		t.body.place()
		return
	}
	t.scroll.Offset.Y = max(offset, 0)
	t.scroll.Refresh() // brings the offset into its bounds and draws the body
}

// Chosen returns the exchange that the user looks at, or "".
func (t *Table) Chosen() string { return t.chosen }

// Ticked returns the exchanges that are ticked, in the order of ticking.
func (t *Table) Ticked() []string { return slices.Clone(t.ticked) }

// Sight returns the rows that can be seen.
func (t *Table) Sight() []string { return slices.Clone(t.sight) }

// Choose makes an exchange the one looked at, "" none, and brings its row into
// sight if it has one. OnChosen is told.
func (t *Table) Choose(id string) {
	if id == t.chosen {
		return
	}
	t.chosen = id
	if i := indexOf(t.rows, id); i >= 0 {
		t.bringIntoSight(i)
	}
	t.body.place()
	if t.OnChosen != nil {
		t.OnChosen(id)
	}
}

// Tick sets the exchanges that are ticked. OnTicked is told.
func (t *Table) Tick(ids []string) {
	if slices.Equal(t.ticked, ids) {
		return
	}
	t.ticked = slices.Clone(ids)
	t.body.place()
	if t.OnTicked != nil {
		t.OnTicked(t.Ticked())
	}
}

func (t *Table) toggle(id string) {
	if i := slices.Index(t.ticked, id); i >= 0 {
		t.Tick(slices.Delete(slices.Clone(t.ticked), i, i+1))
		return
	}
	t.Tick(append(slices.Clone(t.ticked), id))
}

// bringIntoSight scrolls as little as shows row i whole.
func (t *Table) bringIntoSight(i int) {
	top, height := float32(i)*rowHeight, t.scroll.Size().Height
	switch offset := t.scroll.Offset.Y; {
	case top < offset:
		t.scroll.ScrollToOffset(fyne.NewPos(0, top))
	case top+rowHeight > offset+height:
		t.scroll.ScrollToOffset(fyne.NewPos(0, top+rowHeight-height))
	}
}

// touched is called with a click on row i, at x from the left.
func (t *Table) touched(i int, x float32, with fyne.KeyModifier) {
	if i < 0 || i >= len(t.rows) {
		return
	}
	id := t.rows[i].Exchange.ID
	switch {
	case x < tickWidth || with&(fyne.KeyModifierControl|fyne.KeyModifierSuper) != 0:
		t.toggle(id)
	case with&fyne.KeyModifierShift != 0:
		t.tickTo(i)
	default:
		t.Choose(id)
	}
}

// tickTo ticks the rows from the chosen one to row i.
func (t *Table) tickTo(i int) {
	from := max(indexOf(t.rows, t.chosen), 0)
	ids := t.Ticked()
	for _, row := range t.rows[min(from, i) : max(from, i)+1] {
		if !slices.Contains(ids, row.Exchange.ID) {
			ids = append(ids, row.Exchange.ID)
		}
	}
	t.Tick(ids)
}

// FocusGained is called when keys come here.
func (t *Table) FocusGained() {
	t.focused = true
	t.body.place()
}

// FocusLost is called when keys go elsewhere.
func (t *Table) FocusLost() {
	t.focused = false
	t.body.place()
}

// TypedRune finds with "/" and ticks with space.
func (t *Table) TypedRune(r rune) {
	switch {
	case r == '/' && t.OnFind != nil:
		t.OnFind()
	case r == ' ' && t.chosen != "":
		t.toggle(t.chosen)
	}
}

// TypedKey moves through the rows.
func (t *Table) TypedKey(key *fyne.KeyEvent) {
	page := max(int(t.scroll.Size().Height/rowHeight)-1, 1)
	switch key.Name {
	case fyne.KeyUp:
		t.step(-1)
	case fyne.KeyDown:
		t.step(1)
	case fyne.KeyPageUp:
		t.step(-page)
	case fyne.KeyPageDown:
		t.step(page)
	case fyne.KeyHome:
		t.step(-len(t.rows))
	case fyne.KeyEnd:
		t.step(len(t.rows))
	case fyne.KeyEscape:
		if t.OnLeave != nil {
			t.OnLeave()
		}
	}
}

// step moves the choice by n rows; without one it begins at the top.
func (t *Table) step(n int) {
	if len(t.rows) == 0 {
		return
	}
	i := indexOf(t.rows, t.chosen)
	if i < 0 {
		i, n = 0, min(max(n, 0), len(t.rows)-1)
		if n == 1 {
			n = 0
		}
	}
	t.Choose(t.rows[min(max(i+n, 0), len(t.rows)-1)].Exchange.ID)
}

// TypedShortcut copies the exchange looked at.
func (t *Table) TypedShortcut(shortcut fyne.Shortcut) {
	if _, ok := shortcut.(*fyne.ShortcutCopy); ok && t.chosen != "" && t.OnCopy != nil {
		t.OnCopy(t.chosen)
	}
}

func (t *Table) tellSight(ids []string) {
	if slices.Equal(ids, t.sight) {
		return
	}
	t.sight = slices.Clone(ids)
	if t.OnSight != nil {
		t.OnSight(t.sight)
	}
}

func indexOf(rows []*feed.Row, id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(rows, func(r *feed.Row) bool { return r.Exchange.ID == id })
}

// CreateRenderer is for Fyne.
func (t *Table) CreateRenderer() fyne.WidgetRenderer {
	band := look.Fill(theme.ColorNameHeaderBackground)
	return widget.NewSimpleRenderer(look.Frame(container.NewStack(band, t.head), nil, nil, nil, t.scroll))
}

var (
	_ fyne.Focusable    = (*Table)(nil)
	_ fyne.Shortcutable = (*Table)(nil)
	_ desktop.Hoverable = (*body)(nil)
)
