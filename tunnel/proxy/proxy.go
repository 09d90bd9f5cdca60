package proxy

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/forward"
	"streamgauge/tunnel/keylog"
	"streamgauge/tunnel/relay"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/upstream"
)

// Limits towards clients.
const (
	greetingTimeout = 20 * time.Second // for the first byte, a head, or a SOCKS greeting
	keepAlive       = 3 * time.Minute  // for the next request on a connection
	maxHead         = 256 << 10        // bytes
	headSlack       = 4 << 10          // bytes that net/http's server adds to its limit
)

// Credentials are what clients must show. They are compared in constant time.
type Credentials struct {
	User, Password string
}

// Config is what a Proxy needs.
type Config struct {
	// Route is the upstream and who does not go through it.
	Route upstream.Route
	// Targets are further names for the gateway, and their base URLs.
	Targets map[string]string
	// Credentials, if set, are asked of every client.
	Credentials *Credentials
	// Recorder takes in every exchange. It must be set.
	Recorder tunnel.Recorder
	// Logger is told of starts, stops and mistakes of our own; nil is silent.
	Logger *slog.Logger
	// Dial connects to a literal address and Lookup resolves a name; nil means
	// the system's. RootCAs verify an https upstream and origins; nil means the
	// system's.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	RootCAs *x509.CertPool
	// ConnectTimeout, HandshakeTimeout and DialTimeout bound the way to an
	// origin; zero means the defaults of package upstream.
	ConnectTimeout, HandshakeTimeout, DialTimeout time.Duration
	// TunnelIdle ends a tunnel in which nothing has moved for so long; zero
	// means the default of package relay.
	TunnelIdle time.Duration
	// KeyLog names the file into which clients write their TLS keys; tunnels
	// whose keys appear there are looked into. Empty: none is.
	KeyLog string
	// Decrypt says which tunnels are opened with our own authority.
	Decrypt Decrypt
}

// Proxy is safe for concurrent use.
type Proxy struct {
	logger   *slog.Logger
	route    atomic.Pointer[route]
	listener atomic.Pointer[net.Listener] // while serving
	tasks    tasks
	// decrypted takes the connections that were opened, while serving.
	decrypted atomic.Pointer[handover]
	// records counts what completes records after the client was served.
	records sync.WaitGroup
}

// route is one configuration with all that dials by it.
type route struct {
	cfg       Config
	dialer    *upstream.Dialer
	forwarder *forward.Forwarder
	keys      *keylog.Opener // nil without a key log
	front     *decrypt.Front // nil if no tunnel is opened
	// gateway is the forwarder for what the gateway is not told by name. It has
	// connections of its own: its rules hold for those.
	gateway *forward.Forwarder
}

func (r *route) close() {
	r.forwarder.Close()
	r.gateway.Close()
}

// New returns a Proxy that is not serving yet. Errors name the setting at fault.
func New(cfg Config) (*Proxy, error) {
	if cfg.Recorder == nil {
		return nil, errors.New("new proxy: no recorder")
	}
	p := &Proxy{logger: cfg.Logger}
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	return p, p.Apply(cfg)
}

// Apply makes what begins from now on go by cfg, whose Recorder and Logger are
// those given to New. Exchanges under way keep what they began with. On an error
// the old configuration stays.
func (p *Proxy) Apply(cfg Config) error {
	if err := checkTargets(cfg.Targets); err != nil {
		return err
	}
	next := &route{cfg: cfg}
	var err error
	if next.dialer, next.forwarder, err = p.newForwarder(cfg, nil); err != nil {
		return err
	}
	if _, next.gateway, err = p.newForwarder(cfg, linkLocal); err != nil {
		return err
	}
	next.front = cfg.front(path(next.dialer), p.route.Load())
	next.keys = keys(p.route.Load(), &cfg)
	if old := p.route.Swap(next); old != nil {
		old.close()
		p.logger.Info("settings changed", "upstream", cfg.Route.Upstream.String())
	}
	return nil
}

// newForwarder returns a forwarder by cfg and the dialer that it goes by.
func (p *Proxy) newForwarder(cfg Config, forbidden func(netip.Addr) bool) (*upstream.Dialer, *forward.Forwarder, error) {
	dialer, err := upstream.New(upstream.Config{
		Route: cfg.Route, Dial: cfg.Dial, Lookup: cfg.Lookup, Self: p.isSelf, Forbidden: forbidden, RootCAs: cfg.RootCAs,
		ConnectTimeout: cfg.ConnectTimeout, HandshakeTimeout: cfg.HandshakeTimeout, Timeout: cfg.DialTimeout,
	})
	if err != nil {
		return nil, nil, err
	}
	return dialer, forward.New(forward.Config{
		Path:     path(dialer),
		RootCAs:  cfg.RootCAs,
		Recorder: cfg.Recorder,
		Upgraded: p.relay,
		Records:  &p.records,
		Logger:   cfg.Logger,
	}), nil
}

