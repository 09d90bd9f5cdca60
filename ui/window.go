package ui

import (
	"context"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/snippet"
	"streamgauge/ui/table"
	"streamgauge/ui/words"
)

// Journal is where the exchanges are written down; [journal.Journal] is one. All
// methods may be called concurrently.
type Journal interface {
	Snapshot() []tunnel.Exchange
	Exchange(id string) (tunnel.Exchange, bool)
	Subscribe() (<-chan struct{}, func())
	Clear()
}

// Station is the proxy with its switch. All methods may be called concurrently;
// State never waits.
type Station interface {
	State() tunnel.State
	Subscribe() (<-chan struct{}, func())
	SetOn(on bool) error
	SetUpstream(url string) error
	RunDemo(ctx context.Context) error
}

// Config is what a window needs. App, Journal and Station must be set; a nil
// function is an action that is not offered.
type Config struct {
	App     fyne.App
	Journal Journal
	Station Station
	// Language and Theme are as in the settings: "system", "en", "zh"; "system",
	// "light", "dark".
	Language, Theme string
	// Upstreams are those used before, the latest first, to choose from again.
	Upstreams func() []string
	// Environment is what programs must be told, for the lines to copy.
	Environment func() snippet.Env
	// OpenSettings opens the settings at a field, "" at their beginning.
	OpenSettings func(field string)
	// Closed is asked when the user closes the window. Without it the window
	// closes, and the program with it.
	Closed func()
}

// Window is the window of Streamgauge. Its methods are for the goroutine of the
// user interface, but for Run.
type Window struct {
	cfg  Config
	fyne fyne.Window
	feed *feed.Feed
	do   func(func()) // fyne.Do, or a test's
	// base ends with Run: work that the user starts is bound to it.
	base    context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup
	variant fyne.ThemeVariant

	// What the user chose, kept when the content is built anew.
	session session
	frame   feed.Frame
	state   tunnel.State

	header   *header
	tools    *tools
	table    *table.Table
	teach    *teach
	timeline *timeline
	side     *side
	footer   *footer
	middle   *fyne.Container // the teaching, or the split
	root     *fyne.Container
	working  fyne.CanvasObject
	left     *fyne.Container
}

// session is what the user has chosen in this window.
type session struct {
	chosen  string
	ticked  []string
	filter  string
	paused  bool
	lanes   bool // the timeline in place of the table
	compare bool
	tab     int
	split   float64
}

// New makes the window, hidden. Run must run for it to show anything live.
func New(cfg Config) (*Window, error) {
	w := &Window{cfg: cfg, do: fyne.Do, session: session{split: 0.6}}
	w.base, w.stop = context.WithCancel(context.Background())
	w.feed = feed.New(cfg.Journal, w.show)
	if err := words.Use(cfg.Language); err != nil {
		return nil, err
	}
	cfg.App.Settings().SetTheme(look.NewTheme(cfg.Theme))
	w.fyne = cfg.App.NewWindow(words.T("window.title"))
	w.fyne.SetPadded(false)
	w.fyne.SetMaster()
	w.fyne.Resize(fyne.NewSize(1280, 800))
	w.fyne.SetCloseIntercept(w.closed)
	w.variant = cfg.App.Settings().ThemeVariant()
	cfg.App.Settings().AddListener(w.themed)
	w.state = cfg.Station.State()
	w.build()
	w.shortcuts()
	return w, nil
}

// Fyne returns the toolkit's window, to put dialogs onto.
func (w *Window) Fyne() fyne.Window { return w.fyne }

// Run keeps the window up to date until ctx ends.
func (w *Window) Run(ctx context.Context) {
	defer w.work.Wait()
	defer w.stop()
	context.AfterFunc(ctx, w.stop)
	w.work.Go(func() { w.feed.Run(w.base) })
	wake, stop := w.cfg.Station.Subscribe()
	defer stop()
	for {
		state := w.cfg.Station.State()
		w.hand(func() { w.setState(state) })
		select {
		case <-wake:
		case <-w.base.Done():
			return
		}
	}
}

// hand has f called on the goroutine of the user interface and waits for it, so
// that at most one call is pending.
func (w *Window) hand(f func()) {
	done := make(chan struct{})
	w.do(func() {
		defer close(done)
		f()
	})
	select {
	case <-done:
	case <-w.base.Done():
	}
}

func (w *Window) show(frame feed.Frame) { w.hand(func() { w.apply(frame) }) }

// Show shows the window and brings it to the front.
func (w *Window) Show() {
	w.fyne.Show()
	w.fyne.RequestFocus()
	w.feed.Look(func(v *feed.View) { v.Hidden = false })
}

// Hide hides the window. Nothing is drawn until it is shown again.
func (w *Window) Hide() {
	w.feed.Look(func(v *feed.View) { v.Hidden = true })
	w.fyne.Hide()
}

func (w *Window) closed() {
	if w.cfg.Closed != nil {
		w.cfg.Closed()
		return
	}
	w.fyne.Close()
}

