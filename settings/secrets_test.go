package settings

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"

	"streamgauge/tunnel"
)

// memory is a keyring of one test. A nil one does not answer.
type memory map[string]string

func (m memory) Get(account string) (string, error) {
	if m == nil {
		return "", ErrNoKeyring
	}
	if p, ok := m[account]; ok {
		return p, nil
	}
	return "", ErrNoSecret
}

func (m memory) Set(account, password string) error {
	if m == nil {
		return ErrNoKeyring
	}
	m[account] = password
	return nil
}

func (m memory) Delete(account string) error {
	delete(m, account)
	return nil
}

func TestSplitPassword(t *testing.T) {
	cases := []struct{ in, clean, password string }{
		{"socks5://u:p@h:1", "socks5://u@h:1", "p"},
		{"HTTP://u:p%40%2Fq@h", "http://u@h:80", "p@/q"},
		{"http://u%3a:canary@[::1]:1", "http://u%3a@[::1]:1", ""}, // a Basic user may have no colon
		{"socks5://u@h:1", "socks5://u@h:1", ""},
		{"socks5://h:1", "socks5://h:1", ""},
		{"direct", "direct", ""},
		{"", "", ""},
		{"u:canary@h:1", "u@h:1", ""},
		{"socks5://u:canary@h:x", "socks5://u@h:x", ""},
		{"http://u:can/ary@h:1", "http://u@h:1", ""},
		{"http://u/v:canary@h:1", "http://u/v@h:1", ""},
		{"ftp://u:canary@w@h:1", "ftp://u@h:1", ""},
	}
	for _, c := range cases {
		clean, password := SplitPassword(c.in)
		if clean != c.clean || password != c.password {
			t.Errorf("SplitPassword(%q) = %q, %q, want %q, %q", c.in, clean, password, c.clean, c.password)
		}
	}
}

func TestResolveUpstream(t *testing.T) {
	const account = "upstream socks5://ann@10.0.0.1:1080"
	cases := []struct {
		name, upstream, env string
		secrets             Secrets
		want                string
		wantErr             error
	}{
		{"direct", "direct", "unused", memory(nil), "", nil},
		{"no user", "socks5://10.0.0.1:1080", "unused", memory(nil), "", nil},
		{"SOCKS4a has none", "socks4a://ann@10.0.0.1:1080", "unused", memory(nil), "", nil},
		{"keyring", "socks5://ann@10.0.0.1", "", memory{account: "k"}, "k", nil},
		{"environment first", "socks5://ann@10.0.0.1", "e", memory{account: "k"}, "e", nil},
		{"environment without keyring", "socks5://ann@10.0.0.1", "e", memory(nil), "e", nil},
		{"not stored", "socks5://ann@10.0.0.1", "", memory{}, "", ErrNoSecret},
		{"stored empty", "socks5://ann@10.0.0.1", "", memory{account: ""}, "", ErrNoSecret},
		{"no keyring", "socks5://ann@10.0.0.1", "", memory(nil), "", ErrNoKeyring},
		{"no secrets", "socks5://ann@10.0.0.1", "", nil, "", ErrNoKeyring},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(EnvUpstreamPassword, c.env)
			s := Default()
			s.Upstream = c.upstream
			got, err := s.ResolveUpstream(c.secrets)
			want, _ := tunnel.ParseUpstream(c.upstream)
			want.Password = c.want
			if got != want || !errors.Is(err, c.wantErr) {
				t.Errorf("ResolveUpstream = %+v, %v, want %+v, %v", got, err, want, c.wantErr)
			}
			var missing *SecretError
			if c.wantErr != nil && (!errors.As(err, &missing) || missing.Account != account || !strings.Contains(missing.Remedy, EnvUpstreamPassword)) {
				t.Errorf("error %#v, want a *SecretError for %q naming %s", err, account, EnvUpstreamPassword)
			}
		})
	}
	if _, err := (Settings{Upstream: "ftp://x"}).ResolveUpstream(nil); err == nil {
		t.Error("ResolveUpstream of a wrong URL succeeded")
	}
}

func TestResolveListenPassword(t *testing.T) {
	s := Default()
	t.Setenv(EnvListenPassword, "")
	if got, err := s.ResolveListenPassword(memory(nil)); got != "" || err != nil {
		t.Errorf("without user = %q, %v, want nothing", got, err)
	}
	s.ListenUser = "ann"
	if got, err := s.ResolveListenPassword(memory{"listen ann": "k"}); got != "k" || err != nil {
		t.Errorf("from keyring = %q, %v, want k", got, err)
	}
	if _, err := s.ResolveListenPassword(memory{}); !errors.Is(err, ErrNoSecret) {
		t.Errorf("not stored: %v, want ErrNoSecret", err)
	}
	t.Setenv(EnvListenPassword, "e")
	if got, err := s.ResolveListenPassword(memory{"listen ann": "k"}); got != "e" || err != nil {
		t.Errorf("from environment = %q, %v, want e", got, err)
	}
}

