package form

import (
	"errors"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

const canary = "canary-7f3a"

// wantNoCanary looks for the password where it must not be.
func (w *world) wantNoCanary() {
	w.t.Helper()
	file, err := os.ReadFile(w.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	shown := test.RenderObjectToMarkup(w.form.Content())
	if strings.Contains(string(file), canary) || strings.Contains(shown, canary) {
		w.t.Errorf("the password stands in the file or on the screen:\n%s", file)
	}
}

func TestPasswordGoesToTheKeyring(t *testing.T) {
	w := newWorld(t, words.English)
	w.wantNote("upstream_password", "Not needed", quiet)
	w.enter(fieldUpstream, "socks5://10.0.0.1:1080")
	w.enter(fieldUpstreamUser, "ann")
	w.wantNote("upstream_password", "unless the keyring has it", quiet)
	w.password(upstreamPassword, canary)
	w.wantNote("upstream_password", "never into the settings file", quiet)
	w.wantFooter("Upstream proxy, User name, Password", true)
	test.Tap(w.form.footer.apply)
	if got, want := w.store.Get().Upstream, "socks5://ann@10.0.0.1:1080"; got != want {
		t.Errorf("upstream %q, want %q", got, want)
	}
	if got := w.ring["upstream socks5://ann@10.0.0.1:1080"]; got != canary {
		t.Errorf("the keyring has %q", got)
	}
	if w.changed != 1 {
		t.Errorf("PasswordChanged was called %d times, want once", w.changed)
	}
	w.wantNote("upstream_password", "Stored in the keyring", quiet)
	w.wantFooter("All settings are in force", false)
	w.wantNoCanary()
}

func TestUserWithoutPasswordIsRefused(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListenUser, "ann")
	test.Tap(w.form.footer.apply)
	w.wantNote("listen_password", "A password is needed", alarm)
	if got := w.store.Get().ListenUser; got != "" {
		t.Errorf("user %q reached the store, want none without a password", got)
	}
	if got := w.form.entries[fieldListenUser].Text; got != "ann" {
		t.Errorf("the user reads %q, want what was typed", got)
	}
	w.password(listenPassword, canary)
	w.form.apply()
	if got := w.store.Get().ListenUser; got != "ann" || w.ring["listen ann"] != canary {
		t.Errorf("user %q, password %q; want both stored", got, w.ring["listen ann"])
	}
}

func TestPasswordWithoutUser(t *testing.T) {
	w := newWorld(t, words.Chinese)
	w.password(listenPassword, canary)
	w.wantNote("listen_password", "请同时填写用户名", caution)
	w.form.apply()
	w.wantNote("listen_password", "请同时填写用户名", alarm)
	if len(w.ring) != 0 {
		t.Errorf("the keyring has %v, want nothing", w.ring)
	}
}

func TestNoKeyring(t *testing.T) {
	t.Run("kept until exit", func(t *testing.T) {
		secrets := settings.NewSession(memory(nil))
		w := newWorldWith(t, words.English, secrets)
		w.enter(fieldListenUser, "ann")
		w.password(listenPassword, canary)
		w.form.apply()
		w.wantNote("listen_password", "until Streamgauge quits", caution)
		w.wantNote("listen_password", settings.EnvListenPassword, caution)
		if got, err := w.store.Get().ResolveListenPassword(secrets); got != canary {
			t.Errorf("password %q, %v; want the one that was typed", got, err)
		}
		w.wantNoCanary()
	})
	t.Run("refused", func(t *testing.T) {
		w := newWorldWith(t, words.Chinese, memory(nil))
		w.enter(fieldListenUser, "ann")
		w.password(listenPassword, canary)
		w.form.apply()
		w.wantNote("listen_password", "没有可用的密钥环", alarm)
		if got := w.store.Get().ListenUser; got != "" {
			t.Errorf("user %q reached the store without a password", got)
		}
		w.wantNoCanary()
	})
	t.Run("by variable", func(t *testing.T) {
		w := newWorldWith(t, words.English, memory(nil))
		t.Setenv(settings.EnvListenPassword, canary)
		w.enter(fieldListenUser, "ann")
		w.form.apply()
		if got := w.store.Get().ListenUser; got != "ann" {
			t.Errorf("user %q, want ann: the variable has the password", got)
		}
		w.wantNote("listen_password", "Taken from "+settings.EnvListenPassword, quiet)
	})
}

func TestKeyringFails(t *testing.T) {
	w := newWorldWith(t, words.English, broken{})
	w.enter(fieldListenUser, "ann")
	w.password(listenPassword, canary)
	w.form.apply()
	w.wantNote("listen_password", "did not take it: too big", alarm)
	w.wantFooter("Not in force yet", true)
}

// broken is a keyring that takes nothing.
type broken struct{ memory }

func (broken) Set(string, string) error { return errors.New("too big") }

func TestForgetPassword(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListenUser, "ann")
	w.password(listenPassword, canary)
	w.form.apply()
	w.form.forget(listenPassword)
	if len(w.ring) != 0 {
		t.Errorf("the keyring has %v, want nothing", w.ring)
	}
	w.wantNote("listen_password", "None is stored", caution)
	if w.changed != 2 {
		t.Errorf("PasswordChanged was called %d times, want twice", w.changed)
	}
}

