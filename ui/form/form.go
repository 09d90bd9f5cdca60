package form

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// Form is the settings in a window.
type Form struct {
	config Config
	window fyne.Window
	draft  *draft
	state  tunnel.State
	// passwords are those that were typed and are not stored yet.
	passwords [2]password
	upstream  trial[tunnel.PathTest]
	self      trial[tunnel.SelfTest]
	ca        ca
	// applying is set while the store is written.
	applying bool
	// refused is why the last Apply did not work, as far as no field says it.
	refused string
	// filling is set while fields are given what they have to show, so that this
	// is not taken for typing.
	filling bool

	root     *fyne.Container
	pages    []*page
	selected int
	rows     map[string]*row
	entries  map[string]*widget.Entry
	lists    map[string]*lines
	pulls    []func(settings.Settings) // give switches and choices what is in force
	footer   footer
	exposed  *widget.Check
	// failures are why a switch did not stay where it was put, by field.
	failures map[string]string
	// atLogin shows what the system says of starting at login; nil without it.
	atLogin *widget.Check
	choose  func(page int)

	ctx         context.Context
	cancel      context.CancelFunc
	unsubscribe func()
	// spawn starts a goroutine; tests do without.
	spawn func(func())
	// addresses are those at which other machines reach this one.
	addresses func() []string
}

// New returns a form for window, over which it shows its dialogs, in the language
// in use. Call [Form.Close] when the window goes.
func New(window fyne.Window, config Config) *Form {
	return newForm(window, config, func(work func()) { go work() })
}

