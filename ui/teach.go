package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/look"
	"streamgauge/ui/snippet"
	"streamgauge/ui/words"
)

// teach is what stands in the window as long as there is no exchange: how to get
// one.
type teach struct {
	window *Window
	object fyne.CanvasObject
	demo   *widget.Button
	busy   *widget.Activity
	// running is set while the demo runs: the first stream of it is then shown.
	running bool
	trouble *look.Notice
	off     *look.Notice
}

func newTeach(w *Window) *teach {
	t := &teach{window: w, busy: widget.NewActivity(), trouble: look.NewNotice(theme.ColorNameError), off: look.NewNotice(theme.ColorNameWarning)}
	t.busy.Hide()
	t.trouble.Hide()
	t.off.Hide()
	t.demo = widget.NewButtonWithIcon(words.T("window.demo"), theme.MediaPlayIcon(), t.runDemo)
	t.demo.Importance = widget.HighImportance
	shells := container.NewGridWithColumns(4)
	for _, shell := range snippet.Shells() {
		shells.Add(widget.NewButtonWithIcon(shellName(shell), theme.ContentCopyIcon(), func() { w.copyEnvironment(shell) }))
	}
	bases := menuButton(words.T("window.teach.base.button"), nil, func() *fyne.Menu { return w.copyMenu().Items[len(w.copyMenu().Items)-1].ChildMenu })
	demo := container.NewHBox(t.demo, t.busy)
	column := look.Column(6,
		look.Strong(words.T("window.teach.title"), theme.SizeNameHeadingText),
		look.Paragraph(words.T("window.teach.text")), t.off, gapDown(8),
		step("1", words.T("window.teach.copy"), words.T("window.teach.copy.text"), shells),
		step("2", words.T("window.teach.base"), words.T("window.teach.base.text"), container.NewHBox(bases)),
		step("3", words.T("window.teach.demo"), words.T("window.teach.demo.text"), demo), t.trouble)
	t.object = container.NewVScroll(look.Inset(28, 28, 20, 20, container.New(columnLayout{720}, column)))
	return t
}

// step is one of the ways to begin.
func step(number, title, text string, what fyne.CanvasObject) fyne.CanvasObject {
	head := look.Strong(title, theme.SizeNameSubHeadingText)
	badge := look.Badge(number)
	body := look.Column(4, head, look.Paragraph(text), what)
	return look.Inset(10, 10, 0, 0, container.NewBorder(nil, nil, container.NewVBox(badge), nil, look.Inset(0, 0, 8, 0, body)))
}

func gapDown(height float32) fyne.CanvasObject {
	return container.NewGridWrap(fyne.NewSize(1, height))
}

// columnLayout keeps a column in the middle, no wider than can be read.
type columnLayout struct{ width float32 }

// MinSize is the content's.
func (c columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(min(objects[0].MinSize().Width, c.width), objects[0].MinSize().Height)
}

// Layout centres the column.
func (c columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(size.Width, c.width)
	objects[0].Resize(fyne.NewSize(width, max(objects[0].MinSize().Height, 0)))
	objects[0].Move(fyne.NewPos((size.Width-width)/2, 0))
}

// set says so where copied lines would lead nowhere.
func (t *teach) set(state *tunnel.State) {
	if state.On || state.Err != nil {
		t.off.Hide()
		return
	}
	t.off.Say(words.T("window.teach.off"), look.Action{Text: words.T("window.action.on"), Do: func() { t.window.header.turn(true) }})
}

// runDemo has one good and one lumped stream made.
func (t *teach) runDemo() {
	w := t.window
	t.demo.Disable()
	t.running = true
	t.trouble.Hide()
	t.busy.Show()
	t.busy.Start()
	w.later(func() error { return w.cfg.Station.RunDemo(w.base) }, func(err error) {
		t := w.teach // the language may have changed meanwhile
		t.demo.Enable()
		t.running = false
		t.busy.Stop()
		t.busy.Hide()
		if err != nil {
			t.trouble.Say(words.T("window.demo.failed", words.Values{"Reason": reason(err)}))
		}
	})
}
