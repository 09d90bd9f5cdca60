package tap

import (
	"sync"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/wire"
)

// Response collects the arrivals of one response: written by the connection's
// reader, emptied by [Body].
type Response struct {
	live *tunnel.Live

	mu     sync.Mutex // guards all below
	conn   *Conn      // the connection taken, nil before there is one
	follow wire.Response
	// queue holds the arrivals whose payload Body has not taken, from first on.
	queue []arrival
	first int
	// onWait is called before the connection waits within the body; nil unless
	// something written was not flushed.
	onWait func()
	// shared is the connection where others come by it too, and lane what its
	// frames say of this response; nil with HTTP/1.
	shared *HTTP2Conn
	lane   *lane
}

// arrival is the payload that one read of the connection brought.
type arrival struct {
	at    time.Duration // since the exchange began
	bytes int
}

// NewResponse expects the response to a request of the given method.
func NewResponse(live *tunnel.Live, method string) *Response {
	r := &Response{live: live}
	r.follow.Reset(method)
	return r
}

// begin expects the response on conn. Where the request was begun on another
// connection which then failed, what had come there is forgotten.
func (r *Response) begin(conn *Conn, method string) {
	r.mu.Lock()
	r.conn = conn
	r.follow.Reset(method)
	r.queue, r.first = r.queue[:0], 0
	r.mu.Unlock()
}

func (r *Response) arrived(at time.Time, p []byte) {
	since := at.Sub(r.live.Start())
	r.mu.Lock()
	headless := !r.follow.HeadDone()
	n := r.follow.Feed(p)
	head := headless && r.follow.HeadDone()
	if n > 0 {
		r.queue = append(r.queue, arrival{since, n})
	}
	r.mu.Unlock()
	if head {
		r.live.Mark(tunnel.Head, since)
	}
}

// Conn returns the connection that the response comes by, nil before the
// Transport has taken one.
func (r *Response) Conn() *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conn
}

// whenWaiting sets what is called, by the goroutine that reads, before the
// connection waits for more of the body.
func (r *Response) whenWaiting(f func()) {
	r.mu.Lock()
	r.onWait = f
	r.mu.Unlock()
}

func (r *Response) beforeWait() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.follow.Done() {
		return nil
	}
	return r.onWait
}

// take removes and returns the oldest arrival.
func (r *Response) take() (arrival, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == len(r.queue) {
		return arrival{}, false
	}
	a := r.queue[r.first]
	r.first++
	if r.first == len(r.queue) {
		r.queue, r.first = r.queue[:0], 0
	}
	return a, true
}

// HeadDone reports whether the final head has arrived.
func (r *Response) HeadDone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lane != nil {
		return len(r.lane.heads) > r.lane.interim
	}
	return r.follow.HeadDone()
}

// Pending returns how many payload bytes have arrived and were not taken.
func (r *Response) Pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, a := range r.queue[r.first:] {
		n += a.bytes
	}
	return n
}

// unfinished reports that all that arrived was taken and that more is to come.
func (r *Response) unfinished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := r.follow.Done()
	if r.lane != nil {
		over = r.lane.over
	}
	return r.first == len(r.queue) && !over
}

// Framing returns how the origin delimits the body.
func (r *Response) Framing() wire.Framing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.follow.Framing()
}

// Header returns the field lines in the order and spelling of the wire, or nil
// where the head could not be followed.
func (r *Response) Header() []tunnel.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.follow.HeadDone() || r.follow.Lost() {
		return nil
	}
	return r.follow.Header()
}
