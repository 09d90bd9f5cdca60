package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// obeysEscapes reports whether out interprets escape sequences, and asks the
// console to. The mode belongs to the console and outlives us, harmlessly:
// other programs set what they need.
func obeysEscapes(out *os.File) bool {
	handle := windows.Handle(out.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
