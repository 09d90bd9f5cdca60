package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/tunneltest"
)

// secure is a world with an origin that speaks TLS and an authority that opens
// tunnels to it.
type secure struct {
	*world
	authority *decrypt.Authority
	trusted   *x509.CertPool // what clients trust
	cert      tls.Certificate
}

// newSecure lists hosts and lets the proxy trust the origin at origin.test.
func newSecure(t *testing.T, change func(*Config), hosts ...string) *secure {
	t.Helper()
	s := &secure{trusted: x509.NewCertPool()}
	var roots *x509.CertPool
	var err error
	if s.cert, roots, err = tunneltest.NewCertificate("origin.test"); err != nil {
		t.Fatal(err)
	}
	if s.authority, err = decrypt.Create(t.TempDir()+"/ca", nil); err != nil {
		t.Fatal(err)
	}
	s.trusted.AddCert(s.authority.Certificate())
	list, err := decrypt.ParseHosts(hosts)
	if err != nil {
		t.Fatal(err)
	}
	s.world = newWorld(t, func(c *Config) {
		c.RootCAs = roots
		c.Decrypt = Decrypt{Authority: s.authority, Hosts: list}
		if change != nil {
			change(c)
		}
	})
	return s
}

// serveTLS runs a scripted HTTP/1.1 origin behind TLS.
func (s *secure) serveTLS(addr string, cfg *tls.Config) {
	if cfg.NextProtos == nil {
		cfg.NextProtos = []string{"http/1.1"}
	}
	s.serve(addr, func(ln net.Listener) error { return s.origin.Serve(tls.NewListener(ln, cfg)) })
}

// serveHTTP2 runs handler as an origin that speaks HTTP/2, and HTTP/1.1 to who
// does not offer it.
func (s *secure) serveHTTP2(addr string, handler http.Handler) {
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.cert}, NextProtos: []string{"h2", "http/1.1"}}
	ln := s.listen(addr)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(ln, "", "")
	}()
	s.t.Cleanup(func() {
		server.Close()
		<-done
	})
}

// through opens a tunnel and does TLS in it.
func (s *secure) through(addr string, cfg *tls.Config) (*tls.Conn, error) {
	s.t.Helper()
	conn, _ := s.openPath(addr, true)
	secured := tls.Client(conn, cfg)
	return secured, secured.HandshakeContext(s.t.Context())
}

// asks is what a client says that trusts the authority.
func (s *secure) asks(protocols ...string) *tls.Config {
	return &tls.Config{ServerName: "origin.test", RootCAs: s.trusted, NextProtos: protocols}
}

// connect is through for a client that must succeed.
func (s *secure) connect(protocols ...string) *tls.Conn {
	s.t.Helper()
	conn, err := s.through("origin.test:443", s.asks(protocols...))
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// http2Client speaks HTTP/2 through the proxy and trusts the authority.
func (s *secure) http2Client() *http.Client {
	t := s.client.Transport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: s.trusted}
	t.ForceAttemptHTTP2 = true
	s.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// of returns the exchanges of a kind, in the order in which they began.
func (s *secure) of(kind tunnel.Kind) []tunnel.Exchange {
	synctest.Wait()
	var found []tunnel.Exchange
	for _, summary := range s.journal.Snapshot() {
		if ex, ok := s.journal.Exchange(summary.ID); ok && ex.Kind == kind {
			found = append(found, ex)
		}
	}
	return found
}

// TestMatrixOpened plays the streams of TestMatrix through an opened tunnel.
func TestMatrixOpened(t *testing.T) {
	for bodyName, stream := range bodies {
		for framingName, framing := range framings {
			for upstreamName, up := range upstreams {
				stream.Framing = framing
				t.Run(strings.Join([]string{bodyName, framingName, upstreamName}, "/"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { passesOpened(t, stream, up) })
				})
			}
		}
	}
}

