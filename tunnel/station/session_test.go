package station

import (
	"testing"

	"streamgauge/settings"
)

// closed is a keyring that does not answer.
type closed struct{ vault }

func (closed) Set(string, string) error   { return settings.ErrNoKeyring }
func (closed) Get(string) (string, error) { return "", settings.ErrNoKeyring }

// A password that is kept for this run only is good enough to go on with.
func TestSetUpstreamWithoutKeyring(t *testing.T) {
	t.Setenv(settings.EnvUpstreamPassword, "")
	store, _, err := settings.Open(t.TempDir()+"/settings.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := settings.NewSession(closed{})
	if err := New(Config{Settings: store, Secrets: secrets}).SetUpstream("socks5://bob:secret@up.test:1080"); err != nil {
		t.Fatal(err)
	}
	up, err := store.Get().ResolveUpstream(secrets)
	if err != nil || up.Password != "secret" {
		t.Errorf("upstream %s, password %q, %v; want the password that was given", up, up.Password, err)
	}
}
