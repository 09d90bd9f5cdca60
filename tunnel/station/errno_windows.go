package station

import "golang.org/x/sys/windows"

// Why an address cannot be listened on. The names of the syscall package are
// not what Windows answers.
const (
	addressInUse   = windows.WSAEADDRINUSE
	addressUnknown = windows.WSAEADDRNOTAVAIL
	accessDenied   = windows.WSAEACCES
)
