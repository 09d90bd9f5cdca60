package station

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"sync"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/proxy"
)

// Config is what a Station needs. Only Settings must be set.
type Config struct {
	Settings Settings
	// Secrets keeps passwords; nil keeps none.
	Secrets settings.Secrets
	// Resolve finds the passwords that settings leave out; nil: [Resolve] with
	// Secrets. It may take seconds.
	Resolve func(settings.Settings) (Passwords, error)
	// Logger is told of starts, stops and changes; nil is silent.
	Logger *slog.Logger
	// Listen opens an address; nil: [Listen]. Dial and Lookup reach origins and
	// upstreams; nil: the system's network.
	Listen func(addr string) (net.Listener, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// ForgetBodies keeps nothing of bodies, for programs that neither show nor
	// record them.
	ForgetBodies bool
	// KeyLog names the file into which programs write their TLS keys, which is
	// followed while the settings say key_log; empty: there is none.
	KeyLog string
	// AuthorityDir is where the certificate authority is kept, or made, with
	// which the hosts that the settings list are opened; empty: none can be.
	AuthorityDir string
}

// Station is the proxy with its journal and its switch. All methods may be
// called concurrently; those that switch wait for one another.
type Station struct {
	cfg     Config
	journal *journal.Journal
	bell    tunnel.Bell
	recheck chan struct{} // capacity one: the upstream changed

	switching sync.Mutex // guards the following, while the proxy is changed
	proxy     *proxy.Proxy
	running   *session          // nil while off
	inForce   settings.Settings // of the running session
	closed    bool

	mu    sync.Mutex // guards state
	state tunnel.State
}

// session is the proxy from being switched on to being switched off.
type session struct {
	gate  *gate
	stop  context.CancelFunc
	ended chan struct{}
	// err is why it ended by itself. Guarded by Station.mu.
	err error
}

func (r *session) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// ErrClosed is what switching on gives once Run has returned.
var ErrClosed = errors.New("switch on: the program is ending")

// New returns a Station that is off. [Station.Run] must be called for it to
// follow the settings, and to end what SetOn began.
func New(cfg Config) *Station {
	if cfg.Resolve == nil {
		cfg.Resolve = func(s settings.Settings) (Passwords, error) { return Resolve(s, cfg.Secrets) }
	}
	if cfg.Listen == nil {
		cfg.Listen = Listen
	}
	s := cfg.Settings.Get()
	bounds := limits(s)
	if cfg.ForgetBodies {
		bounds.Body = -1
	}
	return &Station{
		cfg:     cfg,
		journal: journal.New(bounds),
		recheck: make(chan struct{}, 1),
		state:   tunnel.State{Address: s.Listen, Upstream: pathOf(s)},
	}
}

// pathOf is the upstream of s without credentials.
func pathOf(s settings.Settings) string {
	up, err := tunnel.ParseUpstream(s.Upstream)
	if err != nil {
		return tunnel.Upstream{}.String()
	}
	return up.String()
}

// Journal is where the exchanges are written down, whether on or off.
func (st *Station) Journal() *journal.Journal { return st.journal }

// State returns how the proxy stands. It never waits.
func (st *Station) State() tunnel.State {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.state
}

// Subscribe returns a channel of capacity one that receives after changes of
// the state, and a function that ends the subscription. While anyone subscribes
// the upstream is looked at now and then.
func (st *Station) Subscribe() (<-chan struct{}, func()) {
	changed, unsubscribe := st.bell.Subscribe()
	ring(st.recheck)
	return changed, unsubscribe
}

// note changes the state and tells whoever subscribes.
func (st *Station) note(change func(*tunnel.State)) {
	st.mu.Lock()
	change(&st.state)
	st.mu.Unlock()
	st.bell.Ring()
}

// take puts the upstream of s into the state.
func take(state *tunnel.State, s settings.Settings) {
	path := pathOf(s)
	if path != state.Upstream {
		state.Upstream, state.Health = path, tunnel.Health{}
	}
}

// Run follows the settings until ctx ends; then it switches the proxy off for
// good, waits for all that it began and returns.
func (st *Station) Run(ctx context.Context) {
	changed := make(chan struct{}, 1)
	unsubscribe := st.cfg.Settings.Subscribe(func(settings.Settings) { ring(changed) })
	defer unsubscribe()
	var beside sync.WaitGroup
	beside.Go(func() { st.watchUpstream(ctx) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-changed:
			_ = st.follow() // the state tells
		}
	}
	st.switching.Lock()
	st.closed = true
	st.switchOff()
	st.switching.Unlock()
	beside.Wait()
}

// Serve is Run for a program without a switch, once SetOn has switched the proxy
// on: it returns when ctx ends, or with the reason when the proxy stops by itself.
func (st *Station) Serve(ctx context.Context) error {
	st.switching.Lock()
	r := st.running
	st.switching.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the proxy, which Run ends
		<-r.ended
		cancel()
	}()
	st.Run(ctx)
	st.mu.Lock()
	defer st.mu.Unlock()
	return r.err
}

