package intake

import (
	"net"
	"time"
)

// WhenGone calls gone, on another goroutine, if the peer of conn ends its
// direction or breaks the connection before it sends anything, and takes
// nothing from what it does send. The watch ends with the returned function,
// which must be called before conn is read again. Where the system cannot tell,
// nothing is watched.
func WhenGone(conn net.Conn, gone func()) (stop func()) {
	bare, _ := Unwrap(conn)
	tcp, ok := bare.(*net.TCPConn)
	if !ok {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if peerLeaves(tcp) {
			gone()
		}
	}()
	return func() {
		_ = tcp.SetReadDeadline(time.Unix(1, 0)) // ends the watch
		<-done
		_ = tcp.SetReadDeadline(time.Time{})
	}
}