func newForm(window fyne.Window, config Config, spawn func(func())) *Form {
	f := &Form{
		config: config, window: window, draft: newDraft(config.Store.Get()), root: container.NewStack(), failures: map[string]string{},
		spawn: spawn, addresses: ownAddresses,
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.build()
	f.unsubscribe = config.Store.Subscribe(func(s settings.Settings) {
		fyne.Do(func() {
			if f.ctx.Err() == nil {
				f.pull(s)
			}
		})
	})
	f.lookUpPasswords()
	return f
}

// Content is what to put into the window.
func (f *Form) Content() fyne.CanvasObject { return f.root }

// Close ends the tests that run and lets go of the store. What was typed and not
// applied is lost.
func (f *Form) Close() {
	f.unsubscribe()
	f.cancel()
}

// Pending reports whether something was typed that is not in force yet: a window
// that closes should hide instead, and nothing is lost.
func (f *Form) Pending() bool { return len(f.changes()) > 0 }

// Relabel says everything anew in the language in use. What was typed stays.
func (f *Form) Relabel() { f.build() }

// ShowState tells the form how the proxy stands, so that it can say beside the
// address that nothing can listen there.
func (f *Form) ShowState(s tunnel.State) {
	f.state = s
	f.review()
	f.expectAuthority()
}

// Open shows the page of a field, named as in the settings file, with the cursor
// in it where it is typed. A name that is no field changes nothing.
func (f *Form) Open(field string) {
	r := f.rows[field]
	if r == nil {
		return
	}
	f.choose(slices.IndexFunc(f.pages, func(p *page) bool { return slices.Contains(p.body.Objects, r.object) }))
	if entry := f.entries[field]; entry != nil {
		f.window.Canvas().Focus(entry)
	}
}

// build makes every widget from what is in force and what was typed.
func (f *Form) build() {
	f.rows, f.entries, f.lists, f.pulls = map[string]*row{}, map[string]*widget.Entry{}, map[string]*lines{}, nil
	f.pages = []*page{f.proxyPage(), f.upstreamPage(), f.httpsPage(), f.gatewayPage(), f.windowPage(), f.memoryPage()}
	views := container.NewStack()
	for _, p := range f.pages {
		views.Add(p.view)
	}
	menu := widget.NewList(
		func() int { return len(f.pages) },
		func() fyne.CanvasObject {
			return container.New(layout.NewCustomPaddedLayout(0, 0, theme.Padding(), 0),
				container.NewBorder(nil, nil, widget.NewIcon(nil), nil, widget.NewLabel(words.T("form.page.https"))))
		},
		func(i widget.ListItemID, item fyne.CanvasObject) {
			parts := item.(*fyne.Container).Objects[0].(*fyne.Container).Objects
			parts[0].(*widget.Label).SetText(words.T("form.page." + f.pages[i].name))
			parts[1].(*widget.Icon).SetResource(f.pages[i].icon)
		})
	menu.HideSeparators = true
	menu.OnSelected = func(i widget.ListItemID) { f.turnTo(i) }
	f.footer = newFooter(f)
	side := container.NewBorder(nil, nil, nil, widget.NewSeparator(), container.NewPadded(menu))
	bottom := container.NewVBox(widget.NewSeparator(), container.NewPadded(f.footer.object))
	f.root.Objects = []fyne.CanvasObject{container.NewBorder(nil, bottom, side, nil, views)}
	f.root.Refresh()
	f.choose = menu.Select
	f.choose(f.selected)
	f.fill()
	if f.config.Prober != nil {
		f.upstream.show()
		f.self.show()
	}
	if f.atLogin != nil {
		f.lookUpAutostart()
	}
	if f.config.Authority != nil {
		f.ca.show()
		f.lookUpAuthority()
	}
}

// turnTo shows one page and hides the others.
func (f *Form) turnTo(i int) {
	f.selected = i
	for j, p := range f.pages {
		if j == i {
			p.view.Show()
			p.settle()
		} else {
			p.view.Hide()
		}
	}
}

// fill gives every control what it has to show.
func (f *Form) fill() {
	f.filling = true
	for name, entry := range f.entries {
		if text := f.draft.text(name); entry.Text != text {
			entry.SetText(text)
		}
	}
	for name, list := range f.lists {
		list.set(f.draft.text(name))
	}
	for _, pull := range f.pulls {
		pull(f.draft.base)
	}
	f.filling = false
	f.review()
}

// pull takes over what is in force now.
func (f *Form) pull(s settings.Settings) {
	f.draft.rebase(s)
	f.fill()
	f.expectAuthority()
}

// typed notes that a field was edited.
func (f *Form) typed(name, text string) {
	if f.filling {
		return
	}
	f.draft.edit(name, text)
	f.refused = ""
	if (name == fieldUpstream || name == fieldUpstreamUser) && f.upstream.result != nil {
		f.upstream.result = nil // of another upstream
		f.upstream.show()
	}
	f.review()
}

// review says beside each field what is wrong with it, and below what is not in
// force yet.
func (f *Form) review() {
	next, wrong := f.draft.next()
	for name, r := range f.rows {
		text := f.failures[name]
		if e := wrong[name]; e != nil {
			text = sayError(e)
		}
		r.say(text, alarm)
	}
	f.reviewExposed(f.draft.text(fieldListen))
	f.reviewListen(next, wrong)
	f.reviewPasswords(next)
	f.footer.review(f.changes(), len(wrong), f.applying, f.refused)
	moved := false
	for _, r := range f.rows {
		moved = moved || r.moved
		r.moved = false
	}
	if moved {
		f.settle()
	}
}

// changes names what is not in force yet.
func (f *Form) changes() []string {
	var names []string
	for _, name := range f.draft.changed() {
		names = append(names, words.T("form.field."+name))
	}
	for which := range f.passwords {
		if f.passwords[which].text != "" {
			names = append(names, words.T("form.field."+passwordFields[which]))
		}
	}
	return names
}

// discard forgets what was typed.
func (f *Form) discard() {
	clear(f.draft.texts)
	f.refused = ""
	for which := range f.passwords {
		f.passwords[which].text = ""
	}
	f.fill()
}

// background does work elsewhere, and with what it returns goes on here, unless
// the form was closed meanwhile.
func (f *Form) background(work func() (then func())) {
	f.spawn(func() {
		then := work()
		fyne.Do(func() {
			if f.ctx.Err() == nil {
				then()
			}
		})
	})
}

// footer says what is not in force yet and puts it into force.
type footer struct {
	object         fyne.CanvasObject
	text           *prose
	apply, discard *widget.Button
}

func newFooter(f *Form) footer {
	b := footer{
		text:    newNote(" "),
		apply:   widget.NewButtonWithIcon(words.T("form.apply"), theme.ConfirmIcon(), f.apply),
		discard: widget.NewButton(words.T("form.discard"), f.discard),
	}
	b.apply.Importance = widget.HighImportance
	b.object = container.NewBorder(nil, nil, nil, container.NewHBox(b.discard, b.apply), container.New(middle{}, b.text))
	return b
}

func (b footer) review(changes []string, wrong int, applying bool, refused string) {
	switch {
	case applying:
		b.text.say(words.T("form.applying"), plain)
	case refused != "":
		b.text.say(refused, alarm)
	case wrong > 0:
		b.text.say(words.N("form.wrong", wrong), alarm)
	case len(changes) > 0:
		b.text.say(words.T("form.pending", words.Values{"List": strings.Join(changes, words.T("form.comma"))}), plain)
	default:
		b.text.say(words.T("form.clean"), quiet)
	}
	enable(b.discard, len(changes) > 0 && !applying)
	enable(b.apply, len(changes) > 0 && wrong == 0 && !applying)
}

// enable lets a control be used or not.
func enable(control fyne.Disableable, on bool) {
	if on {
		control.Enable()
	} else {
		control.Disable()
	}
}

// reviewListen tells of the address what only the running proxy knows.
func (f *Form) reviewListen(next settings.Settings, wrong map[string]*settings.FieldError) {
	r := f.rows[fieldListen]
	if wrong[fieldListen] != nil || slices.Contains(f.draft.changed(), fieldListen) {
		return
	}
	if f.state.Err != nil {
		r.say(words.T("form.listen.failed", words.Values{"Address": next.Listen, "Reason": f.state.Err.Error()}), alarm)
	}
}
