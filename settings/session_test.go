package settings

import (
	"errors"
	"testing"
)

func TestSessionUsesTheKeyring(t *testing.T) {
	keyring := memory{}
	s := NewSession(keyring)
	if err := s.Set("a", "p"); err != nil {
		t.Fatal(err)
	}
	if got := keyring["a"]; got != "p" {
		t.Errorf("keyring has %q, want p", got)
	}
	delete(keyring, "a")
	if _, err := s.Get("a"); !errors.Is(err, ErrNoSecret) {
		t.Errorf("Get after the keyring forgot it: %v, want ErrNoSecret: no copy is kept", err)
	}
}

func TestSessionWithoutKeyring(t *testing.T) {
	s := NewSession(memory(nil))
	if _, err := s.Get("a"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("Get before Set: %v, want ErrNoKeyring", err)
	}
	if err := s.Set("a", "p"); !errors.Is(err, ErrUntilExit) || !errors.Is(err, ErrNoKeyring) {
		t.Errorf("Set: %v, want ErrUntilExit and its reason", err)
	}
	if got, err := s.Get("a"); got != "p" || err != nil {
		t.Errorf("Get = %q, %v, want p", got, err)
	}
	if err := s.Delete("a"); err != nil {
		t.Errorf("Delete of what was kept: %v", err)
	}
	if _, err := s.Get("a"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("Get after Delete: %v, want ErrNoKeyring", err)
	}
}

// A keyring that comes back takes over, and the copy in memory goes.
func TestSessionKeyringComesBack(t *testing.T) {
	keyring := &changing{memory(nil)}
	s := NewSession(keyring)
	if err := s.Set("a", "old"); !errors.Is(err, ErrUntilExit) {
		t.Fatal(err)
	}
	keyring.memory = memory{}
	if err := s.Set("a", "new"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get("a"); got != "new" || err != nil {
		t.Errorf("Get = %q, %v, want new", got, err)
	}
}

type changing struct{ memory }
