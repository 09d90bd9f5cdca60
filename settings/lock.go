package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"streamgauge/settings/filelock"
)

const (
	// lockWait bounds waiting for another process, which holds the lock for the
	// time of one small write: longer means that it was stopped meanwhile.
	lockWait  = 5 * time.Second
	lockPause = 10 * time.Millisecond // between two tries
)

// lock makes the directory if need be and keeps other processes out until
// unlock is called, or until this process dies. Where files cannot be locked
// the last writer wins; the file is whole all the same. The lock is a file of
// its own, since the settings file is replaced, and it stays.
func lock(path string) (unlock func(), err error) {
	path = target(path)
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock settings: %w", err)
	}
	deadline := time.Now().Add(lockWait)
	for {
		err := filelock.Try(f)
		if err == nil || errors.Is(err, errors.ErrUnsupported) {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, filelock.ErrLocked) || time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("lock settings %s: %w", name, err)
		}
		time.Sleep(lockPause)
	}
}
