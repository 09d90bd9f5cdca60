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
// and without the password.
func TestWrongPassword(t *testing.T) {
	for name, start := range map[string]func(*testing.T) peer{
		"microsocks": microsocks, "tinyproxy": tinyproxy, "squid": squid,
	} {
		t.Run(name, func(t *testing.T) {
			up := start(t)
			up.password = "canary-wrong-5d0e"
			g := serve(t, up)
			status, page := fetch(t, g.addr, "http://127.0.0.1:9/")
			if status != http.StatusBadGateway {
				t.Errorf("status = %d, want 502", status)
			}
			for _, secret := range up.secrets() {
				if strings.Contains(page, secret) {
					t.Errorf("the page shows the password: %s", page)
				}
			}
			if !strings.Contains(page, "password") {
				t.Errorf("the page does not say that the password is wrong: %s", page)
			}
			ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
			if ex.End != "error" || ex.Error == "" {
				t.Errorf("recorded as %s (%s), want error with its reason", ex.End, ex.Error)
			}
		})
	}
}
