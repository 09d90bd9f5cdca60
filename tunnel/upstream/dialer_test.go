package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

const (
	socks5Granted = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	httpGranted   = "HTTP/1.1 200 Connection established\r\n\r\n"
)

// What each client puts on the wire, and that bytes and half-close pass.
func TestDialThroughUpstream(t *testing.T) {
	tests := []struct {
		name, upstream, origin string
		answers, want          []string
		early                  string // what reaches the client before its echo
	}{
		{
			name: "socks5 name", upstream: "socks5://proxy.test:1080", origin: "Origin.test:443",
			answers: []string{"\x05\x00", socks5Granted},
			want:    []string{"\x05\x01\x00", "\x05\x01\x00\x03\x0bOrigin.test\x01\xbb"},
		},
		{
			name: "socks5h password", upstream: "socks5h://u:secret@proxy.test:1080", origin: "10.9.8.7:80",
			answers: []string{"\x05\x02", "\x01\x00", socks5Granted},
			want:    []string{"\x05\x02\x00\x02", "\x01\x01u\x06secret", "\x05\x01\x00\x01\x0a\x09\x08\x07\x00\x50"},
		},
		{
			name: "socks5 password not asked for", upstream: "socks5://u:secret@proxy.test:1080", origin: "o.test:80",
			answers: []string{"\x05\x00", "\x05\x00\x00\x03\x02ab\x00\x01early"},
			want:    []string{"\x05\x02\x00\x02", "\x05\x01\x00\x03\x06o.test\x00\x50"},
			early:   "early",
		},
		{
			name: "socks5 ipv6 without zone", upstream: "socks5://proxy.test:1080", origin: "[fe80::1%eth0]:80",
			answers: []string{"\x05\x00", socks5Granted},
			want:    []string{"\x05\x01\x00", "\x05\x01\x00\x04\xfe\x80" + strings.Repeat("\x00", 13) + "\x01\x00\x50"},
		},
		{
			name: "socks4a name", upstream: "socks4a://me@proxy.test:1080", origin: "origin.test:443",
			answers: []string{"\x00\x5a\x00\x00\x00\x00\x00\x00early"},
			want:    []string{"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00origin.test\x00"},
			early:   "early",
		},
		{
			name: "socks4 address", upstream: "socks4a://proxy.test:1080", origin: "10.9.8.7:80",
			answers: []string{"\x00\x5a\x00\x00\x00\x00\x00\x00"},
			want:    []string{"\x04\x01\x00\x50\x0a\x09\x08\x07\x00"},
		},
		{
			name: "http", upstream: "http://proxy.test:3128", origin: "origin.test:443",
			answers: []string{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200 OK\nContent-Length: 5\n\nearly"},
			want:    []string{"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n"},
			early:   "early",
		},
		{
			name: "http password", upstream: "http://Aladdin:open%20sesame@proxy.test:3128", origin: "[2001:db8::1]:443",
			answers: []string{httpGranted},
			want: []string{"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n" +
				"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"},
		},
		{
			name: "http idn", upstream: "http://proxy.test:3128", origin: "bücher.test:443",
			answers: []string{httpGranted},
			want:    []string{"CONNECT xn--bcher-kva.test:443 HTTP/1.1\r\nHost: xn--bcher-kva.test:443\r\n\r\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				d := newDialer(t, n, tt.upstream, Config{})
				var heard []string
				serve(t, n, d.cfg.Upstream.Addr(), listenTo(&heard, tt.answers...))
				c, err := d.Dial(t.Context(), tt.origin)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := echoed(t, c, "hello"), tt.early+"hello"; got != want {
					t.Errorf("came back %q, want %q", got, want)
				}
				if !slices.Equal(heard, tt.want) {
					t.Errorf("upstream heard %q, want %q", heard, tt.want)
				}
				if c.Via() != d.cfg.Upstream {
					t.Errorf("Via = %v, want %v", c.Via(), d.cfg.Upstream)
				}
			})
		})
	}
}

func TestEarlyBytesComeBeforeTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		d := newDialer(t, n, "http://proxy.test:3128", Config{})
		serve(t, n, "proxy.test:3128", stay(httpGranted+"abc"))
		c, err := d.Dial(t.Context(), "origin.test:443")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.NetConn() != nil {
			t.Error("NetConn hands the connection out while early bytes wait")
		}
		buf := make([]byte, 2)
		for _, want := range []string{"ab", "c"} {
			n, err := c.Read(buf)
			if got := string(buf[:n]); got != want || err != nil {
				t.Errorf("Read = %q, %v, want %q", got, err, want)
			}
		}
		if c.NetConn() != c.Conn {
			t.Error("NetConn is not the connection after the early bytes were read")
		}
	})
}

