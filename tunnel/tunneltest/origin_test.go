package tunneltest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// startOrigin serves o at origin.test:80 until the test ends.
func startOrigin(t *testing.T, o *Origin) *Network {
	t.Helper()
	n := NewNetwork()
	ln := mustListen(t, n, "origin.test:80")
	done := make(chan error, 1)
	go func() { done <- o.Serve(ln) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return n
}

func dial(t *testing.T, n *Network, addr string) *Conn {
	t.Helper()
	c, err := n.Dial(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn)
}

// arrivals reads to the end and lists what came when: "2s 5" is five bytes.
func arrivals(c *Conn, start time.Time) (list []string, end error) {
	p := make([]byte, 1<<16)
	for {
		if _, err := c.Read(p[:1]); err != nil {
			return list, err
		}
		synctest.Wait() // writes of the same instant are one arrival
		n := 1
		if c.in.buffered() > 0 {
			more, _ := c.Read(p[1:])
			n += more
		}
		list = append(list, fmt.Sprintf("%v %d", time.Since(start), n))
	}
}

func (f *flow) buffered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buf.used
}

const get = "GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n"

func TestStreamPutsBytesInTime(t *testing.T) {
	pieces := []string{"one\n", "two\n", "three\n"}
	base := Stream{
		Pieces: pieces, ContentType: NoType, HeadDelay: 200 * time.Millisecond,
		First: 100 * time.Millisecond, Every: 50 * time.Millisecond,
	}
	with := func(change func(*Stream)) Stream {
		s := base
		change(&s)
		return s
	}
	// The head is 103 bytes with chunked, 95 with Content-Length, 75 without either.
	tests := []struct {
		name   string
		stream Stream
		want   []string
		end    error
		events []time.Duration
	}{
		{"chunked", base, []string{"200ms 103", "300ms 9", "350ms 9", "400ms 16"}, io.EOF, []time.Duration{300, 350, 400}},
		{"content length", with(func(s *Stream) { s.Framing = ContentLength }), []string{"200ms 95", "300ms 4", "350ms 4", "400ms 6"}, io.EOF, []time.Duration{300, 350, 400}},
		{"close delimited", with(func(s *Stream) { s.Framing = CloseDelimited }), []string{"200ms 75", "300ms 4", "350ms 4", "400ms 6"}, io.EOF, []time.Duration{300, 350, 400}},
		{"half chunks", with(func(s *Stream) { s.HalfChunks = true }), []string{"200ms 103", "300ms 4", "325ms 5", "350ms 4", "375ms 5", "400ms 5", "425ms 11"}, io.EOF, []time.Duration{325, 375, 425}},
		{"bursts of two", with(func(s *Stream) { s.Burst = 2 }), []string{"200ms 103", "300ms 13", "350ms 16"}, io.EOF, []time.Duration{300, 300, 350}},
		{"pause before the third", with(func(s *Stream) { s.Pauses = map[int]time.Duration{2: time.Second} }), []string{"200ms 103", "300ms 9", "350ms 9", "1.4s 16"}, io.EOF, []time.Duration{300, 350, 1400}},
		{"late end", with(func(s *Stream) { s.Tail = time.Second }), []string{"200ms 103", "300ms 9", "350ms 9", "400ms 11", "1.4s 5"}, io.EOF, []time.Duration{300, 350, 400}},
		{"trailer", with(func(s *Stream) { s.Trailer = [][2]string{{"X-Sum", "7"}} }), []string{"200ms 119", "300ms 9", "350ms 9", "400ms 26"}, io.EOF, []time.Duration{300, 350, 400}},
		{"early hints", with(func(s *Stream) { s.Interim = []time.Duration{time.Millisecond, 3 * time.Millisecond} }), []string{"1ms 61", "3ms 61", "200ms 103", "300ms 9", "350ms 9", "400ms 16"}, io.EOF, []time.Duration{300, 350, 400}},
		{"cut by FIN", with(func(s *Stream) { s.Cut, s.CutAt = CutFIN, 2 }), []string{"200ms 103", "300ms 9", "350ms 9"}, io.EOF, []time.Duration{300, 350}},
		{"cut by RST", with(func(s *Stream) { s.Cut, s.CutAt = CutRST, 1 }), []string{"200ms 103", "300ms 9"}, syscall.ECONNRESET, []time.Duration{300}},
		{"cut inside", with(func(s *Stream) { s.Cut, s.CutAt, s.CutInside = CutRST, 1, true }), []string{"200ms 103", "300ms 9", "350ms 4"}, syscall.ECONNRESET, []time.Duration{300}},
		{"cut in place of the end", with(func(s *Stream) { s.Cut, s.CutAt = CutFIN, 9 }), []string{"200ms 103", "300ms 9", "350ms 9", "400ms 11"}, io.EOF, []time.Duration{300, 350, 400}},
		{"bad size line", with(func(s *Stream) { s.Cut, s.CutAt = BadSize, 1 }), []string{"200ms 103", "300ms 9", "350ms 4"}, io.EOF, []time.Duration{300}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o Origin
				o.Handle("/", tt.stream)
				c := dial(t, startOrigin(t, &o), "origin.test:80")
				start := time.Now()
				io.WriteString(c, get)
				got, end := arrivals(c, start)
				if !slices.Equal(got, tt.want) || name(end) != name(fmt.Errorf("%w", &net.OpError{Err: tt.end})) {
					t.Errorf("arrivals %q, %v\n    want %q, %v", got, end, tt.want, tt.end)
				}
				synctest.Wait()
				checkEvents(t, o.Visits()[0], tt.events)
			})
		})
	}
}

