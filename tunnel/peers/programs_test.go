//go:build peers && linux

package peers

import (
	"crypto/tls"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A program that reads a stream prints each piece as it gets it.
const (
	pythonReader = `
import sys, urllib.request
proxy, url = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
with opener.open(url) as answer:
    while piece := answer.read1(65536):
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
`
	undiciReader = `
const { ProxyAgent, setGlobalDispatcher } = require("undici");
const [proxy, url] = process.argv.slice(2);
setGlobalDispatcher(new ProxyAgent(proxy));
` + nodeReader
	nodeReader = `
(async () => {
  const answer = await fetch(process.argv[3]);
  for await (const piece of answer.body) process.stdout.write(piece);
  process.exit(0);
})();
`
)

func TestCurl(t *testing.T) {
	curl := need(t, "curl", "curl")
	g := serve(t, peer{})
	ways := map[string][]string{
		"http":  {"-x", "http://" + g.addr},
		"socks": {"--socks5-hostname", g.addr},
	}
	if help, err := exec.Command(curl, "--help", "all").Output(); err == nil && strings.Contains(string(help), "--proxy-http2") {
		ways["proxy-http2"] = []string{"--proxy-http2", "-x", "http://" + g.addr}
	} else {
		t.Log("this curl has no --proxy-http2")
	}
	addrs := map[string]string{}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, oneOfEach, nil)
			addrs[name] = o.addr
			args := append(way, "-sS", "-N", "--noproxy", "", "http://"+o.addr+"/"+name)
			watch(t, o, exec.Command(curl, args...))
		})
	}
	recorded := g.finish(t, len(ways))
	for name, addr := range addrs {
		kind := map[bool]string{true: "tunnel", false: "http"}[name == "socks"]
		seen(t, recorded, addr, kind)
	}
}

// TestCurlTLS: in a tunnel that nobody opens each piece is a TLS record.
func TestCurlTLS(t *testing.T) {
	authority := newAuthority(t)
	pair := authority.leaf(t)
	certificate, err := tls.X509KeyPair([]byte(pair), []byte(pair))
	if err != nil {
		t.Fatal(err)
	}
	trusted := writeFile(t, t.TempDir(), "ca.pem", authority.pem)
	g := serve(t, peer{})
	o := newOrigin(t, oneOfEach, &tls.Config{Certificates: []tls.Certificate{certificate}})
	_, port, _ := strings.Cut(o.addr, ":")
	host := "localhost:" + port
	watch(t, o, exec.Command(need(t, "curl", "curl"), "-sS", "-N", "--noproxy", "", "--cacert", trusted, "-x", "http://"+g.addr, "https://"+host+"/"))
	ex := seen(t, g.finish(t, 1), host, "tunnel")
	if pieces := int64(len(oneOfEach.pieces())); ex.units() < pieces {
		t.Errorf("units = %d, want at least a TLS record for each of %d pieces", ex.units(), pieces)
	}
	for _, unit := range ex.Units {
		if unit[2] != "tls" {
			t.Errorf("unit kind = %v, want tls", unit[2])
		}
	}
}

func TestPython(t *testing.T) {
	g := serve(t, peer{})
	o := newOrigin(t, oneOfEach, nil)
	watch(t, o, exec.Command(need(t, "python3", "python3"), "-c", pythonReader, "http://"+g.addr, "http://"+o.addr+"/"))
	seen(t, g.finish(t, 1), o.addr, "http")
}

// TestNodeUndici: NODE_PATH must lead to the package undici.
func TestNodeUndici(t *testing.T) {
	node := need(t, "node", "nodejs")
	g := serve(t, peer{})
	o := newOrigin(t, oneOfEach, nil)
	script := writeFile(t, t.TempDir(), "read.js", undiciReader)
	watch(t, o, exec.Command(node, script, "http://"+g.addr, "http://"+o.addr+"/"))
	seen(t, g.finish(t, 1), o.addr, "")
}

// newNode returns a Node of that version or a later one, or skips the test.
// SGAUGE_PEER_NODE may name one where the machine's own is older.
func newNode(t *testing.T, wanted int) string {
	t.Helper()
	node := os.Getenv("SGAUGE_PEER_NODE")
	if node == "" {
		node = need(t, "node", "nodejs")
	}
	version, err := exec.Command(node, "-p", "parseInt(process.versions.node)").Output()
	if err != nil {
		t.Fatal(err)
	}
	if major, err := strconv.Atoi(strings.TrimSpace(string(version))); err != nil || major < wanted {
		t.Skipf("this is Node %s, and %d is the first that can do it", strings.TrimSpace(string(version)), wanted)
	}
	return node
}

// TestNodeEnvironment: since version 24 Node reads the proxy variables, if asked.
func TestNodeEnvironment(t *testing.T) {
	node := newNode(t, 24)
	g := serve(t, peer{})
	o := newOrigin(t, oneOfEach, nil)
	script := writeFile(t, t.TempDir(), "read.js", nodeReader)
	cmd := exec.Command(node, script, "", "http://"+o.addr+"/")
	cmd.Env = append(os.Environ(), "NODE_USE_ENV_PROXY=1", "HTTP_PROXY=http://"+g.addr, "http_proxy=http://"+g.addr, "NO_PROXY=", "no_proxy=")
	watch(t, o, cmd)
	seen(t, g.finish(t, 1), o.addr, "")
}

// TestRun: sgauge run gives its command a proxy, and its own end follows.
func TestRun(t *testing.T) {
	up := squid(t)
	g := &gauge{record: filepath.Join(t.TempDir(), "record.ndjson"), up: up}
	o := newOrigin(t, oneOfEach, nil)
	args := append([]string{"run", "--listen", "127.0.0.1:0", "--record", g.record}, up.flags()...)
	args = append(args, "--", need(t, "curl", "curl"), "-sS", "-N", "http://"+o.addr+"/")
	cmd := exec.Command(sgauge, args...)
	cmd.Env = append(cleanEnv(t), up.environment()...)
	g.process = watch(t, o, cmd)
	seen(t, g.recorded(t), o.addr, "http")
}

// watch runs a program that prints a stream, in lock-step with its origin.
func watch(t *testing.T, o *origin, cmd *exec.Cmd) *process {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = in
	p := start(t, cmd)
	in.Close()
	for i, want := range o.body.pieces() {
		o.next(t)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(out, got); err != nil || string(got) != want {
			t.Fatalf("piece %d = %q, %v, want %q", i, got, err, want)
		}
	}
	o.next(t)
	o.wait(t)
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("after the stream: %q, %v; want nothing", rest, err)
	}
	p.wait(t)
	return p
}

// seen wants the one exchange with host in the recording, whole. An empty kind
// leaves it to the program how it asks.
func seen(t *testing.T, recorded []exchange, host, kind string) exchange {
	t.Helper()
	ex := only(t, recorded, "with "+host, func(ex exchange) bool { return ex.Host == host })
	if ex.End != "complete" || (kind != "" && ex.Kind != kind) {
		t.Errorf("recorded as %s, %s (%s), want %s, complete", ex.Kind, ex.End, ex.Error, kind)
	}
	if pieces := len(oneOfEach.pieces()); len(ex.Chunks) < pieces {
		t.Errorf("%d chunks, want at least one for each of %d pieces", len(ex.Chunks), pieces)
	}
	return ex
}
