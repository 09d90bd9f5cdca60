package keylog

import (
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
)

const (
	maxLocked = 4 << 20   // bytes that wait in one tunnel for its key
	maxOpened = 16 << 20  // bytes that wait in one tunnel for their turn
	maxWait   = 64 << 10  // things that wait in one tunnel
	maxTotal  = 64 << 20  // bytes that wait in all tunnels of an Opener
	keptBatch = 256 << 10 // bytes of buffer that an idle queue keeps
)

// event is one thing that the relay tells.
type event struct {
	what  what
	dir   tunnel.Direction
	at    time.Duration // since the tunnel began
	bytes int           // of arrived: how many of the batch's data are this one's
	took  time.Duration // of delivered: how long the client took to accept it
}

type what uint8

const (
	arrived   what = iota // bytes of dir came
	delivered             // bytes towards the client were handed over
	ended                 // dir ended in good order
)

// batch is what has gathered between two looks into the queue.
type batch struct {
	events []event
	data   []byte
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
	filled batch
	spare  batch
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
	q.mu.Lock()
	fits := len(q.filled.data)+len(p) <= q.room && len(q.filled.events) < maxWait
	if fits && q.total.Add(int64(len(p))) > maxTotal {
		q.total.Add(-int64(len(p)))
		fits = false
	}
	if fits {
		q.filled.events = append(q.filled.events, e)
		q.filled.data = append(q.filled.data, p...)
	}
	q.mu.Unlock()
	if !fits && !q.dead.Swap(true) {
		q.full()
		q.notify()
	}
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

// take waits for something to be there and returns it; false means that it was
// the last. What it returned before is given back.
func (q *queue) take(used batch) (batch, bool) {
	q.release(used)
	for {
		q.mu.Lock()
		got, closed := q.filled, q.closed
		if len(got.events) > 0 {
			q.filled = q.spare
			q.spare = batch{}
		}
		q.mu.Unlock()
		if len(got.events) > 0 || closed || q.dead.Load() {
			return got, len(got.events) > 0
		}
		<-q.wake
	}
}

func (q *queue) release(used batch) {
	q.total.Add(-int64(len(used.data)))
	if cap(used.data) > keptBatch {
		used.data = nil
	}
	q.mu.Lock()
	q.spare = batch{used.events[:0], used.data[:0]}
	q.mu.Unlock()
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
	q.total.Add(-int64(len(q.filled.data)))
	q.filled, q.spare = batch{}, batch{}
	q.mu.Unlock()
}
