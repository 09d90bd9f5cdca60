package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// expect reads exactly want from r.
func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

func send(t *testing.T, w io.Writer, data string) {
	t.Helper()
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
}

// TestRequestBodyStreams asks that what the client uploads reaches the origin
// as it is sent, and that the answer may overtake it.
func TestRequestBodyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.HandleRaw("/echo", func(c net.Conn, _ *http.Request) {
			send(t, c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
			_, _ = io.Copy(c, io.LimitReader(c, int64(len("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))))
		})
		conn, r := w.ask("POST http://origin.test/echo HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		send(t, conn, "3\r\none\r\n")
		expect(t, resp.Body, "3\r\none\r\n")
		time.Sleep(time.Minute)
		send(t, conn, "3\r\ntwo\r\n0\r\n\r\n")
		expect(t, resp.Body, "3\r\ntwo\r\n0\r\n\r\n")
		if _, err := resp.Body.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("body goes on: %v", err)
		}
		if ex := w.last(); ex.Totals.RequestBytes != 6 || ex.End != tunnel.Complete {
			t.Errorf("recorded %d request bytes, end %q", ex.Totals.RequestBytes, ex.End)
		}
	})
}

// TestContinue asks that an expectation is the origin's to answer.
func TestContinue(t *testing.T) {
	request := "POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	t.Run("granted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
				time.Sleep(300 * time.Millisecond)
				send(t, c, "HTTP/1.1 100 Continue\r\n\r\n")
				expect(t, c, "hello")
				send(t, c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			})
			start := time.Now()
			conn, r := w.ask(request)
			expect(t, r, "HTTP/1.1 100 Continue\r\n\r\n")
			if got := time.Since(start); got != 300*time.Millisecond {
				t.Errorf("100 after %v, want 300ms", got)
			}
			send(t, conn, "hello")
			if got := readAnswer(t, conn, r, "POST"); got.status != 200 || got.body != "ok" {
				t.Errorf("status %d, body %q, %v", got.status, got.body, got.err)
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
				send(t, c, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			})
			conn, r := w.ask(request)
			if got := readAnswer(t, conn, r, "POST"); got.status != 417 || !got.closed {
				t.Errorf("status %d, closed %v, %v; want 417 and the end", got.status, got.closed, got.err)
			}
		})
	})
}

// TestInterim asks that early hints come at once and in order, and not to a
// client that cannot take them.
func TestInterim(t *testing.T) {
	stream := tunneltest.Stream{Interim: []time.Duration{time.Second, 2 * time.Second}, HeadDelay: 3 * time.Second, Events: 1}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", stream)
		start := time.Now()
		_, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		for i, want := range []int{103, 103, 200} {
			resp, err := http.ReadResponse(r, nil)
			if err != nil || resp.StatusCode != want {
				t.Fatalf("answer %d: %v, %v", i, resp, err)
			}
			if got := time.Since(start); got != time.Duration(i+1)*time.Second {
				t.Errorf("answer %d after %v", i, got)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", stream)
		if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.0\r\n\r\n"); got.status != 200 {
			t.Errorf("an HTTP/1.0 client was sent %d", got.status)
		}
	})
}

// TestTrailers asks for the fields behind the last wire chunk, both ways.
func TestTrailers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Events: 2, Header: [][2]string{{"Trailer", "X-Sum"}}, Trailer: [][2]string{{"X-Sum", "42"}}})
		conn, r := w.ask("POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nTE: trailers\r\nTrailer: X-Up\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Up: 7\r\n\r\n")
		_ = conn
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		if got := resp.Trailer.Get("X-Sum"); got != "42" {
			t.Errorf("response trailer %q, want 42", got)
		}
		synctest.Wait()
		if got := w.origin.Visits()[0].Trailer.Get("X-Up"); got != "7" {
			t.Errorf("request trailer %q, want 7", got)
		}
	})
}

// TestClientLeaves asks that the origin is told within a second.
func TestClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Every: time.Second, Events: 1000})
		start := time.Now()
		conn, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		conn.Close()
		synctest.Wait()
		if ex := w.last(); ex.End != tunnel.ClientClosed || ex.Error != "" {
			t.Errorf("recorded end %q (%q), want client_closed", ex.End, ex.Error)
		}
		if left := w.origin.Visits()[0].Left.Sub(start); left != 2500*time.Millisecond {
			t.Errorf("the origin was told after %v, want 2.5s", left)
		}
	})
}

// TestSlowClient asks that a chunk which waited for the client is known to
// have, and that the origin's times are not spoiled by more than that.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.net.Buffer = 4 << 10
		w.origin.Handle("/", tunneltest.Stream{Every: 100 * time.Millisecond, Events: 6, EventSize: 16 << 10})
		conn, _ := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n")
		time.Sleep(5 * time.Second)
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Fatal(err)
		}
		ex := w.last()
		limited := 0
		for i := range ex.Chunks {
			if tunnel.ClientLimited(ex.Chunks, i) {
				limited++
			}
		}
		if limited == 0 || ex.Totals.Blocked < 4*time.Second {
			t.Errorf("%d chunks known as client-limited, blocked %v; want some, and over 4s", limited, ex.Totals.Blocked)
		}
	})
}

