//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestModes must not run beside other tests: the umask is the process's.
func TestModes(t *testing.T) {
	for _, umask := range []int{0o000, 0o022, 0o277} {
		top := t.TempDir()
		path := filepath.Join(top, "streamgauge", "settings.json")
		old := syscall.Umask(umask)
		s, _, err := Open(path, nil)
		if err == nil {
			err = s.Update(func(v *Settings) { v.KeepChunks = 9 })
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %03o: %v", umask, err)
		}
		checkMode(t, filepath.Dir(path), 0o700)
		checkMode(t, path, 0o600)
		info, err := os.Stat(filepath.Join(filepath.Dir(path), ".settings.json.lock"))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("umask %03o: lock file %v, %v, want it private", umask, info, err)
		}
	}
}

func TestWideModeIsNarrowed(t *testing.T) {
	path := writeFile(t, `{}`)
	os.Chmod(path, 0o666)
	os.Chmod(filepath.Dir(path), 0o755)
	update(t, open(t, path), func(v *Settings) { v.KeepChunks = 9 })
	checkMode(t, path, 0o600)
	checkMode(t, filepath.Dir(path), 0o755) // not ours to change
}

func TestCorruptFileKeepsPrivate(t *testing.T) {
	path := writeFile(t, `{`)
	old := syscall.Umask(0)
	_, problems, err := Open(path, nil)
	syscall.Umask(old)
	var corrupt *CorruptError
	if err != nil || len(problems) != 1 || !errors.As(problems[0], &corrupt) {
		t.Fatalf("Open = %v, %v", problems, err)
	}
	checkMode(t, corrupt.MovedTo, 0o600)
}

func TestUnreadableFileIsAnError(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("the superuser may read everything")
	}
	path := writeFile(t, `{}`)
	os.Chmod(path, 0)
	if _, _, err := Open(path, nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Open = %v, want a permission error", err)
	}
}

func TestPipeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, _, err := Open(path, nil); err == nil {
		t.Error("Open of a pipe succeeded, want an error instead of waiting for a writer")
	}
}

func checkMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
		return
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("mode of %s = %o, want %o", filepath.Base(path), got, want)
	}
}
