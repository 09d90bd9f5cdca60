package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/feed"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// tools are the filter and what can be done with the exchanges.
type tools struct {
	window                        *Window
	object                        fyne.CanvasObject
	row, buttons                  *fyne.Container
	filter                        *filterEntry
	lanes, pause, clear, comparer *widget.Button
}

func newTools(w *Window) *tools {
	t := &tools{window: w, filter: newFilterEntry(w)}
	help := toolButton("", theme.HelpIcon(), func() { w.explainFilter(t.filter) })
	t.lanes = toolButton("", nil, w.toggleLanes)
	t.pause = toolButton("", nil, func() { w.setPaused(!w.session.paused) })
	t.clear = toolButton(words.T("window.tool.clear"), theme.DeleteIcon(), w.clear)
	t.comparer = toolButton("", look.CompareIcon(), w.toggleCompare)
	export := toolButton(words.T("window.tool.export"), theme.DownloadIcon(), nil)
	export.OnTapped = func() {
		widget.ShowPopUpMenuAtRelativePosition(w.exportMenu(), w.fyne.Canvas(), fyne.NewPos(0, export.Size().Height+2), export)
	}
	t.buttons = look.Row(2, help, gap(6), t.lanes, t.pause, t.clear, t.comparer, export)
	t.row = look.Frame(nil, nil, nil, look.Inset(0, 0, 6, 0, t.buttons), t.filter)
	t.object = look.Frame(nil, look.Rule(), nil, nil, look.Inset(6, 6, 12, 8, t.row))
	return t
}

// update shows what the tools would do now.
func (t *tools) update() {
	s := &t.window.session
	if s.paused {
		setButton(t.pause, words.T("window.tool.resume"), theme.MediaPlayIcon(), widget.WarningImportance)
	} else {
		setButton(t.pause, words.T("window.tool.pause"), theme.MediaPauseIcon(), widget.LowImportance)
	}
	if s.lanes {
		setButton(t.lanes, words.T("window.tool.table"), theme.ListIcon(), widget.LowImportance)
	} else {
		setButton(t.lanes, words.T("window.tool.lanes"), look.LanesIcon(), widget.LowImportance)
	}
	text, importance := words.T("window.tool.compare"), widget.LowImportance
	if n := len(s.ticked); n > 0 {
		text = words.T("window.tool.compare.some", words.Values{"Count": n})
	}
	if s.compare {
		importance = widget.HighImportance
	}
	setButton(t.comparer, text, look.CompareIcon(), importance)
	if least := t.buttons.MinSize(); least != t.buttons.Size() {
		t.row.Refresh()
	}
}

// setButton changes a button, if that is a change.
func setButton(b *widget.Button, text string, icon fyne.Resource, importance widget.Importance) {
	same := b.Icon != nil && icon != nil && b.Icon.Name() == icon.Name()
	if b.Text == text && same && b.Importance == importance {
		return
	}
	b.Text, b.Icon, b.Importance = text, icon, importance
	b.Refresh()
}

// filterEntry is left with Escape and Down.
type filterEntry struct {
	widget.Entry
	window *Window
}

func newFilterEntry(w *Window) *filterEntry {
	e := &filterEntry{window: w}
	e.ExtendBaseWidget(e)
	e.SetPlaceHolder(words.T("window.filter.hint"))
	e.Icon = theme.SearchIcon()
	e.Text = w.session.filter
	e.OnChanged = w.setFilter
	return e
}

// TypedKey goes back to the table; Escape also lets everything be seen again.
func (e *filterEntry) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyEscape:
		e.SetText("")
	case fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter:
	default:
		e.Entry.TypedKey(key)
		return
	}
	e.window.fyne.Canvas().Focus(e.window.table)
}

// explained is something to type, with the key of what it does.
type explained struct{ text, key string }

// explainFilter shows which words the filter knows, and the keys of the window.
func (w *Window) explainFilter(beside fyne.CanvasObject) {
	content := look.Column(6, look.Strong(words.T("window.filter.title"), theme.SizeNameText), explanations([]explained{
		{"chat/completions", "window.filter.text"},
		{"host:api.openai.com", "window.filter.host"},
		{"label:buffered", "window.filter.label"},
		{"status:5xx", "window.filter.status"},
		{"kind:websocket", "window.filter.kind"},
		{"-status:200", "window.filter.not"},
	}), look.Rule(), look.Strong(words.T("window.keys.title"), theme.SizeNameText), explanations([]explained{
		{"/  Ctrl+F", "window.keys.find"},
		{"Esc", "window.keys.leave"},
		{"Space", "window.keys.tick"},
		{"Ctrl+C", "window.keys.copy"},
		{"Ctrl+P", "window.keys.pause"},
		{"Ctrl+L", "window.keys.clear"},
		{"Ctrl+T", "window.keys.lanes"},
	}))
	popup := widget.NewPopUp(look.Inset(10, 10, 14, 14, content), w.fyne.Canvas())
	popup.ShowAtRelativePosition(fyne.NewPos(0, beside.Size().Height+4), beside)
}

func explanations(all []explained) fyne.CanvasObject {
	form := container.New(layout.NewFormLayout())
	for _, e := range all {
		form.Add(look.Inset(1, 1, 0, 14, look.Code(e.text)))
		form.Add(look.Muted(words.T(e.key)))
	}
	return form
}

// clear forgets what has ended, and leaves nothing behind of it on the screen.
func (w *Window) clear() {
	w.cfg.Journal.Clear()
	w.session.compare = false
	w.table.Tick(nil)
	w.table.Choose("")
}

func (w *Window) toggleCompare() {
	if !w.session.compare && len(w.session.ticked) < 2 {
		w.footer.say(words.T("window.compare.how"))
		return
	}
	w.session.compare = !w.session.compare
	if w.session.compare && len(w.session.ticked) > plot.MostCompared {
		w.footer.say(words.T("window.compare.most", words.Values{"Count": plot.MostCompared}))
	}
	w.lookAt()
	w.tools.update()
	w.side.update()
}

// footer counts, and says what was done.
type footer struct {
	object fyne.CanvasObject
	counts *canvas.Text
	said   *canvas.Text
	window *Window
	spoken int // how often say was called
}

func newFooter(w *Window) *footer {
	f := &footer{window: w, counts: look.Caption(""), said: look.Caption("")}
	f.said.Alignment = fyne.TextAlignTrailing
	line := container.NewStack(f.counts, f.said)
	f.object = look.Frame(look.Rule(), nil, nil, nil,
		container.NewStack(look.Fill(theme.ColorNameHeaderBackground), look.Inset(4, 5, 14, 14, line)))
	return f
}

func (f *footer) update(frame *feed.Frame, filtered bool) {
	values := words.Values{"Running": plot.Count(int64(frame.Running)), "Shown": plot.Count(int64(len(frame.Rows))), "Total": plot.Count(int64(frame.Total))}
	text := words.T("window.footer.counts", values)
	if filtered {
		text = words.T("window.footer.filtered", values)
	}
	if f.counts.Text != text {
		look.SetLine(f.counts, text, theme.ColorNamePlaceHolder)
	}
}

// spokenFor is how long what was said stays.
const spokenFor = 8 * time.Second

// say shows a short sentence for a while.
func (f *footer) say(text string) {
	look.SetLine(f.said, text, theme.ColorNameForeground)
	f.spoken++
	if text == "" {
		return
	}
	this := f.spoken
	time.AfterFunc(spokenFor, func() {
		f.window.hand(func() {
			if f.spoken == this {
				f.say("")
			}
		})
	})
}
