package keylog

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"
)

const (
	maxConnections = 8 << 10  // whose secrets are kept, the latest: 4 MiB at most
	maxCatchUp     = 32 << 20 // bytes: of a file that is longer only the end is read
	readSize       = 64 << 10 // bytes read at once

	keyPatience = 30 * time.Second // for which a key is waited

	firstLook  = time.Millisecond       // between the first two looks into the file
	lastLook   = 250 * time.Millisecond // between later ones
	lookApart  = time.Millisecond       // between two looks of different waiters
	looksWiden = 2                      // factor from one look to the next
)

// File follows a key log file as programs append to it. It is looked at only
// while somebody waits for a key. It may be missing, and appear, be emptied or
// replaced at any time. All methods may be called concurrently.
type File struct {
	path string

	mu      sync.Mutex // guards all below
	looked  time.Time
	id      os.FileInfo // of the file that was read last
	offset  int64       // how far it was read
	partial []byte      // the beginning of a line that is not over
	skip    bool        // the line at hand is too long to be one
	known   map[random]*secrets
	order   []random // keys of known, as they came; a ring once it is full
	oldest  int      // of the ring

	// masters are those of TLS 1.2 sessions by what resumes them: clients need
	// not write a key down again.
	masters memory
}

// NewFile follows the file of that name. It does not look at it yet.
func NewFile(path string) *File {
	return &File{path: path, known: map[random]*secrets{}}
}

// Path is the file's name.
func (f *File) Path() string { return f.path }

// await returns the secrets of a connection as soon as they are enough. It gives
// up when late is closed or its patience ends, after one last look.
func (f *File) await(late <-chan struct{}, r random, enough func(secrets) bool) (secrets, bool) {
	patience := time.NewTimer(keyPatience)
	defer patience.Stop()
	for wait, last := firstLook, false; ; wait = min(wait*looksWiden, lastLook) {
		f.look(last)
		if s, ok := f.lookup(r); ok && enough(s) {
			return s, true
		}
		if last {
			return secrets{}, false
		}
		next := time.NewTimer(wait)
		select {
		case <-next.C:
		case <-patience.C:
			last = true
		case <-late:
			last = true
		}
		next.Stop()
	}
}

func (f *File) lookup(r random) (secrets, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.known[r]
	if s == nil {
		return secrets{}, false
	}
	return *s, true
}

// look reads what was appended since the last look, which may just have been,
// unless now is set. A file that cannot be read has no keys yet.
func (f *File) look(now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !now && time.Since(f.looked) < lookApart {
		return
	}
	defer func() { f.looked = time.Now() }()
	info, err := os.Stat(f.path)
	if err != nil || !info.Mode().IsRegular() {
		f.id = nil
		return
	}
	if f.id == nil || !os.SameFile(f.id, info) || info.Size() < f.offset {
		f.offset, f.partial, f.skip = max(info.Size()-maxCatchUp, 0), nil, info.Size() > maxCatchUp
	}
	f.id = info
	if info.Size() > f.offset {
		f.read(info.Size())
	}
}

// read takes the file from offset to end in.
func (f *File) read(end int64) {
	file, err := os.Open(f.path)
	if err != nil {
		return
	}
	defer file.Close()
	buffer := make([]byte, min(end-f.offset, readSize))
	for f.offset < end {
		n, err := file.ReadAt(buffer[:min(int64(len(buffer)), end-f.offset)], f.offset)
		f.offset += int64(n)
		f.take(buffer[:n])
		if err != nil && err != io.EOF || n == 0 {
			return
		}
	}
}

// take splits what was read into lines.
func (f *File) take(p []byte) {
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		p = rest
		if len(f.partial)+len(line) > maxLine {
			f.skip, f.partial = true, f.partial[:0]
		}
		if !f.skip && (!whole || len(f.partial) > 0) {
			f.partial = append(f.partial, line...)
			line = f.partial
		}
		if !whole {
			return
		}
		if !f.skip {
			f.note(line)
		}
		f.skip, f.partial = false, f.partial[:0]
	}
}

// note keeps the secret of a line, if it is one.
func (f *File) note(line []byte) {
	label, r, secret, ok := parseLine(line)
	if !ok {
		return
	}
	s := f.known[r]
	if s == nil {
		s = new(secrets)
		f.remember(r, s)
	}
	*s.place(label) = secret
}

func (f *File) remember(r random, s *secrets) {
	f.known[r] = s
	if len(f.order) < maxConnections {
		f.order = append(f.order, r)
		return
	}
	delete(f.known, f.order[f.oldest])
	f.order[f.oldest] = r
	f.oldest = (f.oldest + 1) % maxConnections
}
