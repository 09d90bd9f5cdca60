package station

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"streamgauge/settings"
)

// TestAuthorityIsMadeAtTheFirstHost: and not before.
func TestAuthorityIsMadeAtTheFirstHost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	s := settings.Default()
	st := New(Config{Settings: Fixed(s), AuthorityDir: dir})
	if d, err := st.decryption(s); err != nil || d.Authority != nil {
		t.Errorf("no host: %v, %v", d, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an authority was made unasked: %v", err)
	}
	s.Decrypt = []string{"api.example"}
	first, err := st.decryption(s)
	if err != nil || !first.Hosts.Has("api.example") {
		t.Fatalf("a host: %v, %v", first, err)
	}
	again, err := st.decryption(s)
	if err != nil || !again.Authority.Certificate().Equal(first.Authority.Certificate()) {
		t.Errorf("another authority was made: %v", err)
	}
	if _, err := New(Config{Settings: Fixed(s)}).decryption(s); !errors.Is(err, errNoAuthorityDir) {
		t.Errorf("without a directory: %v", err)
	}
}
