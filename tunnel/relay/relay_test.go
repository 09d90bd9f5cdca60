package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// world is a running tunnel over in-memory connections. client and origin are
// the far ends.
type world struct {
	t              *testing.T
	client, origin *tunneltest.Conn
	live           *tunnel.Live
	end            tunnel.End
	err            error
	took           time.Duration
	done           chan struct{}
}

func begin(t *testing.T, ctx context.Context, early string, buffer int, cfg Config) *world {
	return beginExchange(t, ctx, tunnel.Exchange{}, early, buffer, cfg)
}

func beginExchange(t *testing.T, ctx context.Context, ex tunnel.Exchange, early string, buffer int, cfg Config) *world {
	client, near := tunneltest.Pair(buffer)
	far, origin := tunneltest.Pair(buffer)
	w := &world{t: t, client: client, origin: origin, done: make(chan struct{})}
	w.live = tunnel.NewLive(ex, tunnel.Limits{Chunks: 100, Units: 100}, nil)
	go func() {
		defer close(w.done)
		w.end, w.err = Run(ctx, near, far, []byte(early), w.live, cfg)
		w.took = w.live.Since()
	}()
	return w
}

func (w *world) write(c net.Conn, s string) {
	w.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		w.t.Errorf("write %q: %v", s, err)
	}
}

// read expects exactly these bytes next.
func (w *world) read(c net.Conn, want string) {
	w.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if err != nil || string(got[:n]) != want {
		w.t.Errorf("read %q, %v; want %q", got[:n], err, want)
	}
}

func (w *world) readEnd(c net.Conn, want error) {
	w.t.Helper()
	n, err := c.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, want) {
		w.t.Errorf("read %d bytes, %v; want %v", n, err, want)
	}
}

// ended expects the tunnel to end so, after took.
func (w *world) ended(end tunnel.End, reason string, took time.Duration) tunnel.Exchange {
	w.t.Helper()
	<-w.done
	_ = w.client.Close()
	_ = w.origin.Close()
	got := w.live.Snapshot()
	if w.end != end || w.took != took {
		w.t.Errorf("tunnel ended %q after %v, want %q after %v", w.end, w.took, end, took)
	}
	if said := w.err != nil; got.End != end || got.Error != reason || said != (reason != "") {
		w.t.Errorf("recorded %q %q, returned %v; want %q %q", got.End, got.Error, w.err, end, reason)
	}
	return got
}

func virtually(t *testing.T, f func(t *testing.T)) {
	t.Run("", func(t *testing.T) { synctest.Test(t, f) })
}

func TestChunksAreStampedAndPassedOn(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "early ", 0, Config{})
		w.write(w.client, "request")
		w.read(w.origin, "early request")
		var want []tunnel.Chunk
		for i, event := range []string{"one", "second", "3"} {
			time.Sleep(time.Duration(i+1) * 50 * time.Millisecond)
			w.write(w.origin, event)
			w.read(w.client, event)
			want = append(want, tunnel.Chunk{At: w.live.Since(), Bytes: int32(len(event))})
		}
		w.origin.Close()
		w.readEnd(w.client, io.EOF)
		w.client.Close()
		got := w.ended(tunnel.Complete, "", 300*time.Millisecond)
		if !slices.Equal(got.Chunks, want) {
			t.Errorf("chunks = %v, want %v", got.Chunks, want)
		}
		if got.Totals.RequestBytes != 13 || got.Totals.Bytes != 10 {
			t.Errorf("totals = %+v, want 13 bytes out and 10 back", got.Totals)
		}
	})
}

func TestHalfCloseOfTheClient(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.client, "all I have")
		w.client.CloseWrite()
		w.read(w.origin, "all I have")
		w.readEnd(w.origin, io.EOF)
		time.Sleep(time.Minute)
		w.write(w.origin, "a late reply")
		w.origin.Close()
		w.read(w.client, "a late reply")
		w.readEnd(w.client, io.EOF)
		w.ended(tunnel.Complete, "", time.Minute)
	})
}

func TestHalfCloseOfTheOrigin(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "greeting")
		w.origin.CloseWrite()
		w.read(w.client, "greeting")
		w.readEnd(w.client, io.EOF)
		time.Sleep(time.Minute)
		w.write(w.client, "still uploading")
		w.read(w.origin, "still uploading")
		w.client.Close()
		w.readEnd(w.origin, io.EOF)
		w.ended(tunnel.Complete, "", time.Minute)
	})
}

func TestResetOfTheOriginReachesTheClient(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "half an ans")
		w.read(w.client, "half an ans")
		w.origin.Reset()
		w.readEnd(w.client, syscall.ECONNRESET)
		w.ended(tunnel.Truncated, "read origin: connection reset by peer", 0)
	})
}

