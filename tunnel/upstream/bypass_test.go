package upstream

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"

	"streamgauge/tunnel"
)

var proxied = tunnel.Upstream{Scheme: tunnel.HTTP, Host: "proxy.test", Port: 3128}

func mustNew(t testing.TB, cfg Config) *Dialer {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVia(t *testing.T) {
	tests := []struct {
		entry          string
		direct, behind []string
	}{
		{"example.com", []string{"example.com", "EXAMPLE.com.", "a.example.com:443"}, []string{"example.org", "myexample.com", "com"}},
		{"Example.com.", []string{"example.com:80", "a.b.example.com."}, []string{"example.com.org"}},
		{".example.com", []string{"a.example.com"}, []string{"example.com:443"}},
		{"*.example.com", []string{"a.example.com"}, []string{"example.com"}},
		{"example.com:8080", []string{"example.com:8080", "a.example.com:8080"}, []string{"example.com", "example.com:80"}},
		{"bücher.test", []string{"bücher.test", "xn--bcher-kva.test:443", "BÜCHER.test"}, []string{"bucher.test"}},
		{"*.bücher.test", []string{"a.xn--bcher-kva.test"}, []string{"bücher.test"}},
		{"10.0.0.1", []string{"10.0.0.1", "10.0.0.1:443", "[::ffff:10.0.0.1]:443"}, []string{"10.0.0.10", "ten.test"}},
		{"10.0.0.1:443", []string{"10.0.0.1:443"}, []string{"10.0.0.1", "10.0.0.1:80"}},
		{"10.1.2.3/8", []string{"10.255.0.1:80"}, []string{"11.0.0.1"}},
		{"192.168.*", []string{"192.168.0.1", "192.168.255.255:80"}, []string{"192.169.0.1", "192.168.test"}},
		{"192.168.*.*", []string{"192.168.7.1"}, []string{"192.1.168.1"}},
		{"10.*", []string{"10.9.9.9"}, []string{"100.1.1.1"}},
		{"192.168.7.*", []string{"192.168.7.9"}, []string{"192.168.8.9"}},
		{"fd00::/8", []string{"[fd12::1]:443", "fd12::1", "fd12::1%eth0"}, []string{"fe80::1", "10.0.0.1"}},
		{"2001:db8::1", []string{"[2001:db8::1]:443", "2001:DB8:0::1"}, []string{"2001:db8::2"}},
		{"[2001:db8::1]", []string{"2001:db8::1"}, []string{"2001:db8::2"}},
		{"[2001:db8::1]:443", []string{"[2001:db8::1]:443"}, []string{"[2001:db8::1]:80"}},
		{"*", []string{"anything.test:1", "10.0.0.1", "[::2]:80"}, nil},
		{" example.com ", []string{"example.com"}, nil},
	}
	for _, tt := range tests {
		d := mustNew(t, Config{Route: Route{Upstream: proxied, Bypass: []string{"other.test", tt.entry}}})
		for _, host := range tt.direct {
			if got := d.Via(host); !got.IsDirect() {
				t.Errorf("with %q, Via(%q) = %v, want direct", tt.entry, host, got)
			}
		}
		for _, host := range tt.behind {
			if got := d.Via(host); got != proxied {
				t.Errorf("with %q, Via(%q) = %v, want %v", tt.entry, host, got, proxied)
			}
		}
	}
}

func TestViaLoopback(t *testing.T) {
	loopback := []string{"localhost", "LOCALHOST.:80", "api.localhost:80", "127.0.0.1", "127.9.9.9:80", "::1", "[::1]:80", "[::ffff:127.0.0.1]:80"}
	byDefault := mustNew(t, Config{Route: Route{Upstream: proxied}})
	asked := mustNew(t, Config{Route: Route{Upstream: proxied, ProxyLoopback: true}})
	listed := mustNew(t, Config{Route: Route{Upstream: proxied, ProxyLoopback: true, Bypass: []string{"localhost", "127.0.0.0/8", "::1"}}})
	for _, host := range loopback {
		if got := byDefault.Via(host); !got.IsDirect() {
			t.Errorf("by default Via(%q) = %v, want direct", host, got)
		}
		if got := asked.Via(host); got != proxied {
			t.Errorf("with ProxyLoopback Via(%q) = %v, want %v", host, got, proxied)
		}
		if got := listed.Via(host); !got.IsDirect() {
			t.Errorf("with ProxyLoopback and the bypass list Via(%q) = %v, want direct", host, got)
		}
	}
	if got := byDefault.Via("localhost.test"); got != proxied {
		t.Errorf("Via(localhost.test) = %v, want %v", got, proxied)
	}
}

// Where httpproxy has an opinion, ours is the same.
func TestViaAgreesWithHTTPProxy(t *testing.T) {
	entries := []string{
		"example.com", ".example.com", "*.example.com", "example.com:80", ".example.com:443", "com",
		"10.0.0.1", "10.0.0.1:80", "10.0.0.0/8", "fd00::/8", "2001:db8::1", "[2001:db8::1]:80", "*", "bücher.test",
	}
	hosts := []string{
		"example.com:80", "example.com:443", "a.example.com:80", "a.b.example.com:443", "badexample.com:80",
		"10.0.0.1:80", "10.0.0.1:443", "10.200.0.1:80", "11.0.0.1:80", "localhost:80", "127.0.0.1:80", "[::1]:80",
		"[fd00::9]:80", "[2001:db8::1]:80", "[2001:db8::1]:443", "bücher.test:80", "xn--bcher-kva.test:443",
	}
	for _, entry := range entries {
		theirs := (&httpproxy.Config{HTTPProxy: "http://proxy.test:3128", NoProxy: entry}).ProxyFunc()
		ours := mustNew(t, Config{Route: Route{Upstream: proxied, Bypass: []string{entry}}})
		for _, host := range hosts {
			via, err := theirs(&url.URL{Scheme: "http", Host: host})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := ours.Via(host).IsDirect(), via == nil; got != want {
				t.Errorf("bypass %q, host %q: direct = %v, want %v", entry, host, got, want)
			}
		}
	}
}

func TestParseRule(t *testing.T) {
	const star = "a star may stand alone, before a dot at the start, or for the last numbers of an IPv4 address"
	tests := []struct{ entry, want string }{
		{"", "names no host"},
		{" ", "names no host"},
		{".", "names no host"},
		{":80", "names no host"},
		{"10.0.0.0/99", "not a CIDR block such as 10.0.0.0/8 or fd00::/8"},
		{"example.com/x", "not a CIDR block such as 10.0.0.0/8 or fd00::/8"},
		{"http://example.com", "want a host, not a URL"},
		{"example.com:http", `port "http" is not a number from 1 to 65535`},
		{"example.com:0", `port "0" is not a number from 1 to 65535`},
		{"exa*mple.com", star},
		{"*example.com", star},
		{"**.example.com", star},
		{"1.2.3.4.*", star},
		{"1.2.300.*", star},
		{"*.*", star},
		{"a.test,b.test", "not a host name, address or CIDR block"},
		{"a test", "not a host name, address or CIDR block"},
		{"1::2::3", "not a host name, address or CIDR block"},
		{"u@example.com", "not a host name, address or CIDR block"},
	}
	for _, tt := range tests {
		_, err := parseRule(tt.entry)
		if want := `bypass entry "` + tt.entry + `": ` + tt.want; err == nil || err.Error() != want {
			t.Errorf("parseRule(%q) = %v, want %s", tt.entry, err, want)
		}
	}
}

func FuzzBypass(f *testing.F) {
	for _, entry := range []string{"*.example.com:80", "192.168.*", "[::1]:80", "10.0.0.0/8", "bücher.test", ".*", "..a"} {
		f.Add(entry, "a.example.com:80")
	}
	f.Fuzz(func(t *testing.T, entry, host string) {
		d, err := New(Config{Route: Route{Upstream: proxied, Bypass: []string{entry}, ProxyLoopback: true}})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "bypass entry ") {
				t.Errorf("error = %v, want one that names the field", err)
			}
			return
		}
		d.Via(host)
	})
}

func BenchmarkVia(b *testing.B) {
	d := mustNew(b, Config{Route: Route{Upstream: proxied, Bypass: slices.Repeat([]string{"a.test", "10.0.0.0/8", "*.b.test:80"}, 10)}})
	b.ReportAllocs()
	for b.Loop() {
		d.Via("api.example.com:443")
	}
}
