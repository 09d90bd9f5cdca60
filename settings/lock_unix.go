//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package settings

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks f until it is closed, or returns errLocked at once.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch err {
		case syscall.EINTR:
			continue
		case syscall.ENOLCK: // a network file system without locks
			return errors.ErrUnsupported
		case syscall.EWOULDBLOCK:
			return errLocked
		}
		return err
	}
}
