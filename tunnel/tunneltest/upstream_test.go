package tunneltest

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// upstream is what the three servers have in common for a test.
type upstream interface {
	Serve(net.Listener) error
	Asked() []Ask
	Conns() int
}

// startUpstream serves u at upstream.test:1080 in a network with an origin at
// origin.test:80 that answers "hello" a second after the request.
func startUpstream(t *testing.T, u upstream, common *Upstream) *Network {
	t.Helper()
	n, _ := startUpstreamAndOrigin(t, u, common)
	return n
}

func startUpstreamAndOrigin(t *testing.T, u upstream, common *Upstream) (*Network, *Origin) {
	t.Helper()
	var o Origin
	o.HandleScript("*", Script{{At: time.Second, Data: []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")}})
	n := startOrigin(t, &o)
	common.Dial = n.Dial
	ln := mustListen(t, n, "upstream.test:1080")
	done := make(chan error, 1)
	go func() { done <- u.Serve(ln) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return n, &o
}

// talk sends each part, an instant apart, and returns all that comes until the
// upstream closes, or until ten seconds have passed: then it ends with "…".
func talk(t *testing.T, n *Network, parts ...string) string {
	t.Helper()
	c := dial(t, n, "upstream.test:1080")
	for _, p := range parts {
		io.WriteString(c, p)
		time.Sleep(time.Millisecond)
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if err != nil {
		got = append(got, "…"...)
	}
	return string(got)
}

const helloAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestSOCKS5(t *testing.T) {
	const (
		origin = "\x05\x01\x00\x03\x0borigin.test\x00\x50"
		// The upstream's own address towards the origin, 198.19.255.1:49153.
		granted = "\x05\x00\x00\x01\xc6\x13\xff\x01\xc0\x01"
		noBound = "\x00\x01\x00\x00\x00\x00\x00\x00"
	)
	locked := Upstream{User: "u", Password: "secret"}
	tests := []struct {
		name  string
		setup func(*SOCKS5)
		send  []string
		want  string
		asked []Ask
	}{
		{"by name", nil, []string{"\x05\x01\x00", origin, get}, "\x05\x00" + granted + helloAnswer + "…", []Ask{{Command: "CONNECT", Dest: "origin.test:80"}}},
		{"all in one segment", nil, []string{"\x05\x01\x00" + origin + get}, "\x05\x00" + granted + helloAnswer + "…", []Ask{{Command: "CONNECT", Dest: "origin.test:80"}}},
		{"byte by byte", nil, strings.Split("\x05\x02\x00\x01"+origin+get, ""), "\x05\x00" + granted + helloAnswer + "…", []Ask{{Command: "CONNECT", Dest: "origin.test:80"}}},
		{"IPv4, refused", nil, []string{"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x51"}, "\x05\x00\x05\x05" + noBound, []Ask{{Command: "CONNECT", Dest: "127.0.0.1:81"}}},
		{"IPv6, refused", nil, []string{"\x05\x01\x00\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x51"}, "\x05\x00\x05\x05" + noBound, []Ask{{Command: "CONNECT", Dest: "[::1]:81"}}},
		{"unknown name", nil, []string{"\x05\x01\x00\x05\x01\x00\x03\x01x\x00\x50"}, "\x05\x00\x05\x04" + noBound, []Ask{{Command: "CONNECT", Dest: "x:80"}}},
		{"bind", nil, []string{"\x05\x01\x00\x05\x02\x00\x03\x0borigin.test\x00\x50"}, "\x05\x00\x05\x07" + noBound, []Ask{{Command: "BIND", Dest: "origin.test:80"}}},
		{"udp", nil, []string{"\x05\x01\x00\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"}, "\x05\x00\x05\x07" + noBound, []Ask{{Command: "UDP", Dest: "0.0.0.0:0"}}},
		{"address type", nil, []string{"\x05\x01\x00\x05\x01\x00\x09"}, "\x05\x00\x05\x08" + noBound, []Ask{{Command: "CONNECT"}}},
		{"reply injected", func(s *SOCKS5) { s.Reply = 2 }, []string{"\x05\x01\x00" + origin}, "\x05\x00\x05\x02" + noBound, []Ask{{Command: "CONNECT", Dest: "origin.test:80"}}},
		{"password", func(s *SOCKS5) { s.User, s.Password = locked.User, locked.Password }, []string{"\x05\x02\x00\x02", "\x01\x01u\x06secret", origin, get}, "\x05\x02\x01\x00" + granted + helloAnswer + "…", []Ask{{Command: "CONNECT", Dest: "origin.test:80", User: "u"}}},
		{"wrong password", func(s *SOCKS5) { s.User, s.Password = locked.User, locked.Password }, []string{"\x05\x02\x00\x02", "\x01\x01u\x05wrong"}, "\x05\x02\x01\x01", nil},
		{"no password", func(s *SOCKS5) { s.User, s.Password = locked.User, locked.Password }, []string{"\x05\x01\x00"}, "\x05\xff", nil},
		{"silent", func(s *SOCKS5) { s.Fault = Silent }, []string{"\x05\x01\x00"}, "…", nil},
		{"silent later", func(s *SOCKS5) { s.Fault = SilentLater }, []string{"\x05\x01\x00", origin}, "\x05\x00…", nil},
		{"wrong version", func(s *SOCKS5) { s.Fault = WrongVersion }, []string{"\x05\x01\x00"}, "\x09\x00", nil},
		{"hangs up", func(s *SOCKS5) { s.Fault = HangUp }, []string{"\x05\x01\x00"}, "", nil},
		{"HTTP instead", func(s *SOCKS5) { s.Fault = HTTPText }, []string{"\x05\x01\x00"}, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", nil},
		{"SOCKS4 asked", nil, []string{"\x04\x01\x00\x50\x00\x00\x00\x01\x00"}, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s SOCKS5
				if tt.setup != nil {
					tt.setup(&s)
				}
				n := startUpstream(t, &s, &s.Upstream)
				checkTalk(t, &s, talk(t, n, tt.send...), tt.want, tt.asked)
			})
		})
	}
}

func checkTalk(t *testing.T, u upstream, got, want string, asked []Ask) {
	t.Helper()
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := u.Asked(); !slices.Equal(got, asked) {
		t.Errorf("asked %+v, want %+v", got, asked)
	}
	if got := u.Conns(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

func TestSOCKS4A(t *testing.T) {
	const (
		origin = "\x04\x01\x00\x50\x00\x00\x00\x01u\x00origin.test\x00"
		none   = "\x00\x00\x00\x00\x00\x00"
	)
	ask := []Ask{{Command: "CONNECT", Dest: "origin.test:80", User: "u"}}
	tests := []struct {
		name  string
		setup func(*SOCKS4A)
		send  []string
		want  string
		asked []Ask
	}{
		{"by name", nil, []string{origin, get}, "\x00\x5a" + none + helloAnswer + "…", ask},
		{"byte by byte", nil, strings.Split(origin+get, ""), "\x00\x5a" + none + helloAnswer + "…", ask},
		{"by address, refused", nil, []string{"\x04\x01\x00\x51\x7f\x00\x00\x01\x00"}, "\x00\x5b" + none, []Ask{{Command: "CONNECT", Dest: "127.0.0.1:81"}}},
		{"bind", nil, []string{"\x04\x02\x00\x51\x7f\x00\x00\x01\x00"}, "\x00\x5b" + none, []Ask{{Command: "BIND", Dest: "127.0.0.1:81"}}},
		{"right user", func(s *SOCKS4A) { s.User = "u" }, []string{origin, get}, "\x00\x5a" + none + helloAnswer + "…", ask},
		{"wrong user", func(s *SOCKS4A) { s.User = "v" }, []string{origin}, "\x00\x5d" + none, ask},
		{"reply injected", func(s *SOCKS4A) { s.Reply = 92 }, []string{origin}, "\x00\x5c" + none, ask},
		{"silent later", func(s *SOCKS4A) { s.Fault = SilentLater }, []string{origin}, "\x00…", ask},
		{"wrong version", func(s *SOCKS4A) { s.Fault = WrongVersion }, []string{origin}, "\x09\x5a" + none, nil},
		{"SOCKS5 asked", nil, []string{"\x05\x01\x00", origin}, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s SOCKS4A
				if tt.setup != nil {
					tt.setup(&s)
				}
				n := startUpstream(t, &s, &s.Upstream)
				checkTalk(t, &s, talk(t, n, tt.send...), tt.want, tt.asked)
			})
		})
	}
}

func TestHTTPProxy(t *testing.T) {
	const (
		connect = "CONNECT origin.test:80 HTTP/1.1\r\nHost: origin.test:80\r\n\r\n"
		granted = "HTTP/1.1 200 Connection established\r\n\r\n"
		auth    = "Proxy-Authorization: Basic dTpzZWNyZXQ=\r\n" // u:secret
	)
	asked := []Ask{{Command: "CONNECT", Dest: "origin.test:80"}}
	refusal := func(status int, field string) string { return string(answer(status, field)) }
	tests := []struct {
		name  string
		setup func(*HTTPProxy)
		send  []string
		want  string
		asked []Ask
	}{
		{"connect", nil, []string{connect, get}, granted + helloAnswer + "…", asked},
		{"connect with bytes behind it", nil, []string{connect + get}, granted + helloAnswer + "…", asked},
		{"established in other words", func(p *HTTPProxy) { p.Established = "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n" }, []string{connect, get}, "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n" + helloAnswer + "…", asked},
		{"origin refuses", nil, []string{"CONNECT 127.0.0.1:81 HTTP/1.1\r\nHost: h\r\n\r\n"}, refusal(502, ""), []Ask{{Command: "CONNECT", Dest: "127.0.0.1:81"}}},
		{"origin-form", nil, []string{get}, refusal(400, ""), []Ask{{Command: "GET"}}},
		{"not HTTP", nil, []string{"\x05\x01\x00\r\n"}, refusal(400, ""), nil},
		{"no password", func(p *HTTPProxy) { p.User, p.Password = "u", "secret" }, []string{connect}, refusal(407, "Proxy-Authenticate: Basic realm=\"upstream\"\r\n"), asked},
		{"password", func(p *HTTPProxy) { p.User, p.Password = "u", "secret" }, []string{strings.Replace(connect, "Host", auth+"Host", 1), get}, granted + helloAnswer + "…", []Ask{{Command: "CONNECT", Dest: "origin.test:80", User: "u"}}},
		{"status injected", func(p *HTTPProxy) { p.Status = 503 }, []string{connect}, refusal(503, ""), asked},
		{"silent", func(p *HTTPProxy) { p.Fault = Silent }, []string{connect}, "…", nil},
		{"silent later", func(p *HTTPProxy) { p.Fault = SilentLater }, []string{connect}, "HTTP/1.1 200…", asked},
		{"wrong version", func(p *HTTPProxy) { p.Fault = WrongVersion }, []string{connect}, "HTTP/9.9 200 OK\r\n\r\n", nil},
		{"SOCKS instead", func(p *HTTPProxy) { p.Fault = HTTPText }, []string{connect}, "\x05\xff", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p HTTPProxy
				if tt.setup != nil {
					tt.setup(&p)
				}
				n := startUpstream(t, &p, &p.Upstream)
				checkTalk(t, &p, talk(t, n, tt.send...), tt.want, tt.asked)
			})
		})
	}
}

