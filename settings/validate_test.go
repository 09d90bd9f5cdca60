package settings

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("Default().Validate() = %v, want nil", err)
	}
}

// TestZeroIsRefused keeps the promise of the field comments about zero.
func TestZeroIsRefused(t *testing.T) {
	want := []string{"listen", "connect_timeout", "handshake_timeout", "dial_timeout", "keep_exchanges", "keep_chunks", "language", "theme"}
	if got := wrongFields(Settings{}.Validate()); !slices.Equal(got, want) {
		t.Errorf("zero Settings: wrong fields = %q, want %q", got, want)
	}
}

func TestValidateField(t *testing.T) {
	cases := []struct {
		name   string
		change func(*Settings)
		want   string // field, or empty if valid
	}{
		{"port taken by chance", func(s *Settings) { s.Listen = "127.0.0.1:0" }, ""},
		{"IPv6 loopback", func(s *Settings) { s.Listen = "[::1]:1889" }, ""},
		{"mapped loopback", func(s *Settings) { s.Listen = "[::ffff:127.0.0.1]:1889" }, ""},
		{"localhost", func(s *Settings) { s.Listen = "localhost:1889" }, ""},
		{"elsewhere in 127/8", func(s *Settings) { s.Listen = "127.9.9.9:1889" }, ""},
		{"no port", func(s *Settings) { s.Listen = "127.0.0.1" }, "listen"},
		{"port alone", func(s *Settings) { s.Listen = "1889" }, "listen"},
		{"port name", func(s *Settings) { s.Listen = "127.0.0.1:http" }, "listen"},
		{"port too high", func(s *Settings) { s.Listen = "127.0.0.1:65536" }, "listen"},
		{"name", func(s *Settings) { s.Listen = "myhost:1889" }, "listen"},
		{"every interface", func(s *Settings) { s.Listen = "0.0.0.0:1889" }, "listen"},
		{"every interface, short", func(s *Settings) { s.Listen = ":1889" }, "listen"},
		{"every interface, IPv6", func(s *Settings) { s.Listen = "[::]:1889" }, "listen"},
		{"LAN", func(s *Settings) { s.Listen = "192.168.1.2:1889" }, "listen"},
		{"LAN with user", func(s *Settings) { s.Listen, s.ListenUser = "192.168.1.2:1889", "ann" }, ""},
		{"user with colon", func(s *Settings) { s.ListenUser = "ann:canary" }, "listen_user"},
		{"user with newline", func(s *Settings) { s.ListenUser = "a\nb" }, "listen_user"},
		{"user of 256 bytes", func(s *Settings) { s.ListenUser = strings.Repeat("a", 256) }, "listen_user"},

		{"no upstream", func(s *Settings) { s.Upstream = "" }, ""},
		{"SOCKS5 with user", func(s *Settings) { s.Upstream = "socks5://ann@10.0.0.1:1080" }, ""},
		{"HTTPS", func(s *Settings) { s.Upstream = "https://proxy.example" }, ""},
		{"scheme unknown", func(s *Settings) { s.Upstream = "socks://127.0.0.1:1080" }, "upstream"},
		{"no scheme", func(s *Settings) { s.Upstream = "127.0.0.1:1080" }, "upstream"},
		{"password", func(s *Settings) { s.Upstream = "socks5://ann:canary@10.0.0.1:1080" }, "upstream"},
		{"password in a broken URL", func(s *Settings) { s.Upstream = "http://ann:canary/x@10.0.0.1:1" }, "upstream"},
		{"password without scheme", func(s *Settings) { s.Upstream = "ann:canary@10.0.0.1:1" }, "upstream"},
		{"password behind a slash", func(s *Settings) { s.Upstream = "http://an/n:canary@10.0.0.1:1" }, "upstream"},

		{"connect_timeout short", func(s *Settings) { s.ConnectTimeout = Duration(99 * time.Millisecond) }, "connect_timeout"},
		{"handshake_timeout long", func(s *Settings) { s.HandshakeTimeout = Duration(time.Hour) }, "handshake_timeout"},
		{"dial_timeout negative", func(s *Settings) { s.DialTimeout = -1 }, "dial_timeout"},
		{"idle never", func(s *Settings) { s.TunnelIdleTimeout = 0 }, ""},
		{"idle short", func(s *Settings) { s.TunnelIdleTimeout = Duration(time.Millisecond) }, "tunnel_idle_timeout"},
		{"no exchange kept", func(s *Settings) { s.KeepExchanges = 0 }, "keep_exchanges"},
		{"too many exchanges", func(s *Settings) { s.KeepExchanges = 100_001 }, "keep_exchanges"},
		{"used before", func(s *Settings) { s.RecentUpstreams = []string{"direct", "socks5://ann@h:1"} }, ""},
		{"used before with a password", func(s *Settings) { s.RecentUpstreams = []string{"socks5://ann:canary@h:1"} }, "recent_upstreams"},
		{"one chunk kept", func(s *Settings) { s.KeepChunks = 1 }, "keep_chunks"},
		{"Chinese", func(s *Settings) { s.Language = Chinese }, ""},
		{"a language we do not speak", func(s *Settings) { s.Language = "fr" }, "language"},
		{"dark", func(s *Settings) { s.Theme = Dark }, ""},
		{"a theme we do not have", func(s *Settings) { s.Theme = "pink" }, "theme"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Default()
			c.change(&s)
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			err := s.Validate()
			if got := wrongFields(err); !slices.Equal(got, want) {
				t.Errorf("wrong fields = %q, want %q (%v)", got, want, err)
			}
			checkErrors(t, err)
		})
	}
}

