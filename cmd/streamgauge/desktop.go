package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	fynedesktop "fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"streamgauge/assets"
	"streamgauge/settings"
	"streamgauge/settings/autostart"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/keylog"
	"streamgauge/tunnel/station"
	"streamgauge/ui"
	"streamgauge/ui/tray"
	"streamgauge/ui/words"
)

// desktop is the program while it runs. Its fields are set by run, on the
// goroutine of the user interface, before anything else begins.
type desktop struct {
	options
	app      fyne.App
	store    *settings.Store
	problems []error // of the settings file
	secrets  *settings.Session
	keys     *keylog.Place // where programs write their TLS keys, if they are asked to
	station  *station.Station
	window   *ui.Window
	tray     *tray.Tray // nil where there is no tray at all
	// preferences is nil while the settings are not open.
	preferences *preferences
	login       autostart.Program
	authority   authority

	ctx    context.Context // ends with the program
	beside sync.WaitGroup  // what runs until ctx ends

	mu    sync.Mutex // guards what follows
	ready bool       // the window is there
	asked bool       // a later start asked for it before
}

// run is the whole life of the program.
func (d *desktop) run() error {
	app.SetMetadata(fyne.AppMetadata{
		ID: id, Name: "Streamgauge", Version: version(),
		Icon:       fyne.NewStaticResource("streamgauge.png", assets.Icon(512)),
		Migrations: map[string]bool{"fyneDo": true},
	})
	d.app = app.NewWithID(id)
	if err := words.Use(words.System); err != nil {
		return err
	}
	d.app.SetIcon(fyne.NewStaticResource("streamgauge.png", assets.Icon(512)))
	if err := d.open(); err != nil {
		d.fail(err)
		return err
	}
	defer d.removeKeys()
	ctx, stop := context.WithCancel(context.Background())
	defer d.beside.Wait()
	defer stop()
	d.ctx = ctx
	if err := d.build(); err != nil {
		return err
	}
	d.app.Lifecycle().SetOnStarted(d.started)
	d.app.Run()
	return nil
}

// fail shows why the program cannot start: whoever clicked its icon reads no
// terminal.
func (d *desktop) fail(err error) {
	w := d.app.NewWindow("Streamgauge")
	text := widget.NewLabel(err.Error())
	text.Wrapping = fyne.TextWrapWord
	quit := widget.NewButton(words.T("app.quit.confirm"), d.app.Quit)
	w.SetContent(container.NewBorder(nil, container.NewCenter(quit), nil, nil, text))
	w.Resize(fyne.NewSize(560, 180))
	w.CenterOnScreen()
	w.ShowAndRun()
}

// open reads the settings and makes the proxy that they lead.
func (d *desktop) open() error {
	keyring := settings.NewKeyring()
	d.secrets = settings.NewSession(keyring)
	var err error
	if d.store, d.problems, err = settings.Open(d.settings, keyring); err != nil {
		return err
	}
	if d.keys, err = keylog.NewPlace(); err != nil {
		return err
	}
	for _, problem := range d.problems {
		fmt.Fprintf(os.Stderr, "streamgauge: %s: %v\n", d.settings, problem)
	}
	d.authority = authority{decrypt.Dir(d.settings)}
	d.station = station.New(station.Config{
		Settings: d.store, Secrets: d.secrets, KeyLog: d.keys.File(), AuthorityDir: d.authority.dir,
	})
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	d.login = autostart.Program{ID: id, Name: "Streamgauge", Command: []string{executable, "--minimized"}}
	return nil
}

// removeKeys leaves no keys behind.
func (d *desktop) removeKeys() {
	if err := d.keys.Remove(); err != nil {
		fmt.Fprintf(os.Stderr, "streamgauge: %v\n", err)
	}
}

// build makes window and tray.
func (d *desktop) build() error {
	var err error
	if d.window, err = d.newWindow(); err != nil {
		return err
	}
	if host, ok := d.app.(fynedesktop.App); ok {
		d.tray = tray.New(host, d.actions())
		d.tray.Show(d.trayView(map[string]tray.Latest{})) // the toolkit starts only a tray that it knows of
	}
	return nil
}

