package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// proxyAddr is where the proxy of a world listens.
const proxyAddr = "127.0.0.1:1889"

// world is a client, the proxy and an origin on an in-memory network, in
// virtual time.
type world struct {
	t       *testing.T
	net     *tunneltest.Network
	origin  *tunneltest.Origin
	proxy   *Proxy
	journal *journal.Journal
	client  *http.Client
}

// newWorld must be called inside a synctest bubble. change may be nil.
func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, net: tunneltest.NewNetwork(), origin: &tunneltest.Origin{}, journal: journal.New(journal.Limits{})}
	w.serve("origin.test:80", w.origin.Serve)
	cfg := Config{Recorder: w.journal, Dial: w.net.Dial, Lookup: w.net.Lookup}
	if change != nil {
		change(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.proxy = p
	ctx, cancel := context.WithCancel(context.Background())
	ln := w.listen(proxyAddr)
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, ln) }()
	transport := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", Host: proxyAddr}),
		DialContext:        w.net.Dial,
		DisableCompression: true,
	}
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		// net/http's server lingers on a connection that it refused, so that
		// the refusal arrives. The bubble's clock makes this instant.
		time.Sleep(time.Second)
	})
	return w
}

// reroute changes the route and nothing else.
func (w *world) reroute(r upstream.Route) error {
	cfg := *w.proxy.config()
	cfg.Route = r
	return w.proxy.Apply(cfg)
}

func (w *world) listen(addr string) net.Listener {
	w.t.Helper()
	ln, err := w.net.Listen(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	return ln
}

// serve runs a peer until the test ends.
func (w *world) serve(addr string, run func(net.Listener) error) {
	w.t.Helper()
	ln := w.listen(addr)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ln); err != nil && !errors.Is(err, net.ErrClosed) {
			w.t.Errorf("serve %s: %v", addr, err)
		}
	}()
	w.t.Cleanup(func() {
		ln.Close()
		<-done
	})
}

// dial opens a raw connection to the proxy.
func (w *world) dial() net.Conn {
	w.t.Helper()
	conn, err := w.net.Dial(w.t.Context(), "tcp", proxyAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends raw bytes to the proxy and returns the connection and its reader.
func (w *world) ask(request string) (net.Conn, *bufio.Reader) {
	w.t.Helper()
	conn := w.dial()
	if _, err := io.WriteString(conn, request); err != nil {
		w.t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// last returns the newest exchange, after everything has come to rest.
func (w *world) last() tunnel.Exchange {
	w.t.Helper()
	synctest.Wait()
	all := w.journal.Snapshot()
	if len(all) == 0 {
		w.t.Fatal("nothing was recorded")
	}
	ex, ok := w.journal.Exchange(all[len(all)-1].ID)
	if !ok {
		w.t.Fatal("the newest exchange is gone")
	}
	return ex
}

// arrival is a piece that one read of the client returned.
type arrival struct {
	at   time.Duration
	data string
}

// collect reads r to its end and notes when each piece came.
func collect(r io.Reader, since time.Time) ([]arrival, error) {
	var got []arrival
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			got = append(got, arrival{time.Since(since), string(buffer[:n])})
		}
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
	}
}

func TestStreamArrivesAsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/events", tunneltest.Stream{HeadDelay: 200 * time.Millisecond, First: 100 * time.Millisecond, Every: 50 * time.Millisecond, Events: 5})
		start := time.Now()
		resp, err := w.client.Get("http://origin.test/events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, want := time.Since(start), 200*time.Millisecond; got != want {
			t.Errorf("head after %v, want %v", got, want)
		}
		got, err := collect(resp.Body, start)
		if err != nil || len(got) != 5 {
			t.Fatalf("arrivals %v, %v; want 5", got, err)
		}
		for i, a := range got {
			if want := 300*time.Millisecond + time.Duration(i)*50*time.Millisecond; a.at != want {
				t.Errorf("event %d after %v, want %v", i, a.at, want)
			}
		}
		ex := w.last()
		if len(ex.Chunks) != 5 || ex.Totals.Units != 5 || ex.End != tunnel.Complete {
			t.Errorf("recorded %d chunks, %d units, end %q; want 5, 5, complete", len(ex.Chunks), ex.Totals.Units, ex.End)
		}
		for i, c := range ex.Chunks {
			if want := 300*time.Millisecond + time.Duration(i)*50*time.Millisecond; c.At != want || c.Units != 1 {
				t.Errorf("chunk %d at %v with %d units, want %v with 1", i, c.At, c.Units, want)
			}
		}
	})
}
