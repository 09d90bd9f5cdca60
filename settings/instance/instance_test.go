package instance

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"streamgauge/settings/filelock"
)

// claim must succeed. It returns a channel that receives when asked to show.
func claim(t *testing.T, dir string) (*Instance, chan struct{}) {
	t.Helper()
	shown := make(chan struct{}, 8)
	i, err := Claim(dir, func() { shown <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	return i, shown
}

func TestSecondStartShowsTheFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first, shown := claim(t, dir)
	for range 3 {
		if _, err := Claim(dir, nil); !errors.Is(err, ErrRunning) {
			t.Fatalf("second start: %v, want %v", err, ErrRunning)
		}
		<-shown
	}
	first.Release()
	second, _ := claim(t, dir)
	second.Release()
}

// TestAfterACrash asks that a socket nobody listens on is in nobody's way.
func TestAfterACrash(t *testing.T) {
	dir := t.TempDir()
	left, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	i, _ := claim(t, dir)
	defer i.Release()
	if _, err := Claim(dir, nil); !errors.Is(err, ErrRunning) {
		t.Errorf("second start: %v, want %v", err, ErrRunning)
	}
}

// TestPrivate asks that nobody else can reach the socket.
func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are of Unix")
	}
	dir := filepath.Join(t.TempDir(), "run")
	i, _ := claim(t, dir)
	defer i.Release()
	for name, want := range map[string]os.FileMode{"": 0o700, "socket": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q = %v, want %v", name, got, want)
		}
	}
}

// TestStrangeVisitors asks that what is no request shows nothing and stops
// nothing.
func TestStrangeVisitors(t *testing.T) {
	dir := t.TempDir()
	i, shown := claim(t, dir)
	defer i.Release()
	for _, said := range []string{"", "x\n", "show", "SHOW\n", strings.Repeat("y", 1<<20)} {
		conn, err := net.Dial("unix", filepath.Join(dir, "socket"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, said) // it may be closed midway
		_ = conn.(*net.UnixConn).CloseWrite()
		if heard, _ := io.ReadAll(conn); len(heard) > 0 {
			t.Errorf("%.10q was answered %q", said, heard)
		}
		conn.Close()
	}
	select {
	case <-shown:
		t.Error("shown without being asked")
	default:
	}
}

// TestMute asks that one that runs and does not answer is an error, and not a
// start beside it.
func TestMute(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := filelock.Try(f); err != nil {
		t.Skipf("files cannot be locked here: %v", err)
	}
	if _, err := Claim(dir, nil); err == nil || errors.Is(err, ErrRunning) {
		t.Errorf("beside one that is mute: %v, want another error", err)
	}
}
