//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Try locks f until it is closed, or returns ErrLocked at once.
func Try(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.ENOLCK: // a network file system without locks
			return errors.ErrUnsupported
		case syscall.EWOULDBLOCK:
			return ErrLocked
		}
		return err
	}
}
