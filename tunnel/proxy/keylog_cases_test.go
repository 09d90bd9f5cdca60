package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// get asks and returns what came, for streams that may break.
func get(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// late holds back what is written to it for a while.
type late struct {
	mu   sync.Mutex
	held bytes.Buffer
	to   io.Writer // nil while held
}

func (l *late) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to != nil {
		return l.to.Write(p)
	}
	return l.held.Write(p)
}

func (l *late) release(to io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = to.Write(l.held.Bytes())
	l.to = to
}

// wrong writes other keys than those in use.
type wrong struct{ to io.Writer }

func (w wrong) Write(p []byte) (int, error) {
	i := bytes.LastIndexByte(p, ' ') + 1
	mixed := append(bytes.Clone(p[:i]), bytes.ToLower(bytes.Map(func(r rune) rune {
		if r == '0' {
			return '1'
		}
		return r
	}, p[i:]))...)
	_, err := w.to.Write(mixed)
	return len(p), err
}

func TestKeyLogIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, events)
		resp, err := s.reach(&tls.Config{}, true).Get("https://secret.test/events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.Sleep(220 * time.Millisecond) // the third event came at 200 ms
		if got := s.only(tunnel.KindKeylog); got.End != tunnel.Running || len(got.Chunks) != 3 || got.Totals.Units != 3 {
			t.Errorf("after three events: end %q, %d chunks, %d units; want running, 3, 3", got.End, len(got.Chunks), got.Totals.Units)
		}
	})
}

// Without keys nothing is seen, and nothing harmed.
func TestKeyLogWithoutKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 12<<20)) })
		body, err := get(t.Context(), s.reach(&tls.Config{KeyLogWriter: io.Discard}, false), "https://secret.test/")
		if err != nil || len(body) != 12<<20 {
			t.Errorf("%d bytes came, %v; want 12 MiB", len(body), err)
		}
		if ex := s.only(tunnel.KindTunnel); ex.Remark != tunnel.RemarkNoKey {
			t.Errorf("remark %q, want %q", ex.Remark, tunnel.RemarkNoKey)
		}
		if seen := s.exchanges(tunnel.KindKeylog); len(seen) > 0 {
			t.Errorf("%d exchanges were seen without a key", len(seen))
		}
	})
}

func TestKeyLogWithWrongKeys(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		synctest.Test(t, func(t *testing.T) {
			s := newSecretWorld(t, events)
			body, err := get(t.Context(), s.reach(&tls.Config{KeyLogWriter: wrong{s.keys}, MaxVersion: version}, false), "https://secret.test/")
			if err != nil || strings.Count(body, "data:") != 5 {
				t.Errorf("%q came, %v; want 5 events", body, err)
			}
			if ex := s.only(tunnel.KindTunnel); ex.Remark != tunnel.RemarkWrongKey || ex.Error != "" {
				t.Errorf("%s: remark %q, error %q; want %q and none", tls.VersionName(version), ex.Remark, ex.Error, tunnel.RemarkWrongKey)
			}
		})
	}
}

// Keys that come seconds behind the data open it with its true times.
func TestKeyLogWithLateKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5 {
				time.Sleep(time.Second)
				fmt.Fprintf(w, "data: event %d\n\n", i)
				_ = http.NewResponseController(w).Flush()
			}
		})
		keys := &late{}
		time.AfterFunc(3500*time.Millisecond, func() { keys.release(s.keys) })
		drain(t, s.reach(&tls.Config{KeyLogWriter: keys}, true), "https://secret.test/")
		got := s.only(tunnel.KindKeylog)
		for i, c := range got.Chunks {
			if want := time.Duration(i+1) * time.Second; c.At != want {
				t.Errorf("chunk %d at %v, want %v", i, c.At, want)
			}
		}
		if len(got.Chunks) != 5 || s.only(tunnel.KindTunnel).Remark != "" {
			t.Errorf("%d chunks, remark %q; want 5 and none", len(got.Chunks), s.only(tunnel.KindTunnel).Remark)
		}
	})
}

// A client that nobody waits for any more costs nothing but its bytes.
func TestKeyLogGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			for range 60 {
				time.Sleep(time.Second)
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
			}
		})
		keys := &late{}
		time.AfterFunc(45*time.Second, func() { keys.release(s.keys) })
		drain(t, s.reach(&tls.Config{KeyLogWriter: keys}, false), "https://secret.test/")
		if seen, ex := s.exchanges(tunnel.KindKeylog), s.only(tunnel.KindTunnel); len(seen) > 0 || ex.Remark != tunnel.RemarkNoKey {
			t.Errorf("%d exchanges seen, remark %q; want none and %q", len(seen), ex.Remark, tunnel.RemarkNoKey)
		}
	})
}

