package station

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/proxy"
	"streamgauge/tunnel/tunneltest"
)

// What the demo's origin sends over each path.
const (
	DemoEvents = 40
	DemoPace   = 100 * time.Millisecond
)

// demoPatience bounds the whole; more means that this machine is stuck.
const demoPatience = 30 * time.Second

// The paths of the demo's two URLs, and so the way each takes.
const (
	DemoHonest    = "/honest-hop"
	DemoBuffering = "/buffering-hop"
)

// demoPath is one of the ways of the demo.
type demoPath struct {
	path string
	hop  tunneltest.Hop
	// tail is how long after its last event the origin ends the answer: it lets
	// the two end in a fixed order.
	tail time.Duration
}

var demoPaths = []demoPath{
	{DemoHonest, tunneltest.Hop{}, 0},
	{DemoBuffering, tunneltest.Hop{Whole: true}, DemoPace},
}

// RunDemo plays the demo into the journal: see [Demo]. It works while the proxy
// is off and whatever the upstream is.
func (st *Station) RunDemo(ctx context.Context) error { return Demo(ctx, st.journal) }

// Demo shows the difference that this program is made to see: on this machine
// alone, an origin sends the same events over a hop that passes them on and over
// one that holds them back until the last. Both are fetched at the same time
// through a proxy of the demo's own, which writes to recorder. It returns when
// both have ended, after four seconds, or with an error when ctx ends.
func Demo(ctx context.Context, recorder tunnel.Recorder) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	var world demoWorld
	defer world.close()
	urls, err := world.build()
	if err != nil {
		return err
	}
	p, err := proxy.New(proxy.Config{Recorder: recorder})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	at, err := world.listen(func(ln net.Listener) { _ = p.Serve(serving, ln) })
	if err != nil {
		stop()
		return err
	}
	world.stop = stop
	transport := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: at})}
	defer transport.CloseIdleConnections()
	err = fetch(ctx, &http.Client{Transport: transport}, urls)
	return cmp.Or(ctx.Err(), err)
}

// demoEvents are words of a model, and the last words of its format: an answer
// that is whole says so.
func demoEvents() []string {
	const blank = "\n\n"
	events := strings.SplitAfter(string(tunneltest.Stream{Events: DemoEvents - 1}.Plain()), blank)
	events[DemoEvents-1] = "data: [DONE]" + blank
	return events
}

// demoWorld is everything that listens in the demo.
type demoWorld struct {
	all  sync.WaitGroup
	open []net.Listener
	stop func() // ends the proxy; nil while there is none
}

// listen opens a port of this machine and has serve use it.
func (w *demoWorld) listen(serve func(net.Listener)) (addr string, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.open = append(w.open, ln)
	w.all.Go(func() { serve(ln) })
	return ln.Addr().String(), nil
}

// build starts the origin and the hops, and returns the URL of each path.
func (w *demoWorld) build() (urls []string, err error) {
	origin := &tunneltest.Origin{}
	for _, p := range demoPaths {
		origin.Handle(p.path, tunneltest.Stream{Pieces: demoEvents(), First: DemoPace, Every: DemoPace, Tail: p.tail})
	}
	at, err := w.listen(func(ln net.Listener) { _ = origin.Serve(ln) })
	if err != nil {
		return nil, err
	}
	for _, p := range demoPaths {
		p.hop.Origin = at
		hop, err := w.listen(func(ln net.Listener) { _ = p.hop.Serve(ln, nil) })
		if err != nil {
			return nil, err
		}
		urls = append(urls, "http://"+hop+p.path)
	}
	return urls, nil
}

// close ends all in the order in which the bytes come, so that nothing waits.
func (w *demoWorld) close() {
	if w.stop != nil {
		w.stop()
	}
	for _, ln := range slices.Backward(w.open) {
		ln.Close()
	}
	w.all.Wait()
}

// fetch reads urls at the same time to their end. Each is asked for once the
// one before has begun to answer, so that they stand in this order.
func fetch(ctx context.Context, client *http.Client, urls []string) error {
	var all sync.WaitGroup
	defer all.Wait()
	failures := make([]error, len(urls))
	for i, u := range urls {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		all.Go(func() {
			defer resp.Body.Close()
			_, failures[i] = io.Copy(io.Discard, resp.Body)
		})
	}
	all.Wait()
	return errors.Join(failures...)
}
