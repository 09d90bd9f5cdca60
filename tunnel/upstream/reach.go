package upstream

import "context"

// Reach connects to the upstream, says nothing to it and hangs up, and returns
// when its name was known and the connection stood. Errors are as those of
// [Dialer.Dial]. With no upstream there is nothing to reach, and no error.
func (d *Dialer) Reach(ctx context.Context) (Timings, error) {
	up := d.cfg.Upstream
	if up.IsDirect() {
		return Timings{}, nil
	}
	e, _ := newEndpoint(up.Host, up.Port)
	a := &attempt{dialer: d, via: up, target: up.Addr()}
	conn, err := a.connect(ctx, e)
	if err != nil {
		return a.times, err
	}
	conn.Close()
	return a.times, nil
}
