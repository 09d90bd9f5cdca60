//go:build !windows

package station

import "syscall"

// Why an address cannot be listened on.
const (
	addressInUse   = syscall.EADDRINUSE
	addressUnknown = syscall.EADDRNOTAVAIL
	accessDenied   = syscall.EACCES
)
