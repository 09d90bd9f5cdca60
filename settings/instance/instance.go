// Package instance lets one program of a kind run for each user: the first holds
// a lock for as long as it lives and listens on a socket in a directory that is
// the user's alone; whoever starts after it asks it there to show itself. No
// network port is opened. A program that was killed leaves nothing that must be
// cleaned up by hand: its lock is gone, and the next one replaces the socket.
package instance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"streamgauge/settings/filelock"
)

const (
	request = "show\n"
	answer  = "shown\n"
	// patience is how long either side waits for the other's line, and a second
	// start for a first one that has only just begun.
	patience = 3 * time.Second
	pause    = 20 * time.Millisecond
)

// ErrRunning says that another one runs and was asked to show itself.
var ErrRunning = errors.New("already running")

// Instance is the claim of being the one that runs.
type Instance struct {
	lock   *os.File
	socket net.Listener
	show   func()
	all    sync.WaitGroup
}

// Dir is where this user's instances meet: in the runtime directory of the
// session, or in the cache directory where the system has no such thing.
func Dir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "streamgauge"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a directory for the socket: %w", err)
	}
	return filepath.Join(dir, "streamgauge"), nil
}

// Claim makes this process the one that runs, in dir, and calls show, on another
// goroutine, whenever a later one asks. If another one runs it is asked to show
// itself, and the error is [ErrRunning] once it has answered. Any other error
// means that it could not be found out. [Instance.Release] ends the claim.
func Claim(dir string, show func()) (*Instance, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("claim to be the only one: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim to be the only one: %w", err)
	}
	path := filepath.Join(dir, "socket")
	deadline := time.Now().Add(patience)
	for {
		err := filelock.Try(lock)
		if err == nil || errors.Is(err, errors.ErrUnsupported) {
			return listen(lock, path, show)
		}
		if !errors.Is(err, filelock.ErrLocked) {
			lock.Close()
			return nil, fmt.Errorf("claim to be the only one: %w", err)
		}
		// The other one may be starting, or ending, at this moment.
		if err = ask(path); err == nil {
			lock.Close()
			return nil, ErrRunning
		}
		if time.Now().After(deadline) {
			lock.Close()
			return nil, fmt.Errorf("ask the one that runs to show itself: %w", err)
		}
		time.Sleep(pause)
	}
}

// ask has the other one show itself.
func ask(path string) error {
	conn, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if line == answer {
		return nil
	}
	return errors.Join(errors.New("no answer"), err)
}

// listen replaces what a dead one has left. The caller holds the lock.
func listen(lock *os.File, path string, show func()) (*Instance, error) {
	_ = os.Remove(path)
	socket, err := net.Listen("unix", path)
	if err == nil {
		if err = os.Chmod(path, 0o600); err != nil {
			socket.Close()
		}
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("listen for later starts: %w", err)
	}
	i := &Instance{lock: lock, socket: socket, show: show}
	i.all.Go(i.serve)
	return i, nil
}

// serve answers later starts until the socket is closed, one at a time: they are
// one user's clicks.
func (i *Instance) serve() {
	for {
		conn, err := i.socket.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(pause) // descriptors ran out, and will come back
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		asked := make([]byte, len(request))
		if _, err := io.ReadFull(conn, asked); err == nil && string(asked) == request {
			i.show()
			_, _ = io.WriteString(conn, answer) // it may have gone
		}
		conn.Close()
	}
}

// Release ends the claim: another one may start.
func (i *Instance) Release() {
	i.socket.Close() // removes it too
	i.all.Wait()
	i.lock.Close()
}
