package upstream

import (
	"errors"
	"slices"
	"syscall"

	"golang.org/x/sys/windows"
)

// The numbers that Windows gives are not those of package syscall, which
// invents its own there for portable code, in-memory networks among it.

func isRefused(err error) bool {
	return isAny(err, windows.WSAECONNREFUSED, syscall.ECONNREFUSED)
}

func isUnreachable(err error) bool {
	return isAny(err, windows.WSAENETUNREACH, windows.WSAEHOSTUNREACH, windows.WSAEADDRNOTAVAIL,
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL)
}

func isReset(err error) bool {
	return isAny(err, windows.WSAECONNRESET, windows.WSAECONNABORTED,
		syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE)
}

func isAny(err error, numbers ...syscall.Errno) bool {
	return slices.ContainsFunc(numbers, func(n syscall.Errno) bool { return errors.Is(err, n) })
}
