package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"

	"streamgauge/tunnel"
)

// Options say how exchanges are written.
type Options struct {
	// Unredacted writes credentials as they were. Whoever sets it has asked the
	// user.
	Unredacted bool
	// Bodies writes the beginning of bodies too, as far as it was kept. It is
	// what services and models answered, and may be private; in it only what looks
	// like a key is masked. Whoever sets it has asked the user.
	Bodies bool
}

// Writer appends exchanges to a recording. All methods may be called
// concurrently.
type Writer struct {
	name    string
	options Options
	shared  bool

	mu   sync.Mutex // guards all below: lines are written whole
	file *os.File
	err  error // of an earlier write, after which nothing more is written
}

// OpenWriter opens the recording at path to append to it, or makes one that
// only the user can read. It refuses symbolic links, so that nobody else can
// choose where the recording goes. A last line that was broken off, by a crash
// perhaps, is ended first.
func OpenWriter(path string, options Options) (*Writer, error) {
	before, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	if err == nil && before.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("open recording %s: is a symbolic link: give the file it leads to", path)
	}
	if err == nil && before.IsDir() {
		return nil, fmt.Errorf("open recording %s: is a directory", path)
	}
	flags := os.O_RDWR | os.O_APPEND
	if before == nil {
		flags |= os.O_CREATE | os.O_EXCL // what appeared since is not ours
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	w := &Writer{name: path, options: options, file: file}
	if err := w.adopt(before); err != nil {
		file.Close()
		return nil, fmt.Errorf("open recording %s: %w", path, err)
	}
	return w, nil
}

// adopt checks that the opened file is the one that was looked at, and ends its
// last line.
func (w *Writer) adopt(before fs.FileInfo) error {
	info, err := w.file.Stat()
	if err != nil {
		return err
	}
	if before != nil && !os.SameFile(before, info) {
		return errors.New("was replaced while it was opened")
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	// Windows has no such bits: what Go reports there says nothing.
	w.shared = runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
	if info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := w.file.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = w.file.WriteString("\n")
	}
	return err
}

// Shared reports whether the file was there already and others than its owner
// may read or write it.
func (w *Writer) Shared() bool { return w.shared }

// Write appends ex as one line, handed to the system before Write returns.
// After an error, which may have left part of a line, every further call
// returns it again.
func (w *Writer) Write(ex tunnel.Exchange) error {
	text, err := encode(ex, w.options)
	if err != nil {
		return fmt.Errorf("write recording %s: %w", w.name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if _, err := w.file.Write(text); err != nil {
		w.err = fmt.Errorf("write recording: %w", err)
	}
	return w.err
}

// Close ends the recording. Closing again does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("close recording: %w", err)
	}
	return nil
}

// WriteLine writes ex to out as one line of a recording.
func WriteLine(out io.Writer, ex tunnel.Exchange, options Options) error {
	text, err := encode(ex, options)
	if err != nil {
		return fmt.Errorf("write exchange %s: %w", ex.ID, err)
	}
	if _, err = out.Write(text); err != nil {
		return fmt.Errorf("write exchange %s: %w", ex.ID, err)
	}
	return nil
}

// encode returns ex as one line, its end included.
func encode(ex tunnel.Exchange, options Options) ([]byte, error) {
	ex = fit(options.apply(ex))
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // & in URLs stays legible
	if err := encoder.Encode(lineOf(&ex)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
