package main

import (
	"fyne.io/fyne/v2"

	"streamgauge/ui"
	"streamgauge/ui/form"
	"streamgauge/ui/words"
)

// newWindow makes the window, hidden.
func (d *desktop) newWindow() (*ui.Window, error) {
	s := d.store.Get()
	return ui.New(ui.Config{
		App: d.app, Journal: d.station.Journal(), Station: d.station,
		Language: s.Language, Theme: s.Theme,
		Upstreams:    func() []string { return d.store.Get().Upstreams() },
		Environment:  d.environment,
		OpenSettings: d.openSettings,
		Closed:       d.closed,
	})
}

// preferences are the settings in a window of their own, while it is open.
type preferences struct {
	window fyne.Window
	form   *form.Form
}

// preferencesSize fits the longest page without scrolling, where it can.
var preferencesSize = fyne.NewSize(860, 640)

// openSettings shows the settings at a field, "" at their beginning.
func (d *desktop) openSettings(field string) {
	if d.preferences == nil {
		p := &preferences{window: d.app.NewWindow(words.T("app.settings.title"))}
		p.form = form.New(p.window, form.Config{
			Store: d.store, Secrets: d.secrets, Prober: d.station, Autostart: d.login,
			Authority: d.authority, PasswordChanged: d.passwordChanged,
		})
		p.window.SetContent(p.form.Content())
		p.window.Resize(preferencesSize)
		p.window.SetCloseIntercept(func() {
			if p.form.Pending() {
				p.window.Hide() // what was typed stays
				return
			}
			p.window.Close()
		})
		p.window.SetOnClosed(func() {
			p.form.Close()
			d.preferences = nil
		})
		d.preferences = p
		p.form.ShowState(d.station.State())
	}
	d.preferences.form.Open(field)
	d.preferences.window.Show()
	d.preferences.window.RequestFocus()
}

// passwordChanged makes the proxy ask for its passwords again.
func (d *desktop) passwordChanged() {
	d.beside.Go(func() {
		if state := d.station.State(); state.On || state.Err != nil {
			_ = d.station.SetOn(true) // the state tells
		}
	})
}

// speak changes the language of everything that is open.
func (d *desktop) speak(language string) {
	if err := d.window.SetLanguage(language); err != nil {
		d.tell(err)
		return
	}
	if p := d.preferences; p != nil {
		p.window.SetTitle(words.T("app.settings.title"))
		p.form.Relabel()
	}
}
