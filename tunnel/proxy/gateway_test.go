package proxy

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/tunneltest"
)

// newGatewayWorld is a world whose origin speaks TLS at port 443 besides, with a
// certificate that the proxy trusts.
func newGatewayWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	certificate, roots, err := tunneltest.NewCertificate("origin.test", "other.test")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *Config) {
		c.RootCAs = roots
		if change != nil {
			change(c)
		}
	})
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	w.serve("origin.test:443", func(ln net.Listener) error { return w.origin.Serve(tls.NewListener(ln, secure)) })
	return w
}

// request writes a request to the gateway; fields end with CRLF each.
func request(method, target, fields string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:1889\r\n" + fields + "\r\n"
}

// TestGatewayMatrix sends every kind of stream through the gateway, from an
// origin with TLS and along every path, and asks what the matrix of the other
// entrances asks.
func TestGatewayMatrix(t *testing.T) {
	for bodyName, stream := range bodies {
		for framingName, framing := range framings {
			for upstreamName, up := range upstreams {
				stream.Framing = framing
				t.Run(strings.Join([]string{bodyName, framingName, upstreamName}, "/"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { passesGateway(t, stream, up) })
				})
			}
		}
	}
}

func passesGateway(t *testing.T, stream tunneltest.Stream, up string) {
	w := newGatewayWorld(t, routeVia(t, up))
	w.serveUpstreams()
	stream, due := schedule(stream)
	w.origin.Handle("/s", stream)
	conn := w.dial()
	start := time.Now()
	if _, err := io.WriteString(conn, request("GET", "/https/origin.test/s", "Connection: close\r\n")); err != nil {
		t.Fatal(err)
	}
	got, err := collect(conn, start)
	if err != nil {
		t.Fatal(err)
	}
	if times := instants(got); !slices.Equal(times, due) {
		t.Errorf("head and pieces came at %v, want %v", times, due)
	}
	checkResponse(t, got, stream)
	ex := w.last()
	checkRecord(t, ex, due)
	parsed, err := tunnel.ParseUpstream(up)
	if err != nil {
		t.Fatal(err)
	}
	if ex.Kind != tunnel.KindGateway || ex.URL != "https://origin.test/s" || ex.Host != "origin.test:443" || ex.Upstream != parsed.String() {
		t.Errorf("recorded %s %s of %s by %s", ex.Kind, ex.URL, ex.Host, ex.Upstream)
	}
	if !ex.Phases.Has(tunnel.TLS) || !ex.Phases.Has(tunnel.Connect) {
		t.Errorf("phases %+v lack TLS or the connection", ex.Phases)
	}
}

// TestGatewayPassesAsItIs asks that the origin gets what the client sent, to the
// byte where that has a meaning, and the client what the origin sent.
func TestGatewayPassesAsItIs(t *testing.T) {
	for target, want := range map[string]string{
		"/https/origin.test/a%2Fb/%7E/c%20d?q=%2B+a&x=/%ff": "/a%2Fb/%7E/c%20d?q=%2B+a&x=/%ff",
		"/https/origin.test//a//b/../c/./":                  "//a//b/../c/./",
		"/https/origin.test":                                "/",
		"/https/origin.test/":                               "/",
		"/https/origin.test?a=b":                            "/?a=b",
		"/https/origin.test:443/p?":                         "/p?",
		"/https/ORIGIN.test/p":                              "/p",
		"/http/origin.test/p|{}":                            "/p|{}",
		"/lab/v1":                                           "/base/v1",
		"/lab":                                              "/base",
		"/lab?x":                                            "/base?x",
		"http://localhost:1889/https/origin.test/whole?x": "/whole?x",
	} {
		t.Run(target, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newGatewayWorld(t, func(c *Config) { c.Targets = map[string]string{"lab": "https://origin.test/base/"} })
				w.origin.Handle("*", tunneltest.Stream{Events: 1, Header: [][2]string{{"X-Odd", "v w"}, {"Etag", `W/"1"`}}})
				body := "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n"
				got := w.exchange("PATCH", request("PATCH", target, "Authorization: Bearer k\r\nX-Empty:\r\nCookie: a=b\r\n"+body))
				if got.status != http.StatusOK || got.header.Get("X-Odd") != "v w" || got.header.Get("Etag") != `W/"1"` {
					t.Fatalf("%d %v, %v", got.status, got.header, got.err)
				}
				visit := w.origin.Visits()[0]
				head := string(visit.Head)
				if visit.Target != want || visit.Method != "PATCH" || string(visit.Body) != "abc" || visit.Trailer.Get("X-Sum") != "1" {
					t.Errorf("the origin got %s %s, %q, %v; want %s", visit.Method, visit.Target, visit.Body, visit.Trailer, want)
				}
				for _, line := range []string{"\r\nHost: origin.test", "\r\nAuthorization: Bearer k\r\n", "\r\nX-Empty: \r\n", "\r\nCookie: a=b\r\n"} {
					if !strings.Contains(strings.Replace(head, "ORIGIN", "origin", 1), line) {
						t.Errorf("the origin did not get %q in %q", line, head)
					}
				}
			})
		})
	}
}

