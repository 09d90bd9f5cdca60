package proxy

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel/tunneltest"
)

// TestGatewayGuard asks that nothing passes which a web page could have sent, or
// which was not sent to us by name.
func TestGatewayGuard(t *testing.T) {
	for name, tt := range map[string]struct {
		line, fields string
		want         int
	}{
		"by address":         {"GET /https/origin.test/ HTTP/1.1", "Host: 127.0.0.1:1889\r\n", 200},
		"by name":            {"GET /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 200},
		"own page":           {"GET /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://localhost:1889\r\nSec-Fetch-Site: same-origin\r\n", 200},
		"rebound name":       {"GET /https/origin.test/ HTTP/1.1", "Host: evil.test:1889\r\n", 421},
		"other port":         {"GET /https/origin.test/ HTTP/1.1", "Host: 127.0.0.1:80\r\n", 421},
		"no host":            {"GET /https/origin.test/ HTTP/1.0", "", 421},
		"host of the target": {"GET /https/origin.test/ HTTP/1.1", "Host: origin.test\r\n", 421},
		"foreign origin":     {"POST /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://evil.test\r\nContent-Length: 0\r\n", 403},
		"preflight":          {"OPTIONS /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nOrigin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n", 403},
		"null origin":        {"POST /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nOrigin: null\r\nContent-Length: 0\r\n", 403},
		"cross-site":         {"GET /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nSec-Fetch-Site: cross-site\r\n", 403},
		"same-site":          {"GET /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nSec-Fetch-Site: same-site\r\n", 403},
		"foreign WebSocket":  {"GET /https/origin.test/ HTTP/1.1", "Host: localhost:1889\r\nOrigin: https://evil.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 403},
		"user information":   {"GET /https/u:p@origin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 400},
		"escaped host":       {"GET /https/%6frigin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 400},
		"no target":          {"GET /https/ HTTP/1.1", "Host: localhost:1889\r\n", 400},
		"no target at all":   {"GET /https HTTP/1.1", "Host: localhost:1889\r\n", 400},
		"broken port":        {"GET /https/origin.test:x/ HTTP/1.1", "Host: localhost:1889\r\n", 400},
		"URL for a path":     {"GET /https://origin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 404},
		"other scheme":       {"GET /ftp/origin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 404},
		"file":               {"GET /file/etc/passwd HTTP/1.1", "Host: localhost:1889\r\n", 404},
		"unknown name":       {"GET /nobody/v1 HTTP/1.1", "Host: localhost:1889\r\n", 404},
		"name in capitals":   {"GET /HTTPS/origin.test/ HTTP/1.1", "Host: localhost:1889\r\n", 404},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newGatewayWorld(t, nil)
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				w.guarded(tt.line, tt.fields, tt.want)
				if reached := len(w.origin.Visits()) > 0; reached != (tt.want == 200) {
					t.Errorf("the origin was reached: %v", reached)
				}
			})
		})
	}
}

// TestGatewayLinkLocal asks that the addresses where clouds keep secrets are
// reached by no spelling and no name, unless a target is called so.
func TestGatewayLinkLocal(t *testing.T) {
	hosts := []string{
		"169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "metadata.test", "half.test",
	}
	for _, host := range hosts {
		for _, away := range []string{"", "/redirected"} {
			t.Run(host+away, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newGatewayWorld(t, nil)
					w.serveMetadata()
					got := w.exchange("GET", request("GET", away+"/http/"+host+"/", ""))
					if got.status != http.StatusForbidden || !strings.Contains(got.body, "not reached this way") {
						t.Errorf("%d %q, %v; want 403", got.status, got.body, got.err)
					}
					if dialled := w.net.Dialled(); len(dialled) != 1 {
						t.Errorf("sockets: %v, want the client's only", dialled)
					}
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, func(c *Config) { c.Targets = map[string]string{"cloud": "http://169.254.169.254"} })
		w.serveMetadata()
		w.origin.Handle("*", tunneltest.Stream{Events: 1})
		if got := w.exchange("GET", request("GET", "/cloud/latest", "")); got.status != 200 {
			t.Errorf("by its name: %d, %v", got.status, got.err)
		}
		// Its connection waits for more of the same, and for nobody else.
		if got := w.exchange("GET", request("GET", "/http/169.254.169.254/", "")); got.status != http.StatusForbidden {
			t.Errorf("behind it: %d, %v", got.status, got.err)
		}
	})
	for _, up := range []string{upstreams["socks5"], upstreams["http"]} {
		for _, host := range []string{"169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.43518"} {
			synctest.Test(t, func(t *testing.T) {
				w := newGatewayWorld(t, routeVia(t, up))
				w.serveUpstreams()
				if got := w.exchange("GET", request("GET", "/http/"+host+"/", "")); got.status != http.StatusForbidden {
					t.Errorf("%s by %s: %d, %v; want 403", host, up, got.status, got.err)
				}
			})
		}
	}
}

// serveMetadata starts what clouds have at a link-local address, with names for it.
func (w *world) serveMetadata() {
	w.t.Helper()
	secret := netip.MustParseAddr("169.254.169.254")
	w.net.AddHost("metadata.test", secret)
	w.net.AddHost("half.test", netip.MustParseAddr("10.9.9.9"), secret)
	w.serve("169.254.169.254:80", w.origin.Serve)
}

// TestGatewayLoops asks that the gateway does not lead to the proxy itself.
func TestGatewayLoops(t *testing.T) {
	for _, name := range []string{"127.0.0.1:1889", "localhost:1889", "[::1]:1889", "0.0.0.0:1889", "127.1.2.3:1889", "me.test:1889"} {
		for _, up := range upstreams {
			for _, scheme := range []string{"http", "https"} {
				synctest.Test(t, func(t *testing.T) {
					w := newGatewayWorld(t, func(c *Config) {
						routeVia(t, up)(c)
						c.Route.ProxyLoopback = true
					})
					w.serveUpstreams()
					w.net.AddHost("me.test", netip.MustParseAddr("127.0.0.1"))
					start := time.Now()
					_, r := w.ask(request("GET", "/"+scheme+"/"+name+"/https/origin.test/", ""))
					resp, err := http.ReadResponse(r, nil)
					if err != nil || resp.StatusCode != http.StatusLoopDetected || time.Since(start) > time.Second {
						t.Errorf("%s %s by %s: %v after %v, %v; want 508", scheme, name, up, resp, time.Since(start), err)
					}
					if dialled := w.net.Dialled(); len(dialled) != 1 {
						t.Errorf("sockets: %v, want the client's only", dialled)
					}
				})
			}
		}
	}
}

// TestGatewayCredentials asks that the proxy's password opens the gateway, in the
// field that no origin reads, and that it stays here.
func TestGatewayCredentials(t *testing.T) {
	right := "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:secret")) + "\r\n"
	for name, tt := range map[string]struct {
		fields string
		want   int
	}{
		"without":         {"", 407},
		"wrong":           {strings.Replace(right, "dTpz", "dTpx", 1), 407},
		"of the origin":   {strings.Replace(right, "Proxy-", "", 1), 407},
		"right":           {right, 200},
		"right, and keys": {right + "Authorization: Bearer key\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newGatewayWorld(t, func(c *Config) { c.Credentials = &Credentials{"u", "secret"} })
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				got := w.exchange("GET", request("GET", "/https/origin.test/", tt.fields))
				if got.status != tt.want {
					t.Errorf("status %d, %v; want %d", got.status, got.err, tt.want)
				}
				for _, visit := range w.origin.Visits() {
					if strings.Contains(string(visit.Head), "Proxy-") {
						t.Errorf("credentials reached the origin: %q", visit.Head)
					}
				}
			})
		})
	}
}