// started is called once the toolkit runs.
func (d *desktop) started() {
	d.beside.Go(func() { d.station.Run(d.ctx) })
	d.beside.Go(func() { d.window.Run(d.ctx) })
	d.beside.Go(d.followSettings)
	d.beside.Go(d.followState)
	if d.tray != nil {
		d.beside.Go(d.followTray)
	}
	s := d.store.Get()
	d.beside.Go(func() {
		hidden := (d.minimized || s.StartMinimized) && d.tray != nil && hasTray()
		fyne.Do(func() { d.appear(!hidden) })
	})
	d.beside.Go(func() {
		if s.ProxyOnStart && !misrouted(d.problems) {
			_ = d.station.SetOn(true) // the window shows why not
		}
		d.fulfil(s.StartAtLogin)
	})
}

// misrouted reports whether something is wrong with the settings without which
// traffic would go another way than the user meant, or strangers be let in.
func misrouted(problems []error) bool {
	return slices.ContainsFunc(problems, func(problem error) bool {
		var field *settings.FieldError
		var unknown *settings.UnknownFieldError
		return errors.As(problem, &field) && slices.Contains(settings.Routing(), field.Field) ||
			errors.As(problem, &unknown) && slices.Contains(settings.Routing(), unknown.Meant)
	})
}

// appear shows the window, unless the program starts without; then it waits for
// being asked, which may have happened already.
func (d *desktop) appear(now bool) {
	d.mu.Lock()
	now = now || d.asked
	d.ready = true
	d.mu.Unlock()
	if now {
		d.window.Show()
	}
	for _, problem := range d.problems {
		d.tell(problem)
	}
}

// tell shows an error over the window.
func (d *desktop) tell(err error) { dialog.ShowError(err, d.window.Fyne()) }

// show brings the window to the front, from any goroutine.
func (d *desktop) show() {
	d.mu.Lock()
	ready := d.ready
	d.asked = true
	d.mu.Unlock()
	if ready {
		fyne.Do(d.window.Show)
	}
}

// closed is the user closing the window: it hides where a tray can bring it back,
// else the program ends.
func (d *desktop) closed() {
	if d.tray == nil || !d.store.Get().CloseToTray {
		d.app.Quit()
		return
	}
	d.beside.Go(func() {
		tray := hasTray()
		fyne.Do(func() {
			if tray {
				d.window.Hide()
				return
			}
			d.askToQuit()
		})
	})
}

// askToQuit explains what closing means where no tray keeps the program.
func (d *desktop) askToQuit() {
	ask := dialog.NewConfirm(words.T("app.quit.title"), words.T("app.quit.text"), func(quit bool) {
		if quit {
			d.app.Quit()
		}
	}, d.window.Fyne())
	ask.SetConfirmText(words.T("app.quit.confirm"))
	ask.SetDismissText(words.T("app.quit.stay"))
	ask.Show()
}

// followSettings does what the settings say of this program itself, and not of
// the proxy.
func (d *desktop) followSettings() {
	changed := make(chan settings.Settings, 1)
	unsubscribe := d.store.Subscribe(func(s settings.Settings) {
		select {
		case <-changed: // an older one that nobody took
		default:
		}
		changed <- s
	})
	defer unsubscribe()
	before := d.store.Get()
	for {
		select {
		case <-d.ctx.Done():
			return
		case s := <-changed:
			if s.StartAtLogin != before.StartAtLogin {
				d.fulfil(s.StartAtLogin)
			}
			if s.Language != before.Language {
				fyne.Do(func() { d.speak(s.Language) })
			}
			if s.Theme != before.Theme {
				fyne.Do(func() { d.window.SetTheme(s.Theme) })
			}
			before = s
		}
	}
}

// followState tells the open settings how the proxy stands.
func (d *desktop) followState() {
	changed, unsubscribe := d.station.Subscribe()
	defer unsubscribe()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-changed:
		}
		state := d.station.State()
		d.hand(func() {
			if d.preferences != nil {
				d.preferences.form.ShowState(state)
			}
		})
	}
}

// fulfil makes the system start this program at login, or not: also when it was
// moved, or when another ending kept it from what was wished.
func (d *desktop) fulfil(wish bool) {
	if on, err := d.login.Enabled(); err == nil && on == wish {
		return
	}
	if err := d.login.Set(wish); err != nil {
		fmt.Fprintf(os.Stderr, "streamgauge: %v\n", err)
	}
}
