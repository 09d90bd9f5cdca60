//go:build peers && linux

// Package peers runs the real sgauge between real programs: proxies and servers
// on one side, curl, Chromium, Python and Node on the other, all on 127.0.0.1,
// each ended by its own process ID.
//
// What must be at once is shown by lock-step, not by the clock: the origin sends
// a piece only when the client has said that it holds the one before. A proxy
// that waits for more brings the test to a halt, a slow machine never does. Only
// TestLayers needs time to pass, for a verdict looks at nothing else: there the
// source's pauses are far longer than a machine's.
//
// It proves that the in-memory network of the other tests does not lie, and is
// no part of the program. Run it with .ci/run, which installs the peers, or with
// go test -tags peers ./tunnel/peers.
package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds every wait. Only a failing test ever waits that long.
const patience = 20 * time.Second

// sgauge is the program under test, built once.
var sgauge string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sgauge-peers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	sgauge = filepath.Join(dir, "sgauge")
	build := exec.Command("go", "build", "-o", sgauge, "streamgauge/cmd/sgauge")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build sgauge: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// need finds a program, or ends the test with the package that has it.
func need(t *testing.T, name, debianPackage string) string {
	t.Helper()
	for _, candidate := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing: apt-get install %s", name, debianPackage)
	return ""
}

// openDir is a temporary directory that daemons may enter which give up root.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sgauge-peer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeFile puts a peer's file into dir and returns its path.
func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