// checkErrors holds every field error to what each must have.
func checkErrors(t *testing.T, err error) {
	t.Helper()
	for _, e := range fieldErrors(err) {
		if e.Problem == "" || e.Remedy == "" {
			t.Errorf("%#v lacks problem or remedy", e)
		}
		if text := e.Error() + e.Remedy; strings.Contains(text, "canary") {
			t.Errorf("error shows the password: %s", text)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	s := Default()
	s.Listen, s.Upstream, s.Bypass, s.KeepChunks = "0.0.0.0:1889", "ftp://x", []string{"ok.example", "a b", ""}, -1
	want := []string{"listen", "upstream", "bypass", "bypass", "keep_chunks"}
	if got := wrongFields(s.Validate()); !slices.Equal(got, want) {
		t.Errorf("wrong fields = %q, want %q", got, want)
	}
}

func TestOpenListenNamesRemedy(t *testing.T) {
	s := Default()
	s.Listen = "0.0.0.0:1889"
	got := fieldErrors(s.Validate())[0]
	for _, want := range []string{"listen_user", EnvListenPassword, DefaultListen} {
		if !strings.Contains(got.Remedy, want) {
			t.Errorf("remedy %q does not name %s", got.Remedy, want)
		}
	}
	if want := `setting listen "0.0.0.0:1889": is open to other machines without a user name and password`; got.Error() != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
}

func TestUpstreamLeadsBack(t *testing.T) {
	cases := []struct {
		listen, upstream string
		want             bool
	}{
		{"127.0.0.1:1889", "http://127.0.0.1:1889", true},
		{"127.0.0.1:1889", "socks5://localhost:1889", true},
		{"127.0.0.1:1889", "socks5://LOCALHOST.:1889", true},
		{"127.0.0.1:1889", "socks5://127.1.2.3:1889", true},
		{"127.0.0.1:1889", "socks5://[::1]:1889", true},
		{"127.0.0.1:1889", "socks5://[::ffff:127.0.0.1]:1889", true},
		{"127.0.0.1:1889", "socks5://0.0.0.0:1889", true},
		{"127.0.0.1:1889", "socks5://[::]:1889", true},
		{"0.0.0.0:1889", "socks5://127.0.0.1:1889", true},
		{":1889", "socks5://localhost:1889", true},
		{"192.168.1.2:1889", "http://192.168.1.2:1889", true},
		{"127.0.0.1:80", "http://localhost", true},
		{"127.0.0.1:1889", "http://127.0.0.1:1890", false},
		{"127.0.0.1:1889", "http://192.168.1.2:1889", false},
		{"192.168.1.2:1889", "http://127.0.0.1:1889", false},
		{"192.168.1.2:1889", "http://192.168.1.3:1889", false},
		{"127.0.0.1:0", "http://127.0.0.1:1889", false},
		{"127.0.0.1:1889", "direct", false},
	}
	for _, c := range cases {
		s := Default()
		s.Listen, s.ListenUser, s.Upstream = c.listen, "ann", c.upstream
		got := slices.Contains(wrongFields(s.Validate()), "upstream")
		if got != c.want {
			t.Errorf("listen %s, upstream %s: refused = %t, want %t", c.listen, c.upstream, got, c.want)
		}
	}
}

func TestUpstreamAtOwnInterface(t *testing.T) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		s := Default()
		s.Listen, s.ListenUser = "0.0.0.0:1889", "ann"
		s.Upstream = "http://" + netip.AddrPortFrom(prefix.Addr().WithZone(""), 1889).String()
		if err := s.Validate(); err == nil {
			t.Errorf("listen on all, upstream %s: accepted, want refused", s.Upstream)
		}
	}
}