// Resumed sessions open as well; of TLS 1.2 Go's client writes the key once.
func TestKeyLogOfResumedSessions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		synctest.Test(t, func(t *testing.T) {
			resumed := 0
			s := newSecretWorld(t, func(w http.ResponseWriter, r *http.Request) {
				if r.TLS.DidResume {
					resumed++
				}
				w.Header().Set("Connection", "close")
				_, _ = io.WriteString(w, "data: x\n\n")
			})
			client := s.reach(&tls.Config{MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(2)}, false)
			for range 3 {
				drain(t, client, "https://secret.test/")
				time.Sleep(time.Second)
			}
			if seen := s.exchanges(tunnel.KindKeylog); len(seen) != 3 || resumed != 2 {
				t.Errorf("%s: %d exchanges of 3 connections, %d of them resumed; want 3, 2", tls.VersionName(version), len(seen), resumed)
			}
		})
	}
}

func TestKeyLogBehindHelloRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := false
		s := newSecretWorld(t, func(w http.ResponseWriter, r *http.Request) {
			again = r.TLS.HelloRetryRequest
			events(w, r)
		}, tls.CurveP256)
		drain(t, s.reach(&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}, true), "https://secret.test/")
		if got := s.only(tunnel.KindKeylog); got.Totals.Units != 5 || !again {
			t.Errorf("%d units, tried again %v; want 5, true", got.Totals.Units, again)
		}
	})
}

// Units of an encoded body are counted as those of a plain one.
func TestKeyLogOfGzip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for i := range 4 {
				time.Sleep(time.Second)
				fmt.Fprintf(z, "data: event %d\n\n", i)
				_ = z.Flush()
				_ = http.NewResponseController(w).Flush()
			}
			_ = z.Close()
		})
		drain(t, s.reach(&tls.Config{}, false), "https://secret.test/")
		got := s.only(tunnel.KindKeylog)
		if got.Totals.Units != 4 || got.End != tunnel.Complete {
			t.Errorf("%d units, end %q; want 4, complete", got.Totals.Units, got.End)
		}
		for i, u := range got.Units {
			if want := time.Duration(i+1) * time.Second; u.At != want {
				t.Errorf("unit %d at %v, want %v", i, u.At, want)
			}
		}
	})
}

func TestKeyLogOfBrokenStreams(t *testing.T) {
	for name, http2 := range map[string]bool{"h1": false, "h2": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSecretWorld(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, "data: x\n\n")
					_ = http.NewResponseController(w).Flush()
					if r.URL.Path == "/broken" {
						time.Sleep(time.Second)
						panic(http.ErrAbortHandler)
					}
					<-r.Context().Done()
				})
				client := s.reach(&tls.Config{}, http2)
				if body, err := get(t.Context(), client, "https://secret.test/broken"); err == nil {
					t.Errorf("%q came whole from an origin that broke off", body)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				_, _ = get(ctx, client, "https://secret.test/left")
				time.Sleep(time.Second)
				seen := s.exchanges(tunnel.KindKeylog)
				if len(seen) != 2 || seen[0].End != tunnel.Truncated || seen[1].End != tunnel.ClientClosed {
					t.Fatalf("seen %v, want one truncated and one that the client left", seen)
				}
				if at, _ := seen[0].Phases.At(tunnel.Ended); at != time.Second {
					t.Errorf("broken after %v, want 1s", at)
				}
				if at, _ := seen[1].Phases.At(tunnel.Ended); at != 2*time.Second {
					t.Errorf("left after %v, want 2s", at)
				}
			})
		})
	}
}

// A hundred streams at once, in one connection or in a hundred, are each stamped
// as if alone.
func TestKeyLogOfManyStreams(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSecretWorld(t, events)
			client := s.reach(&tls.Config{}, http2)
			drain(t, client, "https://secret.test/first")
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() { drain(t, client, fmt.Sprintf("https://secret.test/%d", i)) })
				time.Sleep(time.Millisecond)
			}
			all.Wait()
			seen := s.exchanges(tunnel.KindKeylog)
			if len(seen) != 101 {
				t.Errorf("h2 %v: %d exchanges seen, want 101", http2, len(seen))
			}
			for _, ex := range seen {
				for i, c := range ex.Chunks {
					if want := time.Duration(i+2) * 50 * time.Millisecond; c.At != want || c.Units != 1 {
						t.Fatalf("h2 %v: %s: chunk %d at %v with %d units, want %v with 1", http2, ex.URL, i, c.At, c.Units, want)
					}
				}
			}
		})
	}
}

