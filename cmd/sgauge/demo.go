package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/proxy"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/terminal"
)

const demoAbout = `
Shows the difference that this program is made to see: on this machine alone, an
origin sends 40 events, one each 100 ms, over two hops. One passes them on, one
holds them back until the last. Both are fetched through the proxy and drawn as
they arrive. Takes about 4 seconds and needs no network.

Exit code 1 means that the labels were not the expected ones.

examples:
  sgauge demo
`

const (
	demoEvents = 40
	demoPace   = 100 * time.Millisecond
	// demoPatience bounds the whole; more means that this machine is stuck.
	demoPatience = 30 * time.Second
)

// demoColumns is the width to draw for where the destination has none: the
// pictures are what a demo is for.
const demoColumns = 100

// demoPath is one of the ways of the demo, with what is to be said of it.
type demoPath struct {
	path string
	hop  tunneltest.Hop
	// tail is how long after its last event the origin ends the answer: it lets
	// the lines end up in a fixed order.
	tail time.Duration
	want verdict.Label
}

var demoPaths = []demoPath{
	{"/honest-hop", tunneltest.Hop{}, 0, verdict.Incremental},
	{"/buffering-hop", tunneltest.Hop{Whole: true}, demoPace, verdict.BufferedWhole},
}

func demo(args []string) error {
	fs := newFlagSet("demo", "", demoAbout)
	if err := fs.parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return &misuse{problem: fmt.Sprintf("unexpected argument %q", fs.Arg(0)), hint: "sgauge demo takes none"}
	}
	ctx, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	style := terminal.Detect(os.Stdout, os.Getenv)
	if style.Columns == 0 {
		style = terminal.Style{Columns: demoColumns, Unicode: terminal.HasUnicode(os.Getenv)}
	}
	fmt.Printf("The same %d events, one each %d ms, over two hops:\n\n", demoEvents, demoPace.Milliseconds())
	labels, err := playDemo(ctx, style)
	if err != nil {
		return err
	}
	fmt.Println()
	return judgeDemo(style, labels)
}

// judgeDemo says what was seen.
func judgeDemo(style terminal.Style, labels map[string]verdict.Label) error {
	for _, p := range demoPaths {
		if got := labels[p.path]; got != p.want {
			return &hinted{
				fmt.Errorf("%s came out as %q, want %q", p.path, got, p.want),
				"on a machine that is very busy times are not its own; try again",
			}
		}
		fmt.Println(style.Meaning(p.want))
	}
	fmt.Printf("\nThe origin did the same both times. The second hop held the first word for %v.\n", demoEvents*demoPace)
	return nil
}

// demoWorld is everything that listens in the demo.
type demoWorld struct {
	all  sync.WaitGroup
	open []net.Listener
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

// close ends all in the order in which the bytes come, so that nothing waits.
func (w *demoWorld) close() {
	for _, ln := range slices.Backward(w.open) {
		ln.Close()
	}
	w.all.Wait()
}

// playDemo fetches the same stream over all paths at once, shows it, and
// returns the labels by path.
func playDemo(ctx context.Context, style terminal.Style) (map[string]verdict.Label, error) {
	var world demoWorld
	defer world.close()
	origin := &tunneltest.Origin{}
	for _, p := range demoPaths {
		origin.Handle(p.path, tunneltest.Stream{Events: demoEvents, First: demoPace, Every: demoPace, Tail: p.tail})
	}
	at, err := world.listen(func(ln net.Listener) { _ = origin.Serve(ln) })
	if err != nil {
		return nil, err
	}
	urls := make([]string, len(demoPaths))
	for i, p := range demoPaths {
		p.hop.Origin = at
		hop, err := world.listen(func(ln net.Listener) { _ = p.hop.Serve(ln, nil) })
		if err != nil {
			return nil, err
		}
		urls[i] = "http://" + hop + p.path
	}
	return fetchAll(ctx, style, urls)
}

// fetchAll reads urls through a proxy of ours and shows them on the way.
func fetchAll(ctx context.Context, style terminal.Style, urls []string) (map[string]verdict.Label, error) {
	g := &gauge{journal: journal.New(journal.Limits{})}
	var err error
	if g.proxy, err = proxy.New(proxy.Config{Recorder: g.journal}); err != nil {
		return nil, err
	}
	if g.listener, err = listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: g.listener.Addr().String()}),
	}}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	var failure error
	fetched := make(chan struct{})
	go func() {
		defer close(fetched)
		failure = fetch(ctx, client, urls)
		g.settle()
		stop()
	}()
	err = g.serve(serving, "demo", func(ctx context.Context) error { return g.display(ctx, os.Stdout, style) })
	<-fetched
	if err = firstError(firstError(ctx.Err(), failure), err); err != nil {
		return nil, err
	}
	labels := map[string]verdict.Label{}
	ended, _, _ := g.journal.EndedSince(0)
	for _, ex := range ended {
		if u, err := url.Parse(ex.URL); err == nil {
			labels[u.Path] = verdict.Assess(&ex).Label
		}
	}
	return labels, nil
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
