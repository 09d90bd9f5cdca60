//go:build peers && linux

package peers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/truststore"
	"streamgauge/tunnel/wire"
)

// opening is an sgauge that opens localhost, made to trust an origin's authority.
type opening struct {
	settings string // file, in a directory of its own
	own      string // file of its authority's certificate
	env      []string
}

func newOpening(t *testing.T, originCA string) opening {
	t.Helper()
	o := opening{settings: filepath.Join(t.TempDir(), "settings.json")}
	o.own = decrypt.CertificatePath(decrypt.Dir(o.settings))
	o.env = append(cleanEnv(t), "SSL_CERT_FILE="+originCA, "NODE_PATH="+os.Getenv("NODE_PATH"))
	create := exec.Command(sgauge, "ca", "create", "--settings", o.settings)
	create.Env = o.env
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return o
}

// run runs a command under sgauge run and returns what was recorded.
func (o opening) run(t *testing.T, args []string) []exchange {
	t.Helper()
	g := &gauge{record: filepath.Join(t.TempDir(), "record.ndjson")}
	cmd := exec.Command(sgauge, append([]string{
		"run", "--no-keylog", "--settings", o.settings, "--decrypt", "localhost", "--record", g.record, "--",
	}, args...)...)
	cmd.Env = o.env
	g.process = start(t, cmd)
	g.wait(t)
	return g.recorded(t)
}

// serve starts a gauge that opens localhost.
func (o opening) serve(t *testing.T) *gauge {
	t.Helper()
	return serve(t, peer{env: o.env}, "--settings", o.settings, "--decrypt", "localhost")
}

// TestDecryptPrograms: programs that trust the authority read a stream through
// an opened tunnel, each piece before the next is sent. run tells them to.
func TestDecryptPrograms(t *testing.T) {
	a, config := secured(t)
	ca := writeFile(t, t.TempDir(), "ca.pem", a.pem)
	dir := t.TempDir()
	programs := map[string][]string{
		"curl":   {need(t, "curl", "curl"), "-sS", "-N"},
		"python": {need(t, "python3", "python3"), writeFile(t, dir, "read.py", strings.Replace(pythonPlain, "urllib.request.ProxyHandler({})", "", 1))},
		"node":   {newNode(t, 24), writeFile(t, dir, "read.js", nodePlain)},
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, oneOfEach, config)
			open := newOpening(t, ca)
			g := &gauge{record: filepath.Join(t.TempDir(), "record.ndjson")}
			cmd := exec.Command(sgauge, "run", "--no-keylog", "--settings", open.settings, "--decrypt", "localhost", "--record", g.record, "--")
			cmd.Args = append(append(cmd.Args, program...), "https://"+local(o.addr)+"/s?q=1")
			cmd.Env = open.env
			g.process = watch(t, o, cmd)
			ex := only(t, g.recorded(t), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
			if ex.URL != "https://"+local(o.addr)+"/s?q=1" || ex.End != "complete" || ex.units() != 3 {
				t.Errorf("recorded %s, %s, %d units", ex.URL, ex.End, ex.units())
			}
		})
	}
}

// TestDecryptOrigins: with Go's server and nginx, HTTP/1.1 and HTTP/2, every
// event is recorded, in the protocol that the program would have spoken.
func TestDecryptOrigins(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, uint16) secretOrigin{"go": goSecret, "nginx": nginxSecret} {
		t.Run(name, func(t *testing.T) {
			o := begin(t, tls.VersionTLS13)
			open := newOpening(t, o.ca)
			url := "https://" + o.host + "/events"
			for client, args := range secretClients(t, url, open.own) {
				t.Run(client, func(t *testing.T) {
					streams := 0
					for _, ex := range open.run(t, args) {
						if ex.Kind != "decrypted" {
							continue
						}
						streams++
						if ex.URL != url || ex.End != "complete" || ex.Status != http.StatusOK || ex.units() != secretEvents {
							t.Errorf("recorded %s %s, status %d, %d units (%s)", ex.URL, ex.End, ex.Status, ex.units(), ex.Error)
						}
						if two := strings.Contains(client, "h2") || strings.Contains(client, "two streams"); two != (ex.Protocol == "HTTP/2.0") && client != "curl aes256" && client != "curl chacha" {
							t.Errorf("spoken was %s", ex.Protocol)
						}
					}
					if want := 1 + strings.Count(client, "two"); streams != want {
						t.Errorf("%d streams were opened, want %d", streams, want)
					}
				})
			}
		})
	}
}

// TestDecryptUntrusted: curl without the authority is told no once, and is left
// alone from then on.
func TestDecryptUntrusted(t *testing.T) {
	o := goSecret(t, tls.VersionTLS13)
	g := newOpening(t, o.ca).serve(t)
	curl := func() ([]byte, error) {
		return exec.Command(need(t, "curl", "curl"), "-sS", "--noproxy", "", "-x", "http://"+g.addr, "--cacert", o.ca, "https://"+o.host+"/events").CombinedOutput()
	}
	if out, err := curl(); err == nil {
		t.Errorf("curl trusts what it does not know: %s", out)
	}
	if out, err := curl(); err != nil || strings.Count(string(out), "data: ") != secretEvents {
		t.Errorf("the second time: %v, %s", err, out)
	}
	recorded := g.finish(t, 2)
	first := only(t, recorded, "refused", func(ex exchange) bool { return ex.End == "error" })
	if !strings.Contains(first.Error, "does not trust Streamgauge's CA for localhost") {
		t.Errorf("recorded: %s", first.Error)
	}
	only(t, recorded, "whole", func(ex exchange) bool { return ex.Kind == "tunnel" && ex.End == "complete" })
}

