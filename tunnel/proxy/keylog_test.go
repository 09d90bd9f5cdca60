package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/tunneltest"
)

// secretWorld is a world whose origin speaks TLS and whose client writes its keys
// down.
type secretWorld struct {
	*world
	keys *os.File
	pool *x509.CertPool // what clients trust: the origin, and the authority of openedOrigin
}

// Both names are the same server's. Tunnels to the second one are opened with our
// own authority.
const (
	secretOrigin = "secret.test:443"
	openedOrigin = "opened.test:443"
)

// newSecretWorld serves handler with TLS, in HTTP/1.1 and HTTP/2, with those curves
// or the usual ones.
func newSecretWorld(t *testing.T, handler http.HandlerFunc, curves ...tls.CurveID) *secretWorld {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	keys, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	certificate, pool, err := tunneltest.NewCertificate("secret.test", "opened.test")
	if err != nil {
		t.Fatal(err)
	}
	authority, err := decrypt.Create(t.TempDir()+"/ca", nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := decrypt.ParseHosts([]string{"opened.test"})
	if err != nil {
		t.Fatal(err)
	}
	s := &secretWorld{keys: keys, pool: pool.Clone()}
	s.pool.AddCert(authority.Certificate())
	s.world = newWorld(t, func(cfg *Config) {
		cfg.KeyLog, cfg.RootCAs = path, pool
		cfg.Decrypt = Decrypt{Authority: authority, Hosts: opened}
	})
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, CurvePreferences: curves}}
	var serving sync.WaitGroup
	for _, addr := range []string{secretOrigin, openedOrigin} {
		ln := s.listen(addr)
		serving.Go(func() { _ = server.ServeTLS(ln, "", "") })
	}
	t.Cleanup(func() {
		server.Close()
		serving.Wait()
	})
	return s
}

// reach returns a client that goes through the proxy.
func (s *secretWorld) reach(cfg *tls.Config, http2 bool) *http.Client {
	cfg.RootCAs = s.pool
	if cfg.KeyLogWriter == nil {
		cfg.KeyLogWriter = s.keys
	}
	transport := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", Host: proxyAddr}),
		DialContext:        s.net.Dial,
		DisableCompression: true,
		TLSClientConfig:    cfg,
		ForceAttemptHTTP2:  http2,
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// exchanges returns what was recorded of that kind, after all has come to rest.
func (s *secretWorld) exchanges(kind tunnel.Kind) (all []tunnel.Exchange) {
	s.t.Helper()
	synctest.Wait()
	for _, summary := range s.journal.Snapshot() {
		if summary.Kind == kind {
			ex, _ := s.journal.Exchange(summary.ID)
			all = append(all, ex)
		}
	}
	return all
}

func (s *secretWorld) only(kind tunnel.Kind) tunnel.Exchange {
	s.t.Helper()
	all := s.exchanges(kind)
	if len(all) != 1 {
		s.t.Fatalf("%d exchanges of kind %s, want 1: %v", len(all), kind, s.journal.Snapshot())
	}
	return all[0]
}

// events streams five events, 50 ms apart, the first after 100 ms.
func events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	time.Sleep(50 * time.Millisecond)
	for i := range 5 {
		time.Sleep(50 * time.Millisecond)
		fmt.Fprintf(w, "data: event %d\n\n", i)
		_ = http.NewResponseController(w).Flush()
	}
}

// drain reads an answer to its end.
func drain(t *testing.T, client *http.Client, url string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
}

func TestKeyLogOpens(t *testing.T) {
	suites := map[uint16][]uint16{
		tls.VersionTLS13: {0}, // the client cannot choose: see TestKeyLogSuites
		tls.VersionTLS12: {
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
	for version, all := range suites {
		for _, suite := range all {
			for _, http2 := range []bool{false, true} {
				name := fmt.Sprintf("%s %s h2=%v", tls.VersionName(version), tls.CipherSuiteName(suite), http2)
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testKeyLogOpens(t, version, suite, http2) })
				})
			}
		}
	}
}

func testKeyLogOpens(t *testing.T, version, suite uint16, http2 bool) {
	s := newSecretWorld(t, events)
	client := s.reach(&tls.Config{MaxVersion: version, MinVersion: version, CipherSuites: []uint16{suite}}, http2)
	drain(t, client, "https://secret.test/events?n=5")
	got := s.only(tunnel.KindKeylog)
	passive := s.only(tunnel.KindTunnel)
	if got.Tunnel != passive.ID || got.Host != secretOrigin || got.URL != "https://secret.test/events?n=5" || got.Method != "GET" || got.Status != 200 {
		t.Errorf("recorded %q %q %d of %q in tunnel %q, want GET of the event stream in %q", got.Method, got.URL, got.Status, got.Host, got.Tunnel, passive.ID)
	}
	if want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]; got.Protocol != want {
		t.Errorf("protocol %q, want %q", got.Protocol, want)
	}
	if got.End != tunnel.Complete || got.Totals.Units != 5 || got.UnitKind != tunnel.SSE || got.Error != "" {
		t.Errorf("end %q (%s), %d units of kind %v; want complete with 5 events", got.End, got.Error, got.Totals.Units, got.UnitKind)
	}
	if passive.Remark != "" {
		t.Errorf("the tunnel's remark is %q, want none", passive.Remark)
	}
	for i, c := range got.Chunks {
		want := time.Duration(i+2) * 50 * time.Millisecond
		if c.At != want || c.Units != 1 {
			t.Errorf("chunk %d at %v with %d units, want %v with 1", i, c.At, c.Units, want)
		}
		if !slices.ContainsFunc(passive.Chunks, func(p tunnel.Chunk) bool {
			return passive.Start.Add(p.At).Equal(got.Start.Add(c.At))
		}) {
			t.Errorf("chunk %d came when no read of the tunnel did", i)
		}
	}
	if len(got.Chunks) != 5 {
		t.Errorf("%d chunks, want 5", len(got.Chunks))
	}
	if head, _ := got.Phases.At(tunnel.Head); head != 0 {
		t.Errorf("head after %v, want at once", head)
	}
	if value := valueOf(got.RequestHeaders, "User-Agent"); !strings.HasPrefix(value, "Go-http-client") {
		t.Errorf("request headers %v have no User-Agent of Go", got.RequestHeaders)
	}
}

func valueOf(header []tunnel.Header, name string) string {
	for _, h := range header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}