func TestResetBeforeAnyAnswer(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "hello", 0, Config{})
		w.read(w.origin, "hello")
		w.origin.Reset()
		w.readEnd(w.client, syscall.ECONNRESET)
		w.ended(tunnel.Failed, "read origin: connection reset by peer", 0)
	})
}

func TestResetOfTheClientReachesTheOrigin(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "an answer")
		w.read(w.client, "an answer")
		w.client.Reset()
		w.readEnd(w.origin, syscall.ECONNRESET)
		w.ended(tunnel.ClientClosed, "read client: connection reset by peer", 0)
	})
}

// The client has closed both ways, which TCP tells only on the next write.
func TestClientThatLeftIsNoticedByWriting(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.client.Close()
		w.readEnd(w.origin, io.EOF)
		w.write(w.origin, "one")
		synctest.Wait()
		w.write(w.origin, "two")
		synctest.Wait()
		if _, err := w.origin.Write([]byte("three")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("origin writes on: %v, want a reset", err)
		}
		got := w.ended(tunnel.ClientClosed, "write client: broken pipe", 0)
		if got.Totals.Bytes != 6 {
			t.Errorf("%d bytes recorded, want 6: what arrived counts though nobody took it", got.Totals.Bytes)
		}
	})
}

func TestResetByAnOriginAfterTheClientLeft(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "an answer")
		w.read(w.client, "an answer")
		w.client.Close()
		w.readEnd(w.origin, io.EOF)
		w.origin.Reset()
		w.ended(tunnel.ClientClosed, "read origin: connection reset by peer", 0)
	})
}

// A server that turns an upload down answers and closes: the answer arrives,
// and that the upload was cut off is seen.
func TestAnswerOfAnOriginThatStopsListening(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 8, Config{})
		go func() { _, _ = w.client.Write(make([]byte, 1000)) }()
		w.write(w.origin, "too much")
		synctest.Wait()
		w.origin.Reset()
		w.read(w.client, "too much")
		w.readEnd(w.client, syscall.ECONNRESET)
		<-w.done
		if w.end != tunnel.Truncated {
			t.Errorf("tunnel ended %q (%v), want %q", w.end, w.err, tunnel.Truncated)
		}
	})
}

// After a complete answer the client's farewell meets a closed socket. That
// spoils nothing, and the client gets its time to leave.
func TestWritesToAnOriginThatIsDone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "answer")
		w.origin.Close()
		w.read(w.client, "answer")
		w.readEnd(w.client, io.EOF)
		for range 3 {
			w.write(w.client, "bye")
			synctest.Wait()
		}
		time.Sleep(time.Second)
		w.client.Close()
		w.ended(tunnel.Complete, "", time.Second)
	})
}

func TestClientThatNeverStopsSendingToAnOriginThatIsDone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "answer")
		w.origin.Close()
		w.read(w.client, "answer")
		var talking sync.WaitGroup
		talking.Go(func() {
			for {
				if _, err := w.client.Write([]byte("more")); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		// The second write fails, a second after the first.
		w.ended(tunnel.Complete, "", lingerTime+time.Second)
		talking.Wait()
	})
}

func TestIdleTimeout(t *testing.T) {
	for _, c := range []struct {
		limit, want time.Duration
	}{{0, DefaultIdleTimeout}, {7 * time.Second, 7 * time.Second}} {
		virtually(t, func(t *testing.T) {
			w := begin(t, t.Context(), "", 0, Config{IdleTimeout: c.limit})
			time.Sleep(c.want - time.Nanosecond)
			w.write(w.client, "ping")
			w.read(w.origin, "ping")
			time.Sleep(c.want - time.Nanosecond)
			w.write(w.origin, "pong")
			w.read(w.client, "pong")
			last := w.live.Since()
			w.readEnd(w.client, syscall.ECONNRESET)
			w.readEnd(w.origin, syscall.ECONNRESET)
			w.ended(tunnel.Truncated, "no byte either way for "+c.want.String(), last+c.want)
		})
	}
}

func TestNoIdleTimeout(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{IdleTimeout: -1})
		time.Sleep(1000 * time.Hour)
		w.write(w.origin, "still here")
		w.read(w.client, "still here")
		w.origin.Close()
		w.client.Close()
		w.ended(tunnel.Complete, "", 1000*time.Hour)
	})
}

func TestIdleAfterTheOriginWasDone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{IdleTimeout: time.Minute})
		w.write(w.origin, "answer")
		w.origin.Close()
		w.read(w.client, "answer")
		w.readEnd(w.client, io.EOF)
		w.ended(tunnel.Complete, "", time.Minute)
	})
}

