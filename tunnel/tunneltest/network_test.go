package tunneltest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func mustListen(t *testing.T, n *Network, addr string) net.Listener {
	t.Helper()
	ln, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestDialReachesWhoeverListens(t *testing.T) {
	tests := []struct{ listen, dial string }{
		{"origin.test:80", "origin.test:80"},
		{"origin.test:80", "ORIGIN.test.:80"},
		{"origin.test:80", "198.18.0.1:80"},
		{"127.0.0.1:1889", "localhost:1889"},
		{"[::1]:1889", "[::1]:1889"},
		{":1889", "127.0.0.1:1889"},
		{"0.0.0.0:1889", "127.0.0.1:1889"},
		{":1889", "[::1]:1889"},
		{"127.0.0.1:1889", "0.0.0.0:1889"},
		{"127.0.0.1:0", "127.0.0.1:49152"},
	}
	for _, tt := range tests {
		n := NewNetwork()
		ln := mustListen(t, n, tt.listen)
		c, err := n.Dial(t.Context(), "tcp", tt.dial)
		if err != nil {
			t.Errorf("listen %s, dial %s: %v", tt.listen, tt.dial, err)
			continue
		}
		s, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.RemoteAddr().String(), c.LocalAddr().String(); got != want {
			t.Errorf("dial %s: the server sees %s, the client is %s", tt.dial, got, want)
		}
		if got, want := c.RemoteAddr().String(), s.LocalAddr().String(); got != want {
			t.Errorf("dial %s: the client sees %s, the server is %s", tt.dial, got, want)
		}
	}
}

func TestDialFails(t *testing.T) {
	n := NewNetwork()
	mustListen(t, n, "origin.test:80")
	gone := mustListen(t, n, "origin.test:81")
	gone.Close()
	for _, addr := range []string{"origin.test:443", "127.0.0.1:80", "origin.test:81", "203.0.113.9:80"} {
		_, err := n.Dial(t.Context(), "tcp", addr)
		op, ok := errors.AsType[*net.OpError](err)
		if !ok || op.Op != "dial" || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial %s: %v, want connection refused of a dial", addr, err)
		}
	}
	_, err := n.Dial(t.Context(), "tcp", "nowhere.test:80")
	if dns, ok := errors.AsType[*net.DNSError](err); !ok || !dns.IsNotFound || dns.Name != "nowhere.test" {
		t.Errorf("dial an unknown name: %v, want no such host", err)
	}
	for _, addr := range []string{"origin.test", "origin.test:http", "origin.test:65536"} {
		if _, err := n.Dial(t.Context(), "tcp", addr); err == nil {
			t.Errorf("dial %s: no error", addr)
		}
	}
	if _, err := n.Dial(t.Context(), "udp", "origin.test:80"); err == nil {
		t.Error("dial udp: no error")
	}
	want := []string{
		"origin.test:443", "127.0.0.1:80", "origin.test:81", "203.0.113.9:80", "nowhere.test:80",
	}
	if got := n.Dialled(); !slices.Equal(got, want) {
		t.Errorf("dialled = %q, want %q", got, want)
	}
}

func TestListenFails(t *testing.T) {
	n := NewNetwork()
	ln := mustListen(t, n, "127.0.0.1:1889")
	if _, err := n.Listen("127.0.0.1:1889"); name(err) != syscall.EADDRINUSE.Error() {
		t.Errorf("listen twice: %v", err)
	}
	ln.Close()
	mustListen(t, n, "127.0.0.1:1889")
	if _, err := ln.Accept(); name(err) != net.ErrClosed.Error() {
		t.Errorf("accept after close: %v", err)
	}
	if err := ln.Close(); name(err) != net.ErrClosed.Error() {
		t.Errorf("close twice: %v", err)
	}
}

func TestTheWayTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		mustListen(t, n, "slow.test:80")
		n.DelayLookup("slow.test", 30*time.Millisecond)
		n.Delay("slow.test:80", 200*time.Millisecond)
		n.AddHost("hole.test")
		n.BlackHole("hole.test:80")
		start := time.Now()
		if _, err := n.Dial(t.Context(), "tcp", "slow.test:80"); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 230*time.Millisecond {
			t.Errorf("dial took %v, want 230ms", got)
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := n.Dial(ctx, "tcp", "hole.test:80")
		if op, ok := errors.AsType[*net.OpError](err); !ok || !op.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial into a hole: %v, want a timeout", err)
		}
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("dial into a hole took %v, want 10s", got)
		}
	})
}

func TestLookup(t *testing.T) {
	n := NewNetwork()
	mustListen(t, n, "a.test:80")
	own := n.AddHost("b.test")
	n.AddHost("c.test", netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("::1"))
	tests := map[string][]netip.Addr{
		"a.test":    {netip.MustParseAddr("198.18.0.1")},
		"B.test.":   {own},
		"c.test":    {netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("::1")},
		"localhost": {netip.MustParseAddr("127.0.0.1")},
		"192.0.2.1": {netip.MustParseAddr("192.0.2.1")},
	}
	for host, want := range tests {
		if got, err := n.Lookup(t.Context(), host); err != nil || !slices.Equal(got, want) {
			t.Errorf("lookup %s = %v, %v, want %v", host, got, err, want)
		}
	}
	mustListen(t, n, "[::1]:80")
	if _, err := n.Dial(t.Context(), "tcp", "c.test:80"); err != nil {
		t.Errorf("the second address is not tried: %v", err)
	}
}

func TestListenerCloseResetsTheUnaccepted(t *testing.T) {
	n := NewNetwork()
	ln := mustListen(t, n, "origin.test:80")
	c, err := n.Dial(t.Context(), "tcp", "origin.test:80")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := c.Read(make([]byte, 1)); name(err) != syscall.ECONNRESET.Error() {
		t.Errorf("read = %v, want a reset", err)
	}
}

// TestServesHTTP runs the standard client and server over the network: they
// use half-close, deadlines, background reads and address types of their own.
func TestServesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		n.Buffer = 512
		ln := mustListen(t, n, "origin.test:80")
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
			w.(http.Flusher).Flush()
			time.Sleep(3 * time.Second)
			io.WriteString(w, "end")
		}), ReadTimeout: time.Minute}
		go srv.Serve(ln)
		tr := &http.Transport{DialContext: n.Dial}
		start := time.Now()
		resp, err := (&http.Client{Transport: tr}).Get("http://origin.test/")
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("head took %v, want 0s", got)
		}
		body, err := io.ReadAll(resp.Body)
		if string(body) != "end" || err != nil {
			t.Errorf("body = %q, %v", body, err)
		}
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("body took %v, want 3s", got)
		}
		tr.CloseIdleConnections()
		srv.Close()
	})
}
