package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second := open(), open()
	defer second.Close()
	if err := Try(first); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("files cannot be locked here")
	} else if err != nil {
		t.Fatal(err)
	}
	if err := Try(second); !errors.Is(err, ErrLocked) {
		t.Errorf("a second holder: %v, want %v", err, ErrLocked)
	}
	first.Close()
	if err := Try(second); err != nil {
		t.Errorf("once the first had gone: %v", err)
	}
}
