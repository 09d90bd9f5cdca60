package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	keyringService = "streamgauge"
	// keyringWait bounds one call: a session bus with a hung or locked keyring
	// never answers.
	keyringWait = 2 * time.Second
)

// Keyring is the keyring of the user's session: Secret Service, Windows
// Credential Manager or macOS Keychain. A call takes two seconds at most. Safe
// for concurrent use; calls wait for one another.
type Keyring struct {
	backend vault
	// reachable says beforehand why asking is pointless.
	reachable func() error
	// turn is held by the call under way, which may outlive its caller's
	// patience: however often a dead keyring is asked, one goroutine hangs.
	turn chan struct{}
}

// vault is what a keyring does, by service and account.
type vault interface {
	Get(service, account string) (string, error)
	Set(service, account, password string) error
	Delete(service, account string) error
}

// systemVault is the keyring of the platform.
type systemVault struct{}

func (systemVault) Get(service, account string) (string, error) { return keyring.Get(service, account) }

func (systemVault) Set(service, account, password string) error {
	return keyring.Set(service, account, password)
}
func (systemVault) Delete(service, account string) error { return keyring.Delete(service, account) }

// NewKeyring returns the keyring of this session. It opens nothing yet.
func NewKeyring() *Keyring { return newKeyring(systemVault{}, sessionBus) }

func newKeyring(backend vault, reachable func() error) *Keyring {
	return &Keyring{backend: backend, reachable: reachable, turn: make(chan struct{}, 1)}
}

// Get implements [Secrets].
func (k *Keyring) Get(account string) (string, error) {
	return k.do("read keyring", func() (string, error) { return k.backend.Get(keyringService, account) })
}

// Set implements [Secrets].
func (k *Keyring) Set(account, password string) error {
	_, err := k.do("write keyring", func() (string, error) {
		return "", k.backend.Set(keyringService, account, password)
	})
	return err
}

// Delete implements [Secrets].
func (k *Keyring) Delete(account string) error {
	_, err := k.do("delete from keyring", func() (string, error) {
		return "", k.backend.Delete(keyringService, account)
	})
	if errors.Is(err, ErrNoSecret) {
		return nil
	}
	return err
}

// do makes one bounded call. The goroutine ends when the keyring answers, which
// may be after do has returned.
func (k *Keyring) do(op string, call func() (string, error)) (string, error) {
	if err := k.reachable(); err != nil {
		return "", fmt.Errorf("%s: %w: %w", op, ErrNoKeyring, err)
	}
	deadline := time.NewTimer(keyringWait)
	defer deadline.Stop()
	late := fmt.Errorf("%s: %w within %s: is it waiting to be unlocked?", op, ErrNoKeyring, keyringWait)
	select {
	case k.turn <- struct{}{}:
	case <-deadline.C:
		return "", late
	}
	type answer struct {
		password string
		err      error
	}
	done := make(chan answer, 1)
	go func() {
		defer func() { <-k.turn }()
		password, err := call()
		done <- answer{password, err}
	}()
	select {
	case a := <-done:
		return a.password, keyringError(op, a.err)
	case <-deadline.C:
		return "", late
	}
}

// keyringError sorts the errors of the library: not there, too big, and all
// others, which mean that there is no usable keyring.
func keyringError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return fmt.Errorf("%s: %w", op, ErrNoSecret)
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return fmt.Errorf("%s: %w", op, err)
	}
	return fmt.Errorf("%s: %w: %w", op, ErrNoKeyring, err)
}

// sessionBus reports why there can be no Secret Service. Without this look the
// D-Bus library would start a bus of its own, an empty and lasting one.
func sessionBus() error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && a != "autolaunch:" {
		return nil
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	return errors.New("no session bus")
}