func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SetOn switches the proxy on or off. On means to do what the settings say now,
// passwords looked up anew; it also mends a proxy that is on and could not
// follow them. Off refuses connections and ends those that stand. An error is
// in the state too. It may take seconds, where a keyring does.
func (st *Station) SetOn(on bool) error {
	st.switching.Lock()
	defer st.switching.Unlock()
	switch {
	case !on:
		st.switchOff()
		return nil
	case st.closed:
		return ErrClosed
	}
	return st.switchOn()
}

// SetUpstream makes the settings name another upstream, "direct" or a URL, and
// follows. A password in the URL goes where passwords are kept.
func (st *Station) SetUpstream(url string) error {
	up, err := tunnel.ParseUpstream(url)
	if err != nil {
		return err
	}
	clean, password := settings.SplitPassword(url)
	if password != "" && st.cfg.Secrets != nil {
		err := st.cfg.Secrets.Set(settings.UpstreamAccount(up), password)
		if err != nil && !errors.Is(err, settings.ErrUntilExit) {
			return err
		}
	}
	if err := st.cfg.Settings.Update(func(s *settings.Settings) { s.Upstream = clean }); err != nil {
		return err
	}
	return st.follow()
}

// follow does as the settings say now, if the proxy is on.
func (st *Station) follow() error {
	st.switching.Lock()
	defer st.switching.Unlock()
	if st.running != nil && !st.running.over() {
		if reflect.DeepEqual(st.inForce, st.cfg.Settings.Get()) {
			return nil
		}
		return st.switchOn()
	}
	s := st.cfg.Settings.Get()
	st.journal.SetLimits(limits(s))
	st.note(func(state *tunnel.State) {
		state.Address = s.Listen
		take(state, s)
	})
	ring(st.recheck)
	return nil
}

// switchOn makes the proxy do as the settings say, and the state tell how that
// went. The caller holds switching.
func (st *Station) switchOn() error {
	s := st.cfg.Settings.Get()
	st.journal.SetLimits(limits(s))
	err := st.enforce(s)
	if err != nil {
		st.note(func(state *tunnel.State) { state.Err = err })
		return err
	}
	st.inForce = s
	r := st.running
	st.note(func(state *tunnel.State) {
		if r.err == nil {
			state.On, state.Err = true, nil
		}
		state.Address = r.gate.Addr().String()
		take(state, s)
	})
	ring(st.recheck)
	return nil
}

// enforce configures the proxy by s and has it listen where s says.
func (st *Station) enforce(s settings.Settings) error {
	cfg, err := st.proxyConfig(s)
	if err != nil {
		return err
	}
	if st.proxy == nil {
		st.proxy, err = proxy.New(cfg)
	} else {
		err = st.proxy.Apply(cfg)
	}
	if err != nil {
		return err
	}
	if st.running != nil && !st.running.over() {
		return st.moveTo(s.Listen)
	}
	ln, err := st.cfg.Listen(s.Listen)
	if err != nil {
		return err
	}
	st.start(ln)
	return nil
}

// start has the proxy serve on ln until it is switched off.
func (st *Station) start(ln net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	r := &session{gate: &gate{current: ln}, stop: stop, ended: make(chan struct{})}
	st.running = r
	go func() { // ends by stop, or with the listener; switchOff waits
		err := st.proxy.Serve(ctx, r.gate)
		st.note(func(state *tunnel.State) {
			state.On, state.Err, r.err = false, err, err
		})
		close(r.ended)
	}()
}

// moveTo has the running proxy listen at addr, if it does not already.
func (st *Station) moveTo(addr string) error {
	if addr == st.inForce.Listen {
		return nil
	}
	ln, err := st.cfg.Listen(addr)
	if errors.Is(err, tunnel.ErrListenInUse) && samePort(addr, st.running.gate.Addr()) {
		// It is our own listener that is in the way.
		return st.running.gate.reopen(addr, st.cfg.Listen)
	}
	if err == nil {
		st.running.gate.move(ln)
	}
	return err
}

func samePort(addr string, at net.Addr) bool {
	_, a, err := net.SplitHostPort(addr)
	_, b, errAt := net.SplitHostPort(at.String())
	return err == nil && errAt == nil && a == b
}

// switchOff ends the session, if there is one. The caller holds switching.
func (st *Station) switchOff() {
	if st.running != nil {
		st.running.stop()
		<-st.running.ended
		st.running = nil
	}
	s := st.cfg.Settings.Get()
	st.note(func(state *tunnel.State) {
		state.On, state.Err = false, nil
		state.Address = s.Listen
		take(state, s)
	})
}
