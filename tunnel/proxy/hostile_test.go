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

// TestUnfinishedRequests asks that a request which is answered before it is
// whole gets its answer at once, is the last on its connection, and holds
// nothing.
func TestUnfinishedRequests(t *testing.T) {
	part := "Host: o\r\nContent-Length: 1000\r\n\r\nabc"
	for name, tt := range map[string]struct {
		raw  string
		want int
	}{
		"origin answers early": {"POST http://origin.test/ HTTP/1.1\r\n" + part, 200},
		"origin is down":       {"POST http://origin.test:81/ HTTP/1.1\r\n" + part, 502},
		"loop":                 {"POST http://127.0.0.1:1889/ HTTP/1.1\r\n" + part, 508},
		"max-forwards":         {"OPTIONS http://origin.test/ HTTP/1.1\r\nMax-Forwards: 0\r\n" + part, 200},
		"declined upgrade":     {"POST http://origin.test/ HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n" + part, 200},
		"other scheme":         {"POST ftp://origin.test/ HTTP/1.1\r\n" + part, 501},
		"own page":             {"POST / HTTP/1.1\r\n" + strings.Replace(part, "Host: o", "Host: localhost:1889", 1), 405},
		"not ours":             {"POST / HTTP/1.1\r\n" + part, 421},
		"chunked":              {"POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
					send(t, c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					_, _ = io.Copy(io.Discard, c)
				})
				start := time.Now()
				conn, r := w.ask(tt.raw)
				got := readAnswer(t, conn, r, "POST")
				if got.status != tt.want || got.err != nil || !got.closed {
					t.Errorf("status %d, %v, closed %v; want %d and the end", got.status, got.err, got.closed, tt.want)
				}
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
	t.Run("credentials", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Credentials = &Credentials{"u", "p"} })
			if got := w.exchange("POST", "POST http://origin.test/ HTTP/1.1\r\n"+part); got.status != 407 || !got.closed {
				t.Errorf("status %d, %v, closed %v; want 407 and the end", got.status, got.err, got.closed)
			}
		})
	})
}

// TestSmuggling asks that nothing behind a malformed or unwanted body is taken
// for a request.
func TestSmuggling(t *testing.T) {
	second := "GET http://origin.test/smuggled HTTP/1.1\r\nHost: o\r\n\r\n"
	for name, raw := range map[string]string{
		"bad chunk size":     "POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n" + second,
		"early tunnel bytes": "CONNECT origin.test:81 HTTP/1.1\r\nHost: o\r\n\r\n" + second,
		"behind a 405":       "POST / HTTP/1.1\r\nHost: localhost:1889\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				conn, r := w.ask(raw)
				if got := readAnswer(t, conn, r, "POST"); got.status < 400 || !got.closed {
					t.Errorf("status %d, %v, closed %v; want a refusal and the end", got.status, got.err, got.closed)
				}
				for _, visit := range w.origin.Visits() {
					if strings.Contains(string(visit.Head), "smuggled") {
						t.Error("the origin was sent the smuggled request")
					}
				}
			})
		})
	}
}

// TestAmbiguousLength asks that a request whose length is named in two ways is
// answered by its coding, and is the last.
func TestAmbiguousLength(t *testing.T) {
	second := "GET http://origin.test/second HTTP/1.1\r\nHost: o\r\n\r\n"
	body := "0\r\n\r\n"
	for name, tt := range map[string]struct {
		head string
		last bool
	}{
		"both":        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", true},
		"either case": {"transfer-ENCODING: chunked\r\ncontent-LENGTH: 5\r\n", true},
		"coding":      {"Transfer-Encoding: chunked\r\nX-Content-Length: 5\r\n", false},
	} {
		for _, size := range []int{1, 1 << 10} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, nil)
					w.origin.Handle("*", tunneltest.Stream{Events: 1})
					conn, r := w.ask("")
					for rest := "POST http://origin.test/first HTTP/1.1\r\nHost: o\r\n" + tt.head + "\r\n" + body + second; rest != ""; {
						n := min(size, len(rest))
						_, _ = io.WriteString(conn, rest[:n]) // the connection may be over by then
						rest = rest[n:]
					}
					resp, err := http.ReadResponse(r, nil)
					if err != nil || resp.StatusCode != 200 {
						t.Fatalf("%v, %v", resp, err)
					}
					if _, err := io.ReadAll(resp.Body); err != nil {
						t.Fatal(err)
					}
					_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
					_, err = r.Peek(1)
					if last := err == io.EOF; last != tt.last || len(w.origin.Visits()) == 1 != tt.last {
						t.Errorf("the connection goes on with %v and %d requests, want it to end: %v", err, len(w.origin.Visits()), tt.last)
					}
				})
			})
		}
	}
}

// TestRefusedHeads asks for 502 where a head is none that a client should see.
func TestRefusedHeads(t *testing.T) {
	for _, head := range []string{
		"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleScript("/", steps(head, tunneltest.Stay))
			got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
			if got.status != 502 || got.err != nil {
				t.Errorf("%q: status %d, %v; want 502", head, got.status, got.err)
			}
			if ex := w.last(); ex.End != tunnel.Failed || !strings.Contains(ex.Error, "malformed") {
				t.Errorf("%q: recorded %q %q", head, ex.End, ex.Error)
			}
		})
	}
}

