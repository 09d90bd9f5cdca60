//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package settings

import (
	"errors"
	"os"
)

// tryLock cannot lock here.
func tryLock(*os.File) error { return errors.ErrUnsupported }
