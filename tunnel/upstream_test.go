package tunnel

import (
	"strings"
	"testing"
)

func TestParseUpstream(t *testing.T) {
	long := strings.Repeat("x", 255)
	tests := []struct {
		in   string
		want Upstream
		addr string
		text string
	}{
		{"", Upstream{}, "", "direct"},
		{" Direct ", Upstream{}, "", "direct"},
		{"socks5://127.0.0.1:7890", Upstream{Scheme: SOCKS5, Host: "127.0.0.1", Port: 7890}, "127.0.0.1:7890", "socks5://127.0.0.1:7890"},
		{"socks5://proxy.test", Upstream{Scheme: SOCKS5, Host: "proxy.test", Port: 1080}, "proxy.test:1080", "socks5://proxy.test:1080"},
		{"SOCKS5H://u:p@h:1", Upstream{Scheme: SOCKS5H, Host: "h", Port: 1, User: "u", Password: "p"}, "h:1", "socks5h://h:1"},
		{"socks5://" + long + ":" + long + "@h", Upstream{Scheme: SOCKS5, Host: "h", Port: 1080, User: long, Password: long}, "h:1080", "socks5://h:1080"},
		{"socks4a://u@h", Upstream{Scheme: SOCKS4A, Host: "h", Port: 1080, User: "u"}, "h:1080", "socks4a://h:1080"},
		{"http://h/", Upstream{Scheme: HTTP, Host: "h", Port: 80}, "h:80", "http://h:80"},
		{"http://u:a%3Ab%2F@h:3128", Upstream{Scheme: HTTP, Host: "h", Port: 3128, User: "u", Password: "a:b/"}, "h:3128", "http://h:3128"},
		{"https://[::1]", Upstream{Scheme: HTTPS, Host: "::1", Port: 443}, "[::1]:443", "https://[::1]:443"},
		{"http://u:%E5%AF%86%E7%A0%81@h:65535", Upstream{Scheme: HTTP, Host: "h", Port: 65535, User: "u", Password: "密码"}, "h:65535", "http://h:65535"},
	}
	for _, test := range tests {
		got, err := ParseUpstream(test.in)
		if err != nil {
			t.Errorf("ParseUpstream(%q): %v", test.in, err)
			continue
		}
		if got != test.want || got.Addr() != test.addr || got.String() != test.text {
			t.Errorf("ParseUpstream(%q) = %+v, %q, %q: want %+v, %q, %q", test.in, got, got.Addr(), got, test.want, test.addr, test.text)
		}
		if direct := test.addr == ""; got.IsDirect() != direct {
			t.Errorf("ParseUpstream(%q) is direct: %v, want %v", test.in, got.IsDirect(), direct)
		}
		if socks := strings.HasPrefix(test.text, "socks"); got.SpeaksSOCKS() != socks {
			t.Errorf("ParseUpstream(%q) speaks SOCKS: %v, want %v", test.in, got.SpeaksSOCKS(), socks)
		}
	}
}

func TestParseUpstreamRefuses(t *testing.T) {
	const word = "hunter2" // part of each password below
	tests := []struct{ in, want string }{
		{"127.0.0.1:1080", "upstream is not a URL: want scheme://host:port"},
		{"localhost:1080", `upstream scheme "localhost" is not one of socks5, socks5h, socks4a, http, https`},
		{"ftp://u:hunter2@h", `upstream scheme "ftp" is not one of`},
		{"socks4://h", `upstream scheme "socks4" is not one of`},
		{"//u:hunter2@h:1", `upstream scheme "" is not one of`},
		{"u:hunter2@h:1", `upstream scheme "u" is not one of`},
		{"hunter2@h:1", "upstream is not a URL"},
		{"socks5://", "upstream socks5:// has no host"},
		{"socks5://:1080", "upstream socks5:// has no host"},
		{"socks5://u:hunter2@:1080", "upstream socks5:// has no host"},
		{"http://u:hunter2@h:port", "upstream is not a URL"},
		{"http://u:hunter2@h:0", `upstream port "0" is not a number from 1 to 65535`},
		{"http://u:hunter2@h:65536", `upstream port "65536" is not a number`},
		{"http://u:hunter2@h:-1", "upstream is not a URL"},
		{"http://u:hunter2@h/path", "upstream http:// has a path or query"},
		{"http://u:hunter2@h?x=hunter2", "upstream http:// has a path or query"},
		{"http://u:hunter2@h#hunter2", "upstream http:// has a path or query"},
		{"http://u:hunter2/x@h", "upstream is not a URL"},
		{"http://u:hunter2#x@h", "upstream is not a URL"},
		{"http://u:hunter2%@h", "upstream is not a URL"},
		{"http://u:hunter2\x7f@h", "upstream is not a URL"},
		{"http://u:hunter2@h ost", "upstream is not a URL"},
		{"http://u:hunter2@[::1", "upstream is not a URL"},
		{"http://u:hunter2@h%0d%0a:1", "upstream is not a URL"},
		{"http://u:hunter2%0d%0ax@h", "may not contain control characters"},
		{"socks4a://u%00h@h", "may not contain control characters"},
		{"socks4a://u:hunter2@h", "upstream socks4a has no password"},
		{"socks5://:hunter2@h", "upstream has a password but no user name"},
		{"socks5://u:hunter2" + strings.Repeat("x", 249) + "@h", "may have 255 bytes each"},
		{"socks5://" + strings.Repeat("x", 256) + "@h", "may have 255 bytes each"},
		{"https://a%3Ab:hunter2@h", "may not contain a colon"},
	}
	for _, test := range tests {
		got, err := ParseUpstream(test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ParseUpstream(%q): error %v, want %q", test.in, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), word) {
			t.Errorf("ParseUpstream(%q) repeats the password: %v", test.in, err)
		}
		if got != (Upstream{}) {
			t.Errorf("ParseUpstream(%q) = %+v beside the error", test.in, got)
		}
	}
}

// TestParseUpstreamHidesMisreadPassword: with a raw slash in it, a password of
// digits stands where the port belongs.
func TestParseUpstreamHidesMisreadPassword(t *testing.T) {
	for _, in := range []string{"http://u:4711/rest@h:3128", "http://u:4711?rest@h", "http://u:4711#rest@h"} {
		if _, err := ParseUpstream(in); err == nil || strings.Contains(err.Error(), "4711") {
			t.Errorf("ParseUpstream(%q): error %v, want one without 4711", in, err)
		}
	}
}

func FuzzParseUpstream(f *testing.F) {
	for _, s := range []string{"socks5://u:p@h:1", "http://[::1]:80", "direct", "//@:", "socks4a://%00@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		up, err := ParseUpstream(s)
		if err != nil {
			return
		}
		again, err := ParseUpstream(up.String())
		if err != nil {
			t.Fatalf("%q parses, its own text %q does not: %v", s, up, err)
		}
		up.User, up.Password = "", ""
		if again != up {
			t.Errorf("%q = %+v, its own text %+v", s, up, again)
		}
	})
}
