package station

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// vault keeps passwords in memory.
type vault map[string]string

func (v vault) Get(account string) (string, error) {
	if password, ok := v[account]; ok {
		return password, nil
	}
	return "", settings.ErrNoSecret
}

func (v vault) Set(account, password string) error { v[account] = password; return nil }
func (v vault) Delete(account string) error        { delete(v, account); return nil }

// world is a station on an in-memory network, with an origin and settings in a
// file, in virtual time.
type world struct {
	*testing.T
	net     *tunneltest.Network
	origin  *tunneltest.Origin
	store   *settings.Store
	secrets vault
	station *Station
}

// newWorld must be called inside a synctest bubble.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, net: tunneltest.NewNetwork(), origin: &tunneltest.Origin{}, secrets: vault{}}
	var err error
	if w.store, _, err = settings.Open(filepath.Join(t.TempDir(), "settings.json"), nil); err != nil {
		t.Fatal(err)
	}
	w.serve("origin.test:80", w.origin.Serve)
	w.station = New(Config{
		Settings: w.store, Secrets: w.secrets,
		Listen: w.listen, Dial: w.net.Dial, Lookup: w.net.Lookup,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		w.station.Run(ctx)
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		time.Sleep(time.Second) // net/http's server lingers
	})
	synctest.Wait()
	return w
}

// listen says of a taken port what [Listen] would.
func (w *world) listen(addr string) (net.Listener, error) {
	ln, err := w.net.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = &tunnel.ListenError{Address: addr, Err: tunnel.ErrListenInUse}
	}
	return ln, err
}

func (w *world) serve(addr string, serve func(net.Listener) error) {
	w.Helper()
	ln, err := w.net.Listen(addr)
	if err != nil {
		w.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = serve(ln)
		close(ended)
	}()
	w.Cleanup(func() {
		ln.Close()
		<-ended
	})
}

// change edits the settings and waits until the station has followed.
func (w *world) change(edit func(*settings.Settings)) {
	w.Helper()
	if err := w.store.Update(edit); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
}

func (w *world) switchOn() {
	w.Helper()
	if err := w.station.SetOn(true); err != nil {
		w.Fatal(err)
	}
}

// open asks the proxy at addr for the origin's path and returns the answer.
func (w *world) open(addr, path string) (*http.Response, error) {
	conn, err := w.net.Dial(w.Context(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	w.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "GET http://origin.test"+path+" HTTP/1.1\r\nHost: origin.test\r\n\r\n"); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

func (w *world) wantStatus(addr string, want int) {
	w.Helper()
	resp, err := w.open(addr, "/")
	if err != nil {
		w.Errorf("ask at %s: %v", addr, err)
		return
	}
	if resp.StatusCode != want {
		w.Errorf("ask at %s: status %d, want %d", addr, resp.StatusCode, want)
	}
}

func (w *world) wantRefused(addr string) {
	w.Helper()
	if _, err := w.open(addr, "/"); !errors.Is(err, syscall.ECONNREFUSED) {
		w.Errorf("ask at %s: %v, want connection refused", addr, err)
	}
}

const byDefault = settings.DefaultListen

func TestSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if state := w.station.State(); state.On || state.Address != byDefault || state.Upstream != "direct" {
			t.Errorf("at first %+v, want off at the default address, direct", state)
		}
		w.wantRefused(byDefault)
		changed, unsubscribe := w.station.Subscribe()
		defer unsubscribe()
		w.switchOn()
		<-changed
		w.wantStatus(byDefault, 404)
		if state := w.station.State(); !state.On || state.Err != nil {
			t.Errorf("switched on: %+v", state)
		}
		w.origin.Handle("/slow", tunneltest.Stream{Every: time.Second})
		resp, err := w.open(byDefault, "/slow")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.station.SetOn(false); err != nil {
			t.Fatal(err)
		}
		w.wantRefused(byDefault)
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("a stream ended as if whole when the proxy was switched off")
		}
		w.switchOn()
		w.wantStatus(byDefault, 404)
	})
}

// TestMove asks that another address is taken while a stream goes on.
func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.switchOn()
		stream := tunneltest.Stream{Every: time.Second, Events: 5}
		w.origin.Handle("/slow", stream)
		resp, err := w.open(byDefault, "/slow")
		if err != nil {
			t.Fatal(err)
		}
		const next = "127.0.0.1:1900"
		w.change(func(s *settings.Settings) { s.Listen = next })
		w.wantRefused(byDefault)
		w.wantStatus(next, 404)
		if got := w.station.State().Address; got != next {
			t.Errorf("address = %s, want %s", got, next)
		}
		body, err := io.ReadAll(resp.Body)
		if want := string(stream.Plain()); err != nil || string(body) != want {
			t.Errorf("the stream under way came as %q, %v; want %q", body, err, want)
		}
	})
}

