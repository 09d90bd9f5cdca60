package proxy

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// TestLoops asks that a request which would come back to the proxy is refused
// at once at every entrance, under every name, and along every route.
func TestLoops(t *testing.T) {
	names := []string{"127.0.0.1:1889", "127.9.9.9:1889", "localhost:1889", "LOCALHOST.:1889", "[::1]:1889", "0.0.0.0:1889", "[::]:1889", "[::ffff:127.0.0.1]:1889", "me.test:1889"}
	for _, up := range []string{"direct", "socks5://u:p@up.test:1080", "http://u:p@up.test:3128"} {
		for _, name := range names {
			for entrance, raw := range map[string]string{
				"absolute": "GET http://" + name + "/ HTTP/1.1\r\nHost: o\r\n\r\n",
				"connect":  "CONNECT " + name + " HTTP/1.1\r\nHost: o\r\n\r\n",
			} {
				t.Run(strings.Join([]string{up, name, entrance}, " "), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, func(c *Config) {
							routeVia(t, up)(c)
							c.Route.ProxyLoopback = true
						})
						w.serveUpstreams()
						w.net.AddHost("me.test", netip.MustParseAddr("127.0.0.1"))
						start := time.Now()
						_, r := w.ask(raw)
						resp, err := http.ReadResponse(r, nil)
						if err != nil || resp.StatusCode != http.StatusLoopDetected {
							t.Fatalf("%v, %v; want 508", resp, err)
						}
						if took := time.Since(start); took > time.Second {
							t.Errorf("refused after %v", took)
						}
						if dialled := w.net.Dialled(); len(dialled) != 1 {
							t.Errorf("sockets: %v, want the client's only", dialled)
						}
					})
				})
			}
		}
	}
}

// TestUpstreamIsOurselves asks the same where the setting is the mistake.
func TestUpstreamIsOurselves(t *testing.T) {
	for _, up := range []string{"http://127.0.0.1:1889", "socks5://localhost:1889"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, routeVia(t, up))
			if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.status != http.StatusLoopDetected {
				t.Errorf("%s: status %d, %v; want 508", up, got.status, got.err)
			}
		})
	}
}

// TestOwnPage asks that only our own names and nobody's page reach it.
func TestOwnPage(t *testing.T) {
	for name, tt := range map[string]struct {
		line, fields string
		want         int
	}{
		"by address":        {"GET / HTTP/1.1", "Host: 127.0.0.1:1889\r\n", 200},
		"by name":           {"GET / HTTP/1.1", "Host: localhost:1889\r\n", 200},
		"ipv6":              {"GET / HTTP/1.1", "Host: [::1]:1889\r\n", 200},
		"head":              {"HEAD / HTTP/1.1", "Host: localhost:1889\r\n", 200},
		"typed in":          {"GET / HTTP/1.1", "Host: localhost:1889\r\nSec-Fetch-Site: none\r\n", 200},
		"own origin":        {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://localhost:1889\r\n", 200},
		"rebound name":      {"GET / HTTP/1.1", "Host: evil.test:1889\r\n", 421},
		"other port":        {"GET / HTTP/1.1", "Host: 127.0.0.1:80\r\n", 421},
		"no host":           {"GET / HTTP/1.0", "", 421},
		"forward by host":   {"GET /x HTTP/1.1", "Host: origin.test\r\n", 421},
		"foreign page":      {"GET / HTTP/1.1", "Host: localhost:1889\r\nSec-Fetch-Site: cross-site\r\n", 403},
		"foreign origin":    {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://evil.test\r\n", 403},
		"origin at port 80": {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://localhost\r\n", 403},
		"second origin":     {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://localhost:1889\r\nOrigin: http://evil.test\r\n", 403},
		"second site":       {"GET / HTTP/1.1", "Host: localhost:1889\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", 403},
		"null origin":       {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: null\r\n", 403},
		"other scheme":      {"GET / HTTP/1.1", "Host: localhost:1889\r\nOrigin: https://localhost:1889\r\n", 403},
		"nothing there":     {"GET /favicon.ico HTTP/1.1", "Host: localhost:1889\r\n", 404},
		"no change by POST": {"POST / HTTP/1.1", "Host: localhost:1889\r\nContent-Length: 0\r\n", 405},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				w.guarded(tt.line, tt.fields, tt.want)
				if len(w.origin.Visits()) > 0 || len(w.journal.Snapshot()) > 0 {
					t.Error("a request to us was forwarded or recorded")
				}
			})
		})
	}
}

// guarded sends a request to us and wants that status, and no leave for the pages
// of others.
func (w *world) guarded(line, fields string, want int) {
	w.t.Helper()
	method, _, _ := strings.Cut(line, " ")
	got := w.exchange(method, line+"\r\n"+fields+"\r\n")
	if got.status != want {
		w.t.Errorf("status %d, %v; want %d", got.status, got.err, want)
	}
	for name := range got.header {
		if strings.HasPrefix(name, "Access-Control-") {
			w.t.Errorf("%s is sent", name)
		}
	}
}

// TestCredentials asks that no entrance opens without them, and all with.
func TestCredentials(t *testing.T) {
	basic := func(userPassword string) string {
		return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(userPassword)) + "\r\n"
	}
	socks := func(user, password string) string {
		return fmt.Sprintf("\x05\x01\x02\x01%c%s%c%s\x05\x01\x00\x03\x0borigin.test\x00\x50", len(user), user, len(password), password)
	}
	for name, tt := range map[string]struct{ raw, want string }{
		"plain without":     {"GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n", "HTTP/1.1 407"},
		"plain wrong":       {"GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n" + basic("u:x") + "\r\n", "HTTP/1.1 407"},
		"plain longer":      {"GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n" + basic("u:secret2") + "\r\n", "HTTP/1.1 407"},
		"plain other form":  {"GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nProxy-Authorization: Bearer secret\r\n\r\n", "HTTP/1.1 407"},
		"plain right":       {"GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n" + basic("u:secret") + "\r\n", "HTTP/1.1 200"},
		"connect without":   {"CONNECT origin.test:80 HTTP/1.1\r\nHost: o\r\n\r\n", "HTTP/1.1 407"},
		"connect right":     {"CONNECT origin.test:80 HTTP/1.1\r\nHost: o\r\n" + basic("u:secret") + "\r\n", "HTTP/1.1 200"},
		"socks5 without":    {"\x05\x01\x00", "\x05\xff"},
		"socks5 wrong":      {socks("u", "x"), "\x05\x02\x01\x01"},
		"socks5 right":      {socks("u", "secret"), "\x05\x02\x01\x00\x05\x00"},
		"socks4 has none":   {"\x04\x01\x00\x50\x00\x00\x00\x01u\x00origin.test\x00", "\x00\x5d"},
		"own page for free": {"GET / HTTP/1.1\r\nHost: localhost:1889\r\n\r\n", "HTTP/1.1 200"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *Config) { c.Credentials = &Credentials{"u", "secret"} })
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				_, r := w.ask(tt.raw)
				expect(t, r, tt.want)
				synctest.Wait()
				granted := strings.HasSuffix(name, "right")
				if len(w.origin.Visits()) > 0 && !granted {
					t.Error("the origin was reached")
				}
				for _, visit := range w.origin.Visits() {
					if strings.Contains(string(visit.Head), "Proxy-") {
						t.Errorf("credentials reached the origin: %q", visit.Head)
					}
				}
			})
		})
	}
}

