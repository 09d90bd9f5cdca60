package upstream

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// newNet is a network with a proxy and an origin by name. Nothing listens yet.
func newNet() *tunneltest.Network {
	n := tunneltest.NewNetwork()
	n.AddHost("proxy.test", netip.MustParseAddr("10.0.0.1"))
	n.AddHost("origin.test", netip.MustParseAddr("10.0.0.2"))
	return n
}

// newDialer dials over n by way of the upstream, a URL, as cfg says beyond that.
func newDialer(t *testing.T, n *tunneltest.Network, upstream string, cfg Config) *Dialer {
	t.Helper()
	var err error
	if cfg.Upstream, err = tunnel.ParseUpstream(upstream); err != nil {
		t.Fatal(err)
	}
	cfg.Dial, cfg.Lookup = n.Dial, n.Lookup
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// serve answers every connection to addr with handle until the test ends.
func serve(t *testing.T, n *tunneltest.Network, addr string, handle func(net.Conn)) {
	t.Helper()
	ln, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
}

// talk answers each message of the client with the next of lines, then closes.
func talk(lines ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, line := range lines {
			if _, err := c.Read(make([]byte, 4096)); err != nil {
				return
			}
			io.WriteString(c, line)
		}
	}
}

// stay does as talk and then waits for the client to leave.
func stay(lines ...string) func(net.Conn) {
	return func(c net.Conn) {
		talk(lines...)(c)
		io.Copy(io.Discard, c)
	}
}

// listenTo records what the client sends into heard, answers as talk does, and
// then echoes until the client ends its direction.
func listenTo(heard *[]string, lines ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, line := range lines {
			buf := make([]byte, 4096)
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			*heard = append(*heard, string(buf[:n]))
			io.WriteString(c, line)
		}
		io.Copy(c, c)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}
}

// echoed sends text with the sending direction closed behind it and returns all
// that comes back.
func echoed(t *testing.T, c *Conn, text string) string {
	t.Helper()
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(back)
}
