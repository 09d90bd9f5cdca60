package upstream

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

// ours is a proxy that listens on 127.0.0.1, ::1 and 10.0.0.5, port 1889.
func ours(addr netip.AddrPort) bool {
	ip := addr.Addr()
	return addr.Port() == 1889 && (ip.IsLoopback() || ip == netip.MustParseAddr("10.0.0.5"))
}

// A connection to ourselves is refused under every name, before any packet.
func TestLoopIsRefused(t *testing.T) {
	tests := []struct {
		upstream, origin string
		loop             bool
	}{
		{"", "127.0.0.1:1889", true},
		{"", "127.9.9.9:1889", true},
		{"", "localhost:1889", true},
		{"", "LocalHost.:1889", true},
		{"", "x.localhost:1889", true},
		{"", "[::1]:1889", true},
		{"", "[::ffff:127.0.0.1]:1889", true},
		{"", "0.0.0.0:1889", true},
		{"", "[::]:1889", true},
		{"", "10.0.0.5:1889", true},
		{"", "me.test:1889", true},
		{"", "127.0.0.1:1890", false},
		{"", "me.test:80", false},
		{"socks5://proxy.test:1080", "127.0.0.1:1889", true},
		{"socks5://proxy.test:1080", "0.0.0.0:1889", true},
		{"socks5://proxy.test:1080", "10.0.0.5:1889", true},
		{"socks5://proxy.test:1080", "localhost:1889", true},
		{"socks5://proxy.test:1080", "me.test:1889", true},
		{"socks5://proxy.test:1080", "127.1:1889", true},
		{"socks5://proxy.test:1080", "0x7f000001:1889", true},
		{"socks5://proxy.test:1080", "127.1:80", false},
		{"socks5://proxy.test:1080", "origin.test:1889", false},
		{"socks5://proxy.test:1080", "unknown.test:1889", false},
		{"http://127.0.0.1:1889", "origin.test:80", true},
		{"http://me.test:1889", "origin.test:80", true},
		{"https://0.0.0.0:1889", "origin.test:80", true},
	}
	for _, tt := range tests {
		t.Run(tt.upstream+" "+tt.origin, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				n.AddHost("me.test", netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("10.0.0.5"))
				d := newDialer(t, n, tt.upstream, Config{Self: ours, Route: Route{ProxyLoopback: true}})
				f := failureOf(t, d, tt.origin) // nobody listens: it fails one way or the other
				if got := f.Cause == tunnel.ErrLoop; got != tt.loop {
					t.Errorf("cause = %v, loop: %v", f.Cause, tt.loop)
				}
				if !tt.loop {
					return
				}
				if f.Step != tunnel.StepPolicy {
					t.Errorf("step = %v, want %v", f.Step, tunnel.StepPolicy)
				}
				if got := n.Dialled(); len(got) > 0 {
					t.Errorf("dialled %v, want nothing", got)
				}
			})
		})
	}
}

func TestLoopSentences(t *testing.T) {
	for upstream, want := range map[string]string{
		"":                       "localhost:1889 is this proxy itself: the request would go round in circles.",
		"http://localhost:1889":  "The upstream localhost:1889 is this proxy itself: choose another upstream.",
		"socks5://10.0.0.1:1080": "localhost:1889 is this proxy itself: the request would go round in circles.",
	} {
		synctest.Test(t, func(t *testing.T) {
			origin := "localhost:1889"
			if upstream == "http://localhost:1889" {
				origin = "origin.test:80"
			}
			d := newDialer(t, newNet(), upstream, Config{Self: ours, Route: Route{ProxyLoopback: true}})
			if got := failureOf(t, d, origin).Sentence; got != want {
				t.Errorf("sentence = %s\nwant       %s", got, want)
			}
		})
	}
}

// Looking for a loop may cost half a second at most, and no lookup at all
// where the port is not ours.
func TestLoopLookupIsBrief(t *testing.T) {
	for origin, want := range map[string]time.Duration{
		"slow.test:1889": 500 * time.Millisecond,
		"slow.test:80":   0,
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNet()
			n.DelayLookup("slow.test", time.Minute)
			serve(t, n, "proxy.test:1080", talk("\x05\x00", socks5Granted))
			began := time.Now()
			c, err := newDialer(t, n, "socks5://proxy.test:1080", Config{Self: ours}).Dial(t.Context(), origin)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			if got := time.Since(began); got != want {
				t.Errorf("%s: took %v, want %v", origin, got, want)
			}
		})
	}
}

// CheckLoop answers for an origin, whoever dials; Absolute names the upstream
// for it.
func TestPlainRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		tests := []struct {
			upstream, addr string
			connectPlain   bool
			loop, absolute bool
		}{
			{"http://proxy.test:3128", "origin.test:80", false, false, true},
			{"https://proxy.test:3128", "origin.test:80", false, false, true},
			{"http://proxy.test:3128", "origin.test:80", true, false, false},
			{"http://proxy.test:3128", "127.0.0.1:1889", false, true, false},
			{"http://proxy.test:3128", "10.0.0.5:1889", false, true, true},
			{"socks5://proxy.test:1080", "origin.test:80", false, false, false},
			{"", "origin.test:80", false, false, false},
		}
		for _, tt := range tests {
			d := newDialer(t, n, tt.upstream, Config{Self: ours, Route: Route{ConnectPlain: tt.connectPlain}})
			if err := d.CheckLoop(t.Context(), tt.addr); errors.Is(err, tunnel.ErrLoop) != tt.loop {
				t.Errorf("through %s CheckLoop(%s) = %v, want a loop: %v", tt.upstream, tt.addr, err, tt.loop)
			}
			if up, got := d.Absolute(tt.addr); got != tt.absolute || (got && up != d.cfg.Upstream) {
				t.Errorf("through %s Absolute(%s) = %v, %v, want %v", tt.upstream, tt.addr, up, got, tt.absolute)
			}
		}
		if err := mustNew(t, Config{}).CheckLoop(t.Context(), "nonsense"); err == nil {
			t.Error("CheckLoop(nonsense) = nil, want an error")
		}
	})
}