// panicky is a recorder with a mistake.
type panicky struct {
	tunnel.Recorder
	on string
}

func (p panicky) Begin(ex tunnel.Exchange) *tunnel.Live {
	if strings.Contains(ex.URL, p.on) {
		panic("mistake")
	}
	return p.Recorder.Begin(ex)
}

// TestPanicIsContained asks that a mistake of ours ends one exchange only.
func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.Recorder = panicky{c.Recorder, "/boom"} })
		w.origin.Handle("*", tunneltest.Stream{Events: 1})
		for range 10 {
			if got := w.exchange("GET", "GET http://origin.test/boom HTTP/1.1\r\nHost: o\r\n\r\n"); got.err == nil {
				t.Errorf("the panic was answered with %d", got.status)
			}
			if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.status != 200 {
				t.Errorf("beside the panic: status %d, %v", got.status, got.err)
			}
		}
	})
}

// TestApply asks that streams under way keep their path, and that a wrong
// setting changes nothing.
func TestApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.serveUpstreams()
		w.origin.Handle("*", tunneltest.Stream{Every: time.Second, Events: 5})
		start := time.Now()
		_, r := w.ask("GET http://origin.test/before HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		up, err := tunnel.ParseUpstream("socks5://u:p@up.test:1080")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.reroute(upstream.Route{Upstream: up}); err != nil {
			t.Fatal(err)
		}
		if err := w.reroute(upstream.Route{Bypass: []string{"10.0.0.0/99"}}); err == nil {
			t.Error("a wrong bypass rule was taken")
		}
		if got := w.exchange("GET", "GET http://origin.test/after HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n"); got.status != 200 {
			t.Errorf("status %d, %v", got.status, got.err)
		}
		if got, err := collect(r, start); err != nil || len(got) == 0 {
			t.Errorf("the stream under way broke off: %v", err)
		}
		synctest.Wait()
		var paths []string
		for _, ex := range w.journal.Snapshot() {
			paths = append(paths, ex.URL+" "+ex.Upstream+" "+string(ex.End))
		}
		want := "http://origin.test/before direct complete|http://origin.test/after socks5://up.test:1080 complete"
		if got := strings.Join(paths, "|"); got != want {
			t.Errorf("paths %q, want %q", got, want)
		}
	})
}

// TestIdleGreetings asks that a connection which says nothing, or half of
// something, is closed after 20 seconds.
func TestIdleGreetings(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "half a line": "GET http", "half a head": "GET http://origin.test/ HTTP/1.1\r\nHo", "half a greeting": "\x05\x02\x00", "half a request": "\x04\x01\x00",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				start := time.Now()
				conn, r := w.ask(raw)
				_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
				for {
					if _, err := r.ReadByte(); err != nil {
						break
					}
				}
				if took := time.Since(start).Round(time.Second); took < 20*time.Second || took > 22*time.Second {
					t.Errorf("closed after %v, want 20s", took)
				}
			})
		})
	}
}
