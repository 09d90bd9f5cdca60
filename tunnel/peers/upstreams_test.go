//go:build peers && linux

package peers

import (
	"net/http"
	"strings"
	"testing"
)

// oneOfEach is a stream in which everything can go wrong: its half wire chunk
// is the piece that most proxies hold.
var oneOfEach = body{"text/event-stream", chunked, streams[0].events}

func TestOtherUpstreams(t *testing.T) {
	for _, via := range []struct {
		name string
		up   func(*testing.T) peer
	}{
		{"dante", dante},
		{"tinyproxy", tinyproxy},
		{"haproxy", haproxy},
	} {
		t.Run(via.name, func(t *testing.T) {
			up := via.up(t)
			g := serve(t, up)
			cells := []cell{
				{body: oneOfEach, name: "absolute", units: 3},
				{body: oneOfEach, name: "connect", connect: true},
			}
			for i := range cells {
				t.Run(cells[i].name, func(t *testing.T) { cells[i].play(t, g) })
			}
			recorded := g.finish(t, len(cells))
			for _, c := range cells {
				t.Run(c.name+"/recorded", func(t *testing.T) { c.check(t, up, recorded) })
			}
		})
	}
}

// TestWrongPassword: the upstream's refusal is told as the upstream's, in words,
// and without the password. Tinyproxy answers a wrong password with 401, which
// in absolute-form is an origin's word and passed on: only CONNECT can tell.
func TestWrongPassword(t *testing.T) {
	for _, with := range []struct {
		name    string
		up      func(*testing.T) peer
		methods []string
	}{
		{"microsocks", microsocks, []string{"GET", "CONNECT"}},
		{"tinyproxy", tinyproxy, []string{"CONNECT"}},
		{"squid", squid, []string{"GET", "CONNECT"}},
	} {
		t.Run(with.name, func(t *testing.T) {
			up := with.up(t)
			up.password = "canary-wrong-5d0e"
			refused(t, up, "password", with.methods...)
		})
	}
}

// TestUntrustedUpstream: nothing is said to a TLS upstream whose certificate
// nobody vouches for.
func TestUntrustedUpstream(t *testing.T) {
	up := haproxy(t)
	up.env = nil
	refused(t, up, "certificate", "GET", "CONNECT")
}

// refused wants each method to end in 502, with a page that says why in words and
// a recording that names the cause.
func refused(t *testing.T, up peer, word string, methods ...string) {
	t.Helper()
	g := serve(t, up)
	for _, method := range methods {
		target := map[string]string{"GET": "http://127.0.0.1:9/", "CONNECT": "127.0.0.1:9"}[method]
		status, page := ask(t, g.addr, method, target)
		if status != http.StatusBadGateway || !strings.Contains(page, word) {
			t.Errorf("%s: status %d, want 502 with a page that speaks of the %s: %s", method, status, word, page)
		}
		for _, secret := range up.secrets() {
			if strings.Contains(page, secret) {
				t.Errorf("%s: the page shows the password: %s", method, page)
			}
		}
	}
	for _, ex := range g.finish(t, len(methods)) {
		if ex.End != "error" || ex.Error == "" {
			t.Errorf("%s recorded as %s (%s), want error with its cause", ex.Method, ex.End, ex.Error)
		}
	}
}
