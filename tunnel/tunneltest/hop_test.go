package tunneltest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// startHop serves h at hop.test:80, before the origin of n, until the test ends.
func startHop(t *testing.T, n *Network, h Hop) {
	t.Helper()
	h.Origin = "origin.test:80"
	ln := mustListen(t, n, "hop.test:80")
	done := make(chan error, 1)
	go func() { done <- h.Serve(ln, n.Dial) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

func TestHopHoldsBytesBack(t *testing.T) {
	// The head is 75 bytes, the events 4 each at 1 to 5 s.
	stream := Stream{
		Pieces: []string{"aaa\n", "bbb\n", "ccc\n", "ddd\n", "eee\n"}, ContentType: NoType,
		Framing: CloseDelimited, First: time.Second, Every: time.Second,
	}
	tests := []struct {
		name string
		hop  Hop
		want []string
	}{
		{"honest", Hop{}, []string{"0s 75", "1s 4", "2s 4", "3s 4", "4s 4", "5s 4"}},
		{"whole", Hop{Whole: true}, []string{"5s 95"}},
		{"whole but the head", Hop{Whole: true, HeadAtOnce: true}, []string{"0s 75", "5s 20"}},
		{"blocks", Hop{Block: 10, HeadAtOnce: true}, []string{"0s 75", "3s 10", "5s 10"}},
		{"blocks, head included", Hop{Block: 40}, []string{"0s 40", "2s 40", "5s 15"}},
		{"beats", Hop{Beat: 1500 * time.Millisecond}, []string{"1.5s 79", "3.5s 8", "5s 8"}},
		{"beats, head at once", Hop{Beat: 1500 * time.Millisecond, HeadAtOnce: true}, []string{"0s 75", "2.5s 8", "4.5s 8", "5s 4"}},
		{"honest with a name", Hop{Header: [][2]string{{"Via", "1.1 hop"}}}, []string{"0s 89", "1s 4", "2s 4", "3s 4", "4s 4", "5s 4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o Origin
				o.Handle("/", stream)
				n := startOrigin(t, &o)
				startHop(t, n, tt.hop)
				c := dial(t, n, "hop.test:80")
				start := time.Now()
				io.WriteString(c, get)
				if got, err := arrivals(c, start); !slices.Equal(got, tt.want) || err != io.EOF {
					t.Errorf("arrivals %q, %v\n    want %q", got, err, tt.want)
				}
			})
		})
	}
}

func TestHopChangesNoByte(t *testing.T) {
	for _, hop := range []Hop{{}, {Whole: true}, {Block: 7}, {Beat: time.Second}, {Whole: true, Header: [][2]string{{"Server", "hop"}}}} {
		synctest.Test(t, func(t *testing.T) {
			s := Stream{Every: 100 * time.Millisecond, Encoding: "gzip", HalfChunks: true, Interim: []time.Duration{0}, Trailer: [][2]string{{"X-Sum", "7"}}}
			var o Origin
			o.Handle("/s", s)
			n := startOrigin(t, &o)
			startHop(t, n, hop)
			resp, err := client(t, n).Post("http://hop.test/s", "text/plain", strings.NewReader("question"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if want, _ := s.Payload(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%+v: %d bytes, %v, want %d", hop, len(got), err, len(want))
			}
			if got := resp.Trailer.Get("X-Sum"); got != "7" {
				t.Errorf("%+v: trailer %q, want 7", hop, got)
			}
			if len(hop.Header) > 0 && resp.Header.Get("Server") != "hop" {
				t.Errorf("%+v: the hop's field is missing", hop)
			}
			if v := o.Visits()[0]; string(v.Body) != "question" || !strings.Contains(string(v.Head), "Host: hop.test\r\n") {
				t.Errorf("%+v: the origin saw %q and %q", hop, v.Head, v.Body)
			}
		})
	}
}

func TestHopPassesABreakOn(t *testing.T) {
	for _, hop := range []Hop{{}, {Whole: true}} {
		synctest.Test(t, func(t *testing.T) {
			var o Origin
			o.Handle("/", Stream{Every: time.Second, Cut: CutRST, CutAt: 3})
			n := startOrigin(t, &o)
			startHop(t, n, hop)
			c := dial(t, n, "hop.test:80")
			io.WriteString(c, get)
			if _, err := io.ReadAll(c); name(err) != syscall.ECONNRESET.Error() {
				t.Errorf("%+v: a reset stream ended with %v", hop, err)
			}
		})
	}
}

func TestHopWaitsForTheWholeHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.HandleScript("/", Script{
			{Data: []byte("HTTP/1.1 200 OK\r\nX-Slow")},
			{At: time.Second, Data: []byte(": 1\r\n\r\nbody"), Do: FIN},
		})
		n := startOrigin(t, &o)
		startHop(t, n, Hop{Beat: 300 * time.Millisecond, HeadAtOnce: true})
		c := dial(t, n, "hop.test:80")
		start := time.Now()
		io.WriteString(c, get)
		if got, want := drain(c), `"HTTP/1.1 200 OK\r\nX-Slow: 1\r\n\r\nbody" <nil>`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("took %v, want 1s", got)
		}
	})
}

