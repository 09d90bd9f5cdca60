package decrypt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/tunneltest"
)

// pair opens a tunnel in memory and returns what the client and we hold. It must
// be called inside a bubble.
func pair(t *testing.T) (*tls.Conn, *Conn) {
	t.Helper()
	a, _ := create(t)
	own, roots, err := tunneltest.NewCertificate("origin.test")
	if err != nil {
		t.Fatal(err)
	}
	hosts, _ := ParseHosts([]string{"origin.test"})
	front := New(Config{Authority: a, Hosts: hosts, RootCAs: roots, Dial: func(context.Context, string) (tap.Link, error) {
		t.Error("the origin was dialled again")
		return tap.Link{}, context.Canceled
	}}, nil)
	client, ours := tunneltest.Pair(0)
	toOrigin, origin := tunneltest.Pair(0)
	trusted := x509.NewCertPool()
	trusted.AddCert(a.Certificate())
	there := tls.Server(origin, &tls.Config{Certificates: []tls.Certificate{own}})
	here := tls.Client(client, &tls.Config{ServerName: "origin.test", RootCAs: trusted})
	go func() { _ = there.Handshake() }()
	done := make(chan error, 1)
	go func() { done <- here.Handshake() }()
	live := tunnel.NewLive(tunnel.Exchange{ID: "t1", Kind: tunnel.KindTunnel}, tunnel.Limits{}, nil)
	conn, pass := front.Open(t.Context(), Tunnel{Client: ours, Origin: tap.Link{Conn: toOrigin}, Addr: "origin.test:443", Live: live})
	if err := <-done; err != nil || conn == nil || pass != nil {
		t.Fatalf("not opened: %v, %v, %v", conn, pass, err)
	}
	t.Cleanup(func() {
		here.Close()
		conn.Close()
		there.Close()
		if s := live.Summary(); s.End == tunnel.Running {
			t.Error("the tunnel's record has not ended")
		}
	})
	return here, conn
}

// TestHold: what is written between Hold and Release is one TLS record, of which
// a read returns one.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := pair(t)
		read := func() string {
			p := make([]byte, 64<<10)
			n, err := client.Read(p)
			if err != nil {
				t.Fatal(err)
			}
			return string(p[:n])
		}
		conn.Hold()
		for _, piece := range []string{"1000\r\n", strings.Repeat("x", 0x1000), "\r\n"} {
			if _, err := conn.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		conn.Release()
		if got := read(); len(got) != 6+0x1000+2 {
			t.Errorf("the first record has %d bytes", len(got))
		}
		conn.Write([]byte("one"))
		if got := read(); got != "one" {
			t.Errorf("unheld: %q", got)
		}
		conn.Hold()
		conn.Write([]byte("small "))
		conn.Write(make([]byte, maxHeld)) // more than is held
		if got := read(); got != "small " {
			t.Errorf("what does not fit drives out %q", got)
		}
		if got := read(); len(got) != maxHeld {
			t.Errorf("then came %d bytes", len(got))
		}
		conn.Release()
	})
}

func TestHeldWriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := pair(t)
		client.NetConn().(*tunneltest.Conn).Reset()
		conn.Hold()
		if _, err := conn.Write([]byte("lost")); err != nil {
			t.Fatal(err)
		}
		conn.Release()
		if _, err := conn.Write([]byte("next")); err == nil {
			t.Error("nobody is told of the write that failed")
		}
	})
}

// TestFirstConnectionIsUsed: it was made to see what the origin offers.
func TestFirstConnectionIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, conn := pair(t)
		s := conn.Session()
		if s.Host != "origin.test" || s.Addr != "origin.test:443" || s.Tunnel != "t1" || s.HTTP2 || s.Failure != nil {
			t.Errorf("session %+v", s)
		}
		time.Sleep(maxUnused)
		link, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		link.Close()
	})
}
