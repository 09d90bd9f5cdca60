package proxy

import (
	"context"

	"streamgauge/tunnel"
	"streamgauge/tunnel/keylog"
	"streamgauge/tunnel/relay"
)

// keys returns what opens tunnels by cfg: what did so before where that goes on,
// for it knows sessions that may be resumed.
func keys(before *route, cfg *Config) *keylog.Opener {
	switch {
	case cfg.KeyLog == "":
		return nil
	case before != nil && before.keys != nil && before.cfg.KeyLog == cfg.KeyLog:
		return before.keys
	}
	return keylog.NewOpener(keylog.NewFile(cfg.KeyLog), cfg.Recorder)
}

// lookInto begins a view into a tunnel if there is a key log. over must be called
// when the tunnel has ended.
func (p *Proxy) lookInto(ctx context.Context, live *tunnel.Live) (watcher relay.Watcher, over func(tunnel.End)) {
	keys := p.route.Load().keys
	if keys == nil || live.Summary().Kind != tunnel.KindTunnel {
		return nil, func(tunnel.End) {}
	}
	w := keys.Watch(live)
	p.records.Go(func() {
		if err := w.Run(ctx); err != nil {
			p.logger.Error("view ended by a mistake of ours", "err", err)
		}
	})
	return w, w.Close
}
