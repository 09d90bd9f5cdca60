//go:build unix

package relay

import (
	"net"
	"os"
	"syscall"
)

// attach makes writes be tried first, so that a wait for the peer is known
// before it begins.
func (w *writer) attach(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // writing to the connection will say why
	}
	w.raw, w.try = raw, w.attempt
}

// attempt writes what there is room for. False asks the runtime to wait and
// call again.
func (w *writer) attempt(fd uintptr) bool {
	for len(w.rest) > 0 {
		switch err := w.once(int(fd)); err {
		case nil, syscall.EINTR:
		case syscall.EAGAIN:
			if !w.waited {
				w.waited = true
				w.wait()
			}
			return false
		default:
			return true
		}
	}
	return true
}

// once writes, and keeps an error, in one step as far as failure can see.
func (w *writer) once(fd int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := syscall.Write(fd, w.rest)
	switch err {
	case nil:
		w.rest = w.rest[n:]
	case syscall.EAGAIN, syscall.EINTR:
	default:
		w.err = os.NewSyscallError("write", err)
	}
	return err
}