func passesOpened(t *testing.T, stream tunneltest.Stream, up string) {
	stream.HeadDelay, stream.First = 200*time.Millisecond, 100*time.Millisecond
	stream.Every, stream.Events, stream.EventSize = 100*time.Millisecond, 4, 40
	stream.HalfChunks = stream.Framing == tunneltest.Chunked
	s := newSecure(t, routeVia(t, up), "origin.test")
	s.serveUpstreams()
	s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
	s.origin.Handle("/s", stream)

	conn := s.connect("http/1.1")
	start := time.Now()
	if _, err := fmt.Fprint(conn, requestFor("/s", true)); err != nil {
		t.Fatal(err)
	}
	got, err := collect(conn, start)
	if err != nil {
		t.Fatal(err)
	}
	step, pieces := 100*time.Millisecond, 4
	if stream.HalfChunks {
		step, pieces = 50*time.Millisecond, 8
	}
	due := []time.Duration{200 * time.Millisecond}
	for i := range pieces {
		due = append(due, 300*time.Millisecond+time.Duration(i)*step)
	}
	if times := instants(got); !slices.Equal(times, due) {
		t.Errorf("head and pieces came at %v, want %v", times, due)
	}
	checkResponse(t, got, stream)
	inside, around := s.of(tunnel.KindDecrypted), s.of(tunnel.KindTunnel)
	if len(inside) != 1 || len(around) != 1 {
		t.Fatalf("%d opened exchanges and %d tunnels are recorded, want 1 and 1", len(inside), len(around))
	}
	checkRecord(t, inside[0], due)
	if ex := inside[0]; ex.URL != "https://origin.test/s" || ex.Tunnel != around[0].ID || ex.End != tunnel.Complete || ex.Host != "origin.test:443" {
		t.Errorf("recorded %s at %s of tunnel %q (%q), end %q", ex.URL, ex.Host, ex.Tunnel, around[0].ID, ex.End)
	}
	if ex := around[0]; ex.TLS.ALPN != "http/1.1" || ex.TLS.Version != "TLS 1.3" || ex.End != tunnel.Complete || !ex.Phases.Has(tunnel.TLS) {
		t.Errorf("the tunnel is recorded with %+v, end %q", ex.TLS, ex.End)
	}
	if dials := dialsOf(s.world, "origin.test"); up == "direct" && dials != 1 {
		t.Errorf("the origin was dialled %d times, want once", dials)
	}
}

// dialsOf counts the dials of host, which appears by its address.
func dialsOf(w *world, host string) int {
	addr := w.net.AddHost(host).String()
	n := 0
	for _, dialled := range w.net.Dialled() {
		if at, _, _ := net.SplitHostPort(dialled); at == addr {
			n++
		}
	}
	return n
}

func TestOpenedProtocolIsTheOrigins(t *testing.T) {
	for name, tt := range map[string]struct {
		offers []string
		http2  bool
		want   string
	}{
		"both, both":      {[]string{"h2", "http/1.1"}, true, "h2"},
		"both, one":       {[]string{"h2", "http/1.1"}, false, "http/1.1"},
		"one, both":       {[]string{"http/1.1"}, true, "http/1.1"},
		"none, both":      {nil, true, ""},
		"others too":      {[]string{"spdy/3", "h2"}, true, "h2"},
		"order of theirs": {[]string{"http/1.1", "h2"}, true, "h2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, "origin.test")
				if tt.http2 {
					s.serveHTTP2("origin.test:443", http.NotFoundHandler())
				} else {
					s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
				}
				state := s.connect(tt.offers...).ConnectionState()
				if state.NegotiatedProtocol != tt.want {
					t.Errorf("client speaks %q, want %q", state.NegotiatedProtocol, tt.want)
				}
				if issuer := state.PeerCertificates[0].Issuer.CommonName; issuer != s.authority.Certificate().Subject.CommonName {
					t.Errorf("the certificate is signed by %q", issuer)
				}
			})
		})
	}
}

// TestPassedUnopened looks for the origin's own certificate, or its bytes.
func TestPassedUnopened(t *testing.T) {
	for name, tt := range map[string]struct {
		hosts     []string
		sni       string
		protocols []string
	}{
		"not listed":      {[]string{"other.test"}, "origin.test", nil},
		"suffix only":     {[]string{"*.origin.test"}, "origin.test", nil},
		"other protocol":  {[]string{"origin.test"}, "origin.test", []string{"acme-tls/1"}},
		"name not listed": {[]string{"origin.test"}, "alias.test", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, tt.hosts...)
				own, pool, err := tunneltest.NewCertificate("origin.test", "alias.test")
				if err != nil {
					t.Fatal(err)
				}
				s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"http/1.1", "acme-tls/1"}})
				conn, err := s.through("origin.test:443", &tls.Config{ServerName: tt.sni, RootCAs: pool, NextProtos: tt.protocols})
				if err != nil {
					t.Fatalf("the origin's certificate did not arrive: %v", err)
				}
				conn.Close()
				if ex := s.last(); ex.Kind != tunnel.KindTunnel || ex.End != tunnel.Complete {
					t.Errorf("recorded as %q, end %q", ex.Kind, ex.End)
				}
			})
		})
	}
}

