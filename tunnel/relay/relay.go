package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/intake"
)

// DefaultIdleTimeout outlives the keep-alive of every common server and
// client, so that a tunnel that reaches it was most likely forgotten.
const DefaultIdleTimeout = 15 * time.Minute

// lingerTime is how long the rest of a connection may take that can no longer
// succeed: reading what an origin said before it stopped listening, or what a
// client still sends to an origin that is done.
const lingerTime = 5 * time.Second

// Config says how to relay. The zero value is ready for use.
type Config struct {
	// IdleTimeout ends a tunnel in which no byte moved in either direction for
	// that long. Zero means DefaultIdleTimeout, negative never.
	IdleTimeout time.Duration
	// Watcher, unless nil, is shown what passes, after what is recorded of it.
	Watcher Watcher
}

// Watcher looks on from outside. Its methods are called from the goroutines of
// both directions and must neither wait nor keep p. Times are since the
// exchange began.
type Watcher interface {
	// Arrived takes what one read returned, before it is passed on.
	Arrived(dir tunnel.Direction, p []byte, at time.Duration)
	// Delivered says that what arrived last was handed over, and how long that
	// took; took is zero while the peer makes us wait.
	Delivered(dir tunnel.Direction, took time.Duration)
	// Ended says that a direction ended in good order.
	Ended(dir tunnel.Direction, at time.Duration)
}

// nobody watches.
type nobody struct{}

func (nobody) Arrived(tunnel.Direction, []byte, time.Duration) {}
func (nobody) Delivered(tunnel.Direction, time.Duration)       {}
func (nobody) Ended(tunnel.Direction, time.Duration)           {}

// Run relays between client and origin until both directions have ended, one
// of them broke, the tunnel was idle for too long or ctx was done. Then both
// connections are closed and live is finished; Run returns what it was
// finished with. early holds bytes of the client that were read already; Run
// keeps it only until they are written.
//
// The error says which side failed doing what ("read origin", "write client"),
// without addresses. It is nil if the tunnel is Complete, which it is once the
// origin has ended its direction in good order and the client is done too.
// Truncated, or Failed if the origin had sent nothing, means that the origin
// broke off, or that nothing moved for too long; an origin that ends its stream
// within a TLS record broke off, though that end is passed on as it came.
// ClientClosed means that the client broke off, or that ctx ended.
//
// What passes is watched as the kind of the exchange calls for: a WebSocket
// connection for its frames, every other for TLS records, the hellos, and the
// turns of HTTP/1 inside.
//
// A connection that wraps another may have a method NetConn() net.Conn that
// returns the one beneath as soon as reading and writing there is the same; it
// is then copied from directly, and closed through the wrapper. Before that
// the method returns nil or its receiver. A *tls.Conn is never unwrapped.
func Run(ctx context.Context, client, origin net.Conn, early []byte, live *tunnel.Live, cfg Config) (tunnel.End, error) {
	r := &relay{client: newSide(client), origin: newSide(origin), live: live, watch: newObserver(live), watcher: cfg.Watcher}
	if r.watcher == nil {
		r.watcher = nobody{}
	}
	r.fromClient, r.fromOrigin = intake.NewReader(r.client.look), intake.NewReader(r.origin.look)
	r.intoClient, r.intoOrigin = newWriter(r.client), newWriter(r.origin)
	stopIdle := r.watchIdle(cfg.IdleTimeout)
	stopContext := context.AfterFunc(ctx, func() { r.abort(tunnel.ClientClosed, fmt.Errorf("proxy stops: %w", context.Cause(ctx))) })
	var other sync.WaitGroup
	other.Go(func() { r.guard(func() { r.toOrigin(early) }) })
	r.guard(r.toClient)
	other.Wait()
	stopContext()
	stopIdle()
	return r.finish()
}