// TestDecryptDistrust: an origin whose certificate does not hold is not waved
// through, and the page says why.
func TestDecryptDistrust(t *testing.T) {
	o := goSecret(t, tls.VersionTLS13)
	other, _ := secured(t)
	open := newOpening(t, writeFile(t, t.TempDir(), "ca.pem", other.pem))
	g := open.serve(t)
	out, err := exec.Command(need(t, "curl", "curl"), "-sS", "-w", "%{http_code}", "--noproxy", "", "-x", "http://"+g.addr, "--cacert", open.own, "https://"+o.host+"/events").CombinedOutput()
	if text := string(out); err != nil || !strings.HasSuffix(text, "502") || !strings.Contains(text, "signed by an authority that is not known here") {
		t.Errorf("%v: %s", err, text)
	}
	ex := only(t, g.finish(t, 2), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
	if ex.End != "error" || ex.Status != http.StatusBadGateway {
		t.Errorf("recorded %s, status %d", ex.End, ex.Status)
	}
}

// TestDecryptChromium: a browser that has the authority in its NSS database.
func TestDecryptChromium(t *testing.T) {
	need(t, "certutil", "libnss3-tools")
	o := goSecret(t, tls.VersionTLS13)
	open := newOpening(t, o.ca)
	home := t.TempDir()
	machine := truststore.Here("sudo")
	machine.Home = home
	system := machine.Exists
	machine.Exists = func(path string) bool { return strings.HasPrefix(path, home) && system(path) } // nothing of this machine's
	certificate, err := decrypt.ReadCertificate(filepath.Dir(open.own))
	if err != nil {
		t.Fatal(err)
	}
	stores := machine.Stores(certificate, open.own)
	if did, err := truststore.Install(context.Background(), stores); err != nil || len(did) != 1 {
		t.Fatalf("install did %q, %v", did, err)
	}
	g := open.serve(t)
	t.Setenv("HOME", home)
	browse(t, g.addr, "https://"+o.host+"/")
	var recorded []exchange
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(100 * time.Millisecond) {
		text, err := os.ReadFile(g.record)
		if err == nil && strings.Contains(string(text), "/done") {
			g.end(syscall.SIGINT)
			recorded = g.recorded(t)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the browser did not come to the end: %v\n%s", err, text)
		}
	}
	ex := only(t, recorded, "the stream", func(ex exchange) bool { return ex.URL == "https://"+o.host+"/events" })
	if ex.Kind != "decrypted" || ex.End != "complete" || ex.Protocol != "HTTP/2.0" || ex.units() != secretEvents {
		t.Errorf("recorded as %s %s, %s, %d units", ex.Kind, ex.Protocol, ex.End, ex.units())
	}
	if did, err := truststore.Remove(context.Background(), stores); err != nil || len(did) != 1 || len(truststore.Having(context.Background(), stores, true)) > 0 {
		t.Errorf("remove did %q, %v", did, err)
	}
}

// recordCounter passes connections on to sgauge and counts the records of
// application data that come back.
type recordCounter struct {
	addr string
	mu   sync.Mutex // guards sizes
	// sizes are the plaintexts of the records, in order.
	sizes []int
}

func newRecordCounter(t *testing.T, to string) *recordCounter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	c := &recordCounter{addr: ln.Addr().String()}
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			watch := wire.NewTunnel()
			go c.copy(watch, tunnel.ToOrigin, server, client)
			go c.copy(watch, tunnel.ToClient, client, server)
		}
	}()
	return c
}

