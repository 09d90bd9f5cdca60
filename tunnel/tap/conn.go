package tap

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/intake"
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
// connection; Bind may be called at any time.
type Conn struct {
	net.Conn
	link Link

	// The reader's own: what the last read brought and was not taken yet, and
	// the error that came with it.
	in   *intake.Reader
	rest []byte
	err  error
	// records says that a read returns a TLS record: it must not be cut by the
	// small buffer of the Transport.
	records bool

	mu       sync.Mutex // guards response
	response *Response
}

// NewConn wraps an established connection.
func NewConn(link Link) *Conn {
	look := func() (net.Conn, bool) { return intake.Unwrap(link.Conn) }
	_, records := link.Conn.(*tls.Conn)
	return &Conn{Conn: link.Conn, link: link, in: intake.NewReader(look), records: records}
}

// Link returns what the connection was made from.
func (c *Conn) Link() Link { return c.link }

// Bind makes r the response that the next bytes belong to.
func (c *Conn) Bind(r *Response) {
	c.mu.Lock()
	c.response = r
	c.mu.Unlock()
}

// Read hands out what one read of the socket brought, in as many calls as it
// takes. The Transport asks for little at a time; the socket is nevertheless
// asked for all it has, so that what came together is one arrival.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.rest) == 0 {
		if err := c.next(p); err != nil {
			return 0, err
		}
	}
	n := min(len(p), len(c.rest))
	if &p[0] != &c.rest[0] { // else it was read into p
		copy(p, c.rest)
	}
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.in.Release()
	}
	return n, nil
}

// next reads the socket, into p where waiting needs a buffer.
func (c *Conn) next(p []byte) error {
	if c.err != nil {
		return c.err
	}
	c.mu.Lock()
	r := c.response
	c.mu.Unlock()
	scratch := p
	if c.records {
		scratch = nil
	}
	got, err := c.await(r, scratch)
	at := time.Now()
	c.rest, c.err = got, err
	if len(got) == 0 {
		c.in.Release()
		return err
	}
	// A connection kept for reuse is given to its next response while this
	// read waits for it.
	c.mu.Lock()
	r = c.response
	c.mu.Unlock()
	if r != nil {
		r.arrived(at, got)
	}
	return nil
}

// await reads the socket. Where it has to wait for it, r is told first.
func (c *Conn) await(r *Response, p []byte) ([]byte, error) {
	if r != nil {
		if wait := r.beforeWait(); wait != nil {
			if got, err, ok := c.in.Ready(); ok {
				return got, err
			}
			wait()
		}
	}
	return c.in.Next(p)
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
	if len(c.rest) > 0 {
		return nil
	}
	return c.Conn
}
