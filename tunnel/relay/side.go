package relay

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"streamgauge/tunnel/intake"
)

// side is one of the two connections. Its methods may be called concurrently,
// except look.
type side struct {
	conn net.Conn // as given: the one to close
	// bare is what to read from and write to once nothing is left to replay;
	// nil before.
	bare atomic.Pointer[net.Conn]
}

func newSide(conn net.Conn) *side {
	s := &side{conn: conn}
	s.look()
	return s
}

// look returns the connection to read from next, and whether it will stay that
// one. Only the goroutine that reads may call it, for a replay is not safe to
// ask about while it is read.
func (s *side) look() (conn net.Conn, last bool) {
	if bare := s.bare.Load(); bare != nil {
		return *bare, true
	}
	conn, last = intake.Unwrap(s.conn)
	if last {
		s.bare.Store(&conn)
	}
	return conn, last
}

// known returns the bare connection if there is no replay any more, else the
// one given.
func (s *side) known() net.Conn {
	if bare := s.bare.Load(); bare != nil {
		return *bare
	}
	return s.conn
}

// tcp returns the bare connection if it is TCP and free for direct use.
func (s *side) tcp() *net.TCPConn {
	if bare := s.bare.Load(); bare != nil {
		tcp, _ := (*bare).(*net.TCPConn)
		return tcp
	}
	return nil
}

// closeWrite ends the sending direction and reports whether this kind of
// connection can. A connection that is broken already counts as able.
func (s *side) closeWrite() bool {
	half, ok := s.known().(interface{ CloseWrite() error })
	if !ok {
		half, ok = s.conn.(interface{ CloseWrite() error })
	}
	return ok && !errors.Is(half.CloseWrite(), errors.ErrUnsupported)
}

// reset closes such that the peer sees a broken connection, where the kind of
// connection can tell that from an orderly end.
func (s *side) reset() {
	switch bare := s.known().(type) {
	case *net.TCPConn:
		_ = bare.SetLinger(0) // fails only if closed already
	case interface{ Reset() error }:
		_ = bare.Reset()
	}
	s.close()
}

// close may be called again: whoever comes second changes nothing.
func (s *side) close() { _ = s.conn.Close() }

func (s *side) setReadDeadline(t time.Time) { _ = s.conn.SetReadDeadline(t) }

// sideError says who failed doing what. The addresses that package net puts
// into its errors are in the exchange already.
func sideError(doing string, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
