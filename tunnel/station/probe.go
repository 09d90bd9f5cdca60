package station

import (
	"context"
	"errors"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/probe"
	"streamgauge/tunnel/upstream"
)

// TestUpstream tries an upstream, which need not be the one of the settings, with
// their timeouts: see [probe.Upstream]. Its URL may hold a password; else that
// is looked for where passwords are kept.
func (st *Station) TestUpstream(ctx context.Context, url string) tunnel.PathTest {
	cfg, err := st.through(url)
	if err != nil {
		return tunnel.PathTest{Upstream: cfg.Route.Upstream.String(), Err: err}
	}
	return probe.Upstream(ctx, cfg)
}

// SelfTest measures the delay that this program adds: see [probe.Self]. No
// upstream takes part.
func (st *Station) SelfTest(ctx context.Context) tunnel.SelfTest {
	return probe.Self(ctx, st.probeConfig(st.cfg.Settings.Get()))
}

// SelfTestThrough is SelfTest with both ways, that past us and that through us,
// going on through an upstream, which is named as for TestUpstream.
func (st *Station) SelfTestThrough(ctx context.Context, url string) tunnel.SelfTest {
	cfg, err := st.through(url)
	if err != nil {
		return tunnel.SelfTest{Err: err}
	}
	return probe.Self(ctx, cfg)
}

// through is a probe's path through an upstream.
func (st *Station) through(url string) (probe.Config, error) {
	s := st.cfg.Settings.Get()
	var password string
	s.Upstream, password = settings.SplitPassword(url)
	secrets := st.cfg.Secrets
	if password != "" {
		secrets = nil // no need to look
	}
	cfg := st.probeConfig(s)
	up, err := s.ResolveUpstream(secrets)
	var missing *settings.SecretError
	if errors.As(err, &missing) {
		err = nil // whether it wants one the upstream says itself
	}
	if password != "" {
		up.Password = password
	}
	cfg.Route = upstream.Route{Upstream: up, ConnectPlain: s.ConnectPlain}
	return cfg, err
}

func (st *Station) probeConfig(s settings.Settings) probe.Config {
	return probe.Config{
		ConnectTimeout:   time.Duration(s.ConnectTimeout),
		HandshakeTimeout: time.Duration(s.HandshakeTimeout),
		DialTimeout:      time.Duration(s.DialTimeout),
		Dial:             st.cfg.Dial, Lookup: st.cfg.Lookup, Listen: st.cfg.Listen,
	}
}
