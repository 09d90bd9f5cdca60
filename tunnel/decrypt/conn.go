package decrypt

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

// Conn is a client's connection whose TLS ends here: what is read is what the
// client said. As with any [net.Conn], only one goroutine may read.
type Conn struct {
	*plain
	client  net.Conn
	session *Session
	live    *tunnel.Live
	closed  sync.Once
	heard   atomic.Bool // the client has said something
	gone    atomic.Bool // the client has ended the connection

	writing sync.Mutex // guards all below, and the order of writes
	holding bool
	held    []byte
	failed  error // of a write that was held back
}

// plain keeps the methods of a *tls.Conn that are not a net.Conn's out of Conn:
// net/http would take it for a TLS connection of its own, and the relay may not
// look beneath it.
type plain struct{ net.Conn }

// Session is the other end of what the client says.
func (c *Conn) Session() *Session { return c.session }

// Read returns what the client says.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.plain.Read(p)
	switch {
	case n > 0:
		c.heard.Store(true)
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed):
		c.gone.Store(true)
	}
	return n, err
}

// maxHeld is how many bytes are gathered at most, those of one TLS record.
const maxHeld = 16 << 10

// Hold gathers what is written until Release, so that it is one TLS record.
func (c *Conn) Hold() {
	c.writing.Lock()
	c.holding = true
	c.writing.Unlock()
}

// Release writes what was gathered. If that fails, the next Write says so.
func (c *Conn) Release() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.holding = false
	c.flush()
}

// flush writes what is held. The caller holds writing.
func (c *Conn) flush() {
	if len(c.held) > 0 && c.failed == nil {
		_, c.failed = c.plain.Write(c.held)
	}
	c.held = c.held[:0]
}

// Write sends p to the client, or gathers it.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.holding && len(c.held)+len(p) <= maxHeld && c.failed == nil {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	c.flush()
	if c.failed != nil {
		return 0, c.failed
	}
	return c.plain.Write(p)
}

// CloseWrite tells the client that nothing more will come.
func (c *Conn) CloseWrite() error { return c.plain.Conn.(*tls.Conn).CloseWrite() }

// Close ends the connection in good order, and the record of its tunnel.
func (c *Conn) Close() error {
	err := c.plain.Close()
	c.end()
	return err
}

// Reset breaks the connection off, so that the client sees it broken: without
// TLS's farewell, and without TCP's where that can be left out.
func (c *Conn) Reset() error {
	err := errors.ErrUnsupported
	if conn, ok := c.client.(interface{ Reset() error }); ok {
		err = conn.Reset()
	}
	if err != nil {
		err = c.client.Close()
	}
	c.end()
	return err
}

func (c *Conn) end() {
	c.closed.Do(func() {
		c.session.close()
		switch heard := c.heard.Load(); {
		case !heard && c.gone.Load():
			c.session.front.silent(c.session.client, c.live)
			return
		case heard:
			c.session.front.trust.speak(c.session.client)
		}
		c.live.Finish(tunnel.Complete, "")
	})
}

// Session is the way from one client's connection to its origin. It is safe for
// concurrent use.
type Session struct {
	// Host is the origin as the client names it within TLS, without port; Addr
	// is where its tunnel leads, as host:port.
	Host, Addr string
	// HTTP2 says that client and origin speak HTTP/2; else they speak HTTP/1.1.
	HTTP2 bool
	// Tunnel is the ID of the exchange that was opened.
	Tunnel string
	// Failure is why there is no way to the origin, best a [*tunnel.Failure]; it
	// is the answer to every request. Nil otherwise.
	Failure error

	front     *Front
	client    party
	protocols []string // agreed with the origin, to be agreed again

	mu    sync.Mutex // guards both below
	first *tap.Link  // made to learn what the origin offers; nil once taken
	made  time.Time  // when it was
}

// maxUnused is how old a connection may be that no request was sent on yet.
// Origins close those that stay silent, which a client would see and we do not.
const maxUnused = 5 * time.Second

// Dial returns a connection to the origin, TLS done: the first time that which
// was made before the client was answered.
func (s *Session) Dial(ctx context.Context) (tap.Link, error) {
	if s.Failure != nil {
		return tap.Link{}, s.Failure
	}
	s.mu.Lock()
	first, age := s.first, time.Since(s.made)
	s.first = nil
	s.mu.Unlock()
	switch {
	case first != nil && age <= maxUnused:
		return *first, nil
	case first != nil:
		first.Close()
	}
	link, err := s.front.cfg.Dial(ctx, s.Addr)
	if err != nil {
		return tap.Link{}, err
	}
	link, protocol, err := s.front.secure(ctx, link, s.Host, s.Addr, s.protocols)
	if err == nil && (protocol == protocolHTTP2) != s.HTTP2 {
		link.Close()
		err = &tunnel.Failure{
			Step: tunnel.StepTLS, Upstream: link.Upstream, Target: s.Addr, Cause: tunnel.ErrBadResponse,
			Sentence: s.Addr + " spoke another protocol than before when it was dialled again.",
		}
	}
	return link, err
}

// close ends a connection to the origin that nobody has taken.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first != nil {
		s.first.Close()
		s.first = nil
	}
}