// TestGatewayForms sends what is more than a request and a response.
func TestGatewayForms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.origin.HandleScript("/early", tunneltest.Script{
			{Data: []byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")},
			{At: time.Second, Data: []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\na\r\n0\r\nX-T: v\r\n\r\n")},
		})
		w.origin.Handle("/", tunneltest.Stream{Events: 1})
		start := time.Now()
		_, r := w.ask(request("GET", "/https/origin.test/early", ""))
		expect(t, r, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
		if took := time.Since(start); took != 0 {
			t.Errorf("103 after %v", took)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "a" || resp.Trailer.Get("X-T") != "v" {
			t.Errorf("body %q, %v, trailer %v", body, err, resp.Trailer)
		}
		if got := w.exchange("HEAD", request("HEAD", "/https/origin.test/", "")); got.status != 200 || got.body != "" {
			t.Errorf("HEAD: %d %q, %v", got.status, got.body, got.err)
		}
		conn, r := w.ask(request("POST", "/https/origin.test/", "Expect: 100-continue\r\nContent-Length: 2\r\n"))
		expect(t, r, "HTTP/1.1 100 Continue\r\n\r\n")
		if _, err := io.WriteString(conn, "ok"); err != nil {
			t.Fatal(err)
		}
		expect(t, r, "HTTP/1.1 200 OK\r\n")
	})
}

// TestGatewayWebSocket asks that an upgrade goes to https, both ways and at once.
func TestGatewayWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.origin.HandleRaw("/ws", func(conn net.Conn, r *http.Request) {
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Set-Cookie: s=1; Secure; Domain=origin.test\r\n\r\n")
			buffer := make([]byte, 8)
			n, _ := conn.Read(buffer)
			_, _ = conn.Write(append([]byte{0x81, byte(n - 6)}, "ok"...))
			_, _ = io.Copy(io.Discard, conn)
		})
		conn, r := w.ask(request("GET", "/https/origin.test/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"))
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Set-Cookie") != "s=1" {
			t.Fatalf("%v, %v", resp, err)
		}
		if _, err := conn.Write([]byte("\x81\x82\x00\x00\x00\x00hi")); err != nil {
			t.Fatal(err)
		}
		expect(t, r, "\x81\x02ok")
		conn.Close()
		if ex := w.last(); ex.Kind != tunnel.KindWebSocket || ex.URL != "https://origin.test/ws" || ex.Totals.Units != 1 {
			t.Errorf("recorded %s %s with %d units", ex.Kind, ex.URL, ex.Totals.Units)
		}
	})
}

// TestGatewayCertificate asks that an origin whose certificate does not hold is
// not spoken to, and that the reason is told.
func TestGatewayCertificate(t *testing.T) {
	for name, tt := range map[string]struct {
		host, want string
		protocols  []string
		trusted    bool
	}{
		"unknown": {"origin.test", "certificate of origin.test:8443 is not accepted", nil, false},
		"name":    {"wrong.test", "certificate of wrong.test:8443 is not accepted", nil, true},
		// A server of Go that has h2 alone does not refuse as others do.
		"other protocol": {"origin.test", "origin.test:8443 does not speak HTTP/1.1", []string{"later"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				certificate, roots, err := tunneltest.NewCertificate("origin.test")
				if err != nil {
					t.Fatal(err)
				}
				w := newWorld(t, func(c *Config) {
					if tt.trusted {
						c.RootCAs = roots
					}
				})
				secure := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: tt.protocols}
				w.net.AddHost("wrong.test", netip.MustParseAddr("10.7.7.7"))
				w.serve(tt.host+":8443", func(ln net.Listener) error { return w.origin.Serve(tls.NewListener(ln, secure)) })
				got := w.exchange("GET", request("GET", "/https/"+tt.host+":8443/", "Authorization: Bearer key\r\n"))
				if got.status != http.StatusBadGateway || !strings.Contains(got.body, tt.want) {
					t.Errorf("%d %q, %v; want 502 saying %q", got.status, got.body, got.err, tt.want)
				}
				if len(w.origin.Visits()) > 0 {
					t.Error("the origin got the request")
				}
			})
		})
	}
}