// A URL that is pasted with its credentials is taken apart at once.
func TestPastedPassword(t *testing.T) {
	w := newWorld(t, words.English)
	w.form.entries[fieldUpstream].SetText("socks5://ann:" + canary + "@10.0.0.1:1080")
	if got := w.form.entries[fieldUpstream].Text; got != "socks5://10.0.0.1:1080" {
		t.Errorf("the URL reads %q, want it without credentials", got)
	}
	if got := w.form.entries[fieldUpstreamUser].Text; got != "ann" {
		t.Errorf("the user reads %q", got)
	}
	w.wantNoCanary()
	w.form.apply()
	if w.ring["upstream socks5://ann@10.0.0.1:1080"] != canary {
		t.Errorf("the keyring has %v", w.ring)
	}
	w.wantNoCanary()
}

// Typed letter by letter it is taken apart with Enter.
func TestTypedPassword(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldUpstream, "http://ann:"+canary+"@proxy.example:3128")
	w.wantNote(fieldUpstream, "Contains a password", alarm)
	w.form.entries[fieldUpstream].OnSubmitted("")
	if got := w.store.Get().Upstream; got != "http://ann@proxy.example:3128" {
		t.Errorf("upstream %q, want it without the password", got)
	}
	w.wantNoCanary()
}

func TestOtherMachines(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListen, "127.0.0.1:8888")
	w.tap("exposed")
	if got := w.form.entries[fieldListen].Text; got != "0.0.0.0:8888" {
		t.Errorf("the address reads %q, want every interface at the same port", got)
	}
	w.wantNote("exposed", "192.168.1.5:8888", caution)
	w.wantNote(fieldListenUser, "give a user name and a password", alarm)
	w.form.apply()
	if got := w.store.Get().Listen; got != settings.DefaultListen {
		t.Errorf("listen %q, want it untouched without a user", got)
	}
	w.enter(fieldListenUser, "ann")
	w.form.apply()
	if got := w.store.Get().Listen; got != settings.DefaultListen {
		t.Errorf("listen %q, want it untouched without a password", got)
	}
	w.password(listenPassword, canary)
	w.form.apply()
	if got := w.store.Get(); got.Listen != "0.0.0.0:8888" || got.ListenUser != "ann" {
		t.Errorf("listen %q for %q, want what was typed", got.Listen, got.ListenUser)
	}
	w.tap("exposed")
	if got := w.form.entries[fieldListen].Text; got != "127.0.0.1:8888" {
		t.Errorf("the address reads %q, want loopback", got)
	}
}

func TestExposed(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:1": false, "[::1]:1": false, "localhost:1": false, "127.9.9.9:1": false, "": false, "x:1": false,
		":1": true, "0.0.0.0:1": true, "[::]:1": true, "192.168.1.2:1": true,
	} {
		if got := exposed(listen); got != want {
			t.Errorf("exposed(%q) = %t, want %t", listen, got, want)
		}
	}
}