func TestContextEndsTheTunnel(t *testing.T) {
	virtually(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := begin(t, ctx, "", 0, Config{})
		w.write(w.origin, "half")
		w.read(w.client, "half")
		time.Sleep(time.Second)
		cancel(errors.New("proxy is shutting down"))
		w.readEnd(w.client, syscall.ECONNRESET)
		w.readEnd(w.origin, syscall.ECONNRESET)
		w.ended(tunnel.ClientClosed, "proxy stops: proxy is shutting down", time.Second)
	})
}

// A client that takes 100 bytes and pauses for 3 seconds blocks the second
// chunk for exactly that long, and whoever watches sees that chunk meanwhile.
func TestBlockedClient(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 100, Config{})
		hundred := strings.Repeat("x", 100)
		w.write(w.origin, hundred)
		synctest.Wait()
		w.write(w.origin, hundred)
		time.Sleep(3 * time.Second)
		if got := w.live.Summary().Totals; got.Reads != 2 || got.Blocked != 0 {
			t.Errorf("while blocked %d reads and %v are recorded, want 2 and none yet", got.Reads, got.Blocked)
		}
		w.read(w.client, hundred+hundred)
		w.origin.Close()
		w.client.Close()
		got := w.ended(tunnel.Complete, "", 3*time.Second)
		want := []tunnel.Chunk{{Bytes: 100}, {Bytes: 100, Blocked: 3 * time.Second}}
		if !slices.Equal(got.Chunks, want) {
			t.Errorf("chunks = %v, want %v", got.Chunks, want)
		}
	})
}

// bare hides CloseWrite and Reset.
type bare struct{ net.Conn }

func TestConnectionsWithoutHalfClose(t *testing.T) {
	virtually(t, func(t *testing.T) {
		client, near := tunneltest.Pair(0)
		far, origin := tunneltest.Pair(0)
		live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil)
		w := &world{t: t, client: client, origin: origin, live: live, done: make(chan struct{})}
		go func() {
			defer close(w.done)
			w.end, w.err = Run(t.Context(), bare{near}, bare{far}, nil, live, Config{})
		}()
		client.CloseWrite() // cannot be passed on
		time.Sleep(time.Second)
		w.write(w.origin, "reply")
		w.read(w.client, "reply")
		w.origin.CloseWrite() // can be passed on only by closing
		w.readEnd(w.client, io.EOF)
		w.readEnd(w.origin, io.EOF)
		w.ended(tunnel.Complete, "", 0)
	})
}

// replay is a wrapper as the proxy uses it: bytes read ahead come first, then
// the connection beneath may be used directly.
type replay struct {
	*tunneltest.Conn
	held   string
	closed atomic.Bool
}

func (r *replay) Read(p []byte) (int, error) {
	if r.held == "" {
		return 0, errors.New("read through the wrapper although nothing is held")
	}
	n := copy(p, r.held)
	r.held = r.held[n:]
	return n, nil
}

func (r *replay) NetConn() net.Conn {
	if r.held != "" {
		return nil
	}
	return r.Conn
}

func (r *replay) Close() error {
	r.closed.Store(true)
	return r.Conn.Close()
}

func TestReplayingWrapperIsUnwrappedWhenDrained(t *testing.T) {
	virtually(t, func(t *testing.T) {
		client, near := tunneltest.Pair(0)
		far, origin := tunneltest.Pair(0)
		live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil)
		wrapper := &replay{Conn: near, held: "sniffed "}
		w := &world{t: t, client: client, origin: origin, live: live, done: make(chan struct{})}
		go func() {
			defer close(w.done)
			w.end, w.err = Run(t.Context(), wrapper, far, nil, live, Config{})
		}()
		w.write(client, "and fresh")
		w.read(origin, "sniffed and fresh")
		client.Close()
		origin.Close()
		w.ended(tunnel.Complete, "", 0)
		if !wrapper.closed.Load() {
			t.Error("the wrapper was not closed: its owner counts on that")
		}
	})
}

// Whoever is told of a change runs our code; its panic ends this tunnel only.
func TestPanicEndsTheTunnel(t *testing.T) {
	virtually(t, func(t *testing.T) {
		client, near := tunneltest.Pair(0)
		far, origin := tunneltest.Pair(0)
		var once atomic.Bool
		live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, func(*tunnel.Live) {
			if once.CompareAndSwap(false, true) {
				panic("injected")
			}
		})
		w := &world{t: t, client: client, origin: origin, live: live, done: make(chan struct{})}
		go func() {
			defer close(w.done)
			w.end, w.err = Run(t.Context(), near, far, nil, live, Config{})
		}()
		w.write(origin, "x")
		w.ended(tunnel.Truncated, "panic: injected", 0)
	})
}
