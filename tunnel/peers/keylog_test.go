//go:build peers && linux

package peers

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The events of the streams that are looked into, and their pace.
const (
	secretEvents = 40
	secretPace   = 10 * time.Millisecond
)

// secretStream is a handler that streams events; the page at / reads them.
func secretStream(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><script>fetch("/events").then(r => r.text()).then(() => fetch("/done"))</script>`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(secretPace)
	defer tick.Stop()
	for i := range secretEvents {
		fmt.Fprintf(w, "data: event %d\n\n", i)
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		<-tick.C
	}
}

// secretOrigin is a server whose TLS is to be opened.
type secretOrigin struct {
	host string // localhost:port
	ca   string // file
	leaf *x509.Certificate
}

// goSecret is Go's server, with that version and in HTTP/2 too.
func goSecret(t *testing.T, version uint16) secretOrigin {
	return goServer(t, version, http.HandlerFunc(secretStream))
}

func goServer(t *testing.T, version uint16, handler http.Handler) secretOrigin {
	t.Helper()
	authority := newAuthority(t)
	pair := authority.leaf(t)
	certificate, err := tls.X509KeyPair([]byte(pair), []byte(pair))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MaxVersion: version}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	return secretOrigin{"localhost:" + port, writeFile(t, t.TempDir(), "ca.pem", authority.pem), certificate.Leaf}
}

// nginxSecret is nginx before the same handler.
func nginxSecret(t *testing.T, version uint16) secretOrigin { return nginxSecretWith(t, version, "") }

func nginxSecretWith(t *testing.T, version uint16, setting string) secretOrigin {
	source := httptest.NewServer(http.HandlerFunc(secretStream))
	t.Cleanup(source.Close)
	authority := newAuthority(t)
	leaf := authority.leaf(t)
	pair := writeFile(t, openDir(t), "pair.pem", leaf)
	certificate, err := tls.X509KeyPair([]byte(leaf), []byte(leaf))
	if err != nil {
		t.Fatal(err)
	}
	protocol := map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[version]
	host := nginx(t, "ssl http2", fmt.Sprintf(`
		ssl_certificate %[1]s;
		ssl_certificate_key %[1]s;
		ssl_protocols %[3]s;
		%[4]s
		location / { proxy_pass %[2]s; proxy_http_version 1.1; proxy_buffering off; }
`, pair, source.URL, protocol, setting))
	_, port, _ := strings.Cut(host, ":")
	return secretOrigin{"localhost:" + port, writeFile(t, t.TempDir(), "ca.pem", authority.pem), certificate.Leaf}
}

const (
	secretPython = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
with urllib.request.urlopen(sys.argv[1], context=context) as answer:
    while answer.read1(65536): pass
`
	// Node ignores the proxy variables before version 24, so this asks itself.
	secretNode = `
const http = require("http"), http2 = require("http2"), tls = require("tls"), fs = require("fs");
const [url, ca, h2] = process.argv.slice(2), to = new URL(url), proxy = new URL(process.env.HTTPS_PROXY);
http.request({host: proxy.hostname, port: proxy.port, method: "CONNECT", path: to.host}).on("connect", (_, socket) => {
  const secure = tls.connect({socket, servername: to.hostname, ca: fs.readFileSync(ca), ALPNProtocols: [h2 ? "h2" : "http/1.1"]}, () => {
    if (!h2) {
      http.get({createConnection: () => secure, host: to.hostname, path: to.pathname, headers: {host: to.host}}, answer => answer.resume().on("end", () => process.exit(0)));
      return;
    }
    http2.connect(to.origin, {createConnection: () => secure}).request({":path": to.pathname}).resume().on("end", () => process.exit(0)).end();
  });
}).end();
`
)

// secretClients are how each program asks for a stream; the first %s is the URL,
// the second the authority's file.
func secretClients(t *testing.T, url, ca string) map[string][]string {
	curl := need(t, "curl", "curl")
	script := writeFile(t, t.TempDir(), "read.js", secretNode)
	with := func(more ...string) []string {
		return append([]string{curl, "-sS", "-N", "--cacert", ca, url}, more...)
	}
	return map[string][]string{
		"curl h1":          with("--http1.1"),
		"curl h2":          with("--http2"),
		"curl aes256":      with("--tls13-ciphers", "TLS_AES_256_GCM_SHA384", "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"),
		"curl chacha":      with("--tls13-ciphers", "TLS_CHACHA20_POLY1305_SHA256", "--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305"),
		"curl two streams": {curl, "-sS", "-N", "--http2", "--parallel", "--parallel-immediate", "--cacert", ca, url, url},
		"wget":             {need(t, "wget", "wget"), "-q", "-O", "/dev/null", "--ca-certificate", ca, url},
		"python":           {need(t, "python3", "python3"), "-c", secretPython, url, ca},
		"node h1":          {need(t, "node", "nodejs"), script, url, ca},
		"node h2":          {need(t, "node", "nodejs"), script, url, ca, "h2"},
	}
}