// TestUpstreamsServeTheStandardClient goes through each with net/http's own
// idea of a proxy, over names that only the upstream can resolve.
func TestUpstreamsServeTheStandardClient(t *testing.T) {
	for scheme, command := range map[string]string{"socks5": "CONNECT", "http": "GET"} {
		synctest.Test(t, func(t *testing.T) {
			socks, proxy := &SOCKS5{}, &HTTPProxy{}
			u, common := upstream(socks), &socks.Upstream
			if scheme == "http" {
				u, common = proxy, &proxy.Upstream
			}
			common.User, common.Password, common.Delay = "u", "secret", 40*time.Millisecond
			n, origin := startUpstreamAndOrigin(t, u, common)
			c := client(t, n)
			c.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{Scheme: scheme, Host: "upstream.test:1080", User: url.UserPassword("u", "secret")})
			start := time.Now()
			resp, err := c.Get("http://origin.test/")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != "hello" || err != nil {
				t.Errorf("%s: body %q, %v", scheme, body, err)
			}
			// Three answers of the SOCKS server are delayed, none of the HTTP one.
			want := map[string]time.Duration{"socks5": 1120 * time.Millisecond, "http": time.Second}[scheme]
			if got := time.Since(start); got != want {
				t.Errorf("%s: took %v, want %v", scheme, got, want)
			}
			if got, want := u.Asked(), []Ask{{command, "origin.test:80", "u"}}; !slices.Equal(got, want) {
				t.Errorf("%s: asked %+v, want %+v", scheme, got, want)
			}
			if head := string(origin.Visits()[0].Head); !strings.HasPrefix(head, "GET / HTTP/1.1\r\n") || strings.Contains(head, "Proxy-") {
				t.Errorf("%s: the origin received %q", scheme, head)
			}
			if got, want := n.Dialled(), []string{"upstream.test:1080", "origin.test:80"}; !slices.Equal(got, want) {
				t.Errorf("%s: dialled %q, want %q", scheme, got, want)
			}
		})
	}
}