func TestPasswordInFileIsMoved(t *testing.T) {
	path := writeFile(t, `{"x": 1, "upstream": "http://ann:canary@proxy.example:3128"}`)
	secrets := memory{}
	s, problems, err := Open(path, secrets)
	if err != nil {
		t.Fatal(err)
	}
	checkProblems(t, problems,
		`setting upstream "http://proxy.example:3128": its password was moved from the file to the keyring`,
		`setting "x": unknown, kept without effect`)
	checkFile(t, path, "{\n  \"x\": 1,\n  \"upstream\": \"http://ann@proxy.example:3128\"\n}\n")
	t.Setenv(EnvUpstreamPassword, "")
	up, err := s.Get().ResolveUpstream(secrets)
	if err != nil || up.User != "ann" || up.Password != "canary" {
		t.Errorf("ResolveUpstream = %+v, %v, want the password from the keyring", up, err)
	}
}

func TestPasswordWithoutKeyring(t *testing.T) {
	const text = `{"upstream": "http://ann:canary@proxy.example:3128"}`
	for name, secrets := range map[string]Secrets{"silent": memory(nil), "none": nil} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, text)
			s, problems, err := Open(path, secrets)
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, path, text)
			if got, want := s.Get().Upstream, "http://ann@proxy.example:3128"; got != want {
				t.Errorf("Upstream = %s, want %s", got, want)
			}
			var e *FieldError
			if last := problems[len(problems)-1]; !errors.As(last, &e) || e.Field != "upstream" || !strings.Contains(e.Remedy, EnvUpstreamPassword) {
				t.Errorf("problem = %v, want a *FieldError for upstream naming %s", last, EnvUpstreamPassword)
			}
			update(t, s, func(v *Settings) { v.KeepChunks = 9 })
			data, _ := os.ReadFile(path)
			for _, text := range []string{string(data), errors.Join(problems...).Error(), e.Remedy} {
				if strings.Contains(text, "canary") {
					t.Errorf("the password was written to %s", text)
				}
			}
		})
	}
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	k := newKeyring(systemVault{}, func() error { return nil })
	if _, err := k.Get("a"); !errors.Is(err, ErrNoSecret) {
		t.Errorf("Get before Set = %v, want ErrNoSecret", err)
	}
	if err := k.Set("a", "p"); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get("a"); got != "p" || err != nil {
		t.Errorf("Get = %q, %v, want p", got, err)
	}
	if got, err := keyring.Get("streamgauge", "a"); got != "p" || err != nil {
		t.Errorf("service streamgauge holds %q, %v, want p", got, err)
	}
	for range 2 {
		if err := k.Delete("a"); err != nil {
			t.Errorf("Delete = %v, want nil", err)
		}
	}
	if _, err := k.Get("a"); !errors.Is(err, ErrNoSecret) {
		t.Errorf("Get after Delete = %v, want ErrNoSecret", err)
	}
}

func TestKeyringErrors(t *testing.T) {
	cause := errors.New("bus is gone")
	keyring.MockInitWithError(cause)
	k := newKeyring(systemVault{}, func() error { return nil })
	if _, err := k.Get("a"); !errors.Is(err, ErrNoKeyring) || !errors.Is(err, cause) {
		t.Errorf("Get = %v, want ErrNoKeyring and its cause", err)
	}
	if err := k.Delete("a"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("Delete = %v, want ErrNoKeyring", err)
	}
	keyring.MockInitWithError(keyring.ErrSetDataTooBig)
	if err := k.Set("a", "p"); errors.Is(err, ErrNoKeyring) || !errors.Is(err, keyring.ErrSetDataTooBig) {
		t.Errorf("Set of too much = %v, want ErrSetDataTooBig alone", err)
	}
	keyring.MockInit()
	unreachable := newKeyring(systemVault{}, func() error { return cause })
	if err := unreachable.Set("a", "p"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("Set without session = %v, want ErrNoKeyring", err)
	}
	if _, err := keyring.Get("streamgauge", "a"); err == nil {
		t.Error("the keyring was asked although there is none")
	}
}

// hung is a keyring that answers when it is let go.
type hung struct{ let chan string }

func (h hung) Get(string, string) (string, error) { return <-h.let, nil }
func (h hung) Set(string, string, string) error   { <-h.let; return nil }
func (h hung) Delete(string, string) error        { <-h.let; return nil }

func TestHungKeyring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hung{make(chan string)}
		k := newKeyring(h, func() error { return nil })
		for i := range 2 { // the second waits for the first, and as long
			start := time.Now()
			if _, err := k.Get("a"); !errors.Is(err, ErrNoKeyring) {
				t.Errorf("call %d: %v, want ErrNoKeyring", i, err)
			}
			if got, want := time.Since(start), 2*time.Second; got != want {
				t.Errorf("call %d took %s, want %s", i, got, want)
			}
		}
		h.let <- "late" // unlocked: the abandoned call ends
		synctest.Wait()
		go func() { h.let <- "p" }()
		if got, err := k.Get("a"); got != "p" || err != nil {
			t.Errorf("Get after recovery = %q, %v, want p", got, err)
		}
	})
}

func TestSessionBus(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("keyrings here need no bus")
	}
	if err := sessionBusIn(t, "unix:path=/x", t.TempDir()); err != nil {
		t.Errorf("with an address: %v, want nil", err)
	}
	empty := t.TempDir()
	for _, address := range []string{"", "autolaunch:"} {
		if err := sessionBusIn(t, address, empty); err == nil {
			t.Errorf("address %q and no socket: nil, want an error", address)
		}
	}
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600)
	if err := sessionBusIn(t, "", dir); err != nil {
		t.Errorf("with a socket: %v, want nil", err)
	}
}

func sessionBusIn(t *testing.T, address, dir string) error {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	return sessionBus()
}
