package keylog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Variable is what names the key log file to most programs; Node wants an option
// of its own, which may stand in NODE_OPTIONS.
const (
	Variable   = "SSLKEYLOGFILE"
	NodeOption = "--tls-keylog="
)

// placePrefix begins the name of a directory of ours; the number of the process
// it belongs to follows.
const placePrefix = "streamgauge-keys-"

// Place is a key log file of our own, in a directory of its own, which nobody but
// the user may look into. It lives as long as this process.
type Place struct{ dir string }

// NewPlace makes an empty file, where the system keeps what is gone after a
// logout, or else in its directory for temporary files. What processes have left
// behind that are gone is removed: see [RemoveLeftovers].
func NewPlace() (*Place, error) {
	RemoveLeftovers()
	var errs []error
	for _, parent := range parents() {
		place, err := newPlace(parent)
		if err == nil {
			return place, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("make key log file: %w", errors.Join(errs...))
}

// parents are the directories that places are made in, the best first.
func parents() []string {
	dirs := []string{os.TempDir()}
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		dirs = append([]string{runtime}, dirs...)
	}
	return dirs
}

func newPlace(parent string) (*Place, error) {
	dir, err := os.MkdirTemp(parent, placePrefix+strconv.Itoa(os.Getpid())+"-*") // mode 0700
	if err != nil {
		return nil, err
	}
	p := &Place{dir}
	file, err := os.OpenFile(p.File(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	return p, file.Close()
}

// File is the name of the file.
func (p *Place) File() string { return filepath.Join(p.dir, "keys.log") }

// Remove empties the file, for programs that still have it open, and removes it.
func (p *Place) Remove() error {
	return errors.Join(os.Truncate(p.File(), 0), os.RemoveAll(p.dir))
}

// RemoveLeftovers removes the places of processes that are gone: after a crash
// nobody else does. What cannot be removed is another user's.
func RemoveLeftovers() {
	for _, parent := range parents() {
		// A pattern without a mistake in it has no error.
		dirs, _ := filepath.Glob(filepath.Join(parent, placePrefix+"*"))
		for _, dir := range dirs {
			if info, err := os.Lstat(dir); err == nil && info.IsDir() && abandoned(filepath.Base(dir)) {
				_ = (&Place{dir}).Remove()
			}
		}
	}
}

// abandoned reports whether the process that a directory is named for is known to
// be gone.
func abandoned(name string) bool {
	number, _, ok := strings.Cut(strings.TrimPrefix(name, placePrefix), "-")
	pid, err := strconv.Atoi(number)
	if !ok || err != nil || pid <= 0 {
		return false
	}
	process, err := os.FindProcess(pid) // on Windows it fails for those that are gone
	if err != nil {
		return true
	}
	defer func() { _ = process.Release() }()
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
