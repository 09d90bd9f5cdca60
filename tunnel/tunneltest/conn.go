package tunneltest

import (
	"io"
	"net"
	"time"
)

// Conn is one end of an in-memory TCP connection. It is full duplex; Write
// blocks while the peer's buffer is full; Read returns what is there and does
// not keep write boundaries. All methods may be called concurrently.
//
// Errors are those of package net: [net.OpError] around [net.ErrClosed],
// [os.ErrDeadlineExceeded], syscall.ECONNRESET or syscall.EPIPE.
type Conn struct {
	in, out       *flow
	local, remote *net.TCPAddr
}

// newPair joins two ends, each able to hold buffer bytes that the other sent.
func newPair(buffer int, a, b *net.TCPAddr) (*Conn, *Conn) {
	ab, ba := newFlow(buffer), newFlow(buffer)
	return &Conn{in: ba, out: ab, local: a, remote: b}, &Conn{in: ab, out: ba, local: b, remote: a}
}

// Pair returns the two ends of a connection that belongs to no [Network].
// Each direction holds buffer bytes; zero means [DefaultBuffer].
func Pair(buffer int) (client, server *Conn) {
	if buffer <= 0 {
		buffer = DefaultBuffer
	}
	return newPair(buffer,
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: firstEphemeral},
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80})
}

// Read waits for bytes, the end, an error or the deadline.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

// Write returns when all of p is in the buffer. The first write to a peer that
// has closed succeeds and is lost, as in TCP.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// CloseWrite sends FIN: the peer reads EOF behind what was written, and can go
// on sending.
func (c *Conn) CloseWrite() error {
	if err := c.out.finish(); err != nil {
		return c.opError("close", err)
	}
	return nil
}

// Close ends both directions. What was written is still delivered; if bytes
// that the peer sent were not read, the peer sees a reset behind it.
func (c *Conn) Close() error { return c.close(false) }

// Reset closes with RST: behind what was already sent the peer reads
// ECONNRESET, and its writes fail at once.
func (c *Conn) Reset() error { return c.close(true) }

func (c *Conn) close(abort bool) error {
	wasOpen, reset := c.in.closeRead(abort)
	if !wasOpen {
		return c.opError("close", net.ErrClosed)
	}
	c.out.closeWrite(reset)
	return nil
}

// LocalAddr returns this end's address, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; the zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline bounds present and future reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if !c.in.setDeadline(&c.in.readBy, t) {
		return c.opError("set", net.ErrClosed)
	}
	return nil
}

// SetWriteDeadline bounds present and future writes. After it, a write may
// have been done in part.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if !c.out.setDeadline(&c.out.writeBy, t) {
		return c.opError("set", net.ErrClosed)
	}
	return nil
}

func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
