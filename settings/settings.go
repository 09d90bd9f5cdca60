package settings

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Settings are the choices of the user, without secrets. The zero value is not
// valid; begin with [Default]. A Settings is a value: copies made by [Store]
// share nothing that changes.
type Settings struct {
	// Listen is the address the proxy listens on, as host:port. The host is an
	// IP address or localhost; empty means every interface. Port 0 takes a free
	// one. Anything but loopback needs ListenUser and its password.
	// Default 127.0.0.1:1889.
	Listen string `json:"listen"`
	// ListenUser is the name programs must give to use the proxy; its password
	// is a secret. Default empty: no name is asked for.
	ListenUser string `json:"listen_user"`
	// Upstream is the proxy everything is chained through, as scheme://host:port
	// with one of socks5, socks5h, socks4a, http, https; a user name may stand
	// before the host, a password may not. Default direct: there is none; empty
	// means the same.
	Upstream string `json:"upstream"`
	// RecentUpstreams are the upstreams used before, the latest first, to choose
	// from again; [Store.Update] keeps them, at most eight, without passwords.
	// Default empty.
	RecentUpstreams []string `json:"recent_upstreams"`
	// Bypass lists the destinations that are dialled directly, in the manner of
	// NO_PROXY: name, .suffix, *.suffix or address, each with :port if only that
	// port is meant; address/bits; 192.168.*; or * for everything. Default empty:
	// nothing.
	Bypass []string `json:"bypass"`
	// ProxyLoopback sends requests for localhost and loopback addresses through
	// the upstream too. Default false: they are dialled directly.
	ProxyLoopback bool `json:"proxy_loopback"`
	// ConnectPlain asks an HTTP upstream for a tunnel even for plain http://
	// requests. Default false: those are sent to it in absolute form.
	ConnectPlain bool `json:"connect_plain"`
	// Targets are names for base URLs, which the gateway takes in place of
	// https/HOST: with "lab" for "https://lab.example/api", a request for /lab/v1
	// goes to https://lab.example/api/v1. They win over the names that the gateway
	// knows by itself (openai, anthropic, …). Default empty.
	Targets map[string]string `json:"targets"`
	// ConnectTimeout bounds one TCP connection, to the upstream or the origin.
	// From 100ms to 10m, default 10s; zero is refused.
	ConnectTimeout Duration `json:"connect_timeout"`
	// HandshakeTimeout bounds what follows with the upstream: TLS, SOCKS or
	// CONNECT. From 100ms to 10m, default 10s; zero is refused.
	HandshakeTimeout Duration `json:"handshake_timeout"`
	// DialTimeout bounds name lookup, connection and handshake together.
	// From 100ms to 10m, default 20s; zero is refused.
	DialTimeout Duration `json:"dial_timeout"`
	// TunnelIdleTimeout ends a tunnel through which no byte has passed either
	// way for so long. At least 1s, default 15m; zero keeps silent tunnels for
	// ever.
	TunnelIdleTimeout Duration `json:"tunnel_idle_timeout"`
	// KeyLog has the programs that are pointed here write their TLS keys to a
	// file of ours, so that their tunnels can be looked into. Default false.
	KeyLog bool `json:"key_log"`
	// Decrypt lists the hosts whose TLS connections are opened with a certificate
	// authority of this installation's own, which is made when the first is
	// listed: a host, an address, or *.suffix for all hosts under a name, without
	// port. Default empty: none is, and there is no authority.
	Decrypt []string `json:"decrypt"`
	// DecryptOff are hosts that were switched off and are kept to be switched on
	// again, in the form of Decrypt. They are not opened. Default empty.
	DecryptOff []string `json:"decrypt_off"`
	// KeepExchanges is how many exchanges are remembered; the oldest finished
	// one makes room. From 1 to 100000, default 2000; zero is refused.
	KeepExchanges int `json:"keep_exchanges"`
	// KeepChunks is how many chunks are remembered of one exchange before
	// neighbours are merged. From 2 to 1000000, default 20000; zero is refused.
	KeepChunks int `json:"keep_chunks"`
	// Language of window and tray: system, en or zh. Default system: the
	// system's where it is one of them, else English.
	Language string `json:"language"`
	// Theme of the window: system, light or dark. Default system.
	Theme string `json:"theme"`
	// StartAtLogin starts the desktop program when the user logs in. The field
	// is the wish; the system's own list of such programs says whether it is
	// fulfilled. Default false.
	StartAtLogin bool `json:"start_at_login"`
	// StartMinimized starts the desktop program without its window, where there
	// is a tray to open it from. Default false.
	StartMinimized bool `json:"start_minimized"`
	// CloseToTray keeps the program and its proxy running when the window is
	// closed, where there is a tray. Default true.
	CloseToTray bool `json:"close_to_tray"`
	// ProxyOnStart switches the proxy on when the desktop program starts.
	// Default true.
	ProxyOnStart bool `json:"proxy_on_start"`
}

// The choices of Language and Theme; System is common to both.
const (
	System  = "system"
	English = "en"
	Chinese = "zh"
	Light   = "light"
	Dark    = "dark"
)

// Languages lists what may be chosen.
func Languages() []string { return []string{System, English, Chinese} }

// Themes lists what may be chosen.
func Themes() []string { return []string{System, Light, Dark} }

// DefaultListen is where the proxy listens unless told otherwise: the first
// stream gauge of the US Geological Survey was set up in January 1889.
const DefaultListen = "127.0.0.1:1889"

// Default returns the settings of a user who has decided nothing.
func Default() Settings {
	return Settings{
		Listen:            DefaultListen,
		Upstream:          "direct",
		ConnectTimeout:    Duration(10 * time.Second),
		HandshakeTimeout:  Duration(10 * time.Second),
		DialTimeout:       Duration(20 * time.Second),
		TunnelIdleTimeout: Duration(15 * time.Minute),
		KeepExchanges:     2000,
		KeepChunks:        20000,
		Language:          System,
		Theme:             System,
		CloseToTray:       true,
		ProxyOnStart:      true,
	}
}

// Clone returns a copy that shares nothing with s. An empty list or map becomes
// nil, so that copies of equal settings are deeply equal.
func (s Settings) Clone() Settings {
	s.Bypass = append([]string(nil), s.Bypass...)
	s.Decrypt = append([]string(nil), s.Decrypt...)
	s.DecryptOff = append([]string(nil), s.DecryptOff...)
	s.RecentUpstreams = append([]string(nil), s.RecentUpstreams...)
	if s.Targets = maps.Clone(s.Targets); len(s.Targets) == 0 {
		s.Targets = nil
	}
	return s
}

// fieldNames lists the fields as spelled in the file, in the order of
// [Settings]. The struct tags are the only list of fields there is.
var fieldNames = func() []string {
	var names []string
	for f := range reflect.TypeFor[Settings]().Fields() {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}()

// field returns the named field of s, addressable, or false.
func (s *Settings) field(name string) (reflect.Value, bool) {
	i := slices.Index(fieldNames, name)
	if i < 0 {
		return reflect.Value{}, false
	}
	return reflect.ValueOf(s).Elem().Field(i), true
}

// reset gives the named field its default.
func (s *Settings) reset(name string) {
	d := Default()
	from, _ := d.field(name)
	if to, ok := s.field(name); ok {
		to.Set(from)
	}
}

// Duration is a [time.Duration] written as text with its unit: "10s", "2h".
type Duration time.Duration

// String returns the duration as the file spells it: "2h", not "2h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(parsed)
	return nil
}
