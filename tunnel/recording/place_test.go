package recording

import (
	"testing"

	"streamgauge/tunnel"
)

func TestPlace(t *testing.T) {
	for _, c := range []struct{ name, url, host, want string }{
		{"default port and scheme left out", "http://api.test:80/v1", "api.test:80", "api.test/v1"},
		{"other port kept", "http://127.0.0.1:8080/", "", "127.0.0.1:8080/"},
		{"https default port", "https://api.test:443/v1", "", "api.test/v1"},
		{"port of the other scheme kept", "http://api.test:443/", "", "api.test:443/"},
		{"query", "http://a.test/b?c=d", "", "a.test/b?c=d"},
		{"user information left out", "http://u:p@a.test/", "", "a.test/"},
		{"tunnel", "api.test:443", "api.test:443", "api.test:443"},
		{"tunnel without URL", "", "api.test:443", "api.test:443"},
		{"nothing known", "", "", "-"},
		{"letters", "http://a.test/%E8%81%8A%E5%A4%A9?q=%E4%BD%A0", "", "a.test/聊天?q=你"},
		{"what means something stays encoded", "http://a.test/%2F%20%25", "", "a.test/%2F%20%25"},
		{"bidi stays encoded", "http://a.test/%E2%80%AEx", "", "a.test/%E2%80%AEx"},
		{"not UTF-8 stays encoded", "http://a.test/%E8%81x%FF", "", "a.test/%E8%81x%FF"},
		{"cut short", "http://a.test/?%E8%8", "", "a.test/?%E8%8"},
		{"not hexadecimal", "http://a.test/?%E8%8X%8A", "", "a.test/?%E8%8X%8A"},
		{"control characters", "http://a.test/\x1b[2J", "a.test:80", `a.test/\x1b[2J`},
		{"raw letters", "http://a.test/聊天", "", "a.test/聊天"},
		{"bidi in the query", "http://a.test/?\u202ex", "", `a.test/?\u202ex`},
		{"address of version 6", "http://[::1]:80/x", "", "[::1]/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Place(&tunnel.Exchange{URL: c.url, Host: c.host}); got != c.want {
				t.Errorf("Place(%q) = %q, want %q", c.url, got, c.want)
			}
		})
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("http://a.test/%E8%81%8A%E5%A4%A9?%", "a:1")
	f.Fuzz(func(t *testing.T, u, host string) {
		got := Place(&tunnel.Exchange{URL: u, Host: host})
		if got != Visible(got) {
			t.Errorf("Place(%q) = %q is not safe to print", u, got)
		}
	})
}
