//go:build !windows

package terminal

import "os"

// obeysEscapes reports whether out interprets escape sequences.
func obeysEscapes(*os.File) bool { return true }
