// Package upstream opens byte tunnels to origins: directly, or through the
// proxy that the user already has (SOCKS5, SOCKS4a, HTTP CONNECT, HTTP CONNECT
// over TLS). It decides which of the two by the bypass rules, refuses
// connections that would lead back to ourselves, times the phases apart, and
// explains each failure in a sentence that a person can act on.
//
// It sends no request and reads no response of an origin: package forward and
// package relay do that on the connections made here. The SOCKS5 client is
// golang.org/x/net/proxy; the others are small and live here.
package upstream

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// What zero durations in a Config stand for.
const (
	defaultConnectTimeout   = 10 * time.Second
	defaultHandshakeTimeout = 10 * time.Second
	defaultTimeout          = 20 * time.Second
)

// Route is what the user sets: the upstream and who does not go through it.
type Route struct {
	// Upstream carries everything that no rule below exempts. The zero value
	// dials origins directly.
	Upstream tunnel.Upstream
	// Bypass lists destinations dialled directly, with the meaning of NO_PROXY:
	// "example.com" (and its subdomains), ".example.com" or "*.example.com"
	// (subdomains only), addresses, CIDR blocks, "192.168.*", any name or
	// address with ":port", and "*" for all.
	Bypass []string
	// ProxyLoopback sends localhost, 127.0.0.0/8 and ::1 through the upstream
	// too, unless Bypass names them. False dials them directly.
	ProxyLoopback bool
	// ConnectPlain makes plain-HTTP requests go through CONNECT at an HTTP
	// upstream instead of in absolute form. It concerns whoever sends requests:
	// [Dialer.Dial] always uses CONNECT, [Dialer.DialProxy] never does.
	ConnectPlain bool
}

// Config says how to dial. The zero value dials directly over the system's
// network with default timeouts.
type Config struct {
	Route
	// Dial connects to a literal address. Nil: a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Lookup resolves a name. Nil: [net.DefaultResolver]. Names under
	// "localhost" never reach it (RFC 6761 §6.3).
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Self reports whether an address is one of our own listeners. Nil: never.
	// It is called without zones and with IPv4 addresses in their own form.
	Self func(netip.AddrPort) bool
	// Forbidden reports whether an address is not to be reached as an origin.
	// Nil: never. It is called as Self is. Names that an upstream resolves are
	// the upstream's to judge.
	Forbidden func(netip.Addr) bool
	// RootCAs are trusted for TLS to an https upstream. Nil: the system's.
	RootCAs *x509.CertPool
	// ConnectTimeout bounds looking up a name and connecting to any of its
	// addresses, together. Zero: 10 s.
	ConnectTimeout time.Duration
	// HandshakeTimeout bounds TLS to the upstream and the SOCKS or CONNECT
	// exchange, together: with them the time the upstream takes to reach the
	// origin. Zero: 10 s.
	HandshakeTimeout time.Duration
	// Timeout bounds a whole dial. Zero: 20 s.
	Timeout time.Duration
}

// Dialer dials by one immutable configuration. All methods may be called
// concurrently. To change a setting make a new Dialer: connections made by the
// old one live on.
type Dialer struct {
	cfg    Config
	bypass []rule
}

// New checks cfg and fills in its defaults. Errors name the field at fault.
func New(cfg Config) (*Dialer, error) {
	if err := checkUpstream(cfg.Upstream); err != nil {
		return nil, err
	}
	d := &Dialer{cfg: cfg}
	d.cfg.Bypass = slices.Clone(cfg.Bypass)
	for _, entry := range cfg.Bypass {
		r, err := parseRule(entry)
		if err != nil {
			return nil, err
		}
		d.bypass = append(d.bypass, r)
	}
	return d, d.cfg.setDefaults()
}

// checkUpstream catches what [tunnel.ParseUpstream] would have, in an upstream
// that was put together by hand.
func checkUpstream(up tunnel.Upstream) error {
	switch up.Scheme {
	case tunnel.Direct:
		return nil
	case tunnel.SOCKS5, tunnel.SOCKS5H, tunnel.HTTP, tunnel.HTTPS:
	case tunnel.SOCKS4A:
		if strings.ContainsRune(up.User, 0) {
			return fmt.Errorf("upstream user name: a zero byte cannot be sent with SOCKS4")
		}
	default:
		return fmt.Errorf("upstream scheme %q: want socks5, socks5h, socks4a, http or https", up.Scheme)
	}
	if _, ok := newEndpoint(up.Host, up.Port); !ok {
		return fmt.Errorf("upstream %s: want scheme://host:port", up)
	}
	return nil
}

