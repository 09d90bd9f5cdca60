package recording

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"streamgauge/tunnel"
)

func TestWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.ndjson")
	w, err := OpenWriter(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 25 {
				ex := stream()
				ex.ID = fmt.Sprintf("%d-%d", i, k)
				ex.RequestHeaders = []tunnel.Header{{Name: "Cookie", Value: canary}}
				if err := w.Write(ex); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	text, err := os.ReadFile(path) // before Close: each line is out at once
	if err != nil {
		t.Fatal(err)
	}
	all, errs := read(string(text))
	if len(all) != 200 || len(errs) > 0 {
		t.Errorf("%d exchanges, errors %v: want 200", len(all), errs)
	}
	if strings.Contains(string(text), canary) {
		t.Error("a cookie got into the recording")
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := w.Write(stream()); err == nil || w.Write(stream()) == nil {
		t.Error("writing after Close went unnoticed")
	}
}

func TestWriterUnredacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.ndjson")
	w, err := OpenWriter(path, Options{Unredacted: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ex := stream()
	ex.RequestHeaders = []tunnel.Header{{Name: "Cookie", Value: canary}}
	if err := w.Write(ex); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), canary) {
		t.Error("the cookie that was asked for is not there")
	}
}

func TestWriterFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.ndjson")
	reopen := func() *Writer {
		t.Helper()
		w, err := OpenWriter(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(stream()); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return w
	}
	if w := reopen(); w.Shared() {
		t.Error("a new recording is said to be shared")
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode().Perm())
	}
	reopen()
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(path, text[:len(text)-40], 0o600); err != nil { // a crash
		t.Fatal(err)
	}
	reopen()
	text, _ = os.ReadFile(path)
	if all, errs := read(string(text)); len(all) != 2 || len(errs) != 1 {
		t.Errorf("%d exchanges, errors %v: want the first and the third, and one error", len(all), errs)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if w := reopen(); !w.Shared() {
		t.Error("a recording that the group can read goes unnoticed")
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenWriter(dir, Options{}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: error %v", err)
	}
	if _, err := OpenWriter(filepath.Join(dir, "no", "such"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: error %v", err)
	}
	for name, target := range map[string]string{"link": filepath.Join(dir, "target"), "dangling": filepath.Join(dir, "nothing")} {
		if name == "link" {
			if err := os.WriteFile(target, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		link := filepath.Join(dir, name)
		if err := os.Symlink(target, link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		if _, err := OpenWriter(link, Options{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a file was made through a dangling link")
	}
}
