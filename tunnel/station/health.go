package station

import (
	"context"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/upstream"
)

// checkInterval is how often the upstream is looked at while someone watches
// the state.
const checkInterval = 30 * time.Second

// watchUpstream keeps the state's Health until ctx ends, as long as someone
// subscribes: after each change, and now and then. Nobody but the upstream is
// contacted, and nothing is said to it.
func (st *Station) watchUpstream(ctx context.Context) {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-st.recheck:
		case <-ticker.C:
		}
		if st.bell.Heard() {
			st.checkUpstream(ctx)
		}
	}
}

// checkUpstream connects to the upstream of the settings and notes what came of
// it, unless another has come into force meanwhile.
func (st *Station) checkUpstream(ctx context.Context) {
	s := st.cfg.Settings.Get()
	path := pathOf(s)
	health := tunnel.Health{}
	if up, err := tunnel.ParseUpstream(s.Upstream); err == nil && !up.IsDirect() {
		health = st.reach(ctx, s, up)
	}
	if ctx.Err() != nil {
		return
	}
	st.note(func(state *tunnel.State) {
		if state.Upstream == path {
			state.Health = health
		}
	})
}

func (st *Station) reach(ctx context.Context, s settings.Settings, up tunnel.Upstream) tunnel.Health {
	dialer, err := upstream.New(upstream.Config{
		Route: upstream.Route{Upstream: up}, Dial: st.cfg.Dial, Lookup: st.cfg.Lookup,
		ConnectTimeout: time.Duration(s.ConnectTimeout),
	})
	if err != nil {
		return tunnel.Health{Checked: time.Now(), Err: err}
	}
	began := time.Now()
	times, err := dialer.Reach(ctx)
	health := tunnel.Health{Checked: time.Now(), Err: err}
	if err == nil {
		health.Latency = times.Connect.Sub(began)
	}
	return health
}