// TestKeyLog: what programs read through TLS is seen event by event.
func TestKeyLog(t *testing.T) {
	origins := map[string]func(*testing.T, uint16) secretOrigin{"go": goSecret, "nginx": nginxSecret}
	for name, begin := range origins {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" "+tls.VersionName(version), func(t *testing.T) {
				o := begin(t, version)
				url := "https://" + o.host + "/events"
				for client, args := range secretClients(t, url, o.ca) {
					t.Run(client, func(t *testing.T) {
						opened(t, runOpened(t, args), url, secretEvents)
					})
				}
			})
		}
	}
}

// runOpened runs a command under sgauge run and returns what it recorded.
func runOpened(t *testing.T, args []string) []exchange {
	t.Helper()
	g := &gauge{record: filepath.Join(t.TempDir(), "record.ndjson")}
	cmd := exec.Command(sgauge, append([]string{"run", "--record", g.record, "--"}, args...)...)
	cmd.Env = cleanEnv(t)
	g.process = start(t, cmd)
	g.wait(t)
	return g.recorded(t)
}

// opened wants each stream of url to have been seen whole, each chunk at the time
// of a read of its tunnel.
func opened(t *testing.T, recorded []exchange, url string, units int64) {
	t.Helper()
	reads := map[int64]bool{}
	for _, ex := range recorded {
		for _, chunk := range ex.Chunks {
			if ex.Kind == "tunnel" {
				reads[ex.Start.UnixMicro()+chunk[0]] = true
			}
		}
	}
	streams := 0
	for _, ex := range recorded {
		if ex.Kind != "keylog" || ex.URL != url {
			continue
		}
		streams++
		if ex.End != "complete" || ex.Status != http.StatusOK || ex.units() != units {
			t.Errorf("recorded %s, status %d, %d units (%s); want complete, 200, %d", ex.End, ex.Status, ex.units(), ex.Error, units)
		}
		for i, chunk := range ex.Chunks {
			at := ex.Start.UnixMicro() + chunk[0]
			if !reads[at-1] && !reads[at] && !reads[at+1] { // both are rounded
				t.Errorf("chunk %d at %d µs is no read of the tunnel", i, chunk[0])
			}
		}
	}
	if streams == 0 {
		t.Errorf("no stream was opened among %d exchanges", len(recorded))
	}
}

// TestKeyLogChromium: a browser writes its keys as well; serve follows the file.
func TestKeyLogChromium(t *testing.T) {
	origins := map[string]func(*testing.T, uint16) secretOrigin{"go": goSecret, "nginx": nginxSecret}
	for name, begin := range origins {
		t.Run(name, func(t *testing.T) {
			o := begin(t, tls.VersionTLS13)
			keys := filepath.Join(t.TempDir(), "keys.log")
			g := serve(t, peer{}, "--keylog", keys)
			browseSecret(t, g.addr, "https://"+o.host+"/", keys, o.leaf)
			deadline := time.Now().Add(patience)
			for {
				text, _ := os.ReadFile(g.record)
				if strings.Contains(string(text), "https://"+o.host+"/done") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the page has not been read")
				}
				time.Sleep(50 * time.Millisecond)
			}
			g.end(syscall.SIGINT)
			opened(t, g.recorded(t), "https://"+o.host+"/events", secretEvents)
		})
	}
}

// browseSecret opens a page in a browser that trusts one key and writes its keys
// down.
func browseSecret(t *testing.T, proxy, page, keys string, leaf *x509.Certificate) {
	t.Helper()
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	cmd := exec.Command(need(t, "chromium", "chromium"),
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking",
		"--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-extensions",
		"--user-data-dir="+t.TempDir(), "--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(sum[:]),
		"--proxy-server=http://"+proxy, "--proxy-bypass-list=<-loopback>",
		"--remote-debugging-port=0", page)
	cmd.Env = append(os.Environ(), "SSLKEYLOGFILE="+keys)
	start(t, cmd)
}
