//go:build unix

package intake

import (
	"net"
	"syscall"
)

// peerLeaves waits until there is something to read, or the deadline has
// passed, and reports whether it is the end.
func peerLeaves(tcp *net.TCPConn) (left bool) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	var one [1]byte
	_ = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		if err == syscall.EAGAIN || err == syscall.EINTR {
			return false
		}
		left = n <= 0
		return true
	})
	return left
}