// config is the configuration for what begins now.
func (p *Proxy) config() *Config { return &p.route.Load().cfg }

// path shows a dialer to package forward.
func path(d *upstream.Dialer) forward.Path {
	return forward.Path{
		Dial: func(ctx context.Context, addr string) (tap.Link, error) {
			conn, err := d.Dial(ctx, addr)
			return link(conn), err
		},
		DialProxy: func(ctx context.Context) (tap.Link, error) {
			conn, err := d.DialProxy(ctx)
			return link(conn), err
		},
		Absolute:  d.Absolute,
		CheckLoop: d.CheckLoop,
	}
}

func link(conn *upstream.Conn) tap.Link {
	if conn == nil {
		return tap.Link{}
	}
	l := tap.Link{Conn: conn, Upstream: conn.Via()}
	t := conn.Timings()
	l.Steps.DNS, l.Steps.Connect, l.Steps.Handshake = t.DNS, t.Connect, t.Handshake
	return l
}

// Serve takes connections from ln until ctx ends; then it closes ln, ends what
// is under way, waits for it and returns nil. Another error is the listener's.
// A Proxy serves one listener at a time; the listener may change its address.
func (p *Proxy) Serve(ctx context.Context, ln net.Listener) error {
	if _, ok := addrPort(ln.Addr()); !ok {
		return fmt.Errorf("serve %s: not a TCP address", ln.Addr())
	}
	p.listener.Store(&ln)
	defer p.listener.Store(nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.tasks.open(ctx)
	p.logger.Info("serving", "address", ln.Addr().String())

	web, clear := newHandover(ln.Addr()), newHandover(ln.Addr())
	server, opened := p.server(ctx), p.openedServer(ctx)
	p.decrypted.Store(clear)
	var servers sync.WaitGroup
	servers.Go(func() { _ = server.Serve(web) }) // ends with web
	servers.Go(func() { _ = opened.Serve(clear) })
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()

	err := p.accept(ctx, ln, web)
	cancel()
	ln.Close()
	web.Close()
	clear.Close()
	server.Close()
	opened.Close()
	servers.Wait()
	p.tasks.close()
	p.route.Load().close()
	p.records.Wait()
	p.logger.Info("stopped", "address", ln.Addr().String())
	return err
}

func (p *Proxy) server(ctx context.Context) *http.Server {
	logger := log.New(io.Discard, "", 0)
	if cfg := p.config(); cfg.Logger != nil {
		logger = slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug)
	}
	return &http.Server{
		Handler:           p,
		ReadHeaderTimeout: greetingTimeout,
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    maxHead - headSlack,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       forward.WithClientConn,
		ErrorLog:          logger,
	}
}

// relay carries a tunnel until it ends, on goroutines of its own: the caller's,
// a server's handler, holds buffers that the tunnel does not need.
func (p *Proxy) relay(client, origin net.Conn, early []byte, live *tunnel.Live) {
	began := p.tasks.run(func(ctx context.Context) {
		watcher, over := p.lookInto(ctx, live)
		// How it ended is in live, too.
		end, _ := relay.Run(ctx, client, origin, early, live, relay.Config{IdleTimeout: p.config().TunnelIdle, Watcher: watcher})
		over(end)
	})
	if !began {
		client.Close()
		origin.Close()
		live.Finish(tunnel.ClientClosed, "")
	}
}

// tasks are the goroutines that outlive the connection handler that began them.
type tasks struct {
	mu      sync.Mutex // guards ctx, and orders Add before Wait
	ctx     context.Context
	running sync.WaitGroup
}

func (t *tasks) open(ctx context.Context) {
	t.mu.Lock()
	t.ctx = ctx
	t.mu.Unlock()
}

// run begins f, unless the proxy is stopping.
func (t *tasks) run(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil || t.ctx.Err() != nil {
		return false
	}
	ctx := t.ctx
	t.running.Go(func() { f(ctx) })
	return true
}

// enter counts the caller in until it calls the returned function.
func (t *tasks) enter() (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil || t.ctx.Err() != nil {
		return nil, false
	}
	t.running.Add(1)
	return t.running.Done, true
}

// close waits for all, whose context must have ended.
func (t *tasks) close() {
	t.mu.Lock()
	t.ctx = nil
	t.mu.Unlock()
	t.running.Wait()
}