// checkEvents compares the log with the instants wanted, in milliseconds.
func checkEvents(t *testing.T, v Visit, want []time.Duration) {
	t.Helper()
	var got []time.Duration
	for _, at := range v.EventTimes() {
		got = append(got, at.Sub(v.Began)/time.Millisecond)
	}
	if !slices.Equal(got, want) {
		t.Errorf("events logged at %d ms, want %d", got, want)
	}
	if v.Ended.IsZero() || !v.Left.IsZero() || v.Err != nil {
		t.Errorf("ended %v, left %v, err %v, want an end, no leaving, no error", v.Ended, v.Left, v.Err)
	}
}

// client returns an HTTP client on n, without the transport's own decoding.
func client(t *testing.T, n *Network) *http.Client {
	tr := &http.Transport{DialContext: n.Dial, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestStreamIsGoodHTTP(t *testing.T) {
	bodies := map[Body]string{
		SSE: "text/event-stream", NDJSON: "application/x-ndjson", Text: "text/plain; charset=utf-8", JSONArray: "application/json",
	}
	for body, contentType := range bodies {
		for _, framing := range []Framing{Chunked, ContentLength, CloseDelimited} {
			for _, encoding := range []string{"", "gzip", "deflate", "br", "zstd"} {
				synctest.Test(t, func(t *testing.T) {
					s := Stream{Body: body, Framing: framing, Encoding: encoding, Every: time.Second, HalfChunks: true}
					var o Origin
					o.Handle("/s", s)
					resp, err := client(t, startOrigin(t, &o)).Get("http://origin.test/s")
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					want, _ := s.Payload()
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%v %v %q: %d bytes, %v, want %d", body, framing, encoding, len(got), err, len(want))
					}
					if got := resp.Header.Get("Content-Type"); got != contentType {
						t.Errorf("content type %q, want %q", got, contentType)
					}
					if got := resp.Header.Get("Content-Encoding"); got != encoding {
						t.Errorf("content encoding %q, want %q", got, encoding)
					}
				})
			}
		}
	}
}

func TestEventSizeIsExact(t *testing.T) {
	for _, body := range []Body{SSE, NDJSON, Text, JSONArray} {
		for _, size := range []int{120, 4096} {
			for i, e := range (Stream{Body: body, Events: 5, EventSize: size}).events() {
				if len(e) != size {
					t.Errorf("body %d: event %d has %d bytes, want %d", body, i, len(e), size)
				}
			}
		}
	}
}

func TestOriginKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.Handle("/a", Stream{Events: 2, Every: time.Second})
		o.Handle("/b", Stream{Events: 1, Framing: ContentLength, ContentType: NoType})
		n := startOrigin(t, &o)
		c := dial(t, n, "origin.test:80")
		head := "POST /a HTTP/1.1\r\nhost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n"
		// Both at once: the second waits for the first.
		io.WriteString(c, head+"3\r\nabc\r\n0\r\nX-End: yes\r\n\r\nGET /b HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n")
		start := time.Now()
		if _, err := arrivals(c, start); err != io.EOF {
			t.Errorf("end = %v, want EOF", err)
		}
		synctest.Wait()
		visits := o.Visits()
		if len(visits) != 2 {
			t.Fatalf("%d visits, want 2", len(visits))
		}
		a, b := visits[0], visits[1]
		if string(a.Head) != head || string(a.Body) != "abc" || a.BodyBytes != 3 || a.Trailer.Get("X-End") != "yes" {
			t.Errorf("recorded %q, %q, %d, %v", a.Head, a.Body, a.BodyBytes, a.Trailer)
		}
		if b.Conn != a.Conn || b.Target != "/b" || !strings.HasPrefix(string(b.Head), "GET /b ") {
			t.Errorf("second visit on connection %d to %q, head %q", b.Conn, b.Target, b.Head)
		}
		if got := b.Began.Sub(start); got != time.Second {
			t.Errorf("second request began at %v, want 1s", got)
		}
	})
}

