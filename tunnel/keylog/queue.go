package keylog

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/intake"
)

const (
	maxLocked = 4 << 20  // bytes that wait in one tunnel for its key
	maxOpened = 16 << 20 // bytes that wait in one tunnel for their turn
	maxWait   = 64 << 10 // events that wait in one tunnel
	maxTotal  = 64 << 20 // bytes that wait in all tunnels of an Opener
	smallRead = 1 << 10  // bytes up to which a copy is not worth a pooled buffer
)

// event is one thing that the relay tells.
type event struct {
	what what
	dir  tunnel.Direction
	at   time.Duration // since the tunnel began
	took time.Duration // of delivered: how long the client took to accept it
	data []byte        // of arrived
	// pooled is the buffer that data lies in; nil if it has one of its own.
	pooled *[]byte
}

type what uint8

const (
	arrived   what = iota // bytes of dir came
	delivered             // bytes towards the client were handed over
	ended                 // dir ended in good order
)

// hold makes data a copy of p, which is no longer than a read.
func (e *event) hold(p []byte) {
	if len(p) <= smallRead {
		e.data = bytes.Clone(p)
		return
	}
	e.pooled = intake.Get(len(p))
	e.data = (*e.pooled)[:copy(*e.pooled, p)]
}

// size is what the event occupies, in bytes.
func (e *event) size() int {
	if e.pooled != nil {
		return len(*e.pooled)
	}
	return len(e.data)
}

func (e *event) drop() {
	if e.pooled != nil {
		intake.Put(e.pooled)
	}
	e.data, e.pooled = nil, nil
}

// queue takes in what the relay tells, without ever waiting, and hands it to one
// goroutine. Its methods may be called concurrently.
type queue struct {
	wake  chan struct{} // capacity one
	total *atomic.Int64 // bytes that wait in all queues
	full  func()        // called once, when more came than fits
	dead  atomic.Bool   // nothing is wanted any more

	mu     sync.Mutex // guards all below
	room   int        // bytes that may wait
	size   int        // bytes that do
	events []event
	closed bool
}

func newQueue(total *atomic.Int64, full func()) *queue {
	return &queue{wake: make(chan struct{}, 1), total: total, full: full, room: maxLocked}
}

// put adds an event with its bytes, of which it keeps a copy. It wakes nobody.
func (q *queue) put(e event, p []byte) {
	if q.dead.Load() {
		return
	}
	for len(p) > intake.MaxRead {
		q.put(e, p[:intake.MaxRead])
		p = p[intake.MaxRead:]
	}
	e.hold(p)
	if q.add(e) {
		return
	}
	e.drop()
	if !q.dead.Swap(true) {
		q.full()
		q.notify()
	}
}

func (q *queue) add(e event) bool {
	n := e.size()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size+n > q.room || len(q.events) >= maxWait {
		return false
	}
	if q.total.Add(int64(n)) > maxTotal {
		q.total.Add(-int64(n))
		return false
	}
	q.size += n
	q.events = append(q.events, e)
	return true
}

func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close says that no more will come.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.notify()
}

// take waits for events and returns all there are, oldest first, in place of into;
// false means that there will be none any more. Each must be released.
func (q *queue) take(into []event) ([]event, bool) {
	for {
		q.mu.Lock()
		got, closed := q.events, q.closed
		if len(got) > 0 {
			clear(into)
			q.events = into[:0]
		}
		q.mu.Unlock()
		if len(got) > 0 {
			return got, true
		}
		if closed || q.dead.Load() {
			return nil, false
		}
		<-q.wake
	}
}

// release gives back what an event occupies.
func (q *queue) release(e *event) {
	n := e.size()
	e.drop()
	q.total.Add(-int64(n))
	q.mu.Lock()
	q.size -= n
	q.mu.Unlock()
}

// releaseAll releases those of events that were not yet.
func (q *queue) releaseAll(events []event) {
	for i := range events {
		q.release(&events[i]) // of one that was, nothing is left
	}
}

// unlocked says that the key is there: what waits now does not wait for long.
func (q *queue) unlocked() {
	q.mu.Lock()
	q.room = maxOpened
	q.mu.Unlock()
}

// kill drops what waits and takes nothing more.
func (q *queue) kill() {
	q.dead.Store(true)
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.events {
		q.total.Add(-int64(q.events[i].size()))
		q.events[i].drop()
	}
	q.events, q.size, q.room = nil, 0, 0
}