// TestOtherProtocolsPass: what is not TLS passes unharmed through a tunnel to a
// listed host, whoever speaks first.
func TestOtherProtocolsPass(t *testing.T) {
	for name, tt := range map[string]struct{ origin, client string }{
		"client first": {"", "EHLO there\r\n"},
		"origin first": {"220 here\r\n", "EHLO there\r\n"},
		"not a hello":  {"", "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, "origin.test")
				heard := make(chan string, 1)
				s.serve("origin.test:443", func(ln net.Listener) error {
					conn, err := ln.Accept()
					if err != nil {
						return err
					}
					defer conn.Close()
					io.WriteString(conn, tt.origin)
					buffer := make([]byte, len(tt.client))
					io.ReadFull(conn, buffer)
					heard <- string(buffer)
					io.WriteString(conn, "250 ok\r\n")
					return nil
				})
				conn, r := s.openPath("origin.test:443", true)
				if greeting, err := r.Peek(len(tt.origin)); err != nil || string(greeting) != tt.origin {
					t.Fatalf("greeting %q, %v", greeting, err)
				}
				r.Discard(len(tt.origin))
				io.WriteString(conn, tt.client)
				if got := <-heard; got != tt.client {
					t.Errorf("the origin heard %q", got)
				}
				if line, err := r.ReadString('\n'); line != "250 ok\r\n" {
					t.Errorf("answer %q, %v", line, err)
				}
				conn.Close()
			})
		})
	}
}

// TestOriginCertificates asks for a page that names the fault, and for nothing
// sent to the origin.
func TestOriginCertificates(t *testing.T) {
	good, goodPool, err := tunneltest.NewCertificate("origin.test")
	if err != nil {
		t.Fatal(err)
	}
	wrong, wrongPool, err := tunneltest.NewCertificate("other.test")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		origin  *tls.Config
		trusted *x509.CertPool
		later   time.Duration
		want    string
	}{
		"self-signed": {&tls.Config{Certificates: []tls.Certificate{good}}, x509.NewCertPool(), 0, "signed by itself"},
		"wrong name":  {&tls.Config{Certificates: []tls.Certificate{wrong}}, wrongPool, 0, "for another name"},
		"too old TLS": {&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, goodPool, 0, "too old"},
		"TLS 1.1":     {&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, goodPool, 0, "too old"},
		"no certificate": {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return nil, context.Canceled
		}}, goodPool, 0, "could not be agreed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, func(c *Config) { c.RootCAs = tt.trusted }, "origin.test")
				s.serveTLS("origin.test:443", tt.origin)
				conn := s.connect("h2", "http/1.1")
				io.WriteString(conn, requestFor("/", true))
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), tt.want) {
					t.Errorf("status %d, page:\n%s\nwant 502 with %q", resp.StatusCode, body, tt.want)
				}
				conn.Close()
				ex := s.last()
				if ex.Kind != tunnel.KindDecrypted || ex.End != tunnel.Failed || ex.Error == "" {
					t.Errorf("recorded as %q, end %q, error %q", ex.Kind, ex.End, ex.Error)
				}
				if visits := s.origin.Visits(); len(visits) > 0 {
					t.Errorf("the origin was sent %d requests", len(visits))
				}
			})
		})
	}
}

// TestPinnedClient: who refuses the certificate is left alone from then on, and
// no other program is.
func TestPinnedClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		pinned := x509.NewCertPool()
		pinned.AddCert(s.cert.Leaf)
		cfg := &tls.Config{ServerName: "origin.test", RootCAs: pinned}
		if _, err := s.through("origin.test:443", cfg); err == nil {
			t.Fatal("the client took a certificate that it does not trust")
		}
		if err := s.reroute(s.proxy.config().Route); err != nil { // which has nothing to do with it
			t.Fatal(err)
		}
		if ex := s.last(); ex.End != tunnel.Failed || !strings.Contains(ex.Error, "does not trust Streamgauge's CA for origin.test") {
			t.Errorf("recorded end %q, error %q", ex.End, ex.Error)
		}
		conn, err := s.through("origin.test:443", cfg)
		if err != nil {
			t.Fatalf("the second connection was opened again: %v", err)
		}
		conn.Close()
		if ex := s.last(); ex.Remark != tunnel.RemarkUntrusted || ex.End != tunnel.Complete {
			t.Errorf("recorded remark %q, end %q", ex.Remark, ex.End)
		}
		s.connect("http/1.1").Close() // says another hello, and trusts us
	})
}

