package probe

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// testWorld is an in-memory network with a path to try. It must be made inside a
// synctest bubble.
type testWorld struct {
	*testing.T
	net *tunneltest.Network
}

func (w *testWorld) serve(addr string, serve func(net.Listener) error) string {
	w.Helper()
	ln, err := w.net.Listen(addr)
	if err != nil {
		w.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = serve(ln)
		close(ended)
	}()
	w.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln.Addr().String()
}

func (w *testWorld) config(url string) Config {
	w.Helper()
	up, err := tunnel.ParseUpstream(url)
	if err != nil {
		w.Fatal(err)
	}
	return Config{Route: upstream.Route{Upstream: up}, Dial: w.net.Dial, Lookup: w.net.Lookup, Listen: w.net.Listen}
}

// cut breaks a connection off after it stood for a while.
type cut struct{ net.Conn }

func cutAfter(conn net.Conn, d time.Duration) net.Conn {
	time.AfterFunc(d, func() { conn.Close() })
	return cut{conn}
}

// upstreamTest is an upstream and what is to be found out about it.
type upstreamTest struct {
	url     string
	fault   tunneltest.Fault
	user    string
	dial    func(w *testWorld) tunneltest.DialFunc
	outcome tunnel.StreamOutcome
	cause   error
	phases  []tunnel.Phase
}

// straight dials the origin as it should be.
func straight(w *testWorld) tunneltest.DialFunc { return w.net.Dial }

var upstreamTests = map[string]upstreamTest{
	"direct": {
		url: "direct", outcome: tunnel.StreamPasses,
		phases: []tunnel.Phase{tunnel.Connect, tunnel.Sent, tunnel.FirstByte},
	},
	"socks5": {
		url: "socks5://up.test:1080", dial: straight, outcome: tunnel.StreamPasses,
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Handshake, tunnel.Sent, tunnel.FirstByte},
	},
	"http": {
		url: "http://up.test:3128", dial: straight, outcome: tunnel.StreamPasses,
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Sent, tunnel.FirstByte},
	},
	"http, password asked": {url: "http://up.test:3128", user: "ann", dial: straight, cause: tunnel.ErrUpstreamNeeds},
	"http, wrong password": {url: "http://ann:wrong@up.test:3128", user: "ann", dial: straight, cause: tunnel.ErrUpstreamAuth},
	"http, right password": {
		url: "http://ann:secret@up.test:3128", user: "ann", dial: straight, outcome: tunnel.StreamPasses,
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Sent, tunnel.FirstByte},
	},
	"socks5, wrong password": {url: "socks5://ann:wrong@up.test:1080", user: "ann", dial: straight, cause: tunnel.ErrUpstreamAuth},
	"nobody there":           {url: "socks5://up.test:9", cause: tunnel.ErrRefused, phases: nil},
	"no such name":           {url: "socks5://nowhere.test:9", cause: tunnel.ErrNameNotFound},
	"speaks http":            {url: "socks5://up.test:1080", fault: tunneltest.HTTPText, dial: straight, cause: tunnel.ErrNotThisProtocol},
	"waits for http":         {url: "socks5://up.test:3128", dial: straight, cause: tunnel.ErrTimeout},
	"is silent": {
		url: "socks5://up.test:1080", fault: tunneltest.Silent, dial: straight, cause: tunnel.ErrTimeout,
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect},
	},
	"on another machine": {
		url: "socks5://up.test:1080", outcome: tunnel.StreamUnreachable,
		dial: func(w *testWorld) tunneltest.DialFunc {
			return func(ctx context.Context, network, _ string) (net.Conn, error) {
				return w.net.Dial(ctx, network, "127.0.0.1:9")
			}
		},
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Handshake},
	},
	"another answers": {
		url: "http://up.test:3128", outcome: tunnel.StreamUnreachable,
		dial: func(w *testWorld) tunneltest.DialFunc {
			other := w.serve("127.0.0.1:0", (&tunneltest.Origin{}).Serve)
			return func(ctx context.Context, network, _ string) (net.Conn, error) { return w.net.Dial(ctx, network, other) }
		},
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect},
	},
	"lumps": {
		url: "socks5://up.test:1080", outcome: tunnel.StreamLumps,
		dial: func(w *testWorld) tunneltest.DialFunc {
			return func(ctx context.Context, network, addr string) (net.Conn, error) {
				hop := w.serve("127.0.0.1:0", func(ln net.Listener) error {
					return tunneltest.Hop{Origin: addr, Whole: true}.Serve(ln, w.net.Dial)
				})
				return w.net.Dial(ctx, network, hop)
			}
		},
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Handshake, tunnel.Sent, tunnel.FirstByte},
	},
	"cuts": {
		url: "socks5://up.test:1080", outcome: tunnel.StreamCut,
		dial: func(w *testWorld) tunneltest.DialFunc {
			return func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := w.net.Dial(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return cutAfter(conn, 1250*time.Millisecond), nil
			}
		},
		phases: []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Handshake, tunnel.Sent, tunnel.FirstByte},
	},
}

