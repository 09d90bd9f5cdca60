package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/words"
)

// window is the program's one window.
type window struct {
	desktop *desktop
	fyne    fyne.Window
	address *widget.Label
	on      *widget.Check
}

func newWindow(d *desktop) *window {
	w := &window{desktop: d, fyne: d.app.NewWindow("Streamgauge"), address: widget.NewLabel("")}
	w.on = widget.NewCheck("", func(on bool) { d.beside.Go(func() { _ = d.station.SetOn(on) }) })
	w.fyne.SetContent(container.NewHBox(w.on, w.address))
	w.fyne.SetMaster()
	w.fyne.SetCloseIntercept(d.closed)
	return w
}

// Run keeps the window up to date until ctx ends.
func (w *window) Run(ctx context.Context) {
	changed, unsubscribe := w.desktop.station.Subscribe()
	defer unsubscribe()
	for ctx.Err() == nil {
		state := w.desktop.station.State()
		w.desktop.hand(func() {
			w.on.Checked = state.On
			w.on.Refresh()
			w.address.SetText(state.Address)
		})
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// Fyne returns the toolkit's window.
func (w *window) Fyne() fyne.Window { return w.fyne }

// Show shows the window and brings it to the front.
func (w *window) Show() {
	w.fyne.Show()
	w.fyne.RequestFocus()
}

// Hide hides it.
func (w *window) Hide() { w.fyne.Hide() }

// SetLanguage changes the language of all texts.
func (w *window) SetLanguage(language string) error { return words.Use(language) }

// SetTheme changes the colours.
func (w *window) SetTheme(string) {}

// OpenExchange shows one exchange.
func (w *window) OpenExchange(string) { w.Show() }

// OpenSettings shows the settings.
func (w *window) OpenSettings(string) { w.Show() }