func TestOriginNotesTheClientLeaving(t *testing.T) {
	leave := map[string]func(*Conn) error{"close": (*Conn).Close, "reset": (*Conn).Reset, "half-close": (*Conn).CloseWrite}
	for how, f := range leave {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o Origin
				o.Handle("/", Stream{Events: 10, Every: time.Second})
				c := dial(t, startOrigin(t, &o), "origin.test:80")
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n")
				time.Sleep(2500 * time.Millisecond)
				io.ReadAtLeast(c, make([]byte, 4096), 300) // nothing unread
				f(c)
				time.Sleep(time.Minute)
				v := o.Visits()[0]
				if got := v.Left.Sub(v.Began); got != 2500*time.Millisecond {
					t.Errorf("left at %v, want 2.5s", got)
				}
				if how == "half-close" && (len(v.EventTimes()) != 10 || v.Err != nil) {
					t.Errorf("%d events, %v: a half-closed client was not served to the end", len(v.EventTimes()), v.Err)
				}
				if how != "half-close" && v.Err == nil {
					t.Error("no error for a client that is gone")
				}
			})
		})
	}
}

func TestOriginTalksBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.Handle("/", Stream{Interim: []time.Duration{time.Second}, HeadDelay: 2 * time.Second})
		var interim []int
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			interim = append(interim, code)
			return nil
		}}
		req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "POST", "http://origin.test/", strings.NewReader("x"))
		req.Header.Set("Expect", "100-continue")
		c := client(t, startOrigin(t, &o))
		c.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
		start := time.Now()
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("answer after %v, want 2s", got)
		}
		if want := []int{100, 103}; !slices.Equal(interim, want) {
			t.Errorf("interim answers %v, want %v", interim, want)
		}
	})
}

func TestRawHandlerAndScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.HandleRaw("/raw", func(c net.Conn, req *http.Request) {
			data, _ := io.ReadAll(c)
			fmt.Fprintf(c, "%s sent %s", req.Method, data)
		})
		o.HandleScript("*", Script{{At: time.Second, Data: []byte("HTTP/1.1 204 No Content\r\n\r\n"), Do: FIN}})
		n := startOrigin(t, &o)
		c := dial(t, n, "origin.test:80")
		io.WriteString(c, "PUT /raw HTTP/1.1\r\nHost: h\r\n\r\nbytes")
		c.CloseWrite()
		if got := drain(c); got != `"PUT sent bytes" <nil>` {
			t.Errorf("raw: %s", got)
		}
		c = dial(t, n, "origin.test:80")
		io.WriteString(c, "GET /other HTTP/1.1\r\nHost: h\r\n\r\n")
		if got := drain(c); got != `"HTTP/1.1 204 No Content\r\n\r\n" <nil>` {
			t.Errorf("script: %s", got)
		}
	})
}

func TestOriginNotesASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.Handle("/", Stream{Events: 2, EventSize: 1000, Framing: CloseDelimited, First: time.Second, Every: time.Second})
		n := startOrigin(t, &o)
		n.Buffer = 512
		c := dial(t, n, "origin.test:80")
		io.WriteString(c, get)
		time.Sleep(5 * time.Second)
		io.Copy(io.Discard, c)
		want := []Write{{At: 0, Bytes: 108}, {At: time.Second, Bytes: 1000, Blocked: 4 * time.Second, Events: 1}, {At: 5 * time.Second, Bytes: 1000, Events: 1}}
		if got := o.Visits()[0].Writes; !slices.Equal(got, want) {
			t.Errorf("writes %+v\n want %+v", got, want)
		}
	})
}

func TestOldClientsGetNoChunks(t *testing.T) {
	var o Origin
	o.Handle("/", Stream{Events: 1, Interim: []time.Duration{0}})
	c := dial(t, startOrigin(t, &o), "origin.test:80")
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || len(resp.TransferEncoding) != 0 || !resp.Close {
		t.Errorf("status %d, transfer encoding %v, close %t", resp.StatusCode, resp.TransferEncoding, resp.Close)
	}
}

func TestServeEndsWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		ln := mustListen(t, n, "origin.test:80")
		var o Origin
		o.Handle("/", Stream{Events: 1000, Every: time.Hour})
		served := make(chan error)
		go func() { served <- o.Serve(ln) }()
		running, idle := dial(t, n, "origin.test:80"), dial(t, n, "origin.test:80")
		io.WriteString(running, get)
		synctest.Wait()
		start := time.Now()
		ln.Close()
		if err := <-served; err != nil || time.Since(start) != 0 {
			t.Errorf("serve returned %v after %v", err, time.Since(start))
		}
		if _, err := io.ReadAll(idle); err != nil {
			t.Errorf("idle connection: %v, want EOF", err)
		}
		if v := o.Visits()[0]; !v.Left.IsZero() || v.Err == nil {
			t.Errorf("left %v, err %v: the client did not leave, the origin was stopped", v.Left, v.Err)
		}
	})
}

// TestOriginOverTLSAndLoopback shows that the same scripts run on the system's
// connections.
func TestOriginOverTLSAndLoopback(t *testing.T) {
	cert, pool, err := NewCertificate("127.0.0.1", "origin.test")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := tls.NewListener(tcp, &tls.Config{Certificates: []tls.Certificate{cert}})
	var o Origin
	whole, broken := Stream{Events: 5, Every: time.Millisecond}, Stream{Cut: CutRST, CutAt: 2}
	o.Handle("/whole", whole)
	o.Handle("/broken", broken)
	done := make(chan error)
	go func() { done <- o.Serve(ln) }()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	c := &http.Client{Transport: tr}
	for range 2 {
		resp, err := c.Get("https://" + ln.Addr().String() + "/whole")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); !bytes.Equal(got, whole.Plain()) || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	resp, err := c.Get("https://" + ln.Addr().String() + "/broken")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("a reset stream ended well")
	}
	if v := o.Visits(); !v[0].Left.IsZero() || v[0].Err != nil {
		t.Errorf("left %v, err %v, want neither: the client came back", v[0].Left, v[0].Err)
	} else if v[0].Conn != v[1].Conn {
		t.Errorf("connections %d and %d, want the same: watching must not spoil TLS", v[0].Conn, v[1].Conn)
	}
	tr.CloseIdleConnections()
	ln.Close()
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}
