package upstream

import (
	"errors"
	"fmt"
	"net"
	"time"

	"streamgauge/tunnel"
)

// Timings says when each phase of a dial ended. A zero time means that the
// phase did not happen: nothing is resolved for an address or by us for an
// origin behind an upstream, and no handshake is needed when dialling directly.
type Timings struct {
	DNS       time.Time // name resolved here
	Connect   time.Time // TCP connected, to the origin or to the upstream
	Handshake time.Time // the upstream agreed: TLS to it, SOCKS or CONNECT done
}

// Conn is an open tunnel. As with any [net.Conn], reading, writing and closing
// may go on concurrently, but only one goroutine may read.
type Conn struct {
	net.Conn
	early []byte // came behind the upstream's answer; read before all else
	times Timings
	via   tunnel.Upstream
}

// Read first hands out the bytes that came together with the upstream's answer.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// CloseWrite ends the sending direction and leaves the other open: TCP FIN, or
// close_notify with TLS to the upstream.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("close sending direction of %T: %w", c.Conn, errors.ErrUnsupported)
	}
	return half.CloseWrite()
}

// NetConn returns the connection beneath, for those who can copy faster from a
// *net.TCPConn. It returns nil as long as early bytes wait to be read from c.
func (c *Conn) NetConn() net.Conn {
	if len(c.early) > 0 {
		return nil
	}
	return c.Conn
}

// Timings returns when the phases of the dial ended.
func (c *Conn) Timings() Timings { return c.times }

// Via returns the upstream taken, credentials included; zero if none.
func (c *Conn) Via() tunnel.Upstream { return c.via }