// TestUpgrade asks that whatever protocol both ends agree on passes both ways,
// first bytes and half-closes included.
func TestUpgrade(t *testing.T) {
	for _, protocol := range []string{"websocket", "something/1"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.HandleRaw("/", func(c net.Conn, req *http.Request) {
					if req.Header.Get("Upgrade") != protocol || !strings.EqualFold(req.Header.Get("Connection"), "upgrade") {
						t.Errorf("origin was asked with %v", req.Header)
					}
					send(t, c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\nX-More: 1\r\n\r\nfirst")
					expect(t, c, "early and late")
					if _, err := c.Read(make([]byte, 1)); err != io.EOF {
						t.Errorf("the client's half-close came as %v", err)
					}
					time.Sleep(time.Second)
					send(t, c, "last")
				})
				conn, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nConnection: keep-alive, Upgrade\r\nUpgrade: " + protocol + "\r\n\r\nearly ")
				resp, err := http.ReadResponse(r, nil)
				if err != nil || resp.StatusCode != 101 || resp.Header.Get("X-More") != "1" || resp.Header.Get("Upgrade") != protocol {
					t.Fatalf("%v, %v", resp, err)
				}
				expect(t, r, "first")
				send(t, conn, "and late")
				if err := conn.(*tunneltest.Conn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				expect(t, r, "last")
				if _, err := r.ReadByte(); err != io.EOF {
					t.Errorf("after the origin closed: %v, want EOF", err)
				}
				want := tunnel.KindTunnel
				if protocol == "websocket" {
					want = tunnel.KindWebSocket
				}
				if ex := w.last(); ex.End != tunnel.Complete || ex.Kind != want || ex.Status != 101 {
					t.Errorf("recorded %q %q %d", ex.End, ex.Kind, ex.Status)
				}
			})
		})
	}
	t.Run("body unfinished", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
				send(t, c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nfirst")
				time.Sleep(time.Second)
				send(t, c, "last")
			})
			_, r := w.ask("POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nabc")
			resp, err := http.ReadResponse(r, nil)
			if err != nil || resp.StatusCode != 101 {
				t.Fatalf("%v, %v", resp, err)
			}
			expect(t, r, "firstlast")
		})
	})
	t.Run("declined", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.Handle("/", tunneltest.Stream{Events: 1})
			got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			if got.status != 200 || got.closed {
				t.Errorf("status %d, closed %v", got.status, got.closed)
			}
		})
	})
	t.Run("other protocol", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleScript("/", steps("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", tunneltest.Stay))
			got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			if got.status != 502 {
				t.Errorf("status %d, want 502", got.status)
			}
		})
	})
}

// TestTunnel asks the same of CONNECT, and SOCKS.
func TestTunnel(t *testing.T) {
	for name, open := range map[string]struct{ ask, granted string }{
		"connect": {"CONNECT origin.test:80 HTTP/1.1\r\nHost: o\r\n\r\n", "HTTP/1.1 200 Connection established\r\n\r\n"},
		"socks4a": {"\x04\x01\x00\x50\x00\x00\x00\x01user\x00origin.test\x00", "\x00\x5a"},
		"socks5":  {"\x05\x01\x00\x05\x01\x00\x03\x0borigin.test\x00\x50", "\x05\x00\x05\x00\x00\x01"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
					expect(t, c, "more")
					send(t, c, "one")
					time.Sleep(time.Second)
					send(t, c, "two")
				})
				conn, r := w.ask(open.ask + "GET / HTTP/1.1\r\nHost: o\r\n\r\n")
				expect(t, r, open.granted)
				if name != "connect" {
					expectBound(t, r, name)
				}
				send(t, conn, "more")
				expect(t, r, "one")
				if err := conn.(*tunneltest.Conn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				expect(t, r, "two")
				if _, err := r.ReadByte(); err != io.EOF {
					t.Errorf("after the origin closed: %v, want EOF", err)
				}
				ex := w.last()
				if len(ex.Chunks) != 2 || ex.Chunks[1].At-ex.Chunks[0].At != time.Second || ex.End != tunnel.Complete {
					t.Errorf("recorded %v, end %q", ex.Chunks, ex.End)
				}
			})
		})
	}
}

// expectBound reads the bound address of a SOCKS reply.
func expectBound(t *testing.T, r *bufio.Reader, name string) {
	t.Helper()
	if _, err := r.Discard(6); err != nil {
		t.Fatalf("%s reply: %v", name, err)
	}
}

// TestUnreachable asks for a page that says what failed.
func TestUnreachable(t *testing.T) {
	for name, tt := range map[string]struct {
		target, up string
		want       int
		says       string
	}{
		"no such name":   {"http://nowhere.test/", "direct", 502, "nowhere.test"},
		"refused":        {"http://origin.test:81/", "direct", 502, "refused"},
		"silence":        {"http://hole.test/", "direct", 504, "hole.test"},
		"upstream down":  {"http://origin.test/", "socks5://up.test:9", 502, "up.test:9"},
		"wrong password": {"http://origin.test/", "socks5://u:wrong@up.test:1080", 502, "password"},
		"http password":  {"http://origin.test/", "http://u:wrong@up.test:3128", 502, "password"},
		"not socks":      {"http://origin.test/", "socks5://up.test:3128", 504, "SOCKS5"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, routeVia(t, tt.up))
				w.serveUpstreams()
				w.net.BlackHole(net.JoinHostPort(w.net.AddHost("hole.test").String(), "80"))
				got := w.exchange("GET", fmt.Sprintf("GET %s HTTP/1.1\r\nHost: o\r\n\r\n", tt.target))
				if got.status != tt.want || !strings.Contains(got.body, tt.says) || strings.Contains(got.body, "wrong") {
					t.Errorf("status %d, %v, page:\n%s\nwant %d and %q", got.status, got.err, got.body, tt.want, tt.says)
				}
				if got.closed {
					t.Error("the connection was closed although the request was whole")
				}
				if ex := w.last(); ex.End != tunnel.Failed || ex.Status != tt.want {
					t.Errorf("recorded end %q, status %d", ex.End, ex.Status)
				}
			})
		})
	}
}
