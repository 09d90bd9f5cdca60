package tunneltest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// flow is one direction of a connection: a bounded buffer between one end that
// writes and one that reads. It starts no goroutine; whoever must wait waits on
// a condition, which a synctest bubble counts as idle.
type flow struct {
	mu       sync.Mutex // guards all below
	readable sync.Cond
	writable sync.Cond
	buf      ring

	writing     bool  // a Write is under way; others queue behind it
	fin         bool  // the writing end is done: EOF behind the buffer
	rst         bool  // the writing end has reset: ECONNRESET behind the buffer
	writeClosed bool  // the writing end was closed by its owner
	readClosed  bool  // the reading end was closed by its owner
	broken      error // what the writing end hears of the reading end's departure

	readBy, writeBy deadline
}

func newFlow(limit int) *flow {
	f := &flow{buf: ring{limit: limit}}
	f.readable.L, f.writable.L = &f.mu, &f.mu
	return f
}

// read waits until there is something to report and returns what is there.
func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.readClosed:
			return 0, net.ErrClosed
		case f.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case f.buf.used > 0:
			n := f.buf.take(p)
			f.writable.Broadcast()
			return n, nil
		case f.fin:
			return 0, io.EOF
		case f.rst:
			return 0, os.NewSyscallError("read", syscall.ECONNRESET)
		}
		f.readable.Wait()
	}
}

// write returns when all of p is in the buffer. Concurrent writes do not mix.
func (f *flow) write(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Not a mutex: one held across a wait would stop a bubble's clock.
	for f.writing {
		if err := f.writeError(); err != nil {
			return 0, err
		}
		f.writable.Wait()
	}
	f.writing = true
	defer f.endWrite()
	for {
		if err := f.writeError(); err != nil {
			return n, err
		}
		if f.readClosed {
			// As in TCP, what is sent to a closed peer is accepted and lost; its
			// RST makes the next write fail.
			f.broken = syscall.EPIPE
			return len(p), nil
		}
		if k := f.buf.put(p[n:]); k > 0 {
			n += k
			f.readable.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		f.writable.Wait()
	}
}

func (f *flow) endWrite() {
	f.writing = false
	f.writable.Broadcast()
}

func (f *flow) writeError() error {
	switch {
	case f.writeClosed:
		return net.ErrClosed
	case f.writeBy.passed():
		return os.ErrDeadlineExceeded
	case f.fin:
		return os.NewSyscallError("write", syscall.EPIPE)
	case f.broken != nil:
		err := os.NewSyscallError("write", f.broken)
		f.broken = syscall.EPIPE // a reset is reported once
		return err
	}
	return nil
}

// finish ends the direction from the writing end, behind what was written.
func (f *flow) finish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writeClosed {
		return net.ErrClosed
	}
	f.fin = true
	f.wake()
	return nil
}

// closeWrite is the writing end's close. A reset after a FIN changes nothing for
// the reader: it has been told the end.
func (f *flow) closeWrite(reset bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writeClosed = true
	if reset {
		f.rst = true
	} else {
		f.fin = true
	}
	f.writeBy.stop()
	f.wake()
}

// closeRead is the reading end's close. It reports whether the end was open
// and whether its departure resets the connection: always if asked to, and if
// bytes were left unread (RFC 1122 §4.2.2.13).
func (f *flow) closeRead(abort bool) (wasOpen, reset bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readClosed {
		return false, false
	}
	f.readClosed = true
	reset = abort || f.buf.used > 0
	if reset {
		f.broken = syscall.ECONNRESET
	}
	f.buf = ring{limit: f.buf.limit}
	f.readBy.stop()
	f.wake()
	return true, reset
}

func (f *flow) wake() {
	f.readable.Broadcast()
	f.writable.Broadcast()
}

// deadline is guarded by its flow's mutex. Its timer calls back, so no
// goroutine waits for it.
type deadline struct {
	at      time.Time
	timer   *time.Timer
	set     int // counts the calls, so that a late callback knows it is stale
	expired bool
}

// passed does not wait for the timer's word: at the very instant, which in
// virtual time is a long one, it may not have been spoken yet.
func (d *deadline) passed() bool {
	return d.expired || !d.at.IsZero() && time.Until(d.at) <= 0
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.set++
}

// setDeadline reports false if the end that d belongs to is closed.
func (f *flow) setDeadline(d *deadline, t time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d == &f.readBy && f.readClosed || d == &f.writeBy && f.writeClosed {
		return false
	}
	d.stop()
	d.at, d.expired = t, false
	f.wake()
	if t.IsZero() || d.passed() {
		return true
	}
	this := d.set
	d.timer = time.AfterFunc(time.Until(t), func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if d.set == this {
			d.expired = true
			f.wake()
		}
	})
	return true
}

// ring is a byte queue that grows up to its limit.
type ring struct {
	data  []byte
	start int
	used  int
	limit int // bytes
}

// firstRing is what a direction that carries little costs, in bytes.
const firstRing = 2 << 10

// put appends as much of p as fits and returns how much that is.
func (r *ring) put(p []byte) int {
	p = p[:min(len(p), r.limit-r.used)]
	r.grow(r.used + len(p))
	for rest := p; len(rest) > 0; {
		end := (r.start + r.used) % len(r.data)
		k := copy(r.data[end:min(len(r.data), end+len(rest))], rest)
		r.used += k
		rest = rest[k:]
	}
	return len(p)
}

// take moves as much as fits into p and returns how much that is.
func (r *ring) take(p []byte) int {
	n := 0
	for n < len(p) && r.used > 0 {
		k := copy(p[n:], r.data[r.start:min(len(r.data), r.start+r.used)])
		r.start = (r.start + k) % len(r.data)
		r.used -= k
		n += k
	}
	if r.used == 0 {
		r.start = 0
	}
	return n
}

func (r *ring) grow(need int) {
	if need <= len(r.data) {
		return
	}
	size := max(len(r.data), firstRing)
	for size < need {
		size *= 2
	}
	data := make([]byte, min(size, r.limit))
	used := r.used
	r.take(data[:used])
	r.data, r.start, r.used = data, 0, used
}