// relay is one tunnel. Two goroutines copy, one a direction; each owns its
// reader and its writer. The timer and the context may interrupt from others.
type relay struct {
	client, origin         *side
	fromClient, fromOrigin *intake.Reader
	intoClient, intoOrigin *writer
	live                   *tunnel.Live
	watch                  observer
	watcher                Watcher
	active                 atomic.Int64 // last movement, nanoseconds since live's start
	answered               atomic.Bool  // a byte of the origin has come

	mu      sync.Mutex // guards all below
	ended   [2]bool    // directions whose source ended its stream
	cut     error      // why the origin's end was not in good order; nil if it was
	settled bool       // end and err are final
	end     tunnel.End
	err     error
}

// watchIdle aborts when nothing moved for that long. The timer is set anew only
// when it fires: a chunk costs one store.
func (r *relay) watchIdle(limit time.Duration) (stop func() bool) {
	if limit < 0 {
		return func() bool { return false }
	}
	if limit == 0 {
		limit = DefaultIdleTimeout
	}
	r.touch(r.live.Since())
	var mu sync.Mutex // orders the first firing behind the assignment
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(limit, func() {
		mu.Lock()
		defer mu.Unlock()
		idle := r.live.Since() - time.Duration(r.active.Load())
		if idle < limit {
			timer.Reset(limit - idle)
			return
		}
		r.abort(tunnel.Truncated, fmt.Errorf("no byte either way for %v", limit))
	})
	return timer.Stop
}

func (r *relay) touch(at time.Duration) { r.active.Store(int64(at)) }

// guard turns a panic into the end of this one tunnel.
func (r *relay) guard(copying func()) {
	defer func() {
		if cause := recover(); cause != nil {
			r.abort(tunnel.Truncated, fmt.Errorf("panic: %v", cause))
		}
	}()
	copying()
}

// abort settles how the tunnel ended, unless that is settled, and tears both
// connections down. Once the origin has ended its stream, what follows is the
// afterlife of the tunnel and changes nothing.
func (r *relay) abort(end tunnel.End, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled {
		return
	}
	r.settled = true
	if r.ended[tunnel.ToClient] {
		// No reset towards the client: it would overtake what is still on its way.
		r.end, r.err = r.afterEnd()
		r.client.close()
		r.origin.reset()
		return
	}
	switch {
	case end == tunnel.Truncated && r.watch.over():
		end, err = tunnel.Complete, nil // nothing is missing, however the connection went
	case end == tunnel.Truncated && !r.answered.Load():
		end = tunnel.Failed
	}
	r.end, r.err = end, err
	r.client.reset()
	r.origin.reset()
}

// afterEnd is how a tunnel ended whose origin has ended its stream. The caller
// holds mu.
func (r *relay) afterEnd() (tunnel.End, error) {
	if r.cut != nil {
		return tunnel.Truncated, r.cut
	}
	return tunnel.Complete, nil
}

// finish closes what is open and records the outcome.
func (r *relay) finish() (tunnel.End, error) {
	r.mu.Lock()
	if !r.settled {
		r.settled = true
		r.end, r.err = r.afterEnd()
	}
	end, err := r.end, r.err
	r.mu.Unlock()
	r.client.close()
	r.origin.close()
	reason := r.watch.remark()
	if err != nil {
		reason = err.Error()
	}
	r.live.Finish(end, reason)
	return end, err
}

// markEnded notes that the source of a direction ended its stream.
func (r *relay) markEnded(d tunnel.Direction) {
	r.mu.Lock()
	r.ended[d] = true
	if d == tunnel.ToClient && !r.watch.whole(d) {
		r.cut = errors.New("read origin: end of stream within a TLS record")
	}
	r.mu.Unlock()
	r.watcher.Ended(d, r.live.Since())
}

func (r *relay) hasEnded(d tunnel.Direction) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[d]
}

