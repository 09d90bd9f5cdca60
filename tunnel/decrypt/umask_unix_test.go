//go:build unix

package decrypt

import (
	"syscall"
	"testing"
)

// loosen lets new files have all the rights that are asked for.
func loosen(t *testing.T) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
}
