package settings

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/settings/filelock"
)

// TestStoppedWriter: a process that holds the lock and does not go on must not
// stop this one for ever.
func TestStoppedWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	unlock, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t, path)
		start := time.Now()
		if err := s.Update(func(v *Settings) { v.KeepChunks = 9 }); !errors.Is(err, filelock.ErrLocked) {
			t.Errorf("Update while locked = %v, want ErrLocked", err)
		}
		if got, most := time.Since(start), lockWait+lockPause; got < lockWait || got > most {
			t.Errorf("Update while locked took %s, want %s to %s", got, lockWait, most)
		}
		unlock()
		update(t, s, func(v *Settings) { v.KeepChunks = 9 })
	})
}
