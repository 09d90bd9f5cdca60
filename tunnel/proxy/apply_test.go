package proxy

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
)

// TestApplyCredentials asks that a change of who is let in holds from the next
// request on.
func TestApplyCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		const request = "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"
		if got := w.exchange("GET", request); got.status != 404 {
			t.Fatalf("before: status %d, want the origin's 404", got.status)
		}
		cfg := *w.proxy.config()
		cfg.Credentials = &Credentials{User: "ann", Password: "secret"}
		if err := w.proxy.Apply(cfg); err != nil {
			t.Fatal(err)
		}
		if got := w.exchange("GET", request); got.status != 407 {
			t.Errorf("after: status %d, want 407", got.status)
		}
		const login = "Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n"
		if got := w.exchange("GET", strings.TrimSuffix(request, "\r\n")+login); got.status != 404 {
			t.Errorf("with credentials: status %d, want the origin's 404", got.status)
		}
	})
}

// moving is a listener that says it has moved.
type moving struct {
	net.Listener
	addr *net.TCPAddr
}

func (m *moving) Addr() net.Addr { return m.addr }

// TestOwnAddressMoves asks that the proxy knows itself by where it listens now.
func TestOwnAddressMoves(t *testing.T) {
	p := &Proxy{}
	old, next := netip.MustParseAddrPort("127.0.0.1:1889"), netip.MustParseAddrPort("127.0.0.1:1900")
	ln := &moving{addr: net.TCPAddrFromAddrPort(old)}
	var listener net.Listener = ln
	p.listener.Store(&listener)
	if !p.isSelf(old) || p.isSelf(next) {
		t.Errorf("at first: old %v, next %v; want true, false", p.isSelf(old), p.isSelf(next))
	}
	ln.addr = net.TCPAddrFromAddrPort(next)
	if p.isSelf(old) || !p.isSelf(next) {
		t.Errorf("after the move: old %v, next %v; want false, true", p.isSelf(old), p.isSelf(next))
	}
}
