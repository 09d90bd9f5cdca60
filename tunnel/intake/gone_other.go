//go:build !unix

package intake

import "net"

// peerLeaves is not to be had here without taking what the peer sends.
func peerLeaves(*net.TCPConn) bool { return false }
