package relay

import (
	"sync"
	"syscall"
)

// writer writes to one side.
type writer struct {
	side *side
	// waiting, unless nil, is called at most once a write, before the first
	// wait for the peer to make room; where waiting cannot be told, always.
	waiting func()

	raw    syscall.RawConn       // nil where a write cannot be tried
	try    func(fd uintptr) bool // for raw
	rest   []byte                // what try has to write still
	waited bool

	mu  sync.Mutex // guards err, and is held while the kernel may report it
	err error      // why writing failed, for ever
}

func newWriter(s *side) *writer { return &writer{side: s} }

// write returns when all of p is handed over, or the first error.
func (w *writer) write(p []byte) error {
	if w.raw == nil {
		if tcp := w.side.tcp(); tcp != nil {
			w.attach(tcp)
		}
	}
	if w.raw != nil {
		w.rest, w.waited = p, false
		err := w.raw.Write(w.try)
		w.rest = nil
		w.fail(err)
		return w.failure()
	}
	w.wait()
	_, err := w.side.conn.Write(p)
	w.fail(err)
	return err
}

func (w *writer) wait() {
	if w.waiting != nil {
		w.waiting()
	}
}

func (w *writer) fail(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

// failure returns why writing failed, also to other goroutines. Where writes
// are tried, no failure that the kernel has reported is missing from it.
func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
