package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/keylog"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/station"
	"streamgauge/ui/terminal"
)

// gauge is a listening proxy and the journal that it writes.
type gauge struct {
	station  *station.Station
	journal  *journal.Journal
	record   *recording.Writer // nil: not wanted
	written  recording.Options // what is recorded of each exchange
	user     string            // what programs must give, with password
	password string
	// authority opens tunnels; its zero value is none.
	authority authority
}

// open makes all that was asked for ready. defaultListen,
// if not empty, wins over the settings but not over the flag.
func (o *options) open(defaultListen string) (*gauge, error) {
	command := o.fs.Name()
	keylog.RemoveLeftovers()
	keyring, err := o.join(command)
	if err != nil {
		return nil, err
	}
	if defaultListen != "" && !o.fs.given("listen") {
		o.settings.Listen = defaultListen
	}
	found, err := o.passwords(keyring)
	if err != nil {
		return nil, err
	}
	authority, err := o.authority()
	if err != nil {
		return nil, err
	}
	g := newGauge(o.settings, found, station.Config{
		KeyLog: o.keyLog, ForgetBodies: !o.bodies, AuthorityDir: authority.dir,
	})
	g.authority = authority
	if err := g.station.SetOn(true); err != nil {
		return nil, hint(err)
	}
	if o.record == "" {
		return g, nil
	}
	if g.record, err = recording.OpenWriter(o.record, g.written); err != nil {
		return nil, errors.Join(err, g.station.SetOn(false))
	}
	if g.record.Shared() {
		say(os.Stderr, command, o.record+": others than you may read this file", "chmod 600 it")
	}
	return g, nil
}

// newGauge is a gauge that does as s says and is not on yet. cfg says the rest.
func newGauge(s settings.Settings, found station.Passwords, cfg station.Config) *gauge {
	s.KeyLog = cfg.KeyLog != ""
	cfg.Settings = station.Fixed(s)
	cfg.Resolve = func(settings.Settings) (station.Passwords, error) { return found, nil }
	st := station.New(cfg)
	return &gauge{
		station: st, journal: st.Journal(), written: recording.Options{Bodies: !cfg.ForgetBodies},
		user: s.ListenUser, password: found.Listen,
	}
}

// hint says what to do about an address that cannot be listened on.
func hint(err error) error {
	var listen *tunnel.ListenError
	if !errors.As(err, &listen) {
		return err
	}
	switch listen.Err {
	case tunnel.ErrListenDenied:
		return &hinted{err, "choose a port above 1023"}
	case tunnel.ErrListenUnknown:
		return &hinted{err, "choose one of its own, such as 127.0.0.1"}
	}
	if listen.Free != "" {
		return &hinted{err, "--listen " + listen.Free + " is free"}
	}
	return err
}

// pace is how long a follower rests between two looks, so that a busy proxy
// does not wake it for every chunk. The journal keeps thousands meanwhile.
const pace = 20 * time.Millisecond

// follow hands every exchange that ends to take, until ctx ends, and then those
// that ended meanwhile and those that still run, as they stand. What take or
// the journal lost is told in the error.
func (g *gauge) follow(ctx context.Context, take func(tunnel.Exchange) error) error {
	changed, unsubscribe := g.journal.Subscribe()
	defer unsubscribe()
	var cursor, lost int64
	var failure error
	drain := func() {
		ended, next, missed := g.journal.EndedSince(cursor)
		cursor, lost = next, lost+missed
		for _, ex := range ended {
			failure = firstError(failure, take(ex))
		}
	}
	for ctx.Err() == nil {
		drain()
		rest(ctx)
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	drain()
	for _, live := range g.journal.Running() {
		failure = firstError(failure, take(live.Snapshot()))
	}
	return firstError(failure, missing(lost, g.journal.Stats().Forgotten))
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// rest waits for a moment or for the end of ctx.
func rest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pace)
	defer cancel()
	<-ctx.Done()
}

// keep writes the recording, if one is wanted, until ctx ends. A failure is
// told at once, as the exchanges go on, and makes the exit code 1.
func (g *gauge) keep(ctx context.Context, command string) error {
	if g.record == nil {
		return nil
	}
	told := false
	tell := func(err error) {
		if err != nil && !told {
			told = true
			say(os.Stderr, command, err.Error(), "the recording is not complete")
		}
	}
	tell(g.follow(ctx, func(ex tunnel.Exchange) error {
		err := g.record.Write(ex)
		tell(err)
		return err
	}))
	if tell(g.record.Close()); told {
		return exitStatus(exitNo)
	}
	return nil
}

// emit writes every exchange that ends to w as a line of a recording.
func (g *gauge) emit(ctx context.Context, w io.Writer) error {
	return g.follow(ctx, func(ex tunnel.Exchange) error {
		return recording.WriteLine(w, ex, g.written)
	})
}

// display keeps a board of the exchanges on out until ctx ends.
func (g *gauge) display(ctx context.Context, out *os.File, style terminal.Style) error {
	changed, unsubscribe := g.journal.Subscribe()
	defer unsubscribe()
	var cursor, lost int64
	var running terminal.Running
	board := terminal.NewBoard(out, style, terminal.Size(out))
	err := board.Watch(ctx, changed, func(room int) terminal.Frame {
		var frame terminal.Frame
		ended, next, missed := g.journal.EndedSince(cursor)
		cursor, lost = next, lost+missed
		for _, ex := range ended {
			frame.Finished = append(frame.Finished, terminal.NewRow(ex))
		}
		lives := g.journal.Running()
		frame.Hidden = max(len(lives)-room, 0)
		frame.Running = running.Rows(lives[frame.Hidden:]) // the latest
		return frame
	})
	return firstError(err, missing(lost, 0)) // the forgotten were seen while they ran
}

// missing says what a recording or a screen lacks: exchanges lost because they
// were not read in time, and those that the journal forgot while they ran.
func missing(lost, forgotten int64) error {
	var errs []error
	if lost > 0 {
		errs = append(errs, fmt.Errorf("exchanges that ended faster than they could be written: %d", lost))
	}
	if forgotten > 0 {
		errs = append(errs, fmt.Errorf("exchanges left out, as more ran at a time than keep_exchanges allows: %d", forgotten))
	}
	return errors.Join(errs...)
}