// TestFilteredEverywhere asks that a hop's fields stop here in whatever part of
// a message they come.
func TestFilteredEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.HandleScript("/", steps("HTTP/1.1 103 Early Hints\r\nConnection: X-Hint\r\nX-Hint: 1\r\nKeep-Alive: 1\r\nLink: <a>\r\n\r\n"+
			"HTTP/1.1 200 OK\r\nConnection: X-One, close\r\nConnection: X-Two\r\nX-One: 1\r\nX-Two: 2\r\nX-Odd : 3\r\nTrailer: X-Sum, Connection\r\n"+
			"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 4\r\nConnection: x\r\nKeep-Alive: 5\r\nProxy-Authenticate: Basic\r\n\r\n", tunneltest.FIN))
		_, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
		hints, err := http.ReadResponse(r, nil)
		if err != nil || hints.StatusCode != 103 {
			t.Fatalf("%v, %v", hints, err)
		}
		checkHeader(t, "hints", hints.Header, http.Header{"Link": {"<a>"}})
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ok" {
			t.Errorf("body %q, %v", body, err)
		}
		checkHeader(t, "head", resp.Header, http.Header{"X-Odd": {"3"}})
		checkHeader(t, "trailer", resp.Trailer, http.Header{"X-Sum": {"4"}})
		head := string(w.origin.Visits()[0].Head)
		if !strings.Contains(head, "Te: trailers\r\n") || !strings.Contains(head, "Connection: TE\r\n") {
			t.Errorf("the origin was sent %q", head)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Events: 1})
		got := w.exchange("POST", "POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nTrailer: X-Up, Proxy-Authorization\r\nTransfer-Encoding: chunked\r\n\r\n"+
			"2\r\nhi\r\n0\r\nX-Up: 7\r\nProxy-Authorization: Basic eA==\r\nConnection: x\r\n\r\n")
		if got.status != 200 {
			t.Fatalf("status %d, %v", got.status, got.err)
		}
		checkHeader(t, "request trailer", w.origin.Visits()[0].Trailer, http.Header{"X-Up": {"7"}})
	})
}

func checkHeader(t *testing.T, part string, got, want http.Header) {
	t.Helper()
	for name := range got {
		if strings.Join(got[name], "|") != strings.Join(want[name], "|") {
			t.Errorf("%s: %s %q, want %q", part, name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", part, got, want)
	}
}

// TestRefusedExpectation asks that a client which waits for 100 is not told to
// send what the origin has refused.
func TestRefusedExpectation(t *testing.T) {
	for _, want := range []int{http.StatusExpectationFailed, http.StatusUnauthorized} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.origin.HandleRaw("/", func(c net.Conn, _ *http.Request) {
				send(t, c, fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 2\r\n\r\nno", want, http.StatusText(want)))
				if n, err := c.Read(make([]byte, 1)); n > 0 {
					t.Errorf("the origin was sent the body all the same: %v", err)
				}
			})
			conn, r := w.ask("POST http://origin.test/ HTTP/1.1\r\nHost: o\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
			if got := readAnswer(t, conn, r, "POST"); got.status != want || got.body != "no" || !got.closed {
				t.Errorf("status %d, body %q, %v, closed %v; want %d and the end", got.status, got.body, got.err, got.closed, want)
			}
		})
	}
}

// TestBrokenEncodedStream asks for the same record of a broken stream whether
// or not its units are counted beside it.
func TestBrokenEncodedStream(t *testing.T) {
	stream := tunneltest.Stream{Encoding: "gzip", Every: time.Second, Events: 9, Cut: tunneltest.CutRST, CutAt: 4}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", stream)
		if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err == nil {
			t.Error("the client was told of a clean end")
		}
		if ex := w.last(); ex.End != tunnel.Truncated || ex.Totals.Units != 4 {
			t.Errorf("recorded %q with %d units", ex.End, ex.Totals.Units)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		stream.Cut = tunneltest.NoCut
		w.origin.Handle("/", stream)
		conn, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		conn.Close()
		if ex := w.last(); ex.End != tunnel.ClientClosed {
			t.Errorf("recorded %q (%q)", ex.End, ex.Error)
		}
	})
}

// TestUpgradeRequired asks that a 426 says to what.
func TestUpgradeRequired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.HandleScript("/", steps("HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", tunneltest.Stay))
		got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		checkHeader(t, "426", got.header, http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Content-Length": {"0"}})
	})
}

// TestNotModified asks that a 304 keeps what it says of the representation.
func TestNotModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.HandleScript("/", steps("HTTP/1.1 304 Not Modified\r\nContent-Type: text/x\r\nContent-Length: 42\r\nETag: \"a\"\r\n\r\n", tunneltest.Stay))
		_, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(r), nil)
		if err != nil {
			t.Fatal(err)
		}
		checkHeader(t, "304", resp.Header, http.Header{"Content-Type": {"text/x"}, "Content-Length": {"42"}, "Etag": {"\"a\""}})
	})
}
