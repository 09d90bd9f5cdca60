package settings

import (
	"errors"
	"fmt"
	"sync"
)

// ErrUntilExit: no keyring took the password, so that it is kept in memory
// until the program ends.
var ErrUntilExit = errors.New("kept until the program ends")

// Session is [Secrets] that work where no keyring runs: what the keyring does
// not take is kept in memory, and [Session.Set] says so with ErrUntilExit.
// Safe for concurrent use. [Open] is better given the keyring itself: a password
// leaves the file only for a place that lasts.
type Session struct {
	keyring Secrets

	mu   sync.Mutex // guards kept
	kept map[string]string
}

// NewSession returns the secrets of one run of the program over those of the
// system.
func NewSession(keyring Secrets) *Session {
	return &Session{keyring: keyring, kept: map[string]string{}}
}

// Get implements [Secrets]. What was kept in this run is newer than the
// keyring's.
func (s *Session) Get(account string) (string, error) {
	s.mu.Lock()
	password, kept := s.kept[account]
	s.mu.Unlock()
	if kept {
		return password, nil
	}
	return s.keyring.Get(account)
}

// Set implements [Secrets]. After ErrUntilExit the password is in force; after
// any other error it is not.
func (s *Session) Set(account, password string) error {
	err := s.keyring.Set(account, password)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		delete(s.kept, account)
	case errors.Is(err, ErrNoKeyring):
		s.kept[account] = password
		return fmt.Errorf("%w: %w", ErrUntilExit, err)
	}
	return err
}

// Delete implements [Secrets]. It forgets what this run kept even where the
// keyring does not answer.
func (s *Session) Delete(account string) error {
	s.mu.Lock()
	_, kept := s.kept[account]
	delete(s.kept, account)
	s.mu.Unlock()
	err := s.keyring.Delete(account)
	if kept && errors.Is(err, ErrNoKeyring) {
		return nil
	}
	return err
}
