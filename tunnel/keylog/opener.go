package keylog

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
)

// afterPatience is how long a key is still waited for when its tunnel has ended,
// for clients that write late.
const afterPatience = time.Second

// Opener opens tunnels with the keys of one file. Its methods may be called
// concurrently.
type Opener struct {
	file     *File
	recorder tunnel.Recorder
	queued   atomic.Int64 // bytes that wait in all its tunnels
}

// NewOpener returns an Opener that records what it finds in tunnels with recorder.
func NewOpener(file *File, recorder tunnel.Recorder) *Opener {
	return &Opener{file: file, recorder: recorder}
}

// Watch is the view into one tunnel. Arrived, Delivered and Ended are the relay's,
// which may call them from the goroutines of both directions; they never wait.
type Watch struct {
	of    *Opener
	live  *tunnel.Live
	queue *queue
	// late is closed, by giveUp, when no key is to be waited for any more.
	late      chan struct{}
	giveUp    func()
	overflown atomic.Bool
	// How and when the tunnel ended. Written before the queue is closed, read
	// behind its end.
	end   tunnel.End
	ended time.Duration
}

// Watch begins a view into the tunnel that live describes. Run must be called,
// and Close when the tunnel has ended.
func (o *Opener) Watch(live *tunnel.Live) *Watch {
	w := &Watch{of: o, live: live, late: make(chan struct{})}
	w.giveUp = sync.OnceFunc(func() { close(w.late) })
	w.queue = newQueue(&o.queued, func() {
		w.overflown.Store(true)
		w.giveUp()
	})
	return w
}

// Arrived takes a copy of p, which a read returned at so long since the tunnel
// began. It is called before p is passed on, so that no answer comes before its
// question, and wakes nobody: Delivered does, behind the write.
func (w *Watch) Arrived(dir tunnel.Direction, p []byte, at time.Duration) {
	w.queue.put(event{what: arrived, dir: dir, at: at}, p)
}

// slowWrite is how long a write to the client must take to be worth telling.
const slowWrite = time.Millisecond

// Delivered says that what arrived last in that direction was handed over, and how
// long that took.
func (w *Watch) Delivered(dir tunnel.Direction, took time.Duration) {
	if w.queue.dead.Load() {
		return
	}
	if dir == tunnel.ToClient && took >= slowWrite {
		w.queue.put(event{what: delivered, dir: dir, took: took}, nil)
	}
	w.queue.notify()
}

// Ended says that a direction ended in good order.
func (w *Watch) Ended(dir tunnel.Direction, at time.Duration) {
	w.queue.put(event{what: ended, dir: dir, at: at}, nil)
	w.queue.notify()
}

// Close says how the tunnel ended. What came before is still opened. Only the
// first call counts.
func (w *Watch) Close(end tunnel.End) {
	w.end, w.ended = end, w.live.Since()
	w.queue.close()
	time.AfterFunc(afterPatience, w.giveUp)
}

// Run opens what arrives, and returns when all is recorded that could be opened:
// after Close, or earlier where nothing more can be. When ctx ends it waits for
// no key any more. An error is a mistake of ours; it ends the view and harms
// nothing else.
func (w *Watch) Run(ctx context.Context) (err error) {
	defer w.giveUp()
	stop := context.AfterFunc(ctx, w.giveUp)
	defer stop()
	v := newView(w.of.recorder, w.live)
	defer v.counting.Wait()
	s := &session{file: w.of.file, late: w.late, into: v}
	defer w.queue.kill()
	var events []event
	defer func() {
		if cause := recover(); cause != nil {
			w.queue.releaseAll(events)
			err = fmt.Errorf("look into a tunnel: panic: %v", cause)
			v.lost = true
			w.conclude(s, v)
		}
	}()
	for more := true; ; {
		if events, more = w.queue.take(events); !more {
			break
		}
		over := false
		for i := range events {
			if over = over || w.overflown.Load(); !over {
				w.take(s, v, &events[i])
				over = s.stopped != "" || s.alien || v.lost
			}
			w.queue.release(&events[i])
		}
		if over {
			break
		}
	}
	w.conclude(s, v)
	return nil
}

// take handles one event.
func (w *Watch) take(s *session, v *view, e *event) {
	switch e.what {
	case arrived:
		locked := !s.keyed
		s.feed(e.dir, e.data, e.at)
		if locked && s.keyed {
			w.queue.unlocked()
		}
		v.flush()
	case delivered:
		v.blocked(e.took)
	case ended:
		v.ended(e.dir, e.at)
	}
}

// conclude ends what is running in the view.
func (w *Watch) conclude(s *session, v *view) {
	switch {
	case w.overflown.Load() && s.stopped == "":
		s.stopped = tunnel.RemarkFellBehind
	case v.lost && s.stopped == "":
		s.stopped = tunnel.RemarkNotHTTP
	}
	if s.alien {
		return
	}
	if s.stopped != "" {
		remark := s.stopped
		w.live.Update(func(ex *tunnel.Exchange) { ex.Remark = remark })
		v.abandon()
		return
	}
	v.close(w.end, w.ended)
}
