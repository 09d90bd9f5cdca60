package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

const ms = time.Millisecond

// play answers with events, each flushed by itself, after a head.
func play(events int, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		for i := range events {
			select {
			case <-time.After(every):
			case <-r.Context().Done():
				return
			}
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
		}
	}
}

func TestHTTP2StreamArrivesAsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", play(5, 100*ms))
		client := s.http2Client()
		start := time.Now()
		resp, err := client.Get("https://origin.test/events")
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 || time.Since(start) != 0 {
			t.Errorf("head of %s after %v", resp.Proto, time.Since(start))
		}
		if _, ok := resp.Header["Content-Length"]; ok {
			t.Error("a Content-Length was added")
		}
		got, err := collect(resp.Body, start)
		if err != nil {
			t.Fatal(err)
		}
		due := []time.Duration{100 * ms, 200 * ms, 300 * ms, 400 * ms, 500 * ms}
		if times := instants(got); !slices.Equal(times, due) {
			t.Errorf("events came at %v, want %v", times, due)
		}
		inside := s.of(tunnel.KindDecrypted)
		if len(inside) != 1 {
			t.Fatalf("%d exchanges recorded inside", len(inside))
		}
		ex := inside[0]
		checkRecord(t, ex, append([]time.Duration{0}, due...))
		if ex.Protocol != "HTTP/2.0" || ex.Totals.Units != 5 || ex.End != tunnel.Complete || ex.UnitKind != tunnel.SSE {
			t.Errorf("recorded %s, %d units of %v, end %q", ex.Protocol, ex.Totals.Units, ex.UnitKind, ex.End)
		}
	})
}

// TestHTTP2ManyStreams: a hundred streams share one connection to the origin,
// and each is recorded with its own times.
func TestHTTP2ManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams = 100
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var n int
			fmt.Sscanf(r.URL.Path, "/%d", &n)
			play(3, time.Duration(n+1)*ms)(w, r)
		}))
		client := s.http2Client()
		var all sync.WaitGroup
		for n := range streams {
			all.Go(func() {
				resp, err := client.Get(fmt.Sprintf("https://origin.test/%d", n))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		inside := s.of(tunnel.KindDecrypted)
		if len(inside) != streams {
			t.Fatalf("%d exchanges recorded, want %d", len(inside), streams)
		}
		for _, ex := range inside {
			var n int
			fmt.Sscanf(ex.URL, "https://origin.test/%d", &n)
			every := time.Duration(n+1) * ms
			checkRecord(t, ex, []time.Duration{0, every, 2 * every, 3 * every})
		}
		if n := dialsOf(s.world, "origin.test"); n != len(s.of(tunnel.KindTunnel)) {
			t.Errorf("the origin was dialled %d times for %d tunnels", n, len(s.of(tunnel.KindTunnel)))
		}
	})
}

// TestHTTP2Trailers plays what gRPC needs: TE there, trailer fields back, with
// and without a body before them.
func TestHTTP2Trailers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		var te, length string
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			te, length = r.Header.Get("Te"), r.Header.Get("Content-Length")
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/grpc")
			if r.URL.Path == "/only" {
				w.Header().Set("Grpc-Status", "5")
				return
			}
			w.Write(body)
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
			w.Header().Set(http.TrailerPrefix+"X-Late", r.Trailer.Get("X-Sent"))
		}))
		client := s.http2Client()
		for path, want := range map[string]string{"/call": "0", "/only": "5"} {
			r, _ := http.NewRequest(http.MethodPost, "https://origin.test"+path, io.NopCloser(strings.NewReader("message")))
			r.Header.Set("Te", "trailers")
			r.Trailer = http.Header{"X-Sent": {"last"}}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			status := resp.Trailer.Get("Grpc-Status") + resp.Header.Get("Grpc-Status")
			if status != want || te != "trailers" || length != "" {
				t.Errorf("%s: status %q, want %q; te %q, length %q", path, status, want, te, length)
			}
			if path == "/call" && (string(body) != "message" || resp.Trailer.Get("X-Late") != "last") {
				t.Errorf("%s: body %q, trailer %v", path, body, resp.Trailer)
			}
		}
	})
}

func TestHTTP2Interim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			time.Sleep(300 * ms)
			w.Header().Del("Link")
			io.WriteString(w, "done")
		}))
		start := time.Now()
		var hinted time.Duration
		r, _ := http.NewRequest(http.MethodGet, "https://origin.test/", nil)
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
			if hinted = time.Since(start); status != 103 || h.Get("Link") == "" {
				t.Errorf("interim %d %v", status, h)
			}
			hinted += 1
			return nil
		}}))
		resp, err := s.http2Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(resp.Body)
		if hinted != 1 || resp.Header.Get("Link") != "" {
			t.Errorf("hint after %v, final head %v", hinted, resp.Header)
		}
		ex := s.last()
		if head, _ := ex.Phases.At(tunnel.Head); head != 300*ms {
			t.Errorf("head recorded at %v, want that of the final one, 300ms", head)
		}
	})
}

