package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

// TestGatewayAgreesWithTunnel sends one and the same stream through the gateway
// and through a tunnel that nobody opens: both see the same arrivals, and are
// judged alike. (Several events in one record are one to a tunnel.)
func TestGatewayAgreesWithTunnel(t *testing.T) {
	for name, stream := range map[string]tunneltest.Stream{
		"flows":   {HeadDelay: 300 * time.Millisecond, First: 200 * time.Millisecond, Every: 70 * time.Millisecond, Events: 30},
		"stalls":  {First: 100 * time.Millisecond, Every: 50 * time.Millisecond, Events: 40, Pauses: map[int]time.Duration{20: 4 * time.Second}},
		"one end": {HeadDelay: 3 * time.Second, Events: 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var roots *x509.CertPool
				w := newGatewayWorld(t, func(c *Config) { roots = c.RootCAs })
				w.origin.Handle("*", stream)
				conn, r := w.ask(request("GET", "/https/origin.test/", "Connection: close\r\n"))
				if _, err := io.Copy(io.Discard, r); err != nil {
					t.Fatal(err)
				}
				conn.Close()
				opened := w.last()

				transport := w.client.Transport.(*http.Transport)
				transport.TLSClientConfig = &tls.Config{RootCAs: roots}
				resp, err := w.client.Get("https://origin.test/")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				transport.CloseIdleConnections()
				time.Sleep(time.Second)
				closed := w.last()
				// Before the payload a tunnel sees records of TLS, and of the head.
				saw, want := arrivals(closed), arrivals(opened)
				if extra := len(saw) - len(want); extra < 0 || extra > 2 || !slices.Equal(saw[extra:], want) {
					t.Errorf("the tunnel saw %v, the gateway %v", saw, want)
				}
				if got, want := verdict.Assess(&closed).Label, verdict.Assess(&opened).Label; got != want {
					t.Errorf("the tunnel is %s, the gateway %s", got, want)
				}
			})
		})
	}
}

// arrivals are the distinct times at which payload came, since the request was
// sent.
func arrivals(ex tunnel.Exchange) []time.Duration {
	var times []time.Duration
	sent, _ := ex.Phases.At(tunnel.Sent)
	for _, c := range ex.Chunks {
		times = append(times, c.At-sent)
	}
	return slices.Compact(times)
}
