//go:build !unix

package intake

import "net"

// attach does nothing here: the system completes reads instead of announcing
// them, so that a waiting read needs its buffer.
func (*Reader) attach(*net.TCPConn) {}