func TestTunnelPassesEndsOn(t *testing.T) {
	ends := map[string]struct {
		leave func(*Conn) error
		want  string
	}{
		"FIN": {(*Conn).CloseWrite, `"" <nil>`},
		"RST": {(*Conn).Reset, `"" connection reset by peer`},
	}
	for how, tt := range ends {
		synctest.Test(t, func(t *testing.T) {
			var s SOCKS5
			n := startUpstream(t, &s, &s.Upstream)
			ln := mustListen(t, n, "peer.test:9")
			c := dial(t, n, "upstream.test:1080")
			io.WriteString(c, "\x05\x01\x00\x05\x01\x00\x03\x09peer.test\x00\x09")
			io.ReadFull(c, make([]byte, 12))
			peer, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			tt.leave(c)
			if got := drain(peer); got != tt.want {
				t.Errorf("%s: the far side reads %s, want %s", how, got, tt.want)
			}
			if how == "FIN" {
				io.WriteString(peer, "still here")
				peer.Close()
				if got := drain(c); got != `"still here" <nil>` {
					t.Errorf("%s: the near side reads %s", how, got)
				}
			}
			peer.Close()
			ln.Close()
		})
	}
}

func TestBlackHoleBehindUpstreamEndsWithServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s SOCKS5
		n := startUpstream(t, &s, &s.Upstream)
		n.AddHost("hole.test")
		n.BlackHole("hole.test:80")
		if got, want := talk(t, n, "\x05\x01\x00\x05\x01\x00\x03\x09hole.test\x00\x50"), "\x05\x00…"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
