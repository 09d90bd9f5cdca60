package upstream

import (
	"context"
	"time"
)

// Reach connects to the upstream, says nothing to it and hangs up. It returns
// how long looking up its name and connecting took. Errors are as those of
// [Dialer.Dial]. With no upstream there is nothing to reach, and no error.
func (d *Dialer) Reach(ctx context.Context) (time.Duration, error) {
	up := d.cfg.Upstream
	if up.IsDirect() {
		return 0, nil
	}
	e, _ := newEndpoint(up.Host, up.Port)
	a := &attempt{dialer: d, via: up, target: up.Addr()}
	began := time.Now()
	conn, err := a.connect(ctx, e)
	if err != nil {
		return 0, err
	}
	conn.Close()
	return a.times.Connect.Sub(began), nil
}