func TestBypassForms(t *testing.T) {
	good := []string{
		"*", "localhost", "intra.example", "intra.example.", ".intra.example", "*.intra.example", "intra.example:8080",
		".intra.example:443", "*.intra.example:443", "my_host-1", "例子.中国", "10.0.0.1", "10.0.0.1:80", "::1", "[::1]", "[::1]:80",
		"fe80::1", "10.0.0.0/8", "2001:db8::/32", "192.168.*", "10.*", "192.168.1.*", "192.168.*.*",
	}
	for _, entry := range good {
		if e := checkBypass(entry); e != nil {
			t.Errorf("checkBypass(%q) = %v, want nil", entry, e)
		}
	}
	bad := []string{
		"", " ", "a b", "a,b", "a;b", "http://intra.example", "http://ann:canary@intra.example", "intra.example/path", "<local>", ".",
		"a..b", "-*", "foo.*", "*.*", "10.0.0.0/33", "10.0.0.300", "1.2.3", "300.*", "*.168", "192.*.1", "1.2.3.4.*", "a:b",
		"a:0", "a:70000", "[::1", "[10.0.0.1]", "a\x00b", strings.Repeat("a", 64), strings.Repeat("a.", 150), "user@host",
	}
	for _, entry := range bad {
		e := checkBypass(entry)
		if e == nil {
			t.Errorf("checkBypass(%q) = nil, want an error", entry)
			continue
		}
		checkErrors(t, e)
	}
}

// TestEveryErrorHasACode: without one it could not be said in Chinese.
func TestEveryErrorHasACode(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []Settings{
		{},
		{Listen: "x:99999"},
		{Listen: "myhost:1"},
		{Listen: ":1"},
		{ListenUser: strings.Repeat("a", 256)},
		{ListenUser: "a:b"},
		{ListenUser: "a\n"},
		{Upstream: "http://a:b@c"},
		{Upstream: "http://a b"},
		{Upstream: "ftp://a"},
		{Upstream: "http://"},
		{Upstream: "http://[::g]"},
		{Upstream: "http://a/b"},
		{Upstream: "http://a:99999"},
		{Upstream: "socks4a://a:b@c"},
		{Upstream: "http://%3a@c"},
		{Upstream: "http://%01@c"},
		{Upstream: "http://:b@c"},
		{Upstream: "socks5://" + strings.Repeat("a", 256) + "@c"},
		{Listen: DefaultListen, Upstream: "http://" + DefaultListen},
		{Bypass: []string{"", "a b", "http://a", "<local>", "a..b"}},
		{TunnelIdleTimeout: 1},
	} {
		for _, e := range fieldErrors(s.Validate()) {
			if e.Code == "" {
				t.Errorf("%v has no code", e)
			}
			kind := strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return -1
				}
				return r
			}, e.Problem)
			if other, ok := seen[e.Code]; ok && other != kind && len(e.Values) == 0 {
				t.Errorf("code %s means %q and %q", e.Code, other, kind)
			}
			seen[e.Code] = kind
		}
	}
	if len(seen) < 20 {
		t.Errorf("saw %d codes, want all: %v", len(seen), seen)
	}
}

func TestErrorsAreShort(t *testing.T) {
	s := Default()
	s.Listen = strings.Repeat("界", 1000)
	if got := len(s.Validate().Error()); got > 300 {
		t.Errorf("error has %d bytes, want it shortened", got)
	}
}

// fieldErrors takes a joined error apart.
func fieldErrors(err error) []*FieldError {
	var all []*FieldError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, fieldErrors(e)...)
		}
		return all
	}
	var e *FieldError
	if errors.As(err, &e) {
		all = append(all, e)
	}
	return all
}

func wrongFields(err error) []string {
	var names []string
	for _, e := range fieldErrors(err) {
		names = append(names, e.Field)
	}
	return names
}

// TestRouting asks that every field it names exists.
func TestRouting(t *testing.T) {
	for _, name := range Routing() {
		if !slices.Contains(fieldNames, name) {
			t.Errorf("there is no field %q", name)
		}
	}
}
