package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/proxy"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// The stream that is sent through ourselves: half a second of events.
const (
	selfEvents = 100
	selfPace   = 5 * time.Millisecond
	// selfPatience bounds the test.
	selfPatience = 20 * time.Second
)

const (
	directPath  = "/direct"
	throughPath = "/through"
)

// Self sends the same stream twice at the same time, over the path of cfg and
// through a proxy of ours before that path, and says by how much later the
// events came through it. It takes about half a second.
func Self(ctx context.Context, cfg Config) tunnel.SelfTest {
	ctx, cancel := context.WithTimeout(ctx, selfPatience)
	defer cancel()
	dialer, err := cfg.dialer()
	if err != nil {
		return tunnel.SelfTest{Err: err}
	}
	w, err := cfg.open()
	if err != nil {
		return tunnel.SelfTest{Err: err}
	}
	defer w.close()
	for _, path := range []string{directPath, throughPath} {
		w.origin.Handle(path, tunneltest.Stream{
			Events: selfEvents, First: selfPace, Every: selfPace, Header: [][2]string{{mark, "1"}},
		})
	}
	ours, err := w.serveProxy(ctx)
	if err != nil {
		return tunnel.SelfTest{Err: err}
	}
	var through, direct []arrival
	var errThrough, errDirect error
	var both sync.WaitGroup
	both.Go(func() {
		through, errThrough = w.listenTo(ctx, throughPath, func() (*opened, error) { return w.reachOurs(ctx, ours) })
	})
	direct, errDirect = w.listenTo(ctx, directPath, func() (*opened, error) { return w.reach(ctx, dialer) })
	both.Wait()
	switch {
	case errDirect != nil:
		return tunnel.SelfTest{Err: errDirect}
	case errThrough != nil:
		return tunnel.SelfTest{Err: errThrough}
	}
	return compare(
		lags(w.eventTimes(directPath), direct), lags(w.eventTimes(throughPath), through), through)
}

// serveProxy starts a proxy like the one people use, which sends everything
// through the upstream of the test. It returns its address.
func (w *world) serveProxy(ctx context.Context) (string, error) {
	route := w.cfg.Route
	route.Bypass, route.ProxyLoopback = nil, true
	p, err := proxy.New(proxy.Config{
		Route: route, Recorder: journal.New(journal.Limits{Exchanges: 4}),
		Dial: w.cfg.Dial, Lookup: w.cfg.Lookup, RootCAs: w.cfg.RootCAs,
		ConnectTimeout: w.cfg.ConnectTimeout, HandshakeTimeout: w.cfg.HandshakeTimeout, DialTimeout: w.cfg.DialTimeout,
	})
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	w.closers = append(w.closers, stop)
	return w.serve(func(ln net.Listener) { _ = p.Serve(ctx, ln) })
}

// reachOurs connects to our proxy at addr as a program would.
func (w *world) reachOurs(ctx context.Context, addr string) (*opened, error) {
	dial := w.cfg.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &opened{Conn: conn, times: upstream.Timings{}, header: http.Header{}, absolute: true}, nil
}

// listenTo fetches path and returns when each event came. All must come.
func (w *world) listenTo(ctx context.Context, path string, open func() (*opened, error)) ([]arrival, error) {
	conn, err := open()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	answer, err := w.ask(ctx, conn, path)
	if err != nil {
		return nil, fmt.Errorf("self test over %s: %w", path, err)
	}
	if !answer.own {
		return nil, fmt.Errorf("self test over %s: answered by another with status %d", path, answer.status)
	}
	arrivals, err := answer.events()
	if err == nil && len(arrivals) < selfEvents {
		err = fmt.Errorf("%d of %d events came", len(arrivals), selfEvents)
	}
	if err != nil {
		return nil, fmt.Errorf("self test over %s: %w", path, err)
	}
	return arrivals, nil
}

// lags are by how much later than made the events came.
func lags(made []time.Time, came []arrival) []time.Duration {
	all := make([]time.Duration, min(len(made), len(came)))
	for i := range all {
		all[i] = came[i].at.Sub(made[i])
	}
	return all
}

// compare says what the way through us adds to the lag of each event. Less than
// nothing is nothing: both ways have the noise of one machine.
func compare(direct, through []time.Duration, came []arrival) tunnel.SelfTest {
	t := tunnel.SelfTest{Events: min(len(direct), len(through))}
	added := make([]time.Duration, t.Events)
	for i := range added {
		added[i] = max(through[i]-direct[i], 0)
	}
	slices.Sort(added)
	t.P50, t.P99 = quantile(added, 0.50), quantile(added, 0.99)
	for _, a := range came {
		if a.joined {
			t.Joined++
		}
	}
	return t
}
