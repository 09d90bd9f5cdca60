//go:build desktop && linux

// Package peers runs the real desktop program on a real desktop, and drives it as
// a person would: an X server without a screen, a window manager, a session bus
// and a panel with a tray; xdotool for the mouse and the keys, D-Bus for the
// tray's menu, and for what is to be seen the X server's own picture. curl and
// nginx bring the traffic. Every process is ended by its own process ID.
//
// Waiting is always for something to be seen, with a deadline that only a failing
// test reaches.
//
// It is no part of the program. Run it with .ci/run, which installs the desktop,
// or with go test -tags desktop ./cmd/streamgauge/peers. With
// STREAMGAUGE_SCREENSHOTS set to a directory it leaves pictures of every view
// there.
package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds every wait.
const patience = 30 * time.Second

// program is the desktop program, built once, and screen the desktop it runs on.
var (
	program string
	screen  *desktop
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "streamgauge-desktop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "streamgauge")
	build := exec.Command("go", "build", "-trimpath", "-tags", "migrated_fynedo", "-o", program, "streamgauge/cmd/streamgauge")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	screen, err = openDesktop(dir)
	if screen != nil {
		defer screen.close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// until waits until seen is true, looking every few milliseconds.
func until(t *testing.T, what string, seen func() bool) {
	t.Helper()
	if !within(patience, seen) {
		screen.photograph(t, "failed")
		t.Fatalf("after %v not seen: %s", patience, what)
	}
}

func within(limit time.Duration, seen func() bool) bool {
	const pause = 5 * time.Millisecond
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		if seen() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}
