package tap

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"streamgauge/tunnel/wire"
)

// HTTP2Conn is the origin side of the exchanges that share an HTTP/2 connection,
// as net/http's client reads and writes it. It follows the frames of both
// directions: what it writes tells which stream carries which request, what it
// reads is stamped, a DATA frame at the read that completed it. Reads must not
// be concurrent with one another, nor writes.
type HTTP2Conn struct {
	net.Conn
	link Link

	mu      sync.Mutex // guards all below
	sent    *wire.HTTP2
	came    *wire.HTTP2
	next    *Response            // whose head is being written
	streams map[uint32]*Response // open
	latest  uint32               // the stream opened last
	leaving bool                 // the origin takes no more streams
}

// NewHTTP2Conn wraps an established connection on which nothing was said.
func NewHTTP2Conn(link Link) *HTTP2Conn {
	return &HTTP2Conn{
		Conn: link.Conn, link: link,
		sent: wire.NewHTTP2(true), came: wire.NewHTTP2(false), streams: map[uint32]*Response{},
	}
}

// Read stamps what one read of the connection brought.
func (c *HTTP2Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		at := time.Now()
		c.mu.Lock()
		c.came.Feed(p[:n], func(f wire.HTTP2Frame) { c.arrived(at, f) })
		c.mu.Unlock()
	}
	return n, err
}

// Write notes which streams p opens before it is sent, so that no answer is seen
// before its request.
func (c *HTTP2Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.sent.Feed(p, c.wrote)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// expect makes r the response to the request whose head is written next. The
// client writes one head at a time.
func (c *HTTP2Conn) expect(r *Response) {
	c.mu.Lock()
	c.next = r
	c.mu.Unlock()
}

// Leaving reports whether the origin has said that it takes no more requests on
// this connection (RFC 9113 §6.8).
func (c *HTTP2Conn) Leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

// wrote follows the client's frames. The caller holds mu.
func (c *HTTP2Conn) wrote(f wire.HTTP2Frame) {
	switch {
	case f.Type == wire.HTTP2Headers && f.Stream > c.latest:
		c.latest = f.Stream
		if c.next != nil {
			c.next.beginLane()
			c.streams[f.Stream] = c.next
			c.next = nil
		}
	case f.Type == wire.HTTP2Reset:
		delete(c.streams, f.Stream)
	}
}

// arrived follows the origin's frames. The caller holds mu.
func (c *HTTP2Conn) arrived(at time.Time, f wire.HTTP2Frame) {
	if f.Type == wire.HTTP2GoAway && len(f.Payload) >= 4 {
		c.leaving = true
		last := binary.BigEndian.Uint32(f.Payload) &^ (1 << 31)
		for id, r := range c.streams {
			if id > last { // RFC 9113 §6.8: not processed, and will not be
				r.laneRefused()
				delete(c.streams, id)
			}
		}
		return
	}
	r := c.streams[f.Stream]
	if r == nil {
		return
	}
	switch f.Type {
	case wire.HTTP2Headers, wire.HTTP2Continuation:
		if f.Flags&wire.HTTP2EndHeaders != 0 {
			r.laneHead(at)
		}
	case wire.HTTP2Data:
		r.laneData(at, len(f.Payload), f.Last)
	case wire.HTTP2Reset:
		if len(f.Payload) >= 4 {
			r.laneReset(wire.HTTP2Code(binary.BigEndian.Uint32(f.Payload)))
		}
		delete(c.streams, f.Stream)
	}
	opens := f.Type == wire.HTTP2Headers || f.Type == wire.HTTP2Data
	if opens && f.Last && f.Flags&wire.HTTP2EndStream != 0 {
		r.laneOver()
		delete(c.streams, f.Stream)
	}
}

// lane is what is known of a response that shares its connection.
type lane struct {
	heads   []time.Duration // when each head came that could be the final one
	interim int             // how many of them were not
	data    bool            // payload has begun: what follows is a trailer
	partial int             // bytes of the DATA frame that is not whole
	over    bool            // the stream ended, or was reset
	refused bool            // the request was not processed
	reset   bool            // by the origin, with code
	code    wire.HTTP2Code
}

// share tells r by which connection it will come.
func (r *Response) share(c *HTTP2Conn) {
	r.mu.Lock()
	r.shared, r.lane = c, nil
	r.mu.Unlock()
}

// announce says that the head of r's request is about to be written.
func (r *Response) announce() {
	r.mu.Lock()
	c := r.shared
	r.mu.Unlock()
	if c != nil {
		c.expect(r)
	}
}

func (r *Response) beginLane() {
	r.mu.Lock()
	r.lane = &lane{}
	r.queue, r.first = r.queue[:0], 0
	r.mu.Unlock()
}

// update changes the lane, if there is one.
func (r *Response) update(change func(*lane)) {
	r.mu.Lock()
	if r.lane != nil {
		change(r.lane)
	}
	r.mu.Unlock()
}

func (r *Response) laneHead(at time.Time) {
	r.update(func(l *lane) {
		if !l.data && len(l.heads) <= maxInterim {
			l.heads = append(l.heads, at.Sub(r.live.Start()))
		}
	})
}

func (r *Response) laneData(at time.Time, bytes int, whole bool) {
	r.update(func(l *lane) {
		l.data = true
		if l.partial += bytes; whole && l.partial > 0 {
			r.queue = append(r.queue, arrival{at.Sub(r.live.Start()), l.partial})
			l.partial = 0
		}
	})
}

func (r *Response) laneOver() { r.update(func(l *lane) { l.over = true }) }

func (r *Response) laneRefused() { r.update(func(l *lane) { l.refused = true }) }

func (r *Response) laneReset(code wire.HTTP2Code) {
	const refusedStream wire.HTTP2Code = 7 // RFC 9113 §8.7
	r.update(func(l *lane) { l.over, l.reset, l.code, l.refused = true, true, code, code == refusedStream })
}

// interim notes that a head was not the final one.
func (r *Response) interim() { r.update(func(l *lane) { l.interim++ }) }

// ResetError is a stream that the origin reset (RFC 9113 §5.4.2).
type ResetError struct{ Code wire.HTTP2Code }

// Error names the code.
func (e *ResetError) Error() string { return "origin reset the stream: " + e.Code.String() }

// ResetError returns why the origin reset the stream, or nil if it did not.
func (r *Response) ResetError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lane == nil || !r.lane.reset {
		return nil
	}
	return &ResetError{r.lane.code}
}

// Unsent reports whether the request was given to a shared connection and did
// not go out on it.
func (r *Response) Unsent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shared != nil && r.lane == nil
}

// Refused reports whether the origin said that it did nothing about the request
// (RFC 9113 §8.7).
func (r *Response) Refused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lane != nil && r.lane.refused
}

// HeadAt returns when the final head came, where the frames told.
func (r *Response) HeadAt() (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lane == nil || r.lane.interim >= len(r.lane.heads) {
		return 0, false
	}
	return r.lane.heads[r.lane.interim], true
}

// laneWait returns what is to be done before waiting for more of a shared
// connection: nobody else can tell when that is.
func (r *Response) laneWait() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lane == nil || r.lane.over {
		return nil
	}
	return r.onWait
}
