package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

var bodies = map[string]tunneltest.Stream{
	"sse":     {Body: tunneltest.SSE},
	"ndjson":  {Body: tunneltest.NDJSON},
	"text":    {Body: tunneltest.Text},
	"json":    {Body: tunneltest.JSONArray},
	"no type": {Body: tunneltest.NDJSON, ContentType: tunneltest.NoType},
}

var framings = map[string]tunneltest.Framing{
	"chunked": tunneltest.Chunked, "length": tunneltest.ContentLength, "close": tunneltest.CloseDelimited,
}

var upstreams = map[string]string{
	"direct": "direct", "socks5": "socks5://u:p@up.test:1080", "http": "http://u:p@up.test:3128",
}

// TestMatrix sends every kind of stream along every path and asks that the head
// and each piece, half wire chunks included, come at the instant they were sent.
func TestMatrix(t *testing.T) {
	for bodyName, stream := range bodies {
		for framingName, framing := range framings {
			for upstreamName, up := range upstreams {
				for _, tunnelled := range []bool{false, true} {
					stream.Framing = framing
					form := "absolute"
					if tunnelled {
						form = "connect"
					}
					t.Run(strings.Join([]string{bodyName, framingName, form, upstreamName}, "/"), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { passesAsSent(t, stream, up, tunnelled) })
					})
				}
			}
		}
	}
}

// schedule has a stream play 4 events 100 ms apart behind a head at 200 ms, each
// in two halves 50 ms apart where the framing has pieces to cut, and returns when
// head and pieces are due.
func schedule(stream tunneltest.Stream) (tunneltest.Stream, []time.Duration) {
	stream.HeadDelay, stream.First = 200*time.Millisecond, 100*time.Millisecond
	stream.Every, stream.Events, stream.EventSize = 100*time.Millisecond, 4, 40
	stream.HalfChunks = stream.Framing == tunneltest.Chunked
	step, pieces := 100*time.Millisecond, 4
	if stream.HalfChunks {
		step, pieces = 50*time.Millisecond, 8
	}
	due := []time.Duration{200 * time.Millisecond}
	for i := range pieces {
		due = append(due, 300*time.Millisecond+time.Duration(i)*step)
	}
	return stream, due
}

func passesAsSent(t *testing.T, stream tunneltest.Stream, up string, tunnelled bool) {
	stream, due := schedule(stream)
	w := newWorld(t, routeVia(t, up))
	w.serveUpstreams()
	w.origin.Handle("/s", stream)

	conn, r := w.openPath("origin.test:80", tunnelled)
	start := time.Now()
	if _, err := fmt.Fprint(conn, requestFor("/s", tunnelled)); err != nil {
		t.Fatal(err)
	}
	got, err := collect(r, start)
	if err != nil {
		t.Fatal(err)
	}
	if times := instants(got); !slices.Equal(times, due) {
		t.Errorf("head and pieces came at %v, want %v", times, due)
	}
	checkResponse(t, got, stream)
	if !tunnelled {
		checkRecord(t, w.last(), due)
	}
}

// instants returns the distinct times of arrivals.
func instants(arrivals []arrival) []time.Duration {
	var times []time.Duration
	for _, a := range arrivals {
		times = append(times, a.at)
	}
	return slices.Compact(times)
}

// checkResponse puts the pieces together and asks for the body and the framing
// that the origin sent.
func checkResponse(t *testing.T, got []arrival, stream tunneltest.Stream) {
	t.Helper()
	var raw strings.Builder
	for _, a := range got {
		raw.WriteString(a.data)
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw.String())), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkFraming(t, resp, stream.Framing)
	body, err := io.ReadAll(resp.Body)
	if want := string(stream.Plain()); err != nil || string(body) != want {
		t.Errorf("body %q, %v; want %q", body, err, want)
	}
}

func routeVia(t *testing.T, up string) func(*Config) {
	t.Helper()
	parsed, err := tunnel.ParseUpstream(up)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Route = upstream.Route{Upstream: parsed} }
}

// openPath returns a connection on which a request for addr can be sent.
func (w *world) openPath(addr string, tunnelled bool) (net.Conn, *bufio.Reader) {
	w.t.Helper()
	if !tunnelled {
		conn := w.dial()
		return conn, bufio.NewReader(conn)
	}
	conn, r := w.ask("CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("CONNECT: %v, %v", resp, err)
	}
	return conn, r
}

func requestFor(path string, tunnelled bool) string {
	target := path
	if !tunnelled {
		target = "http://origin.test" + path
	}
	return "GET " + target + " HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n"
}

func checkFraming(t *testing.T, resp *http.Response, want tunneltest.Framing) {
	t.Helper()
	chunked := len(resp.TransferEncoding) > 0
	switch want {
	case tunneltest.Chunked:
		if !chunked {
			t.Error("framing is no longer chunked")
		}
	case tunneltest.ContentLength:
		if chunked || resp.ContentLength < 0 {
			t.Error("Content-Length is gone")
		}
	case tunneltest.CloseDelimited:
		if chunked || resp.ContentLength >= 0 {
			t.Error("framing is no longer the end of the connection")
		}
	}
}

func checkRecord(t *testing.T, ex tunnel.Exchange, due []time.Duration) {
	t.Helper()
	var times []time.Duration
	for _, c := range ex.Chunks {
		times = append(times, c.At)
	}
	if head, _ := ex.Phases.At(tunnel.Head); head != due[0] || !slices.Equal(times, due[1:]) {
		t.Errorf("recorded head at %v and chunks at %v, want %v", head, times, due)
	}
}

// serveUpstreams starts a SOCKS5 and an HTTP upstream, both with a password.
func (w *world) serveUpstreams() {
	w.t.Helper()
	socks, web := &tunneltest.SOCKS5{}, &tunneltest.HTTPProxy{}
	for _, up := range []*tunneltest.Upstream{&socks.Upstream, &web.Upstream} {
		up.Dial, up.User, up.Password = w.net.Dial, "u", "p"
	}
	w.serve("up.test:1080", socks.Serve)
	w.serve("up.test:3128", web.Serve)
}
