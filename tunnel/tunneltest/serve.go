package tunneltest

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// serve accepts connections until ln is closed, then cancels and closes those
// that are open and waits until handle has returned for all. handle owns its
// connection. n counts connections from 1.
func serve(ln net.Listener, handle func(ctx context.Context, c net.Conn, n int)) error {
	ctx, cancel := context.WithCancel(context.Background())
	open := openConns{conns: map[net.Conn]bool{}}
	var all sync.WaitGroup
	defer all.Wait()
	defer open.closeAll()
	defer cancel()
	for n := 1; ; n++ {
		c, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		open.add(c)
		all.Go(func() {
			defer open.remove(c)
			handle(ctx, c, n)
		})
	}
}

type openConns struct {
	mu    sync.Mutex // guards conns
	conns map[net.Conn]bool
}

func (o *openConns) add(c net.Conn) {
	o.mu.Lock()
	o.conns[c] = true
	o.mu.Unlock()
}

func (o *openConns) remove(c net.Conn) {
	c.Close()
	o.mu.Lock()
	delete(o.conns, c)
	o.mu.Unlock()
}

func (o *openConns) closeAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.conns {
		// The network's end and not the TLS one: a farewell could wait for a
		// peer that does not read.
		netConn(c).Close()
	}
}

// netConn returns the connection beneath TLS.
func netConn(c net.Conn) net.Conn {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok {
		return over.NetConn()
	}
	return c
}

// abort closes c with RST.
func abort(c net.Conn) {
	switch c := netConn(c).(type) {
	case interface{ Reset() error }:
		c.Reset()
	case *net.TCPConn:
		c.SetLinger(0)
		c.Close()
	default:
		c.Close()
	}
}

// closeWrite passes a FIN on, or closes what cannot be half-closed.
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	c.Close()
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
