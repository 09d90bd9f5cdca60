package upstream

import (
	"context"

	"streamgauge/tunnel"
)

// CheckLoop refuses addr, host:port, where it leads back to ourselves, as
// [Dialer.Dial] does. It is for requests that reach an HTTP upstream in
// absolute form and so are never dialled by their own address. The error is a
// [*tunnel.Failure].
func (d *Dialer) CheckLoop(ctx context.Context, addr string) error {
	origin, ok := parseEndpoint(addr)
	if !ok {
		return notAnAddress(addr)
	}
	a := &attempt{dialer: d, via: d.via(origin.host, origin.portString()), target: origin.String()}
	return a.checkLoop(ctx, origin)
}

// Absolute returns the HTTP upstream that takes plain requests for addr in
// absolute form, and whether there is one.
func (d *Dialer) Absolute(addr string) (tunnel.Upstream, bool) {
	up := d.Via(addr)
	http := up.Scheme == tunnel.HTTP || up.Scheme == tunnel.HTTPS
	return up, http && !d.cfg.ConnectPlain
}