// The phases end when they end, to the nanosecond.
func TestTimings(t *testing.T) {
	const lookup, connect, answer = 30 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond
	tests := []struct {
		name, upstream, origin  string
		dns, connect, handshake time.Duration // since the start; zero: did not happen
	}{
		{"direct", "", "origin.test:80", lookup, lookup + connect, 0},
		{"direct address", "", "10.0.0.2:80", 0, connect, 0},
		{"socks5", "socks5://proxy.test:1080", "origin.test:80", lookup, lookup + connect, lookup + connect + 2*answer},
		{"socks4a", "socks4a://10.0.0.1:1081", "origin.test:80", 0, connect, connect + answer},
		{"http", "http://proxy.test:3128", "origin.test:80", lookup, lookup + connect, lookup + connect + answer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				slow := func(lines ...string) func(net.Conn) {
					return func(c net.Conn) {
						for _, line := range lines {
							c.Read(make([]byte, 512))
							time.Sleep(answer)
							io.WriteString(c, line)
						}
						io.Copy(io.Discard, c)
					}
				}
				serve(t, n, "origin.test:80", stay())
				serve(t, n, "proxy.test:1080", slow("\x05\x00", socks5Granted))
				serve(t, n, "proxy.test:1081", slow("\x00\x5a\x00\x00\x00\x00\x00\x00"))
				serve(t, n, "proxy.test:3128", slow(httpGranted))
				for _, addr := range []string{"10.0.0.2:80", "10.0.0.1:1080", "10.0.0.1:1081", "10.0.0.1:3128"} {
					n.Delay(addr, connect)
				}
				n.DelayLookup("origin.test", lookup)
				n.DelayLookup("proxy.test", lookup)

				began := time.Now()
				c, err := newDialer(t, n, tt.upstream, Config{}).Dial(t.Context(), tt.origin)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				since := func(at time.Time) time.Duration {
					if at.IsZero() {
						return 0
					}
					return at.Sub(began)
				}
				got := c.Timings()
				if since(got.DNS) != tt.dns || since(got.Connect) != tt.connect || since(got.Handshake) != tt.handshake {
					t.Errorf("timings = %v %v %v, want %v %v %v", since(got.DNS), since(got.Connect), since(got.Handshake),
						tt.dns, tt.connect, tt.handshake)
				}
			})
		})
	}
}

// Addresses are tried one after another, overlapping, families in turn.
func TestAddressesRace(t *testing.T) {
	addr := netip.MustParseAddr
	v4, v4b, v6 := addr("10.1.0.1"), addr("10.1.0.2"), addr("2001:db8::1")
	tests := []struct {
		name    string
		addrs   []netip.Addr
		prepare func(dead, slow func(netip.Addr))
		want    netip.Addr // the one connected to; none if it fails
		took    time.Duration
		dialled int
	}{
		{"first answers", []netip.Addr{v4, v4b}, func(_, _ func(netip.Addr)) {}, v4, 0, 1},
		{"first is silent", []netip.Addr{v6, v4}, func(dead, _ func(netip.Addr)) { dead(v6) }, v4, 300 * time.Millisecond, 2},
		{"families alternate", []netip.Addr{v4, v4b, v6}, func(dead, _ func(netip.Addr)) { dead(v4); dead(v4b) }, v6, 300 * time.Millisecond, 2},
		{"first is slow and wins", []netip.Addr{v6, v4}, func(dead, slow func(netip.Addr)) { slow(v6); dead(v4) }, v6, 400 * time.Millisecond, 2},
		{"first refuses", []netip.Addr{addr("10.1.0.9"), v4}, func(_, _ func(netip.Addr)) {}, v4, 0, 2},
		{"all are silent", []netip.Addr{v6, v4}, func(dead, _ func(netip.Addr)) { dead(v6); dead(v4) }, netip.Addr{}, 10 * time.Second, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				n.AddHost("many.test", tt.addrs...)
				for _, ip := range []netip.Addr{v4, v4b, v6} {
					serve(t, n, netip.AddrPortFrom(ip, 80).String(), stay())
				}
				tt.prepare(
					func(ip netip.Addr) { n.BlackHole(netip.AddrPortFrom(ip, 80).String()) },
					func(ip netip.Addr) { n.Delay(netip.AddrPortFrom(ip, 80).String(), 400*time.Millisecond) },
				)
				began := time.Now()
				c, err := newDialer(t, n, "", Config{}).Dial(t.Context(), "many.test:80")
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if got := len(n.Dialled()); got != tt.dialled {
					t.Errorf("%d addresses dialled, want %d", got, tt.dialled)
				}
				if !tt.want.IsValid() {
					if !errors.Is(err, tunnel.ErrTimeout) {
						t.Errorf("error = %v, want %v", err, tunnel.ErrTimeout)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if got := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(); got != tt.want {
					t.Errorf("connected to %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A dial that succeeds after another has won is closed and left by nobody.
func TestLosersAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peers := make(chan net.Conn, 2)
		d, err := New(Config{
			Lookup: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.2")}, nil
			},
			Dial: func(context.Context, string, string) (net.Conn, error) { // deaf to its context
				time.Sleep(time.Second)
				ours, theirs := net.Pipe()
				peers <- theirs
				return ours, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := d.Dial(t.Context(), "two.test:80")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		winner, loser := <-peers, <-peers
		if _, err := loser.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("reading from the loser: %v, want EOF", err)
		}
		go winner.Write([]byte("x"))
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Errorf("reading from the winner: %v", err)
		}
		c.Close()
	})
}

// The caller's leaving ends a dial in that instant, whatever it waits for.
func TestCancel(t *testing.T) {
	const left = 70 * time.Millisecond
	tests := []struct{ name, upstream string }{
		{"looking up", "http://slow.test:1"},
		{"connecting", "http://10.0.0.3:1"},
		{"socks5", "socks5://proxy.test:1"},
		{"socks4a", "socks4a://proxy.test:1"},
		{"http", "http://proxy.test:1"},
		{"https", "https://proxy.test:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				n.AddHost("slow.test")
				n.DelayLookup("slow.test", time.Minute)
				n.BlackHole("10.0.0.3:1")
				closed := make(chan time.Time, 1)
				serve(t, n, "proxy.test:1", func(c net.Conn) {
					io.Copy(io.Discard, c)
					closed <- time.Now()
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				time.AfterFunc(left, cancel)
				_, err := newDialer(t, n, tt.upstream, Config{}).Dial(ctx, "origin.test:443")
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error = %v, want %v", err, context.Canceled)
				}
				if got := time.Since(began); got != left {
					t.Errorf("took %v, want %v", got, left)
				}
				if strings.HasSuffix(tt.upstream, "//proxy.test:1") {
					if got := (<-closed).Sub(began); got != left {
						t.Errorf("upstream saw the end after %v, want %v", got, left)
					}
				}
			})
		})
	}
}

func TestDialProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		var heard []string
		serve(t, n, "proxy.test:3128", listenTo(&heard))
		c, err := newDialer(t, n, "http://proxy.test:3128", Config{}).DialProxy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !c.Timings().Handshake.IsZero() {
			t.Error("a handshake was timed where there is none")
		}
		if got, want := echoed(t, c, "GET http://origin.test/"), "GET http://origin.test/"; got != want {
			t.Errorf("came back %q, want %q", got, want)
		}
		for _, upstream := range []string{"", "socks5://proxy.test:1080"} {
			_, err := newDialer(t, n, upstream, Config{}).DialProxy(t.Context())
			if f, ok := errors.AsType[*tunnel.Failure](err); !ok || f.Step != tunnel.StepPolicy {
				t.Errorf("upstream %q: error = %v, want a failure of policy", upstream, err)
			}
		}
	})
}

