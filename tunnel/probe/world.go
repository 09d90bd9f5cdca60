package probe

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"time"

	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// Config is the path to try.
type Config struct {
	// Route holds the upstream, with its password. Its bypass rules and what it
	// says of loopback do not count here.
	Route upstream.Route
	// ConnectTimeout, HandshakeTimeout and DialTimeout bound the way to an
	// origin; zero means the defaults of package upstream.
	ConnectTimeout, HandshakeTimeout, DialTimeout time.Duration
	// Dial and Lookup reach the upstream, Listen opens an address of this
	// machine; nil: the system's network. RootCAs verify an https upstream; nil:
	// the system's.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	Listen  func(addr string) (net.Listener, error)
	RootCAs *x509.CertPool
}

// dialer is one that sends our own origin through the upstream too.
func (c Config) dialer() (*upstream.Dialer, error) {
	route := c.Route
	route.Bypass, route.ProxyLoopback = nil, true
	return upstream.New(upstream.Config{
		Route: route, Dial: c.Dial, Lookup: c.Lookup, RootCAs: c.RootCAs,
		ConnectTimeout: c.ConnectTimeout, HandshakeTimeout: c.HandshakeTimeout, Timeout: c.DialTimeout,
	})
}

func (c Config) listen() (net.Listener, error) {
	const free = "127.0.0.1:0"
	if c.Listen != nil {
		return c.Listen(free)
	}
	return net.Listen("tcp", free)
}

// world is what listens during a test.
type world struct {
	cfg    Config
	origin *tunneltest.Origin
	addr   string // the origin's

	all     sync.WaitGroup
	closers []func()
}

// open starts the origin.
func (c Config) open() (*world, error) {
	w := &world{cfg: c, origin: &tunneltest.Origin{}}
	var err error
	w.addr, err = w.serve(func(ln net.Listener) { _ = w.origin.Serve(ln) })
	return w, err
}

// serve opens an address and has f serve it until the world is closed.
func (w *world) serve(f func(net.Listener)) (addr string, err error) {
	ln, err := w.cfg.listen()
	if err != nil {
		return "", err
	}
	w.closers = append(w.closers, func() { ln.Close() })
	w.all.Go(func() { f(ln) })
	return ln.Addr().String(), nil
}

func (w *world) close() {
	for _, end := range w.closers {
		end()
	}
	w.all.Wait()
}

// eventTimes is when the origin made the events of the latest visit to path.
func (w *world) eventTimes(path string) []time.Time {
	var times []time.Time
	for _, v := range w.origin.Visits() {
		if v.Target == path {
			times = v.EventTimes()
		}
	}
	return times
}
