// Package feed turns the journal into what the window shows: rows, newest first,
// filtered, with their verdicts, and whole exchanges where one is looked at. It
// works on a goroutine of its own, so that nothing of it costs the user interface
// more than taking the result, and it knows no toolkit.
//
//	journal ─wake─> Feed ─Frame─> show
//	                  ^──View───── the window: hidden? paused? which rows?
//
// A frame is made at most ten times a second, or less often where making one is
// work; none while the window is hidden, and none while nothing changes.
package feed

import (
	"context"
	"slices"
	"sync"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// Journal is where exchanges come from. All methods may be called concurrently.
type Journal interface {
	// Snapshot returns the exchanges without their details, the oldest first.
	Snapshot() []tunnel.Exchange
	// Exchange returns a whole copy.
	Exchange(id string) (tunnel.Exchange, bool)
	// Subscribe returns a channel that receives after changes, and what ends it.
	Subscribe() (<-chan struct{}, func())
}

// View is what the window looks at.
type View struct {
	// Hidden stops everything; Paused keeps the exchanges as they were.
	Hidden, Paused bool
	Filter         string
	// Names are the labels in the language of the window, for the filter.
	Names map[verdict.Label]string
	// InSight are the rows on the screen: their arrivals are wanted.
	InSight []string
	// Open are the exchanges shown whole.
	Open []string
	// Lanes is of how many of the newest rows the arrivals are wanted besides.
	Lanes int
}

// Row is one exchange in the table. It never changes: what changes is a new row.
type Row struct {
	// Exchange has no headers, units and body, and its texts are redacted and fit
	// to be shown. Chunks are there where they were wanted.
	Exchange tunnel.Exchange
	// Place is where it went, as short as a person would write it.
	Place string
	// Inside is how many exchanges were seen within this tunnel.
	Inside  int
	Elapsed time.Duration
	Verdict verdict.Verdict
	// Blamed is the layer suspected, with a question mark, or empty.
	Blamed string
}

// Running reports whether it goes on.
func (r *Row) Running() bool { return r.Exchange.End == tunnel.Running }

// FirstByte is how long the first byte of the answer took since the request was
// sent, as the time to a first token is counted. ok is false while there is none.
func FirstByte(ex *tunnel.Exchange) (d time.Duration, ok bool) {
	at, ok := ex.Phases.At(tunnel.FirstByte)
	sent, _ := ex.Phases.At(tunnel.Sent)
	return max(at-sent, 0), ok
}

// Whole is one exchange with all that is known of it, unredacted.
type Whole struct {
	Exchange  tunnel.Exchange
	Judgement recording.Judgement
	Elapsed   time.Duration
}

// Frame is what there is to show. It is not changed afterwards.
type Frame struct {
	Rows []*Row
	// Lanes are the newest rows with their arrivals, whatever the filter.
	Lanes []*Row
	// Total is how many exchanges there are without the filter, Running how many
	// of them go on.
	Total, Running int
	// Open are those of View.Open that are still kept.
	Open []*Whole
	// Inside are the rows of all that was seen within tunnels, the newest first,
	// and Cutoffs what only several exchanges of one host show.
	Inside  []*Row
	Cutoffs []verdict.Cutoff
	// At is when the frame was made.
	At time.Time
}

// How often frames are made.
const (
	pace = 100 * time.Millisecond // after changes
	tick = time.Second            // while something runs, for its age
	live = 200 * time.Millisecond // while an open exchange runs, for its graph
	rest = 4                      // at least so many times as long as a frame took
)

// Feed makes frames. Look may be called by anyone at any time.
type Feed struct {
	journal Journal
	show    func(Frame)
	changed chan struct{} // capacity one

	mu   sync.Mutex // guards view
	view View

	// Of Run alone.
	all     []tunnel.Exchange
	known   map[string]*entry
	wholes  map[string]*Whole
	running int
	cutoffs verdict.Cutoffs
	found   []verdict.Cutoff
}

// New returns a feed of journal. show is called from the goroutine of Run with one
// frame after another and returns when the frame was taken over. Until the first
// Look nothing is shown.
func New(journal Journal, show func(Frame)) *Feed {
	return &Feed{
		journal: journal, show: show, changed: make(chan struct{}, 1), view: View{Hidden: true},
		known: map[string]*entry{}, wholes: map[string]*Whole{},
	}
}

// Look says what the window looks at from now on.
func (f *Feed) Look(change func(*View)) {
	f.mu.Lock()
	change(&f.view)
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *Feed) look() View {
	f.mu.Lock()
	defer f.mu.Unlock()
	view := f.view
	view.InSight, view.Open = slices.Clone(f.view.InSight), slices.Clone(f.view.Open)
	return view
}

// Run makes frames until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	wake, stop := f.journal.Subscribe()
	defer stop()
	for ctx.Err() == nil {
		view, began := f.look(), time.Now()
		if !view.Hidden {
			f.show(f.frame(&view, began))
		}
		if !f.wait(ctx, wake, &view, began) {
			return
		}
	}
}

// wait returns when there is reason for the next frame; false when ctx has ended.
func (f *Feed) wait(ctx context.Context, wake <-chan struct{}, view *View, began time.Time) bool {
	took := time.Since(began)
	if view.Hidden || view.Paused {
		wake = nil
	}
	ticker := time.NewTimer(max(f.tick(view), rest*took))
	defer ticker.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-f.changed:
		// A hand waits: no more rest than keeps a scrolled table from taking all.
		return sleep(ctx, min(took, pace), nil)
	case <-ticker.C:
		return true
	case <-wake:
		return sleep(ctx, max(pace, rest*took)-time.Since(began), f.changed)
	}
}

// tick is when to make a frame although nothing was said to have changed; hours
// where there is none to make.
func (f *Feed) tick(view *View) time.Duration {
	const never = 24 * time.Hour
	if view.Hidden || view.Paused || f.running == 0 {
		return never
	}
	for _, id := range view.Open {
		if whole := f.wholes[id]; whole != nil && whole.Exchange.End == tunnel.Running {
			return live
		}
	}
	return tick
}

// sleep waits for d, or shorter if early receives.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-early:
	case <-timer.C:
	}
	return true
}