// TestHopEndsWithServe leaves the hop waiting for the origin alone: the client
// has said all it has to say, and nothing else would wake it.
func TestHopEndsWithServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.Handle("/", Stream{HeadDelay: time.Hour})
		n := startOrigin(t, &o)
		ln := mustListen(t, n, "hop.test:80")
		served := make(chan error)
		go func() { served <- Hop{Origin: "origin.test:80"}.Serve(ln, n.Dial) }()
		c := dial(t, n, "hop.test:80")
		io.WriteString(c, get)
		c.CloseWrite()
		synctest.Wait()
		start := time.Now()
		ln.Close()
		if err := <-served; err != nil || time.Since(start) != 0 {
			t.Errorf("serve returned %v after %v", err, time.Since(start))
		}
	})
}

func TestHopWithoutOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		n.AddHost("origin.test")
		startHop(t, n, Hop{})
		resp, err := client(t, n).Get("http://hop.test/")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != http.StatusBadGateway {
			t.Errorf("status %d, want 502", resp.StatusCode)
		}
	})
}

func TestClientLeavingReachesTheOriginThroughHop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Origin
		o.Handle("/", Stream{Events: 100, Every: time.Second})
		n := startOrigin(t, &o)
		startHop(t, n, Hop{})
		c := dial(t, n, "hop.test:80")
		io.WriteString(c, get)
		time.Sleep(1500 * time.Millisecond)
		c.Reset()
		time.Sleep(time.Minute)
		v := o.Visits()[0]
		if got := v.Left.Sub(v.Began); got != 1500*time.Millisecond || v.Ended.IsZero() {
			t.Errorf("left at %v, ended %v, want 1.5s and an end", got, v.Ended)
		}
	})
}

// TestHopsOverLoopback holds both kinds against the system's network. The
// origin goes on only when told, so no clock decides.
func TestHopsOverLoopback(t *testing.T) {
	goOn := make(chan bool)
	var o Origin
	o.HandleRaw("/", func(c net.Conn, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst ")
		<-goOn
		io.WriteString(c, "second")
	})
	origin := loopback(t, o.Serve)
	for _, whole := range []bool{false, true} {
		hop := Hop{Origin: origin, Whole: whole}
		c, err := net.Dial("tcp", loopback(t, func(ln net.Listener) error { return hop.Serve(ln, nil) }))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, get)
		want := "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst second"
		got := make([]byte, len(want)-len("second"))
		if whole {
			got = got[:0]
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a byte came through while all was to be held: %d, %v", n, err)
			}
			c.SetReadDeadline(time.Time{})
		} else if _, err := io.ReadFull(c, got); err != nil {
			t.Errorf("honest hop: %v", err)
		}
		goOn <- true
		rest, err := io.ReadAll(c)
		if string(got)+string(rest) != want || err != nil {
			t.Errorf("whole %t: got %q and %q, %v, want %q", whole, got, rest, err, want)
		}
	}
}

// loopback serves on 127.0.0.1 until the test ends, and returns the address.
func loopback(t *testing.T, serve func(net.Listener) error) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(ln) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return ln.Addr().String()
}
