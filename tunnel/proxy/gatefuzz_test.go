package proxy

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzGatewayLocation asks that what a client is told leads, through us, to where
// the origin meant: whatever a rewritten Location is, the gateway must take it
// for the same address.
func FuzzGatewayLocation(f *testing.F) {
	for _, target := range []string{"/https/h/a/b?c", "/http/h:8080", "/redirected/https/h/x", "/lab/v1", "/plain"} {
		for _, location := range []string{
			"https://h/c?d=%2F#e", "//other/c", "/base/v2", "../../c?x", "c", "?x", "https://[::1]:8/", "HTTP://H:80?q", "https://h:8443/base/../x", "/..//%2e%2e/", `/..\..\x`, "http:../x", "https://h/../other",
		} {
			f.Add(target, location)
		}
	}
	p, err := New(Config{Recorder: panicky{}, Targets: map[string]string{"lab": "https://h:8443/base/", "plain": "http://h"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target, location string) {
		g, status, _ := p.parseGate(target)
		from, err := url.ParseRequestURI(g.url())
		if status != 0 || err != nil || from.Hostname() == "" || strings.Contains(target, "#") {
			return // no request's (RFC 9112 §3.2)
		}
		a := gateAnswer{gate: g, target: from, host: "localhost:1889", redirects: true}
		got := a.location(location)
		here, err := url.Parse("http://localhost:1889" + target)
		if err != nil {
			return
		}
		for _, client := range []func(string) string{strict, browser} {
			ours, err := here.Parse(client(got))
			if err != nil || ours.Host != "localhost:1889" {
				continue // the client has no use for it, or goes by itself
			}
			back, status, _ := p.parseGate(ours.RequestURI())
			if status != 0 {
				t.Fatalf("%q became %q, which we do not take", location, got)
			}
			led, err := url.Parse(back.url())
			if err != nil {
				continue // answered with 400
			}
			if origin(led) != origin(from) && !a.upgrades(led) && !back.away {
				t.Errorf("%q became %q, with the credentials of %s", location, got, origin(from))
			}
			meant, err := from.Parse(strict(location))
			if err == nil && meant.Host != "" && ordinary(location) && address(meant) != address(led) {
				t.Errorf("%q became %q, which leads to %q, not %q", location, got, address(led), address(meant))
			}
		}
	})
}

// strict is how a client by RFC 3986 reads a reference, and browser how one by
// the URL standard of WHATWG does.
func strict(to string) string { return to }

func browser(to string) string {
	path, tail := splitPath(tidy(to))
	return strings.NewReplacer(`\`, "/", "%2e", ".", "%2E", ".").Replace(path) + tail
}

// ordinary reports whether both read a reference alike, and so does Go, which
// drops an empty segment beside dots.
func ordinary(to string) bool {
	_, path, absolute := strings.Cut(to, "://")
	if !absolute {
		path = strings.TrimPrefix(to, "//")
	}
	return !(strings.Contains(path, "//") && strings.Contains(path, "..")) && tidy(to) == to && browser(to) == to && !strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r >= 0x7f }) &&
		(!strings.HasPrefix(strings.ToLower(to), "http") || strings.Contains(to, "://"))
}

// address is u as far as it matters where it leads.
func address(u *url.URL) string {
	path := u.Path
	if path == "" {
		path = "/"
	}
	return origin(u) + path + "?" + u.RawQuery
}
