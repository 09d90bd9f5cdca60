package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"streamgauge/tunnel"
)

// fallbackDelay is how long an address may stay silent before the next one is
// tried beside it. RFC 8305 §5 recommends 250 ms.
const fallbackDelay = 300 * time.Millisecond

// selfLookupTimeout bounds the lookup that only serves to find a loop.
const selfLookupTimeout = 500 * time.Millisecond

var loopback = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

// connect resolves e and connects to one of its addresses, unless any of them
// is our own. e is the origin when dialling directly, else the upstream.
func (a *attempt) connect(ctx context.Context, e endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, a.dialer.cfg.ConnectTimeout)
	defer cancel()
	a.began = time.Now()
	ips, err := a.resolve(ctx, e)
	if err != nil {
		return nil, a.failure(ctx, tunnel.StepLookup, err, a.lookupFinding(ctx, e, err))
	}
	for _, ip := range ips {
		if a.dialer.isSelf(ip, e.port) {
			return nil, a.loopFailure(ctx, e)
		}
		if a.via.IsDirect() && a.dialer.forbids(ip) {
			return nil, a.forbiddenFailure(ctx, e)
		}
	}
	a.began = time.Now()
	conn, err := a.dialer.race(ctx, interleave(ips), e.port)
	if err != nil {
		step := tunnel.StepConnect
		if !a.via.IsDirect() {
			step = tunnel.StepConnectUpstream
		}
		return nil, a.failure(ctx, step, err, a.connectFinding(ctx, e, err))
	}
	a.times.Connect = time.Now()
	return conn, nil
}

// errNoAddress is what an empty answer of a resolver amounts to.
var errNoAddress = errors.New("the name has no address")

func (a *attempt) resolve(ctx context.Context, e endpoint) ([]netip.Addr, error) {
	if e.ip.IsValid() {
		return []netip.Addr{e.ip}, nil
	}
	if underLocalhost(e.host) {
		return loopback, nil
	}
	ips, err := a.dialer.cfg.Lookup(ctx, asciiHost(e.host))
	if err == nil && len(ips) == 0 {
		err = errNoAddress
	}
	a.times.DNS = time.Now()
	return ips, err
}

// interleave alternates the address families, beginning with that of the
// resolver's favourite (RFC 8305 §4): one dead family then costs one delay,
// however many addresses it has.
func interleave(ips []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		other := 0
		if ip.Is4() != ips[0].Unmap().Is4() {
			other = 1
		}
		families[other] = append(families[other], ip)
	}
	mixed := make([]netip.Addr, 0, len(ips))
	for i := range ips {
		for _, family := range families {
			if i < len(family) {
				mixed = append(mixed, family[i])
			}
		}
	}
	return mixed
}

type dialed struct {
	conn net.Conn
	err  error
}

// race connects to the first address that answers. The next address joins in
// after fallbackDelay, or at once when one has failed. The goroutines end with
// the dials they make, which end with ctx; conns that come too late are closed.
func (d *Dialer) race(ctx context.Context, ips []netip.Addr, port uint16) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialed)
	running := 0
	startNext := func() {
		if len(ips) == 0 {
			return
		}
		addr := netip.AddrPortFrom(ips[0], port).String()
		ips = ips[1:]
		running++
		go d.runner(ctx, addr, results)
	}
	delay := time.NewTicker(fallbackDelay)
	defer delay.Stop()
	var failed error
	for startNext(); running > 0; {
		select {
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			running--
			failed = moreTelling(failed, r.err)
			startNext()
			delay.Reset(fallbackDelay)
		case <-delay.C:
			startNext()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, failed
}

func (d *Dialer) runner(ctx context.Context, addr string, results chan<- dialed) {
	conn, err := d.cfg.Dial(ctx, "tcp", addr)
	select {
	case results <- dialed{conn, err}:
	case <-ctx.Done():
		if err == nil {
			conn.Close()
		}
	}
}

// moreTelling returns the error that tells more about the peer: the first one,
// unless it only says that this machine has no route for that family.
func moreTelling(first, next error) error {
	if first == nil || isUnreachable(first) {
		return next
	}
	return first
}

// isSelf reports whether a connection to ip would reach one of our listeners.
// The unspecified addresses reach this machine's loopback on most systems.
func (d *Dialer) isSelf(ip netip.Addr, port uint16) bool {
	if d.cfg.Self == nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	if d.cfg.Self(netip.AddrPortFrom(ip, port)) {
		return true
	}
	return ip.IsUnspecified() && d.isOurPort(port)
}

// isOurPort reports whether we listen on loopback at port.
func (d *Dialer) isOurPort(port uint16) bool {
	return d.isSelf(loopback[0], port) || d.isSelf(loopback[1], port)
}

// forbids reports whether ip, in any of its spellings, is not to be reached.
func (d *Dialer) forbids(ip netip.Addr) bool {
	return d.cfg.Forbidden != nil && d.cfg.Forbidden(ip.Unmap().WithZone(""))
}

// checkLoop refuses an origin that is ourselves, or forbidden, before an
// upstream is asked for it. Names belong to the upstream to resolve; only one
// with our own port is looked up here, briefly. What only C libraries take for
// an address could be any.
func (a *attempt) checkLoop(ctx context.Context, origin endpoint) error {
	loop := false
	switch {
	case origin.ip.IsValid() && a.dialer.forbids(origin.ip),
		a.dialer.cfg.Forbidden != nil && !origin.ip.IsValid() && endsInNumber(origin.host):
		return a.forbiddenFailure(ctx, origin)
	case origin.ip.IsValid():
		loop = a.dialer.isSelf(origin.ip, origin.port)
	case !a.dialer.isOurPort(origin.port):
	case underLocalhost(origin.host) || endsInNumber(origin.host):
		loop = true
	default:
		loop = a.namesSelf(ctx, origin)
	}
	if loop {
		return a.loopFailure(ctx, origin)
	}
	return nil
}

func (a *attempt) namesSelf(ctx context.Context, origin endpoint) bool {
	ctx, cancel := context.WithTimeout(ctx, selfLookupTimeout)
	defer cancel()
	ips, err := a.dialer.cfg.Lookup(ctx, asciiHost(origin.host))
	if err != nil {
		return false // not known here, so not a name of ours
	}
	for _, ip := range ips {
		if a.dialer.isSelf(ip, origin.port) {
			return true
		}
	}
	return false
}

// endsInNumber reports whether a name is an IPv4 address in one of the forms
// that only C libraries understand ("127.1", "0x7f000001"): no top-level
// domain begins with a digit.
func endsInNumber(host string) bool {
	name := plainName(host)
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			name = name[i+1:]
			break
		}
	}
	return name != "" && name[0] >= '0' && name[0] <= '9'
}