// TestTakenPort asks that the proxy stays where it is and says why.
func TestTakenPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		taken, err := w.net.Listen("127.0.0.1:1900")
		if err != nil {
			t.Fatal(err)
		}
		w.switchOn()
		w.change(func(s *settings.Settings) { s.Listen = "127.0.0.1:1900" })
		state := w.station.State()
		if !errors.Is(state.Err, tunnel.ErrListenInUse) || !state.On || state.Address != byDefault {
			t.Errorf("state = %+v, want on at the old address, port in use", state)
		}
		w.wantStatus(byDefault, 404)
		taken.Close()
		w.switchOn() // again
		if state := w.station.State(); state.Err != nil || state.Address != "127.0.0.1:1900" {
			t.Errorf("once the port was free: %+v", state)
		}
	})
}

// TestCredentials asks that a user without a password lets nobody in, and that
// switching on again finds the password.
func TestCredentials(t *testing.T) {
	t.Setenv(settings.EnvListenPassword, "")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.change(func(s *settings.Settings) { s.ListenUser = "ann" })
		var missing *settings.SecretError
		if err := w.station.SetOn(true); !errors.As(err, &missing) || !errors.As(w.station.State().Err, &missing) {
			t.Errorf("switched on with %v, state %+v; want a missing password", err, w.station.State())
		}
		w.wantRefused(byDefault)
		w.secrets[settings.ListenAccount("ann")] = "secret"
		w.switchOn()
		w.wantStatus(byDefault, http.StatusProxyAuthRequired)
	})
}

// TestSetUpstream asks that the choice is kept, followed and looked at, and the
// password is kept apart.
func TestSetUpstream(t *testing.T) {
	t.Setenv(settings.EnvUpstreamPassword, "")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		up := &tunneltest.SOCKS5{Upstream: tunneltest.Upstream{Dial: w.net.Dial, User: "bob", Password: "secret"}}
		w.serve("up.test:1080", up.Serve)
		w.switchOn()
		_, unsubscribe := w.station.Subscribe()
		defer unsubscribe()
		if err := w.station.SetUpstream("socks5://bob:secret@up.test:1080"); err != nil {
			t.Fatal(err)
		}
		w.wantStatus(byDefault, 404)
		if got := up.Asked(); len(got) != 1 || got[0].Dest != "origin.test:80" {
			t.Errorf("the upstream was asked %v, want once for the origin", got)
		}
		if got := w.store.Get().Upstream; strings.Contains(got, "secret") {
			t.Errorf("the settings hold the password: %s", got)
		}
		if health := w.station.State().Health; health.Checked.IsZero() || health.Err != nil {
			t.Errorf("health = %+v, want reached", health)
		}
		if err := w.station.SetUpstream("gopher://x"); err == nil {
			t.Error("a wrong upstream was taken")
		}
		if err := w.station.SetUpstream("socks5://up.test:9"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if health := w.station.State().Health; !errors.Is(health.Err, tunnel.ErrRefused) {
			t.Errorf("health = %+v, want refused", health)
		}
	})
}

// TestUpstreamIsLeftAlone asks that nobody is contacted while nobody watches.
func TestUpstreamIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		up := &tunneltest.SOCKS5{}
		w.serve("up.test:1080", up.Serve)
		w.change(func(s *settings.Settings) { s.Upstream = "socks5://up.test:1080" })
		w.switchOn()
		time.Sleep(10*checkInterval + time.Second)
		if n := up.Conns(); n != 0 {
			t.Fatalf("%d connections to the upstream, want none", n)
		}
		_, unsubscribe := w.station.Subscribe()
		time.Sleep(checkInterval)
		unsubscribe()
		if n := up.Conns(); n != 2 {
			t.Errorf("%d connections while someone watched, want 2", n)
		}
	})
}

// TestServe asks that a listener that fails ends Serve with the reason.
func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := tunneltest.NewNetwork()
		var ln net.Listener
		st := New(Config{Settings: Fixed(settings.Default()), Listen: func(addr string) (_ net.Listener, err error) {
			ln, err = network.Listen(addr)
			return ln, err
		}})
		if err := st.SetOn(true); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { ln.Close() })
		if err := st.Serve(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve = %v, want the listener's error", err)
		}
		if err := st.SetOn(true); !errors.Is(err, ErrClosed) {
			t.Errorf("switched on after the end: %v, want %v", err, ErrClosed)
		}
	})
}