// copy skips the CONNECT and its answer, which each end with an empty line.
func (c *recordCounter) copy(watch *wire.Tunnel, dir tunnel.Direction, to, from net.Conn) {
	defer to.Close()
	var head []byte
	inside := false
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p := buffer[:n]
		if _, werr := to.Write(p); werr != nil {
			return
		}
		if !inside {
			head = append(head, p...)
			_, rest, found := strings.Cut(string(head), "\r\n\r\n")
			inside, p = found, []byte(rest)
		}
		if inside {
			c.mu.Lock()
			watch.Feed(dir, p, func(_ tunnel.Direction, bytes int) {
				if dir == tunnel.ToClient {
					c.sizes = append(c.sizes, bytes)
				}
			})
			c.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// TestDecryptRecords counts the records on the wire: one for each chunk, and none
// besides but those of the head, the end and the protocol itself.
func TestDecryptRecords(t *testing.T) {
	for version, besides := range map[string]int{"--http1.1": 2, "--http2": 5} {
		for _, size := range []int{40, 3 << 10, 15 << 10} {
			t.Run(fmt.Sprintf("%s/%d", version, size), func(t *testing.T) { countRecords(t, version, size, besides) })
		}
	}
}

func countRecords(t *testing.T, version string, size, besides int) {
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range secretEvents {
			fmt.Fprintf(w, "data: %s\n\n", strings.Repeat("x", size-8))
			_ = http.NewResponseController(w).Flush() // a client that has left is told of elsewhere
			time.Sleep(secretPace)
		}
	}))
	defer source.Close()
	a, _ := secured(t)
	host := local(nginx(t, "ssl http2", fmt.Sprintf(`
		ssl_certificate %[1]s;
		ssl_certificate_key %[1]s;
		location / { proxy_pass %[2]s; proxy_http_version 1.1; proxy_buffering off; proxy_buffer_size 32k; proxy_buffers 4 32k; }
`, writeFile(t, openDir(t), "pair.pem", a.leaf(t)), source.URL)))
	open := newOpening(t, writeFile(t, t.TempDir(), "ca.pem", a.pem))
	g := open.serve(t)
	counter := newRecordCounter(t, g.addr)
	out, err := exec.Command(need(t, "curl", "curl"), "-sS", version, "--noproxy", "", "-x", "http://"+counter.addr, "--cacert", open.own, "https://"+host+"/").CombinedOutput()
	if err != nil || strings.Count(string(out), "data: ") != secretEvents {
		t.Fatalf("%v: %s", err, out)
	}
	ex := only(t, g.finish(t, 2), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
	counter.mu.Lock()
	defer counter.mu.Unlock()
	t.Logf("%d records for %d chunks of %d events: %v", len(counter.sizes), len(ex.Chunks), secretEvents, counter.sizes)
	if n := len(counter.sizes); n < len(ex.Chunks) || n > len(ex.Chunks)+besides {
		t.Errorf("%d records for %d chunks, want at most %d more", n, len(ex.Chunks), besides)
	}
}

// TestDecryptStamps measures by how much arrivals are stamped later than events
// were sent: the way through the system is in it. 100 streams run at a time.
func TestDecryptStamps(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name+"/one", func(t *testing.T) { stamps(t, name, http2, 1) })
		t.Run(name+"/hundred", func(t *testing.T) { stamps(t, name, http2, 100) })
	}
}

func stamps(t *testing.T, name string, http2 bool, streams int) {
	const events = 20
	sent := make([][]time.Time, streams)
	host, ca := stampedOrigin(t, sent, events)
	open := newOpening(t, ca)
	g := open.serve(t)
	readAll(t, open, g.addr, host, http2, streams)
	recorded := g.finish(t, streams+1)
	var late []time.Duration
	for _, ex := range recorded {
		var n int
		if ex.Kind != "decrypted" || strings.HasSuffix(ex.URL, "/x") {
			continue
		}
		if _, err := fmt.Sscanf(ex.URL, "https://"+host+"/%d", &n); err != nil || ex.Protocol != name || len(ex.Units) != events {
			t.Fatalf("recorded %s in %s with %d units: %v", ex.URL, ex.Protocol, len(ex.Units), err)
		}
		for i, unit := range ex.Units {
			us, _ := unit[0].(float64)
			late = append(late, ex.Start.Add(time.Duration(us)*time.Microsecond).Sub(sent[n][i]))
		}
	}
	if len(late) != streams*events {
		t.Fatalf("%d events are recorded, want %d", len(late), streams*events)
	}
	slices.Sort(late)
	p50, p99 := late[len(late)/2], late[len(late)*99/100]
	t.Logf("stamped after sending: p50 %v, p99 %v, at most %v", p50, p99, late[len(late)-1])
	if p50 > 20*time.Millisecond || late[0] < -time.Millisecond {
		t.Errorf("p50 %v and the first %v: more than any machine explains", p50, late[0])
	}
}

// stampedOrigin notes when it hands each event of stream n to the system.
func stampedOrigin(t *testing.T, sent [][]time.Time, events int) (host, ca string) {
	t.Helper()
	o := goServer(t, tls.VersionTLS13, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil || n >= len(sent) {
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		http.NewResponseController(w).Flush()
		time.Sleep(time.Second + time.Duration(n)*time.Millisecond) // once all are there, and not all at once
		for i := range events {
			time.Sleep(100 * time.Millisecond)
			sent[n] = append(sent[n], time.Now())
			fmt.Fprintf(w, "data: event %d\n\n", i)
			http.NewResponseController(w).Flush()
		}
	}))
	return o.host, o.ca
}

// readAll reads the streams at once with Go's client, which trusts the authority.
func readAll(t *testing.T, open opening, proxy, host string, http2 bool, streams int) {
	t.Helper()
	certificate, err := decrypt.ReadCertificate(filepath.Dir(open.own))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: proxy}),
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	// One connection first, which the streams then share if they can.
	if resp, err := client.Get("https://" + host + "/x"); err != nil {
		t.Fatal(err)
	} else {
		resp.Body.Close()
	}
	var all sync.WaitGroup
	for n := range streams {
		all.Go(func() {
			resp, err := client.Get(fmt.Sprintf("https://%s/%d", host, n))
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
