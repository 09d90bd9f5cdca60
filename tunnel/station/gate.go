package station

import (
	"errors"
	"net"
	"sync"
)

// gate is a listener that can move to another address while a server accepts
// from it: who has been let in stays, who comes knocks at the new address.
type gate struct {
	mu      sync.Mutex // guards what follows
	current net.Listener
	closed  bool
}

// move makes the gate accept from ln and closes what it accepted from before.
func (g *gate) move(ln net.Listener) {
	g.mu.Lock()
	before := g.current
	g.current = ln
	closed := g.closed
	g.mu.Unlock()
	before.Close()
	if closed {
		ln.Close()
	}
}

// reopen closes the listener before it opens addr, for where the one is in the
// way of the other, and if that fails opens the old address again.
func (g *gate) reopen(addr string, listen func(string) (net.Listener, error)) error {
	g.mu.Lock() // Accept waits, and then looks anew
	defer g.mu.Unlock()
	before := g.current.Addr().String()
	g.current.Close()
	ln, err := listen(addr)
	if err != nil {
		var again error
		if ln, again = listen(before); again != nil {
			return errors.Join(err, again)
		}
	}
	g.current = ln
	if g.closed {
		ln.Close()
	}
	return err
}

// Accept waits for the next connection, at whichever address the gate is.
func (g *gate) Accept() (net.Conn, error) {
	for {
		at := g.listener()
		conn, err := at.Accept()
		if err == nil || at == g.listener() {
			return conn, err
		}
	}
}

func (g *gate) listener() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current
}

// Close ends Accept for good.
func (g *gate) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	return g.current.Close()
}

// Addr returns where the gate accepts now.
func (g *gate) Addr() net.Addr { return g.listener().Addr() }