func TestNewRefuses(t *testing.T) {
	up := func(scheme tunnel.Scheme, host string, port uint16) Route {
		return Route{Upstream: tunnel.Upstream{Scheme: scheme, Host: host, Port: port}}
	}
	tests := []struct {
		cfg  Config
		want string
	}{
		{Config{Route: up("ftp", "h", 1)}, `upstream scheme "ftp": want socks5, socks5h, socks4a, http or https`},
		{Config{Route: up("http", "", 1)}, `upstream http://:1: want scheme://host:port`},
		{Config{Route: up("http", "h", 0)}, `upstream http://h:0: want scheme://host:port`},
		{Config{Route: up("http", "a b", 1)}, `upstream http://a b:1: want scheme://host:port`},
		{Config{Route: Route{Upstream: tunnel.Upstream{Scheme: "socks4a", Host: "h", Port: 1, User: "a\x00b"}}}, `upstream user name: a zero byte cannot be sent with SOCKS4`},
		{Config{Route: Route{Bypass: []string{"ok.test", "10.0.0.0/99"}}}, `bypass entry "10.0.0.0/99": not a CIDR block such as 10.0.0.0/8 or fd00::/8`},
		{Config{ConnectTimeout: -1}, `connect timeout -1ns: want zero or more`},
		{Config{HandshakeTimeout: -1}, `handshake timeout -1ns: want zero or more`},
		{Config{Timeout: -1}, `timeout -1ns: want zero or more`},
	}
	for _, tt := range tests {
		if _, err := New(tt.cfg); err == nil || err.Error() != tt.want {
			t.Errorf("New: error = %v, want %s", err, tt.want)
		}
	}
}

// Over the operating system's network the errors and the half-close are the same.
func TestLoopback(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go listenTo(new([]string))(c)
		}
	}()
	dialer, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialer.Dial(t.Context(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.NetConn().(*net.TCPConn); !ok {
		t.Errorf("NetConn is a %T, want a *net.TCPConn", c.NetConn())
	}
	if got := echoed(t, c, "hello"); got != "hello" {
		t.Errorf("came back %q, want %q", got, "hello")
	}
	ln.Close()
	_, err = dialer.Dial(t.Context(), ln.Addr().String())
	if !errors.Is(err, tunnel.ErrRefused) {
		t.Errorf("error = %v, want %v", err, tunnel.ErrRefused)
	}
}
