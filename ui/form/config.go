package form

import (
	"context"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
)

// Config is what a form edits and whom it asks.
type Config struct {
	Store   Store
	Secrets settings.Secrets
	// Prober tries paths; nil: no tests are offered.
	Prober Prober
	// Autostart is the system's list of programs that start at login; nil: this
	// system has none that we know.
	Autostart Autostart
	// Authority is our own CA; nil: none can be made.
	Authority Authority
	// PasswordChanged is called after a password was stored or forgotten while
	// the settings stayed the same, so that whoever uses it asks again. It may
	// be nil and must not wait.
	PasswordChanged func()
}

// Store is the settings in force; [settings.Store] is one.
type Store interface {
	Get() settings.Settings
	// Update is called on a goroutine of its own.
	Update(change func(*settings.Settings)) error
	Subscribe(notify func(settings.Settings)) (unsubscribe func())
}

// Prober tries a path. Both calls may take long, end early with ctx, and are
// made on goroutines of their own.
type Prober interface {
	// TestUpstream tries an upstream that need not be in force. Its URL may hold
	// a password; the keyring is asked for one that is missing.
	TestUpstream(ctx context.Context, upstream string) tunnel.PathTest
	// SelfTest measures the delay that we add.
	SelfTest(ctx context.Context) tunnel.SelfTest
}

// Autostart is whether the system starts the program at login. It is asked on a
// goroutine of its own.
type Autostart interface {
	Enabled() (bool, error)
	Set(on bool) error
}

// Authority is our own certificate authority, with which chosen hosts can be
// seen inside HTTPS. Its calls may take long and are made on goroutines of their
// own.
type Authority interface {
	Status() (AuthorityStatus, error)
	// Create makes the CA where there is none.
	Create() error
	// Install lets this system trust the CA and returns what was done, a line
	// each. Remove undoes that and deletes the key.
	Install(ctx context.Context) ([]string, error)
	Remove(ctx context.Context) ([]string, error)
}

// AuthorityStatus is how our CA stands.
type AuthorityStatus struct {
	// Exists reports that there is one, in the file Path, until Expires.
	Exists  bool
	Path    string
	Expires time.Time
	// Trusted lists where it is installed, in words: "system", "Firefox".
	Trusted []string
}
