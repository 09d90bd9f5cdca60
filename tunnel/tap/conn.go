package tap

import (
	"net"
	"sync"
	"time"

	"streamgauge/tunnel"
)

// Link is a connection to an origin, or to an HTTP upstream, with what is known
// about how it came to be.
type Link struct {
	net.Conn
	// Upstream is the path taken.
	Upstream tunnel.Upstream
	// Steps is when each step of dialling ended; steps that did not happen are
	// zero.
	Steps struct{ DNS, Connect, Handshake, TLS time.Time }
}

// Conn is the origin side of an exchange as net/http's Transport reads it. It
// stamps every read and shows the bytes to the Response that is bound to it.
// Reads must not be concurrent with one another, as always on a Transport's
// connection; Bind and Release may be called at any time.
type Conn struct {
	net.Conn
	link Link

	// ahead holds bytes read from the socket that the Transport has not taken
	// yet. Only the reader touches it.
	ahead readAhead

	mu       sync.Mutex // guards response
	response *Response
}

// NewConn wraps an established connection.
func NewConn(link Link) *Conn { return &Conn{Conn: link.Conn, link: link} }

// Link returns what the connection was made from.
func (c *Conn) Link() Link { return c.link }

// Bind makes r the response that the next bytes belong to.
func (c *Conn) Bind(r *Response) {
	c.mu.Lock()
	c.response = r
	c.mu.Unlock()
}

// Read hands out what one read of the socket brought. The socket read that
// follows a filled buffer takes more at once than was asked for, and keeps the
// rest for the next call: a fast download is read in large pieces although the
// Transport asks for small ones.
func (c *Conn) Read(p []byte) (int, error) {
	if c.ahead.waiting() {
		return c.ahead.take(p), nil
	}
	into := p
	if size := c.ahead.want(len(p)); size > len(p) {
		into = c.ahead.borrow(size)
	}
	n, err := c.Conn.Read(into)
	at := time.Now()
	c.ahead.learn(n, len(into))
	if n > 0 {
		c.arrived(at, into[:n])
	}
	if len(into) > len(p) {
		c.ahead.keep(n)
		n = c.ahead.take(p)
	}
	return n, err
}

func (c *Conn) arrived(at time.Time, p []byte) {
	c.mu.Lock()
	r := c.response
	c.mu.Unlock()
	if r != nil {
		r.arrived(at, p)
	}
}

// CloseWrite half-closes the connection where it can be, and reports
// [net.ErrClosed] where it cannot.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// NetConn returns the connection beneath, or nil while bytes read ahead are
// still waiting.
func (c *Conn) NetConn() net.Conn {
	if c.ahead.waiting() {
		return nil
	}
	return c.Conn
}

// Sizes of a read of the socket, in bytes.
const (
	maxRead    = 256 << 10
	readGrowth = 4
)

// readAhead decides how much to read at once and keeps what was read beyond
// what was asked for. It holds a buffer only while a read is under way or bytes
// are waiting, so an idle connection costs nothing.
type readAhead struct {
	next   int // size of the next read; 0 means as asked
	buffer *[]byte
	rest   []byte // part of buffer not handed out yet
}

func (a *readAhead) waiting() bool { return len(a.rest) > 0 }

func (a *readAhead) want(asked int) int { return max(a.next, asked) }

// learn grows the next read after one that filled its buffer, since more is
// likely to be there, and falls back to what is asked for after one that did
// not. Requests for a byte or two say nothing about the speed of the stream.
func (a *readAhead) learn(n, size int) {
	switch {
	case n == size && size >= 1<<10:
		a.next = min(size*readGrowth, maxRead)
	case n < a.next/readGrowth:
		a.next = 0
	}
}

func (a *readAhead) borrow(size int) []byte {
	a.buffer = getBuffer(size)
	return (*a.buffer)[:size]
}

func (a *readAhead) keep(n int) {
	a.rest = (*a.buffer)[:n]
	a.release()
}

func (a *readAhead) take(p []byte) int {
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	a.release()
	return n
}

func (a *readAhead) release() {
	if a.buffer != nil && len(a.rest) == 0 {
		putBuffer(a.buffer)
		a.buffer, a.rest = nil, nil
	}
}
