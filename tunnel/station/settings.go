package station

import (
	"errors"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/proxy"
	"streamgauge/tunnel/upstream"
)

// Settings are the settings in force and news of their changes.
// [*settings.Store] keeps them in a file; [Fixed] never changes.
type Settings interface {
	Get() settings.Settings
	Update(change func(*settings.Settings)) error
	Subscribe(f func(settings.Settings)) (unsubscribe func())
}

// Fixed are settings that stay as they are, those of a command line.
type Fixed settings.Settings

// errFixed refuses a change of what a command line has said.
var errFixed = errors.New("change settings: they were given on the command line")

// Get returns the settings.
func (f Fixed) Get() settings.Settings { return settings.Settings(f).Clone() }

// Update changes nothing and returns an error.
func (Fixed) Update(func(*settings.Settings)) error { return errFixed }

// Subscribe never calls f.
func (Fixed) Subscribe(func(settings.Settings)) (unsubscribe func()) { return func() {} }

// Passwords complete settings by what they leave out.
type Passwords struct {
	// Upstream is the upstream of the settings, with its password.
	Upstream tunnel.Upstream
	// Listen is what programs must give together with the listen user.
	Listen string
}

// Resolve finds the passwords that s needs in the environment or in secrets,
// which may be nil. An error is a [*settings.SecretError] where one is missing.
func Resolve(s settings.Settings, secrets settings.Secrets) (Passwords, error) {
	listen, err := s.ResolveListenPassword(secrets)
	if err != nil {
		return Passwords{}, err
	}
	up, err := s.ResolveUpstream(secrets)
	return Passwords{Upstream: up, Listen: listen}, err
}

// Route is where traffic goes by s, with the passwords found for it.
func Route(s settings.Settings, found Passwords) upstream.Route {
	return upstream.Route{
		Upstream: found.Upstream, Bypass: s.Bypass,
		ProxyLoopback: s.ProxyLoopback, ConnectPlain: s.ConnectPlain,
	}
}

// proxyConfig is what the proxy needs to do as s says.
func (st *Station) proxyConfig(s settings.Settings) (proxy.Config, error) {
	found, err := st.cfg.Resolve(s)
	if err != nil {
		return proxy.Config{}, err
	}
	cfg := proxy.Config{
		Route:            Route(s, found),
		Targets:          s.Targets,
		Recorder:         st.journal,
		Dial:             st.cfg.Dial,
		Lookup:           st.cfg.Lookup,
		Logger:           st.cfg.Logger,
		ConnectTimeout:   time.Duration(s.ConnectTimeout),
		HandshakeTimeout: time.Duration(s.HandshakeTimeout),
		DialTimeout:      time.Duration(s.DialTimeout),
		TunnelIdle:       time.Duration(s.TunnelIdleTimeout),
	}
	if cfg.Decrypt, err = st.decryption(s); err != nil {
		return proxy.Config{}, err
	}
	if s.KeyLog {
		cfg.KeyLog = st.cfg.KeyLog
	}
	if cfg.TunnelIdle == 0 {
		cfg.TunnelIdle = -1 // for ever, in the words of the proxy
	}
	if s.ListenUser != "" {
		cfg.Credentials = &proxy.Credentials{User: s.ListenUser, Password: found.Listen}
	}
	return cfg, nil
}

// limits are the bounds of the journal by s.
func limits(s settings.Settings) journal.Limits {
	return journal.Limits{Exchanges: s.KeepExchanges, Chunks: s.KeepChunks}
}
