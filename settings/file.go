package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	maxFile  = 1 << 20 // bytes
	fileMode = 0o600
	dirMode  = 0o700
)

// DefaultPath is where the settings of this user live:
// streamgauge/settings.json in the user's configuration directory.
func DefaultPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find configuration directory: %w", err)
	}
	return filepath.Join(dir, "streamgauge", "settings.json"), nil
}

// CorruptError is a file that is not what a settings file must be.
type CorruptError struct {
	Path string
	// MovedTo is where the file was put aside, unchanged; empty if that was
	// not possible or not tried.
	MovedTo string
	Err     error
}

// Error says what is wrong and where the file is now.
func (e *CorruptError) Error() string {
	if e.MovedTo == "" {
		return fmt.Sprintf("read settings %s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("read settings %s: %v (kept as %s)", e.Path, e.Err, e.MovedTo)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// read returns the document at path; an absent file is an empty one. A
// *CorruptError tells a file that cannot be understood from one that cannot be
// read.
func read(path string) (*document, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &document{}, nil
	case err != nil:
		return nil, fmt.Errorf("read settings: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read settings %s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read settings %s: larger than %d bytes", path, maxFile)
	}
	doc, err := parseDocument(data)
	if err != nil {
		return nil, &CorruptError{Path: path, Err: err}
	}
	return doc, nil
}

// write replaces the file at path by data, so that at every moment, also after
// a crash, there is either the old one whole or the new one whole. The caller
// holds the lock.
func write(path string, data []byte) error {
	if len(data) > maxFile {
		return fmt.Errorf("write settings %s: larger than %d bytes", path, maxFile)
	}
	path = target(path)
	removeLeftovers(path)
	tmp, err := os.CreateTemp(filepath.Dir(path), tempPattern(path))
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails once it is renamed
	err = fill(tmp, data)
	if errClose := tmp.Close(); err == nil {
		err = errClose
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	syncDir(filepath.Dir(path))
	return nil
}

// fill gives f its mode, whatever the umask, and its content, on the disk.
func fill(f *os.File, data []byte) error {
	if err := f.Chmod(fileMode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// target follows a symbolic link, as dotfile managers make them: the link stays
// and the file behind it is replaced.
func target(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func tempPattern(path string) string { return "." + filepath.Base(path) + ".*.tmp" }

// removeLeftovers deletes the half-written files of writers that died. No
// living one has any: the caller holds the lock.
func removeLeftovers(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, e := range entries {
		if ok, _ := filepath.Match(tempPattern(path), e.Name()); ok {
			os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

// syncDir makes a rename durable where directories can be synced. Where they
// cannot, the file is whole all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// makeDir makes dir private. One that exists keeps its mode: it may hold more
// than ours.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	return os.Chmod(dir, dirMode)
}

// setAside renames the file at path to a name that tells when, and never over
// another: the name is claimed first. The caller holds the lock.
func setAside(path string) (string, error) {
	path = target(path)
	base := path + ".corrupt-" + time.Now().Format("20060102-150405")
	for i := 1; ; i++ {
		name := base
		if i > 1 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		claim, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		claim.Close()
		if err := os.Rename(path, name); err != nil {
			os.Remove(name)
			return "", err
		}
		return name, nil
	}
}
