//go:build peers && linux

package peers

import (
	"crypto/tls"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Programs that read a URL as it is given to them, without a proxy.
const (
	pythonPlain = `
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1]) as answer:
    while piece := answer.read1(65536):
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
`
	nodePlain = `
(async () => {
  const answer = await fetch(process.argv[2]);
  for await (const piece of answer.body) process.stdout.write(piece);
  process.exit(0);
})();
`
)

// secured is an authority and the configuration of an origin that has its
// certificate, for localhost.
func secured(t *testing.T) (*authority, *tls.Config) {
	t.Helper()
	a := newAuthority(t)
	pair := []byte(a.leaf(t))
	certificate, err := tls.X509KeyPair(pair, pair)
	if err != nil {
		t.Fatal(err)
	}
	return a, &tls.Config{Certificates: []tls.Certificate{certificate}}
}

// trusting is p with an sgauge that trusts a.
func (p peer) trusting(t *testing.T, a *authority) peer {
	t.Helper()
	p.env = append(p.env, "SSL_CERT_FILE="+writeFile(t, t.TempDir(), "ca.pem", a.pem))
	return p
}

// local is an address on this machine, by the name that certificates are for.
func local(addr string) string { return strings.Replace(addr, "127.0.0.1", "localhost", 1) }

// TestGatewayPrograms lets programs read a stream of an origin with TLS through
// the gateway, directly and through each kind of upstream: every piece comes
// before the next is sent, and is seen in the plain.
func TestGatewayPrograms(t *testing.T) {
	dir := t.TempDir()
	programs := map[string][]string{
		"curl":   {need(t, "curl", "curl"), "-sS", "-N", "--noproxy", "*"},
		"python": {need(t, "python3", "python3"), writeFile(t, dir, "read.py", pythonPlain)},
		"node":   {need(t, "node", "nodejs"), writeFile(t, dir, "read.js", nodePlain)},
	}
	for path, up := range map[string]func(*testing.T) peer{
		"direct": func(*testing.T) peer { return peer{} }, "socks": microsocks, "http": squid,
	} {
		t.Run(path, func(t *testing.T) {
			a, config := secured(t)
			g := serve(t, up(t).trusting(t, a))
			hosts := map[string]string{}
			for name, program := range programs {
				t.Run(name, func(t *testing.T) {
					o := newOrigin(t, oneOfEach, config)
					hosts[name] = local(o.addr)
					watch(t, o, exec.Command(program[0], append(program[1:], "http://"+g.addr+"/https/"+hosts[name]+"/s?q=1")...))
				})
			}
			recorded := g.finish(t, len(programs))
			for name, host := range hosts {
				ex := seen(t, recorded, host, "gateway")
				if ex.URL != "https://"+host+"/s?q=1" || ex.units() != 3 || ex.Upstream != g.up.String() {
					t.Errorf("%s: recorded %s with %d units by %s", name, ex.URL, ex.units(), ex.Upstream)
				}
			}
		})
	}
}

// TestGatewayNginx: an nginx with TLS that passes on every event does so through
// the gateway.
func TestGatewayNginx(t *testing.T) {
	a, _ := secured(t)
	b := body{"text/event-stream", chunked, streams[0].events}
	origin := newOrigin(t, b, nil)
	host := local(nginx(t, "ssl", fmt.Sprintf(`
		ssl_certificate %[1]s;
		ssl_certificate_key %[1]s;
		location / { proxy_pass http://%[2]s; proxy_http_version 1.1; proxy_buffering off; }
`, writeFile(t, openDir(t), "pair.pem", a.leaf(t)), origin.addr)))
	g := serve(t, peer{}.trusting(t, a))
	// This client takes us for its proxy as well as for the origin.
	client := get(t, g.addr, g.addr, "/https/"+host+"/events", false)
	follow(t, origin, client, b)
	ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
	if ex.Kind != "gateway" || ex.End != "complete" || ex.units() != 3 || ex.Host != host {
		t.Errorf("recorded %s %s of %s with %d units", ex.Kind, ex.End, ex.Host, ex.units())
	}
}

// TestGatewayDistrust: without the authority nothing is asked of the origin.
func TestGatewayDistrust(t *testing.T) {
	_, config := secured(t)
	o := newOrigin(t, oneOfEach, config)
	g := serve(t, peer{})
	out, err := exec.Command(need(t, "curl", "curl"), "-sS", "--noproxy", "*", "-w", "%{http_code}", "http://"+g.addr+"/https/"+local(o.addr)+"/").Output()
	if text := string(out); err != nil || !strings.HasSuffix(text, "502") || !strings.Contains(text, "certificate of "+local(o.addr)+" is not accepted") {
		t.Errorf("%q, %v; want 502 and why", text, err)
	}
	ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
	if ex.End != "error" || !strings.Contains(ex.Error, "certificate") {
		t.Errorf("recorded %s: %s", ex.End, ex.Error)
	}
}