func TestUpstream(t *testing.T) {
	for name, test := range upstreamTests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &testWorld{T: t, net: tunneltest.NewNetwork()}
				socks, proxy := &tunneltest.SOCKS5{}, &tunneltest.HTTPProxy{}
				for _, u := range []*tunneltest.Upstream{&socks.Upstream, &proxy.Upstream} {
					u.User, u.Fault = test.user, test.fault
					if test.user != "" {
						u.Password = "secret"
					}
					if test.dial != nil {
						u.Dial = test.dial(w)
					}
				}
				w.serve("up.test:1080", socks.Serve)
				w.serve("up.test:3128", proxy.Serve)
				got := Upstream(t.Context(), w.config(test.url))
				if got.Stream.Outcome != test.outcome || !errors.Is(got.Err, test.cause) || (got.Err == nil) != (test.cause == nil) {
					t.Errorf("outcome %q, error %v; want %q, %v", got.Stream.Outcome, got.Err, test.outcome, test.cause)
				}
				var phases []tunnel.Phase
				for _, p := range tunnel.AllPhases() {
					if got.Phases.Has(p) {
						phases = append(phases, p)
					}
				}
				if test.phases != nil && !slices.Equal(phases, test.phases) {
					t.Errorf("phases %v, want %v", phases, test.phases)
				}
				if strings.Contains(got.Upstream, "secret") || strings.Contains(got.Upstream, "ann") {
					t.Errorf("upstream = %s, with credentials", got.Upstream)
				}
				wantStream(t, got.Stream)
				var failure *tunnel.Failure
				if got.Err != nil && (!errors.As(got.Err, &failure) || failure.Sentence == "") {
					t.Errorf("error %v explains nothing", got.Err)
				}
			})
		})
	}
}

// wantStream checks the figures of an outcome.
func wantStream(t *testing.T, s tunnel.StreamTest) {
	t.Helper()
	switch s.Outcome {
	case tunnel.StreamPasses:
		if s.Sent != streamEvents || s.Received != streamEvents || s.P50 != 0 || s.P99 != 0 {
			t.Errorf("passes with %+v, want every event at once", s)
		}
	case tunnel.StreamLumps:
		if s.Received != streamEvents || s.P50 < time.Second {
			t.Errorf("lumps with %+v, want all, over a second late", s)
		}
	case tunnel.StreamCut:
		if s.Received != 12 || s.Age != 1250*time.Millisecond {
			t.Errorf("cut with %+v, want 12 events and an age of 1.25s", s)
		}
	}
}

// TestUpstreamEndsEarly asks that a user who gives up need not wait.
func TestUpstreamEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &testWorld{T: t, net: tunneltest.NewNetwork()}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		began := time.Now()
		got := Upstream(ctx, w.config("direct"))
		if took := time.Since(began); took != 1500*time.Millisecond || !errors.Is(got.Err, context.DeadlineExceeded) {
			t.Errorf("ended after %v with %v, want at once", took, got.Err)
		}
	})
}

func TestSelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &testWorld{T: t, net: tunneltest.NewNetwork()}
		w.serve("up.test:1080", (&tunneltest.SOCKS5{Upstream: tunneltest.Upstream{Dial: w.net.Dial}}).Serve)
		for _, url := range []string{"direct", "socks5://up.test:1080"} {
			got := Self(t.Context(), w.config(url))
			// In virtual time passing a byte on takes none.
			if got != (tunnel.SelfTest{Events: selfEvents}) {
				t.Errorf("%s: %+v, want %d events without delay", url, got, selfEvents)
			}
		}
		if got := Self(t.Context(), w.config("socks5://up.test:9")); !errors.Is(got.Err, tunnel.ErrRefused) {
			t.Errorf("upstream down: %+v", got)
		}
		time.Sleep(time.Second) // net/http's server lingers
	})
}

func TestCompare(t *testing.T) {
	const ms = time.Millisecond
	got := compare(
		[]time.Duration{1 * ms, 2 * ms, 3 * ms, 1 * ms},
		[]time.Duration{2 * ms, 4 * ms, 2 * ms, 9 * ms},
		[]arrival{{}, {joined: true}, {}, {}})
	want := tunnel.SelfTest{Events: 4, P50: 1 * ms, P99: 8 * ms, Joined: 1}
	if got != want {
		t.Errorf("compare = %+v, want %+v", got, want)
	}
}

// TestLoopback proves that the in-memory network does not lie: the delay is that
// of a busy machine, yet far from that of a buffer.
func TestLoopback(t *testing.T) {
	if got := Self(t.Context(), Config{}); got.Err != nil || got.Events != selfEvents || got.P50 > 50*time.Millisecond {
		t.Errorf("self test: %+v, want %d events, half of them within 50ms", got, selfEvents)
	}
	if got := Upstream(t.Context(), Config{}); got.Err != nil || got.Stream.Received != streamEvents {
		t.Errorf("direct path: %+v, want %d events", got, streamEvents)
	}
}
