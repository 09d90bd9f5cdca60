package main

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"streamgauge/tunnel"
	"streamgauge/tunnel/keylog"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/snippet"
	"streamgauge/ui/tray"
)

const (
	// trayPace is how long the tray rests between two looks: it tells the latest
	// verdict, not each event.
	trayPace = 500 * time.Millisecond
	// trayLatest is how many exchanges are judged for it.
	trayLatest = 8
)

// actions are what the tray's menu does.
func (d *desktop) actions() tray.Actions {
	return tray.Actions{
		SetOn:        func(on bool) { d.beside.Go(func() { _ = d.station.SetOn(on) }) },
		SetUpstream:  func(up string) { d.beside.Go(func() { _ = d.station.SetUpstream(up) }) },
		Copy:         func(text string) { d.app.Clipboard().SetContent(text) },
		OpenExchange: func(id string) { d.window.OpenExchange(id) },
		Open:         func() { d.window.Show() },
		Settings:     func() { d.openSettings("") },
		Quit:         d.app.Quit,
	}
}

// followTray keeps the tray up to date until the program ends.
func (d *desktop) followTray() {
	state, unsubscribeState := d.station.Subscribe()
	defer unsubscribeState()
	journal, unsubscribeJournal := d.station.Journal().Subscribe()
	defer unsubscribeJournal()
	judged := map[string]tray.Latest{}
	for d.ctx.Err() == nil {
		view := d.trayView(judged)
		d.hand(func() { d.tray.Show(view) })
		select {
		case <-d.ctx.Done():
		case <-state:
		case <-journal:
			d.rest(trayPace, state)
		}
	}
}

// rest waits for pace, the end of the program, or something more urgent.
func (d *desktop) rest(pace time.Duration, urgent <-chan struct{}) {
	ctx, cancel := context.WithTimeout(d.ctx, pace)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-urgent:
	}
}

// hand has f done on the goroutine of the user interface and waits for it, so
// that calls do not pile up there.
func (d *desktop) hand(f func()) {
	done := make(chan struct{})
	fyne.Do(func() {
		defer close(done)
		f()
	})
	select {
	case <-done:
	case <-d.ctx.Done():
	}
}

// trayView is what the tray has to show. judged remembers verdicts by exchange.
func (d *desktop) trayView(judged map[string]tray.Latest) tray.View {
	v := tray.View{State: d.station.State(), Upstreams: d.store.Get().Upstreams()}
	env := d.environment()
	for _, shell := range []snippet.Shell{snippet.Bash, snippet.Fish, snippet.PowerShell, snippet.Cmd} {
		v.Blocks = append(v.Blocks, tray.Block{Name: shell.Name, Text: snippet.Environment(shell, env).Text})
	}
	latest := d.station.Journal().Latest(trayLatest)
	kept := map[string]bool{}
	for _, ex := range latest {
		if _, known := judged[ex.ID]; !known {
			judged[ex.ID] = judge(&ex)
		}
		v.Latest = append(v.Latest, judged[ex.ID])
		kept[ex.ID] = true
	}
	for id := range judged {
		if !kept[id] {
			delete(judged, id)
		}
	}
	return v
}

func judge(ex *tunnel.Exchange) tray.Latest {
	v := verdict.Assess(ex)
	l := tray.Latest{ID: ex.ID, Host: ex.Host, Label: v.Label}
	if suspects := verdict.Suspects(ex, v); len(suspects) > 0 && suspects[0].Layer != verdict.Unknown {
		l.Layer = suspects[0].Layer
	}
	return l
}

// environment is what programs must be told to come this way.
func (d *desktop) environment() snippet.Env {
	s := d.store.Get()
	env := snippet.Env{Listen: d.station.State().Address, User: s.ListenUser}
	if s.KeyLog {
		env.Extra = []snippet.Variable{{Name: keylog.Variable, Value: d.keys.File(), File: snippet.FileWrite}}
	}
	return env
}