// TestGatewayAbort asks that the origin is left when the client leaves.
func TestGatewayAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.origin.Handle("*", tunneltest.Stream{Every: 100 * time.Millisecond, Events: 1000})
		conn, r := w.ask(request("GET", "/https/origin.test/", ""))
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3050 * time.Millisecond)
		gone := time.Now()
		conn.Close()
		time.Sleep(time.Minute)
		visit := w.origin.Visits()[0]
		if visit.Left.IsZero() || visit.Left.Sub(gone) > time.Second {
			t.Errorf("the client left at %v, the origin saw it at %v", gone, visit.Left)
		}
		if ex := w.last(); ex.End != tunnel.ClientClosed {
			t.Errorf("end %q", ex.End)
		}
	})
}

// TestGatewayTruncated asks that a stream which breaks off is broken here, too.
func TestGatewayTruncated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.origin.HandleRaw("*", func(conn net.Conn, _ *http.Request) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			conn.Close()
		})
		_, r := w.ask(request("GET", "/https/origin.test/", ""))
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q ended cleanly", body)
		}
		if ex := w.last(); ex.End != tunnel.Truncated {
			t.Errorf("end %q", ex.End)
		}
	})
}

// TestGatewayHidesSecrets puts a secret into each place of a request through the
// gateway, and asks that a recording has none.
func TestGatewayHidesSecrets(t *testing.T) {
	const canary = "sk-c4NaRy7Secret0123456789"
	for name, tt := range map[string]struct{ target, fields string }{
		"query":             {"/https/origin.test/v1?key=" + canary, ""},
		"first query":       {"/https/origin.test?api_key=" + canary, ""},
		"path":              {"/https/origin.test/v1/" + canary + "/x", ""},
		"escaped path":      {"/https/origin.test/v1/%73k-c4NaRy7Secret0123456789", ""},
		"path of a name":    {"/lab/" + canary, ""},
		"query of a name":   {"/lab?token=" + canary, ""},
		"after a redirect":  {"/redirected/https/origin.test/?sig=" + canary, ""},
		"nobody's path":     {"/https/nobody.test/" + canary + "?code=" + canary, ""},
		"host that is none": {"/https/" + canary + ".test/", ""},
		"authorization":     {"/https/origin.test/", "Authorization: Bearer " + canary + "\r\n"},
		"api key":           {"/https/origin.test/", "X-Api-Key: " + canary + "\r\n"},
		"google key":        {"/https/origin.test/", "X-Goog-Api-Key: " + canary + "\r\n"},
		"cookie":            {"/https/origin.test/", "Cookie: s=" + canary + "\r\n"},
		"referer":           {"/https/origin.test/", "Referer: http://127.0.0.1:1889/https/h/?key=" + canary + "\r\n"},
		"protocol":          {"/https/origin.test/", "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key." + canary + "\r\n"},
		"answer":            {"/https/origin.test/leak", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newGatewayWorld(t, func(c *Config) { c.Targets = map[string]string{"lab": "https://origin.test/base"} })
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				w.origin.Handle("/leak", tunneltest.Stream{Events: 1, Header: [][2]string{
					{"Location", "https://h/cb?code=" + canary}, {"Set-Cookie", "s=" + canary + "; Secure; Path=/"},
				}})
				w.exchange("GET", request("GET", tt.target, tt.fields))
				var line strings.Builder
				if err := recording.WriteLine(&line, w.last(), recording.Options{}); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(strings.ToLower(line.String()), "c4nary7secret") {
					t.Errorf("it leaks: %s", line.String())
				}
			})
		})
	}
}

// TestGatewayTargets asks that the names of the user win over ours.
func TestGatewayTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.origin.Handle("*", tunneltest.Stream{Events: 1})
		w.serve("127.0.0.1:11434", w.origin.Serve)
		if got := w.exchange("GET", request("GET", "/ollama/api/tags", "")); got.status != 200 {
			t.Errorf("ollama: %d, %v", got.status, got.err)
		}
		cfg := *w.proxy.config()
		cfg.Targets = map[string]string{"ollama": "https://origin.test/x", "lab": "https://origin.test"}
		if err := w.proxy.Apply(cfg); err != nil {
			t.Fatal(err)
		}
		for target, want := range map[string]string{"/ollama/api/tags": "https://origin.test/x/api/tags", "/lab/v1": "https://origin.test/v1"} {
			if got := w.exchange("GET", request("GET", target, "")); got.status != 200 {
				t.Errorf("%s: %d, %v", target, got.status, got.err)
			}
			if ex := w.last(); ex.URL != want {
				t.Errorf("%s led to %s, want %s", target, ex.URL, want)
			}
		}
		cfg.Targets = map[string]string{"lab": "gopher://h"}
		if err := w.proxy.Apply(cfg); err == nil {
			t.Error("a target that cannot be reached was taken")
		}
	})
}
