package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// First bytes that announce SOCKS (RFC 1928 §3, and SOCKS4). No HTTP method
// begins so.
const (
	socks4 = 0x04
	socks5 = 0x05
)

// accept takes connections until ctx ends or the listener fails for good.
func (p *Proxy) accept(ctx context.Context, ln net.Listener, web *handover) error {
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			if !p.tasks.run(func(ctx context.Context) { p.greet(ctx, conn, web) }) {
				conn.Close()
			}
		case ctx.Err() != nil:
			return nil
		case !passes(err):
			return err
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			p.logger.Warn("accept", "err", err, "pause", pause)
			wait(ctx, pause)
		}
	}
}

// passes reports whether an error of Accept is about one connection, or about
// resources that come back, rather than about the listener.
func passes(err error) bool {
	for _, cause := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// greet looks at the first byte of a connection and hands it to whom it is for.
func (p *Proxy) greet(ctx context.Context, conn net.Conn, web *handover) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client := &sniffed{Conn: conn, background: p.background}
	_ = conn.SetReadDeadline(time.Now().Add(greetingTimeout))
	if _, err := conn.Read(client.first[:]); err != nil {
		conn.Close()
		return
	}
	client.held = true
	if first := client.first[0]; first == socks4 || first == socks5 {
		p.serveSOCKS(ctx, client)
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	web.give(client)
}

// background runs f for as long as the proxy runs.
func (p *Proxy) background(f func()) bool { return p.tasks.run(func(context.Context) { f() }) }

// sniffed is a client's connection whose first byte was read already and is
// read again from here.
type sniffed struct {
	net.Conn
	first [1]byte
	held  bool
	// background runs a function for as long as the proxy runs.
	background func(func()) bool
	watch      headWatch
	stopped    atomic.Bool // the rest is not read
	lingers    atomic.Bool // there may be a rest that is not read
}

// Read returns the first byte, then what the connection brings.
func (s *sniffed) Read(p []byte) (int, error) {
	if s.stopped.Load() {
		return 0, io.EOF
	}
	if s.held && len(p) > 0 {
		s.held = false
		s.watch.feed(s.first[:])
		return copy(p, s.first[:]), nil
	}
	n, err := s.Conn.Read(p)
	s.watch.feed(p[:n])
	return n, err
}

// StopReading makes this request the connection's last: what the client still
// sends is not looked at. The server then closes the connection behind the
// answer, and need not wait for the rest of a request that has been answered.
func (s *sniffed) StopReading() {
	s.lingers.Store(true)
	s.stopped.Store(true)
	_ = s.Conn.SetReadDeadline(time.Unix(1, 0)) // ends a read under way
}

// lingerTime is how long a connection that was not read to its end stays after
// its close.
const lingerTime = time.Second

// Close closes the connection. One that was not read to its end is kept for a
// moment and read: the system would answer bytes that nobody reads with a
// reset, which can overtake the answer (RFC 9112 §9.6).
func (s *sniffed) Close() error {
	if s.lingers.Load() && s.CloseWrite() == nil && s.background(s.linger) {
		return nil
	}
	return s.Conn.Close()
}

func (s *sniffed) linger() {
	_ = s.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, s.Conn)
	s.Conn.Close()
}

// CloseWrite half-closes the connection.
func (s *sniffed) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// Reset closes the connection so that the peer sees it broken (RFC 9293 §3.5.3)
// and not ended.
func (s *sniffed) Reset() error {
	switch conn := s.Conn.(type) {
	case *net.TCPConn:
		_ = conn.SetLinger(0) // fails only if closed already
	case interface{ Reset() error }:
		return conn.Reset()
	}
	return s.Close()
}

// NetConn returns the connection beneath, or nil while the first byte waits.
func (s *sniffed) NetConn() net.Conn {
	if s.held {
		return nil
	}
	return s.Conn
}

// handover is the listener of net/http's server: it is given the connections
// that turned out to speak HTTP.
type handover struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handover) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.closed:
		conn.Close()
	}
}

// Accept returns the next connection given.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and give.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr returns the address of the real listener.
func (h *handover) Addr() net.Addr { return h.addr }
