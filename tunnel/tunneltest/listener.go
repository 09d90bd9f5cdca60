package tunneltest

import (
	"net"
	"sync"
)

// listener queues connections without bound until they are accepted.
type listener struct {
	addr   *net.TCPAddr
	forget func() // takes the listener out of its network

	mu      sync.Mutex // guards all below
	arrival sync.Cond
	queue   []*Conn
	closed  bool
}

func newListener(addr *net.TCPAddr, forget func()) *listener {
	l := &listener{addr: addr, forget: forget}
	l.arrival.L = &l.mu
	return l
}

// offer queues c for Accept; false means the listener has closed.
func (l *listener) offer(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.queue = append(l.queue, c)
	l.arrival.Signal()
	return true
}

func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.closed {
		l.arrival.Wait()
	}
	if l.closed {
		return nil, opError("accept", l.addr, net.ErrClosed)
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

// Close wakes Accept and resets the connections that nobody accepted.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return opError("close", l.addr, net.ErrClosed)
	}
	l.closed = true
	waiting := l.queue
	l.queue = nil
	l.arrival.Broadcast()
	l.mu.Unlock()
	l.forget()
	for _, c := range waiting {
		c.Reset()
	}
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }
