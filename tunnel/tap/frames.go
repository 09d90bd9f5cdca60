package tap

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/wire"
)

// Frames records the frames of a WebSocket connection after its 101, of both
// directions. The data frames of the origin are units, too; the control frames
// are the two ends' own.
type Frames struct {
	live       *tunnel.Live
	deflates   func() bool // whether permessage-deflate was agreed upon; asked once
	directions [2]*frames
	closed     atomic.Pointer[string] // what is to be told of how it closed
}

// frames are those of one direction.
type frames struct {
	all       *Frames
	direction tunnel.Direction
	wire      wire.Frames
	each      func(wire.Frame)
	over      atomic.Bool // a close frame was seen

	// Of the read at hand.
	at    time.Duration
	units int
}

// NewFrames starts on a connection. live must have the head of the answer by
// the time a frame is fed.
func NewFrames(live *tunnel.Live) *Frames {
	f := &Frames{live: live, deflates: sync.OnceValue(func() bool {
		summary := live.Summary()
		return deflates(summary.ResponseHeaders)
	})}
	for d := range f.directions {
		one := &frames{all: f, direction: tunnel.Direction(d)}
		one.each = one.record
		f.directions[d] = one
	}
	return f
}

// deflates reports whether the answer agrees to permessage-deflate (RFC 7692
// §5). Without it RSV1 means nothing that is known here.
func deflates(headers []tunnel.Header) bool {
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Sec-WebSocket-Extensions") {
			continue
		}
		for extension := range strings.SplitSeq(h.Value, ",") {
			name, _, _ := strings.Cut(extension, ";")
			if strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") {
				return true
			}
		}
	}
	return false
}

// Feed looks at bytes of a direction that arrived at, since the exchange began,
// and returns how many units they completed. It keeps no reference to p. The two
// directions may be fed concurrently.
func (f *Frames) Feed(dir tunnel.Direction, at time.Duration, p []byte) int {
	one := f.directions[dir]
	one.at, one.units = at, 0
	one.wire.Feed(p, one.each)
	return one.units
}

// Remark says in one line, without what the peers wrote, that the connection was
// closed with a status other than a normal one; empty while it was not.
func (f *Frames) Remark() string {
	if remark := f.closed.Load(); remark != nil {
		return *remark
	}
	return ""
}

// Closed reports whether a direction has ended with a close frame: no frame may
// follow it (RFC 6455 §5.5.1), and how the connection ends says nothing more.
func (f *Frames) Closed(dir tunnel.Direction) bool { return f.directions[dir].over.Load() }

func (f *frames) record(frame wire.Frame) {
	const (
		closing      = 0x8 // RFC 6455 §5.2
		firstControl = 0x8
		largest      = 1<<31 - 1
	)
	size := int32(min(frame.Payload, largest))
	f.all.live.Frame(tunnel.Frame{
		At: f.at, Bytes: size, Opcode: frame.Opcode, Direction: f.direction,
		Fin: frame.Fin, Compressed: frame.RSV1 && frame.Opcode < firstControl && f.all.deflates(), Code: frame.Code,
	})
	switch {
	case frame.Opcode == closing:
		f.over.Store(true)
		f.noteClose(frame.Code)
	case frame.Opcode < firstControl && f.direction == tunnel.ToClient:
		f.units++
		f.all.live.Unit(tunnel.Unit{At: f.at, Bytes: size, Kind: tunnel.WebSocket})
	}
}

// noteClose keeps what the first close frame says: the other is its answer.
func (f *frames) noteClose(code uint16) {
	remark := ""
	if !isNormal(code) {
		by := "origin"
		if f.direction == tunnel.ToOrigin {
			by = "client"
		}
		remark = fmt.Sprintf("websocket: the %s closed with %s", by, closeName(code))
	}
	f.all.closed.CompareAndSwap(nil, &remark)
}

// isNormal: no status, done, or going away.
func isNormal(code uint16) bool { return code == 0 || code == 1000 || code == 1001 }

// closeNames are the statuses of RFC 6455 §7.4.1 and those that were registered
// since.
var closeNames = map[uint16]string{
	1002: "protocol error", 1003: "unsupported data", 1005: "no status", 1006: "abnormal closure", 1007: "invalid payload",
	1008: "policy violation", 1009: "message too big", 1010: "extension missing", 1011: "internal error",
	1012: "service restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS handshake",
	3000: "unauthorized", 3003: "forbidden", 3008: "timeout",
}

func closeName(code uint16) string {
	switch name := closeNames[code]; {
	case name != "":
		return fmt.Sprintf("%d (%s)", code, name)
	case code >= 4000: // RFC 6455 §7.4.2
		return fmt.Sprintf("%d (the application's own)", code)
	}
	return fmt.Sprint(code)
}