// toClient copies what the origin sends.
func (r *relay) toClient() {
	defer r.fromOrigin.Release()
	arrival := arrival{live: r.live}
	r.intoClient.waiting = func() {
		arrival.record()
		r.watcher.Delivered(tunnel.ToClient, 0)
	}
	for {
		p, err := r.fromOrigin.Next(nil)
		at := r.live.Since()
		if len(p) > 0 {
			r.answered.Store(true)
			r.touch(at)
			units := r.watch.observe(tunnel.ToClient, p, at)
			r.watcher.Arrived(tunnel.ToClient, p, at)
			arrival.begin(tunnel.Chunk{At: at, Bytes: int32(len(p)), Units: int32(units)})
			failed := r.intoClient.write(p)
			over := arrival.finish()
			r.touch(over)
			r.watcher.Delivered(tunnel.ToClient, over-at)
			if failed != nil {
				r.abort(tunnel.ClientClosed, sideError("write client", failed))
				return
			}
		}
		if err != nil {
			r.originEnded(err)
			return
		}
	}
}

// originEnded passes on how the origin ended. An end of stream is not believed
// after a write to the same connection failed: the kernel reports a reset
// once, and the write may have been the one that heard of it.
func (r *relay) originEnded(err error) {
	if broken := r.intoOrigin.failure(); broken != nil {
		r.abort(tunnel.Truncated, sideError("write origin", broken))
		return
	}
	if err != io.EOF {
		end := tunnel.Truncated
		if r.hasEnded(tunnel.ToOrigin) {
			// Servers often answer the departure of a client with a reset.
			end = tunnel.ClientClosed
		}
		r.abort(end, sideError("read origin", err))
		return
	}
	r.markEnded(tunnel.ToClient)
	if !r.client.closeWrite() {
		// The one way left to tell the client that nothing more will come.
		r.abort(tunnel.Complete, nil)
	}
}

// toOrigin copies what the client sends.
func (r *relay) toOrigin(early []byte) {
	defer r.fromClient.Release()
	if len(early) > 0 && !r.send(early) {
		return
	}
	early = nil
	for {
		p, err := r.fromClient.Next(nil)
		if len(p) > 0 && !r.send(p) {
			return
		}
		if err == io.EOF {
			// Without a half-close the origin hears of it when all is over.
			r.markEnded(tunnel.ToOrigin)
			r.origin.closeWrite()
			return
		}
		if err != nil {
			r.abort(tunnel.ClientClosed, sideError("read client", err))
			return
		}
	}
}

// send passes p to the origin and reports whether the direction goes on. If
// the origin no longer listens, what it has said is still owed to the client:
// a server that refuses an upload answers and closes.
func (r *relay) send(p []byte) bool {
	at := r.live.Since()
	r.touch(at)
	r.watch.observe(tunnel.ToOrigin, p, at)
	r.watcher.Arrived(tunnel.ToOrigin, p, at)
	if r.intoOrigin.write(p) == nil {
		r.live.RequestBytes(len(p))
		over := r.live.Since()
		r.touch(over)
		r.watcher.Delivered(tunnel.ToOrigin, over-at)
		return true
	}
	limit := time.Now().Add(lingerTime)
	if !r.hasEnded(tunnel.ToClient) {
		r.origin.setReadDeadline(limit) // then toClient reports the failure
		return false
	}
	r.client.setReadDeadline(limit)
	for {
		if _, err := r.fromClient.Next(nil); err != nil {
			return false
		}
	}
}

// arrival records one chunk after the other: at once if the client makes us
// wait, so that whoever watches sees the bytes that arrived; else behind the
// write, so that waking a watcher delays nothing.
type arrival struct {
	live     *tunnel.Live
	chunk    tunnel.Chunk
	ordinal  int64
	recorded bool
}

func (a *arrival) begin(c tunnel.Chunk) { a.chunk, a.recorded = c, false }

func (a *arrival) record() {
	a.ordinal, a.recorded = a.live.Chunk(a.chunk), true
}

// finish returns when the write was over, since the exchange began.
func (a *arrival) finish() time.Duration {
	now := a.live.Since()
	if a.recorded {
		a.live.Blocked(a.ordinal, now-a.chunk.At)
		return now
	}
	a.chunk.Blocked = now - a.chunk.At
	a.record()
	return now
}
