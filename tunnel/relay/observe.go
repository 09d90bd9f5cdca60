package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/wire"
)

// observer looks at what passes and writes down what it can tell. It is asked
// before the bytes are passed on, so that no answer is seen before its
// question; it is quick (a few nanoseconds a TLS record) and keeps no bytes.
// Each direction has one goroutine that calls observe.
type observer interface {
	// observe takes bytes that arrived at and returns how many units they
	// completed for the client.
	observe(dir tunnel.Direction, p []byte, at time.Duration) (units int)
	// whole reports whether a direction may end here, as far as can be told.
	whole(dir tunnel.Direction) bool
	// over reports whether the origin has said that it will send nothing more.
	over() bool
	// remark is what is to be told of an end in good order, or nothing.
	remark() string
}

// newObserver chooses by what is known of the exchange.
func newObserver(live *tunnel.Live) observer {
	if live.Summary().Kind == tunnel.KindWebSocket {
		return frames{tap.NewFrames(live)}
	}
	return newRecords(live)
}

// records observes TLS, or finds out that it is none.
type records struct {
	live *tunnel.Live
	wire *wire.Tunnel
	told atomic.Bool // all that the hellos say is in live

	mu   sync.Mutex // guards info
	info tunnel.TLSInfo

	// Of the read at hand, towards the client.
	at    time.Duration
	bytes int
	each  func(dir tunnel.Direction, bytes int)
}

func newRecords(live *tunnel.Live) *records {
	o := &records{live: live, wire: wire.NewTunnel()}
	o.each = o.record
	return o
}

func (o *records) observe(dir tunnel.Direction, p []byte, at time.Duration) int {
	if dir == tunnel.ToOrigin {
		o.question(p, at)
		return 0
	}
	o.at, o.bytes = at, 0
	units := o.wire.Feed(dir, p, o.each)
	if o.bytes > 0 {
		o.live.TurnData(at, o.bytes)
	}
	o.tell()
	return units
}

// over is never known: what ends TLS is encrypted.
func (o *records) over() bool { return false }

func (o *records) whole(dir tunnel.Direction) bool { return o.wire.Whole(dir) }

func (o *records) remark() string { return "" }

// question follows the requests inside.
func (o *records) question(p []byte, at time.Duration) {
	n := o.wire.Feed(tunnel.ToOrigin, p, nil)
	switch {
	case n > 0 && o.wire.NewTurn():
		o.live.BeginTurn(at)
	case n > 0:
		o.live.ExtendTurn(at)
	}
	o.tell()
}

func (o *records) record(_ tunnel.Direction, bytes int) {
	o.bytes += bytes
	o.live.Unit(tunnel.Unit{At: o.at, Bytes: int32(bytes), Kind: tunnel.TLSRecord})
}

// tell passes on what the hellos said, as soon as either says something.
func (o *records) tell() {
	if o.told.Load() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	info, complete := o.wire.Info()
	if info != o.info {
		o.info = info
		o.live.Update(func(ex *tunnel.Exchange) { ex.TLS = info })
	}
	o.told.Store(complete)
}

// frames observes a WebSocket connection after its 101.
type frames struct{ *tap.Frames }

func (o frames) observe(dir tunnel.Direction, p []byte, at time.Duration) int {
	return o.Feed(dir, at, p)
}

func (o frames) over() bool { return o.Closed(tunnel.ToClient) }

// whole is always true: the closing handshake of WebSocket is often skipped.
func (o frames) whole(tunnel.Direction) bool { return true }

func (o frames) remark() string { return o.Remark() }