// SetLanguage changes the language of all texts.
func (w *Window) SetLanguage(language string) error {
	if err := words.Use(language); err != nil {
		return err
	}
	w.fyne.SetTitle(words.T("window.title"))
	w.build()
	return nil
}

// SetTheme changes the colours.
func (w *Window) SetTheme(choice string) {
	w.cfg.App.Settings().SetTheme(look.NewTheme(choice))
	w.build()
}

// themed follows the desktop from light to dark and back.
func (w *Window) themed(settings fyne.Settings) {
	if variant := settings.ThemeVariant(); variant != w.variant {
		w.variant = variant
		w.build()
	}
}

// build makes the content anew, in the language and the colours in force, as it
// was before.
func (w *Window) build() {
	w.header, w.tools, w.teach, w.footer = newHeader(w), newTools(w), newTeach(w), newFooter(w)
	w.table = w.newTable()
	w.timeline = newTimeline(w)
	w.side = newSide(w)
	w.left = container.NewStack(w.table, w.timeline.object)
	split := container.NewHSplit(w.left, w.side.object)
	split.SetOffset(w.session.split)
	w.working = look.Frame(w.tools.object, nil, nil, nil, split)
	w.middle = container.NewStack(w.teach.object, w.working)
	w.root = look.Frame(w.header.object, w.footer.object, nil, nil, w.middle)
	w.fyne.SetContent(w.root)
	names := make(map[verdict.Label]string)
	for _, label := range verdict.Labels() {
		names[label] = labelName(label)
	}
	w.feed.Look(func(v *feed.View) { v.Names = names })
	w.table.Choose(w.session.chosen)
	w.table.Tick(w.session.ticked)
	w.showLeft()
	w.setState(w.state)
	w.apply(w.frame)
}

func (w *Window) newTable() *table.Table {
	t := table.New()
	t.OnChosen = w.choose
	t.OnTicked = w.tick
	t.OnSight = func(ids []string) {
		if !w.session.lanes {
			w.feed.Look(func(v *feed.View) { v.InSight = ids })
		}
	}
	t.OnFind = w.find
	t.OnCopy = w.copyRequest
	t.OnMenu = w.showRowMenu
	t.OnLeave = func() { w.table.Choose("") }
	return t
}

// apply shows a frame.
func (w *Window) apply(frame feed.Frame) {
	w.frame = frame
	empty := frame.Total == 0
	setHidden(w.teach.object, !empty)
	setHidden(w.working, empty)
	w.table.SetRows(frame.Rows)
	if n := len(frame.Rows); w.teach.running && n > 0 && w.session.chosen == "" {
		w.teach.running = false
		w.table.Choose(frame.Rows[n-1].Exchange.ID)
	}
	if w.session.lanes {
		w.timeline.show(&frame, w.session.chosen)
	}
	w.tools.update()
	w.side.update()
	w.footer.update(&frame, w.session.filter != "")
}

func (w *Window) choose(id string) {
	w.session.chosen, w.session.compare = id, false
	w.timeline.chart.Select(id)
	w.lookAt()
	w.side.update()
}

func (w *Window) tick(ids []string) {
	w.session.ticked = ids
	if len(ids) < 2 {
		w.session.compare = false
	}
	w.lookAt()
	w.tools.update()
	w.side.update()
}

// lookAt tells the feed which exchanges are shown whole.
func (w *Window) lookAt() {
	var open []string
	if w.session.compare {
		open = append(open, w.session.ticked[:min(len(w.session.ticked), plot.MostCompared)]...)
	} else if w.session.chosen != "" {
		open = []string{w.session.chosen}
	}
	w.feed.Look(func(v *feed.View) { v.Open = open })
}

// whole returns the exchange of that ID from the latest frame.
func (w *Window) whole(id string) *feed.Whole {
	for _, whole := range w.frame.Open {
		if whole.Exchange.ID == id {
			return whole
		}
	}
	return nil
}

func (w *Window) find() { w.fyne.Canvas().Focus(w.tools.filter) }

func (w *Window) setFilter(text string) {
	w.session.filter = text
	w.feed.Look(func(v *feed.View) { v.Filter = text })
}

func (w *Window) setPaused(paused bool) {
	w.session.paused = paused
	w.feed.Look(func(v *feed.View) { v.Paused = paused })
	w.tools.update()
}

// later does something that may take long away from the user interface, and what
// follows on it.
func (w *Window) later(work func() error, then func(err error)) {
	if w.base.Err() != nil {
		return
	}
	w.work.Go(func() {
		err := work()
		if w.base.Err() == nil {
			w.do(func() { then(err) })
		}
	})
}

// setHidden hides or shows an object, if it is not so already.
func setHidden(o fyne.CanvasObject, hidden bool) {
	switch {
	case hidden && o.Visible():
		o.Hide()
	case !hidden && !o.Visible():
		o.Show()
	}
}

// band is a strip of the window in the colour of headers, with a line beneath.
func band(content fyne.CanvasObject) fyne.CanvasObject {
	return look.Frame(nil, look.Rule(), nil, nil, container.NewStack(look.Fill(theme.ColorNameHeaderBackground), content))
}
