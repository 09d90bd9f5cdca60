package proxy

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/tunneltest"
)

// TestOpenedAfterSilence: an origin that closed the connection on which nothing
// was asked is dialled again.
func TestOpenedAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
		conn := s.connect("http/1.1")
		time.Sleep(10 * time.Second)
		for range 2 {
			io.WriteString(conn, "POST /s HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 2\r\n\r\nhi")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("answer %v, %v", resp, err)
			}
			io.Copy(io.Discard, resp.Body)
		}
		conn.Close()
		if n := dialsOf(s.world, "origin.test"); n != 2 {
			t.Errorf("the origin was dialled %d times, want twice", n)
		}
	})
}

// TestOpenedWebSocket: an upgrade inside an opened tunnel is recorded as frames.
func TestOpenedWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		s.origin.HandleRaw("/ws", func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
			io.ReadFull(conn, make([]byte, 8))
			time.Sleep(time.Second)
			io.WriteString(conn, "\x81\x03bye")
			conn.Close()
		})
		conn := s.connect("http/1.1")
		io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		r := bufio.NewReader(conn)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("answer %v, %v", resp, err)
		}
		io.WriteString(conn, "\x81\x82\x00\x00\x00\x00yo")
		got, err := io.ReadAll(r)
		if string(got) != "\x81\x02hi\x81\x03bye" || err != nil {
			t.Errorf("frames %q, %v", got, err)
		}
		conn.Close()
		sockets := s.of(tunnel.KindWebSocket)
		if len(sockets) != 1 || sockets[0].Totals.Units != 2 || sockets[0].Tunnel == "" || sockets[0].End != tunnel.Complete {
			t.Errorf("recorded %+v", sockets)
		}
	})
}

// TestOpenedBreaks: what breaks off at the origin is broken for the client, in
// whichever way the framing lets it see that.
func TestOpenedBreaks(t *testing.T) {
	for name, answer := range map[string]string{
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome",
		"close":   "HTTP/1.1 200 OK\r\n\r\nsome",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, "origin.test")
				s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
				s.origin.HandleScript("/s", tunneltest.Script{{Data: []byte(answer)}, {At: time.Second, Do: tunneltest.RST}})
				conn := s.connect("http/1.1")
				io.WriteString(conn, requestFor("/s", true))
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "some" {
					t.Errorf("body %q, %v; want it broken", body, err)
				}
				conn.Close()
				if ex := s.last(); ex.End != tunnel.Truncated {
					t.Errorf("recorded end %q", ex.End)
				}
			})
		})
	}
}

// TestOpenedClientAborts: the origin hears of it within a second.
func TestOpenedClientAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		s.origin.Handle("/s", tunneltest.Stream{Every: 10 * time.Second, Events: 10})
		conn := s.connect("http/1.1")
		io.WriteString(conn, requestFor("/s", true))
		time.Sleep(15 * time.Second)
		left := time.Now()
		conn.Close()
		synctest.Wait()
		visit := s.origin.Visits()[0]
		if after := visit.Left.Sub(left); visit.Left.IsZero() || after > time.Second {
			t.Errorf("the origin heard after %v", after)
		}
		inside := s.of(tunnel.KindDecrypted)
		if len(inside) != 1 || inside[0].End != tunnel.ClientClosed {
			t.Errorf("recorded %+v", inside)
		}
	})
}

// TestApplyDecrypt: hosts are listed and struck off while the proxy runs; what
// was opened stays so.
func TestApplyDecrypt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil)
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		s.origin.Handle("/s", tunneltest.Stream{Events: 1})
		ours := func(conn *tls.Conn) bool {
			return conn.ConnectionState().PeerCertificates[0].Issuer.CommonName == s.authority.Certificate().Subject.CommonName
		}
		own := x509.NewCertPool()
		own.AddCert(s.cert.Leaf)
		list := func(hosts ...string) {
			cfg := *s.proxy.config()
			var err error
			if cfg.Decrypt.Hosts, err = decrypt.ParseHosts(hosts); err != nil {
				t.Fatal(err)
			}
			if err := s.proxy.Apply(cfg); err != nil {
				t.Fatal(err)
			}
		}
		before, err := s.through("origin.test:443", &tls.Config{ServerName: "origin.test", RootCAs: own})
		if err != nil {
			t.Fatal(err)
		}
		list("origin.test")
		opened := s.connect("http/1.1")
		list()
		after, err := s.through("origin.test:443", &tls.Config{ServerName: "origin.test", RootCAs: own})
		if err != nil {
			t.Fatal(err)
		}
		for _, conn := range []*tls.Conn{before, opened, after} {
			if want := conn == opened; ours(conn) != want {
				t.Errorf("opened %v, want %v", ours(conn), want)
			}
			io.WriteString(conn, requestFor("/s", true))
			if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("answer %v, %v", resp, err)
			}
			conn.Close()
		}
	})
}