func (c *Config) setDefaults() error {
	for _, t := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"connect timeout", &c.ConnectTimeout, defaultConnectTimeout},
		{"handshake timeout", &c.HandshakeTimeout, defaultHandshakeTimeout},
		{"timeout", &c.Timeout, defaultTimeout},
	} {
		if *t.value < 0 {
			return fmt.Errorf("%s %v: want zero or more", t.name, *t.value)
		}
		if *t.value == 0 {
			*t.value = t.fallback
		}
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Lookup == nil {
		c.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return nil
}

// Dial opens a byte tunnel to addr, a host:port, by way of [Dialer.Via] of it.
// The caller closes the connection. Every error is a [*tunnel.Failure]; when
// ctx was cancelled it also matches [context.Canceled].
func (d *Dialer) Dial(ctx context.Context, addr string) (*Conn, error) {
	origin, ok := parseEndpoint(addr)
	if !ok {
		return nil, notAnAddress(addr)
	}
	a := &attempt{dialer: d, via: d.via(origin.host, origin.portString()), target: origin.String()}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	if a.via.IsDirect() {
		conn, err := a.connect(ctx, origin)
		return a.finish(conn, nil, err)
	}
	if err := a.checkLoop(ctx, origin); err != nil {
		return nil, err
	}
	return a.through(ctx, func(ctx context.Context, conn net.Conn) ([]byte, error) {
		switch a.via.Scheme {
		case tunnel.SOCKS4A:
			return nil, a.socks4(ctx, conn, origin)
		case tunnel.HTTP, tunnel.HTTPS:
			return a.httpConnect(ctx, conn, origin)
		default:
			return nil, a.socks5(ctx, conn, origin)
		}
	})
}

// DialProxy opens a connection to the http or https upstream itself, TLS done,
// for requests in absolute form. The caller closes it. Errors are as those of
// [Dialer.Dial]; their Target is the upstream.
func (d *Dialer) DialProxy(ctx context.Context) (*Conn, error) {
	up := d.cfg.Upstream
	a := &attempt{dialer: d, via: up, target: up.Addr()}
	if up.IsDirect() || up.SpeaksSOCKS() {
		return nil, a.failure(ctx, tunnel.StepPolicy, errors.New("no http upstream"), finding{
			sentence: fmt.Sprintf("Requests in absolute form need an HTTP upstream, and the upstream is %s.", up),
		})
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	return a.through(ctx, func(context.Context, net.Conn) ([]byte, error) { return nil, nil })
}

// attempt is one dial on its way.
type attempt struct {
	dialer *Dialer
	via    tunnel.Upstream
	target string    // host:port of the origin
	began  time.Time // of the step under way, for sentences about waiting
	times  Timings
}

// asker does the upstream's protocol on an open connection. It returns bytes
// that came behind the upstream's answer.
type asker func(ctx context.Context, conn net.Conn) ([]byte, error)

// through connects to the upstream, does TLS if it is an https one, and lets
// ask do the rest. The end of ctx closes the connection, which ends both.
func (a *attempt) through(ctx context.Context, ask asker) (*Conn, error) {
	up, _ := newEndpoint(a.via.Host, a.via.Port)
	raw, err := a.connect(ctx, up)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.dialer.cfg.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	a.began = time.Now()
	conn, early, err := a.handshake(ctx, raw, ask)
	if !stop() && err == nil { // raw is being closed
		err = a.failure(ctx, tunnel.StepHandshake, ctx.Err(), a.brokenTalk(ctx, "", ctx.Err(), true))
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return a.finish(conn, early, nil)
}

func (a *attempt) handshake(ctx context.Context, raw net.Conn, ask asker) (net.Conn, []byte, error) {
	conn := raw
	if a.via.Scheme == tunnel.HTTPS {
		var err error
		if conn, err = a.startTLS(ctx, raw); err != nil {
			return nil, nil, err
		}
	}
	early, err := ask(ctx, conn)
	return conn, early, err
}

func (a *attempt) finish(conn net.Conn, early []byte, err error) (*Conn, error) {
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: conn, early: early, times: a.times, via: a.via}, nil
}
