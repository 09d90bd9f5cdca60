package form

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/words"
)

// lines is a list that is typed, a line an entry, each of one or two cells,
// perhaps with a switch before them. Its text is what the draft keeps: lines of
// cells with tabs between, those that are switched off behind a mark.
type lines struct {
	object       *fyne.Container
	list         *fyne.Container
	placeholders []string
	switches     bool
	changed      func(text string)
	// switched is called after changed when it was a switch, entered with Enter;
	// both may be nil.
	switched, entered func()
	all               []*line
}

// offMark begins a line that is switched off. No host and no name begins so.
const offMark = "#"

// line is one entry.
type line struct {
	check   *widget.Check
	entries []*widget.Entry
	object  fyne.CanvasObject
}

func newLines(add string, switches bool, placeholders []string, changed func(string)) *lines {
	l := &lines{list: container.New(column{gap: theme.Padding()}), placeholders: placeholders, switches: switches, changed: changed}
	more := widget.NewButtonWithIcon(add, theme.ContentAddIcon(), func() { l.focus(l.append("")) })
	l.object = container.New(column{gap: theme.Padding()}, l.list, container.NewHBox(more))
	return l
}

// text is what the lines say, those that are switched off after the others.
// Empty ones say nothing.
func (l *lines) text() string {
	var on, off []string
	for _, line := range l.all {
		switch text := line.text(); {
		case text == "":
		case strings.HasPrefix(text, offMark):
			off = append(off, text)
		default:
			on = append(on, text)
		}
	}
	return strings.Join(append(on, off...), "\n")
}

func (ln *line) text() string {
	var cells []string
	for _, entry := range ln.entries {
		cells = append(cells, strings.Map(dropSeparators, strings.TrimSpace(entry.Text)))
	}
	text := strings.Join(cells, "\t")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if ln.check != nil && !ln.check.Checked {
		text = offMark + text
	}
	return text
}

// dropSeparators keeps what is pasted into a cell in it.
func dropSeparators(r rune) rune {
	if r == '\t' || r == '\n' || r == '\r' {
		return -1
	}
	return r
}

// set makes the lines say text, unless they do.
func (l *lines) set(text string) {
	if l.text() == text {
		return
	}
	l.all, l.list.Objects = nil, nil
	for part := range strings.SplitSeq(text, "\n") {
		if part != "" {
			l.append(part)
		}
	}
	l.list.Refresh()
}

// append adds a line that says text.
func (l *lines) append(text string) *line {
	ln := &line{}
	text, off := strings.CutPrefix(text, offMark)
	cells := strings.Split(text, "\t")
	for i, placeholder := range l.placeholders {
		entry := widget.NewEntry()
		entry.SetPlaceHolder(placeholder)
		if i < len(cells) {
			entry.SetText(cells[i])
		}
		entry.OnChanged = func(string) { l.changed(l.text()) }
		entry.OnSubmitted = func(string) {
			if l.entered != nil {
				l.entered()
			}
		}
		ln.entries = append(ln.entries, entry)
	}
	remove := widget.NewButtonWithIcon("", theme.DeleteIcon(), func() { l.remove(ln) })
	remove.Importance = widget.LowImportance
	var before fyne.CanvasObject
	if l.switches {
		ln.check = widget.NewCheck("", nil)
		ln.check.Checked = !off
		ln.check.OnChanged = func(bool) {
			l.changed(l.text())
			if l.switched != nil {
				l.switched()
			}
		}
		before = ln.check
	}
	cellsObject := container.New(cellLayout{}, objects(ln.entries)...)
	ln.object = container.NewBorder(nil, nil, before, remove, cellsObject)
	l.all = append(l.all, ln)
	l.list.Add(ln.object)
	return ln
}

func objects(entries []*widget.Entry) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, entry := range entries {
		all = append(all, entry)
	}
	return all
}

func (l *lines) remove(ln *line) {
	l.all = slices.DeleteFunc(l.all, func(other *line) bool { return other == ln })
	l.list.Remove(ln.object)
	l.changed(l.text())
}

// focus lets the next letters go into a line.
func (l *lines) focus(ln *line) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(l.object); c != nil {
		c.Focus(ln.entries[0])
	}
	l.changed(l.text())
}

// cellLayout gives the first of two cells a third of the width, the only one all
// of it.
type cellLayout struct{}

// Layout implements fyne.Layout.
func (cellLayout) Layout(cells []fyne.CanvasObject, size fyne.Size) {
	if len(cells) == 1 {
		cells[0].Move(fyne.NewPos(0, 0))
		cells[0].Resize(size)
		return
	}
	first := (size.Width - theme.Padding()) / 3
	cells[0].Move(fyne.NewPos(0, 0))
	cells[0].Resize(fyne.NewSize(first, size.Height))
	cells[1].Move(fyne.NewPos(first+theme.Padding(), 0))
	cells[1].Resize(fyne.NewSize(size.Width-first-theme.Padding(), size.Height))
}

// MinSize implements fyne.Layout.
func (cellLayout) MinSize(cells []fyne.CanvasObject) fyne.Size {
	least := fyne.NewSize(0, 0)
	for _, cell := range cells {
		least = least.Max(cell.MinSize())
	}
	return least
}

// linesRow is a row whose field is a list.
func (f *Form) linesRow(name string, switches bool, placeholders ...string) *row {
	l := newLines(words.T("form.add."+name), switches, placeholders, func(text string) { f.typed(name, text) })
	l.switched, l.entered = func() { f.putField(name) }, f.apply
	f.lists[name] = l
	r := newRow(words.T("form.field."+name), l.object, hint(name))
	f.rows[name] = r
	return r
}
