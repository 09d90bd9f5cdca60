//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package filelock

import (
	"errors"
	"os"
)

// Try cannot lock here.
func Try(*os.File) error { return errors.ErrUnsupported }