// TestHTTP2ClientAborts: the origin hears of it at once, by a reset of its
// stream; the connection lives on.
func TestHTTP2ClientAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		left := make(chan time.Time, 1)
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/short" {
				return
			}
			play(100, time.Second)(w, r)
			left <- time.Now()
		}))
		client := s.http2Client()
		resp, err := client.Get("https://origin.test/long")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Read(make([]byte, 10))
		aborted := time.Now()
		resp.Body.Close()
		if after := (<-left).Sub(aborted); after != 0 {
			t.Errorf("the origin heard after %v", after)
		}
		if ex := s.last(); ex.End != tunnel.ClientClosed || ex.Error != "" {
			t.Errorf("recorded end %q, error %q", ex.End, ex.Error)
		}
		if _, err := client.Get("https://origin.test/short"); err != nil {
			t.Error(err)
		}
		if n := len(s.of(tunnel.KindTunnel)); n != 1 {
			t.Errorf("%d tunnels, want the one", n)
		}
	})
}

// TestHTTP2OriginResets: the record says with which code, and the client sees a
// broken stream.
func TestHTTP2OriginResets(t *testing.T) {
	for name, begun := range map[string]bool{"before the head": false, "within the body": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecure(t, nil, "origin.test")
				s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if begun {
						io.WriteString(w, "some")
						http.NewResponseController(w).Flush()
						time.Sleep(time.Second)
					}
					panic(http.ErrAbortHandler) // RST_STREAM, INTERNAL_ERROR
				}))
				resp, err := s.http2Client().Get("https://origin.test/")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				ex := s.last()
				const code = "INTERNAL_ERROR (0x2)"
				if begun && (err == nil || ex.End != tunnel.Truncated || ex.Error != "origin reset the stream: "+code) {
					t.Errorf("client got %q, %v; recorded end %q, error %q", body, err, ex.End, ex.Error)
				}
				if !begun && (err != nil || resp.StatusCode != 502 || !strings.Contains(string(body), code) || ex.End != tunnel.Failed) {
					t.Errorf("client got %d, %q, %v; recorded end %q", resp.StatusCode, body, err, ex.End)
				}
			})
		})
	}
}

// TestHTTP2SlowClient: the arrivals keep their times while the client does not
// read, and the wait is told as the client's.
func TestHTTP2SlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.net.Buffer = 32 << 10
		piece := strings.Repeat("x", 16<<10)
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 20 {
				io.WriteString(w, piece)
				http.NewResponseController(w).Flush()
				time.Sleep(10 * ms)
			}
		}))
		transport := s.http2Client().Transport.(*http.Transport)
		transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
		resp, err := (&http.Client{Transport: transport}).Get("https://origin.test/")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != 20*16<<10 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		ex := s.last()
		if ex.Totals.Blocked < 50*time.Second {
			t.Errorf("blocked %v, want about a minute", ex.Totals.Blocked)
		}
		if last := ex.Chunks[len(ex.Chunks)-1].At; last > 200*ms {
			t.Errorf("the last chunk is stamped %v, want when it came", last)
		}
	})
}

// TestHTTP2OriginGoesAway: requests go on over a new connection.
func TestHTTP2OriginGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close") // GOAWAY, of Go's server
			io.WriteString(w, "ok")
		}))
		client := s.http2Client()
		for i := range 3 {
			resp, err := client.Get("https://origin.test/")
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); string(body) != "ok" || err != nil || resp.StatusCode != 200 {
				t.Errorf("request %d: %d %q, %v", i, resp.StatusCode, body, err)
			}
			time.Sleep(5 * time.Second)
		}
		if tunnels, dials := len(s.of(tunnel.KindTunnel)), dialsOf(s.world, "origin.test"); tunnels != 1 || dials != 3 {
			t.Errorf("%d tunnels and %d dials of the origin, want 1 and 3", tunnels, dials)
		}
	})
}

// TestHTTP2BothWays: each side of a call speaks when it wants, as in gRPC; the
// answer begins before the request has ended.
func TestHTTP2BothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecure(t, nil, "origin.test")
		s.serveHTTP2("origin.test:443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.WriteHeader(http.StatusOK)
			http.NewResponseController(w).Flush()
			buffer := make([]byte, 64)
			for {
				n, err := r.Body.Read(buffer)
				if n > 0 {
					w.Write(buffer[:n])
					http.NewResponseController(w).Flush()
				}
				if err != nil {
					break
				}
			}
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}))
		send, body := io.Pipe()
		r, _ := http.NewRequest(http.MethodPost, "https://origin.test/call", send)
		resp, err := s.http2Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for _, message := range []string{"one", "two", "three"} {
			time.Sleep(time.Second)
			io.WriteString(body, message)
			got := make([]byte, len(message))
			if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != message {
				t.Fatalf("echo %q, %v", got, err)
			}
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("the echoes took %v, want none of our own time", waited)
		}
		body.Close()
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 || resp.Trailer.Get("Grpc-Status") != "0" {
			t.Errorf("end %q, %v, trailer %v", rest, err, resp.Trailer)
		}
		inside := s.of(tunnel.KindDecrypted)[0]
		if inside.Totals.RequestBytes != 11 || inside.Totals.Bytes != 11 || inside.End != tunnel.Complete {
			t.Errorf("recorded %d bytes up, %d down, end %q", inside.Totals.RequestBytes, inside.Totals.Bytes, inside.End)
		}
	})
}