// A client that reads slowly is the slow one in both views.
func TestKeyLogOfASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSecretWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = w.Write(make([]byte, 100<<10))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(100 * time.Millisecond)
			}
		})
		resp, err := s.reach(&tls.Config{}, false).Get("https://secret.test/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.Sleep(3 * time.Second)
		_, _ = io.Copy(io.Discard, resp.Body)
		got, passive := s.only(tunnel.KindKeylog), s.only(tunnel.KindTunnel)
		if got.Totals.Blocked < 2*time.Second || got.Totals.Blocked != passive.Totals.Blocked {
			t.Errorf("the client took %v, in the tunnel %v; want the same, and seconds", got.Totals.Blocked, passive.Totals.Blocked)
		}
	})
}

// streams are handlers of one and the same kind of stream, by what befalls it.
var streams = map[string]func(http.ResponseWriter, *http.Request){
	"flows": paced(200*time.Millisecond, func(int) time.Duration { return 150 * time.Millisecond }),
	"stalls": paced(100*time.Millisecond, func(i int) time.Duration {
		if i == 15 {
			return 5 * time.Second
		}
		return 100 * time.Millisecond
	}),
	"one lump": paced(3*time.Second, func(int) time.Duration { return 0 }),
	"blocks": paced(100*time.Millisecond, func(i int) time.Duration {
		if i%10 == 0 {
			return 2 * time.Second
		}
		return 0
	}),
}

// paced streams 30 events, each behind its pause.
func paced(head time.Duration, pause func(i int) time.Duration) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(head)
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 30 {
			time.Sleep(pause(i))
			fmt.Fprintf(w, "data: event %d of the usual size, %s\n\n", i, strings.Repeat("words ", 8))
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// The passive tunnel, the view into it, the gateway and the tunnel opened with our
// own authority see one and the same stream alike, and judge it alike.
func TestFourViewsAgree(t *testing.T) {
	for name, stream := range streams {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s h2=%v", name, http2), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { fourViewsAgree(t, stream, http2) })
			})
		}
	}
}

func fourViewsAgree(t *testing.T, stream http.HandlerFunc, http2 bool) {
	s := newSecretWorld(t, stream)
	client := s.reach(&tls.Config{}, http2)
	drain(t, client, "https://secret.test/")
	drain(t, client, "https://opened.test/")
	direct := &http.Client{Transport: &http.Transport{DialContext: s.net.Dial}}
	defer direct.CloseIdleConnections()
	drain(t, direct, "http://"+proxyAddr+"/https/secret.test/")

	client.CloseIdleConnections()
	time.Sleep(time.Second)
	seen := s.only(tunnel.KindKeylog)
	want := verdict.Assess(&seen)
	for _, kind := range []tunnel.Kind{tunnel.KindGateway, tunnel.KindDecrypted} {
		ex := s.only(kind)
		if got := verdict.Assess(&ex); got.Label != want.Label || math.Abs(got.Score-want.Score) > 0.001 {
			t.Errorf("%s: %s %.3f, with the key log %s %.3f", kind, got.Label, got.Score, want.Label, want.Score)
		}
		if got, want := arrivals(ex), arrivals(seen); !slices.Equal(got, want) || ex.Totals.Units != seen.Totals.Units {
			t.Errorf("%s: %d units at %v, with the key log %d at %v", kind, ex.Totals.Units, got, seen.Totals.Units, want)
		}
	}
	var passive tunnel.Exchange
	for _, ex := range s.exchanges(tunnel.KindTunnel) {
		if ex.ID == seen.Tunnel {
			passive = ex
		}
	}
	// Before the payload a tunnel sees the handshake, and the head.
	sent, _ := seen.Phases.At(tunnel.Sent)
	since := seen.Start.Add(sent).Sub(passive.Start)
	var reads []time.Duration
	for _, c := range passive.Chunks {
		reads = append(reads, c.At-since)
	}
	for _, at := range arrivals(seen) {
		if !slices.Contains(reads, at) {
			t.Errorf("payload at %v, the tunnel was read at %v", at, reads)
		}
	}
	if got := verdict.Assess(&passive); got.Label != want.Label {
		t.Errorf("the tunnel is %s, with the key log %s", got.Label, want.Label)
	}
}

// arrivals are the distinct times at which payload came, since the request was
// sent.
func arrivals(ex tunnel.Exchange) []time.Duration {
	var times []time.Duration
	sent, _ := ex.Phases.At(tunnel.Sent)
	for _, c := range ex.Chunks {
		times = append(times, c.At-sent)
	}
	return slices.Compact(times)
}