// TestSOCKSIsOpenedByName: a client that resolves names itself is known by SNI.
func TestSOCKSIsOpenedByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		s.origin.Handle("/s", tunneltest.Stream{Events: 1})
		addr := s.net.AddHost("origin.test")
		conn := s.dial()
		request := append([]byte{5, 1, 0, 5, 1, 0, 1}, addr.AsSlice()...)
		if _, err := conn.Write(append(request, 1, 187)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 2+10)); err != nil {
			t.Fatal(err)
		}
		secured := tls.Client(conn, s.asks())
		if _, err := io.WriteString(secured, requestFor("/s", true)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(secured); err != nil {
			t.Fatal(err)
		}
		if inside := s.of(tunnel.KindDecrypted); len(inside) != 1 || inside[0].Status != http.StatusOK {
			t.Errorf("recorded inside: %v", inside)
		}
	})
}

// TestRefusalInTheClear plays OpenSSL, which refuses a certificate with an alert
// that is not encrypted where it should be.
func TestRefusalInTheClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
		here, there := tunneltest.Pair(0)
		go func() { _ = tls.Client(there, s.asks()).Handshake() }() // until here is closed
		hello := make([]byte, 16<<10)
		n, err := here.Read(hello)
		if err != nil {
			t.Fatal(err)
		}
		conn, r := s.openPath("origin.test:443", true)
		conn.Write(hello[:n])
		if _, err := r.Peek(100); err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte{21, 3, 3, 0, 2, 2, 48}) // fatal, unknown_ca
		io.Copy(io.Discard, r)
		conn.Close()
		here.Close()
		if ex := s.last(); ex.End != tunnel.Failed || !strings.Contains(ex.Error, "does not trust") {
			t.Errorf("recorded end %q, error %q", ex.End, ex.Error)
		}
	})
}

// TestSilentClient plays Node, which looks at the certificate behind the
// handshake and leaves: twice, unless somebody has been served before.
func TestSilentClient(t *testing.T) {
	for name, served := range map[string]bool{"from the first": false, "beside others": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, "origin.test")
				s.serveTLS("origin.test:443", &tls.Config{Certificates: []tls.Certificate{s.cert}})
				s.origin.Handle("/s", tunneltest.Stream{Events: 1})
				if served {
					conn := s.connect()
					io.WriteString(conn, requestFor("/s", true))
					io.Copy(io.Discard, conn)
					conn.Close()
				}
				for i := range 3 {
					conn, err := s.through("origin.test:443", s.asks())
					if passed := err != nil; passed != (i == 2 && !served) {
						t.Errorf("connection %d: the origin's own certificate came: %v", i, passed)
					}
					conn.Close()
					synctest.Wait()
				}
			})
		})
	}
}

// TestOpenedAddress: an origin that is asked for by its address has a leaf for it.
func TestOpenedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own, pool, err := tunneltest.NewCertificate("198.18.7.7")
		if err != nil {
			t.Fatal(err)
		}
		s := newSecure(t, func(c *Config) { c.RootCAs = pool }, "198.18.7.7")
		s.serveTLS("198.18.7.7:8443", &tls.Config{Certificates: []tls.Certificate{own}})
		s.origin.Handle("/s", tunneltest.Stream{Events: 1})
		conn, err := s.through("198.18.7.7:8443", &tls.Config{ServerName: "198.18.7.7", RootCAs: s.trusted})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "GET /s HTTP/1.1\r\nHost: 198.18.7.7:8443\r\nConnection: close\r\n\r\n")
		io.Copy(io.Discard, conn)
		conn.Close()
		if inside := s.of(tunnel.KindDecrypted); len(inside) != 1 || inside[0].Host != "198.18.7.7:8443" || inside[0].Status != http.StatusOK {
			t.Errorf("recorded %+v", inside)
		}
	})
}
