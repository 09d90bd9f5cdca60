//go:build !unix

package relay

import "net"

// attach does nothing here: a write cannot be tried without being begun.
func (*writer) attach(*net.TCPConn) {}
