//go:build unix

package intake

import (
	"io"
	"net"
	"os"
	"syscall"
)

// attach makes the reader try first and wait without a buffer, as the kernel
// knows when bytes are there.
func (r *Reader) attach(tcp *net.TCPConn) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // reading the connection will say why
	}
	r.Release()
	r.raw, r.try = raw, r.attempt
	r.want = rawFloor
}

// attempt reads what is there. False asks the runtime to wait and call again.
func (r *Reader) attempt(fd uintptr) bool {
	into := r.into
	if into == nil {
		r.hold()
		into = *r.buf
	}
	for {
		n, err := syscall.Read(int(fd), into)
		switch {
		case err == syscall.EAGAIN:
			r.Release()
			r.n, r.err = 0, errNothing
			return r.once
		case err == syscall.EINTR:
			continue
		case err != nil:
			r.n, r.err = 0, os.NewSyscallError("read", err)
		case n == 0:
			r.n, r.err = 0, io.EOF
		default:
			r.n, r.err = n, nil
		}
		return true
	}
}
