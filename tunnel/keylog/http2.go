package keylog

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/wire"
)

const (
	maxStreams     = 2000    // that are recorded at a time
	maxHeaderBlock = 1 << 20 // bytes of a head, encoded or decoded
	maxTable       = 1 << 20 // bytes of a dynamic table that a peer may ask for
	firstWindow    = 65535   // bytes (RFC 9113 §6.9.2)
	firstTable     = 4096    // bytes (RFC 9113 §6.5.2)
)

// The settings that are read (RFC 9113 §6.5.2).
const (
	settingTableSize = 1
	settingWindow    = 4
)

// http2 reads a connection of HTTP/2 (RFC 9113) from both sides at once.
type http2 struct {
	view    *view
	lanes   [2]lane
	streams map[uint32]*stream
	// window is what the server may still send on the connection, and initial
	// what it may on a new stream.
	window, initial int64
	dry             dry
	waiting         int // streams that are dry
	failed          bool
}

// lane is one direction.
type lane struct {
	frames *wire.HTTP2
	heads  *hpack.Decoder
	block  []byte // a head whose end has not come
	of     wire.HTTP2Frame
	open   bool // CONTINUATION must follow
}

// stream is one request with its response.
type stream struct {
	*exchange
	window int64 // what the server may still send, beyond the initial window
	dry    dry
}

// dry is a window that has no room: since when the server waits for the client.
type dry struct {
	is    bool
	since time.Duration
}

func newHTTP2(v *view) *http2 {
	h := &http2{view: v, streams: map[uint32]*stream{}, window: firstWindow, initial: firstWindow}
	for dir := range h.lanes {
		h.lanes[dir].frames = wire.NewHTTP2(tunnel.Direction(dir) == tunnel.ToOrigin)
		h.lanes[dir].heads = hpack.NewDecoder(firstTable, nil)
		h.lanes[dir].heads.SetMaxStringLength(maxHeaderBlock)
	}
	return h
}

func (h *http2) data(dir tunnel.Direction, p []byte, at time.Duration) bool {
	l := &h.lanes[dir]
	l.frames.Feed(p, func(f wire.HTTP2Frame) {
		if !h.failed {
			h.frame(dir, f, at)
		}
	})
	return !h.failed && !l.frames.Lost()
}

func (h *http2) frame(dir tunnel.Direction, f wire.HTTP2Frame, at time.Duration) {
	l := &h.lanes[dir]
	if l.open && f.Type != wire.HTTP2Continuation {
		h.failed = true // RFC 9113 §6.10
		return
	}
	switch f.Type {
	case wire.HTTP2Data:
		h.body(dir, f, at)
	case wire.HTTP2Headers, wire.HTTP2PushPromise, wire.HTTP2Continuation:
		h.head(dir, f, at)
	case wire.HTTP2Reset:
		h.reset(dir, f, at)
	case wire.HTTP2Settings:
		h.settings(dir, f, at)
	case wire.HTTP2WindowUpdate:
		if dir == tunnel.ToOrigin && len(f.Payload) == 4 {
			h.enlarge(f.Stream, int64(binary.BigEndian.Uint32(f.Payload)&^(1<<31)), at)
		}
	case wire.HTTP2GoAway:
		if dir == tunnel.ToClient && len(f.Payload) >= 8 {
			h.goAway(binary.BigEndian.Uint32(f.Payload)&^(1<<31), code(f.Payload[4:]), at)
		}
	}
}

// head gathers the fragments of a head (RFC 9113 §4.3) and reads it when it is
// whole. Every head must be read, whatever stream it is for: the next one may
// refer to it.
func (h *http2) head(dir tunnel.Direction, f wire.HTTP2Frame, at time.Duration) {
	l := &h.lanes[dir]
	if f.Type == wire.HTTP2Continuation {
		if !l.open || f.Stream != l.of.Stream {
			h.failed = true
			return
		}
	} else {
		l.block, l.of = l.block[:0], f
		l.of.Payload = nil
	}
	if len(l.block)+len(f.Payload) > maxHeaderBlock {
		h.failed = true
		return
	}
	l.block = append(l.block, f.Payload...)
	if l.open = f.Flags&wire.HTTP2EndHeaders == 0; l.open {
		return
	}
	fields, ok := l.decode()
	if !ok {
		h.failed = true
		return
	}
	switch {
	case l.of.Type == wire.HTTP2PushPromise:
	case dir == tunnel.ToOrigin:
		h.question(l.of, fields, at)
	default:
		h.answer(l.of, fields, at)
	}
}

// decode reads the head at hand. A promise begins with the stream it is for (RFC
// 9113 §6.6).
func (l *lane) decode() (fields []hpack.HeaderField, ok bool) {
	block := l.block
	if l.of.Type == wire.HTTP2PushPromise {
		if len(block) < 4 {
			return nil, false
		}
		block = block[4:]
	}
	size := 0
	l.heads.SetEmitFunc(func(f hpack.HeaderField) {
		if size += int(f.Size()); size <= maxHeaderBlock {
			fields = append(fields, f)
		}
	})
	_, err := l.heads.Write(block)
	if err == nil {
		err = l.heads.Close()
	}
	return fields, err == nil && size <= maxHeaderBlock
}

// question begins an exchange, or ends its request: with trailer fields.
func (h *http2) question(f wire.HTTP2Frame, fields []hpack.HeaderField, at time.Duration) {
	s := h.streams[f.Stream]
	if s == nil {
		if len(h.streams) >= maxStreams {
			return
		}
		pseudo, header := split(fields)
		url := pseudo[":scheme"] + "://" + pseudo[":authority"] + pseudo[":path"]
		if pseudo[":authority"] == "" {
			url = pseudo[":scheme"] + "://" + valueOf(header, "host") + pseudo[":path"]
		}
		x := h.view.begin(request{pseudo[":method"], url, "HTTP/2.0", header}, at)
		if strings.EqualFold(pseudo[":protocol"], "websocket") { // RFC 8441 §4
			x.socket = tap.NewFrames(x.live)
		}
		s = &stream{exchange: x}
		h.streams[f.Stream] = s
	}
	if f.Flags&wire.HTTP2EndStream != 0 {
		s.sent(at)
	}
}

// split parts the pseudo-header fields (RFC 9113 §8.3) from the others.
func split(fields []hpack.HeaderField) (pseudo map[string]string, header []tunnel.Header) {
	pseudo = map[string]string{}
	for _, f := range fields {
		if f.IsPseudo() {
			pseudo[f.Name] = f.Value
			continue
		}
		header = append(header, tunnel.Header{Name: f.Name, Value: f.Value})
	}
	return pseudo, header
}

// answer takes a head of a response: an interim one (RFC 9113 §8.1), the final
// one, or the trailer section.
func (h *http2) answer(f wire.HTTP2Frame, fields []hpack.HeaderField, at time.Duration) {
	s := h.streams[f.Stream]
	if s == nil {
		return
	}
	pseudo, header := split(fields)
	status, _ := strconv.Atoi(pseudo[":status"])
	if !s.answered && status/100 != 1 {
		if s.socket != nil && status/100 != 2 {
			s.socket = nil // refused: what follows is an ordinary body
		}
		s.exchange.head(status, header, lengthOf(header), at)
	}
	h.endStream(f, s, at)
}

func (h *http2) endStream(f wire.HTTP2Frame, s *stream, at time.Duration) {
	if f.Last && f.Flags&wire.HTTP2EndStream != 0 {
		s.finish(tunnel.Complete, "", at)
		h.drop(f.Stream)
	}
}

// body takes a piece of DATA.
func (h *http2) body(dir tunnel.Direction, f wire.HTTP2Frame, at time.Duration) {
	s := h.streams[f.Stream]
	if dir == tunnel.ToOrigin {
		if s == nil {
			return
		}
		if s.upload(f.Payload, at); f.Last && f.Flags&wire.HTTP2EndStream != 0 {
			s.sent(at)
		}
		return
	}
	if f.Last {
		h.window -= int64(f.Length)
		h.dry.begin(h.window, at)
	}
	if s == nil {
		return
	}
	s.add(f.Payload, at)
	if f.Last {
		s.window -= int64(f.Length)
		if s.dry.begin(h.initial+s.window, at) {
			h.waiting++
		}
	}
	h.endStream(f, s, at)
}

// begin notes that a window is dry, if it is: a server that has used it up (RFC
// 9113 §6.9.1) has to wait for the client.
func (d *dry) begin(window int64, at time.Duration) bool {
	if window > 0 || d.is {
		return false
	}
	*d = dry{is: true, since: at}
	return true
}

// enlarge applies a WINDOW_UPDATE of the client. What the server waited for it is
// the client's: as if the chunk before had been taken that slowly.
func (h *http2) enlarge(id uint32, n int64, at time.Duration) {
	if id == 0 {
		h.window += n
		if waited, over := h.dry.end(h.window, at); over {
			for _, s := range h.streams {
				if !s.dry.is { // else it still waits for its own
					s.blocked(waited)
				}
			}
		}
		return
	}
	if s := h.streams[id]; s != nil {
		s.window += n
		h.moisten(s, at)
	}
}

// moisten lets a stream that waited go on, if its window has room.
func (h *http2) moisten(s *stream, at time.Duration) {
	waited, over := s.dry.end(h.initial+s.window, at)
	if !over {
		return
	}
	h.waiting--
	if !h.dry.is { // else it still waits for the connection's
		s.blocked(waited)
	}
}

// drop forgets a stream that is over.
func (h *http2) drop(id uint32) {
	if s := h.streams[id]; s != nil && s.dry.is {
		h.waiting--
	}
	delete(h.streams, id)
}

// end says how long the window was dry, if it has room now.
func (d *dry) end(window int64, at time.Duration) (waited time.Duration, over bool) {
	if !d.is || window <= 0 {
		return 0, false
	}
	d.is = false
	return at - d.since, true
}

// settings applies those that matter: the client's window for the server's
// streams, and each side's table for the other's heads.
func (h *http2) settings(dir tunnel.Direction, f wire.HTTP2Frame, at time.Duration) {
	const size = 6 // bytes of one setting
	if f.Flags&wire.HTTP2Ack != 0 {
		return
	}
	for one := range slices.Chunk(f.Payload, size) {
		if len(one) < size {
			return
		}
		value := binary.BigEndian.Uint32(one[2:])
		switch id := binary.BigEndian.Uint16(one); {
		case id == settingTableSize:
			other := &h.lanes[1-dir]
			other.heads.SetAllowedMaxDynamicTableSize(max(firstTable, min(value, maxTable)))
		case id == settingWindow && dir == tunnel.ToOrigin:
			h.initial = int64(value)
			if h.waiting == 0 {
				continue
			}
			for _, s := range h.streams { // RFC 9113 §6.9.2
				h.moisten(s, at)
			}
		}
	}
}

// reset ends a stream that one side gave up (RFC 9113 §6.4).
func (h *http2) reset(dir tunnel.Direction, f wire.HTTP2Frame, at time.Duration) {
	s := h.streams[f.Stream]
	if s == nil || len(f.Payload) < 4 {
		return
	}
	h.drop(f.Stream)
	switch why := code(f.Payload); {
	case dir == tunnel.ToOrigin:
		s.finish(tunnel.ClientClosed, "stream reset by the client: "+why, at)
	case s.answered:
		s.finish(tunnel.Truncated, "stream reset by the origin: "+why, at)
	default:
		s.finish(tunnel.Failed, "stream reset by the origin: "+why, at)
	}
}

// goAway ends the streams that the server will not serve (RFC 9113 §6.8).
func (h *http2) goAway(last uint32, why string, at time.Duration) {
	for id, s := range h.streams {
		if id > last {
			s.finish(tunnel.Failed, "refused by the origin, which goes away: "+why, at)
			h.drop(id)
		}
	}
}

func code(p []byte) string { return wire.HTTP2Code(binary.BigEndian.Uint32(p)).String() }

// ended changes nothing: streams say their own end.
func (h *http2) ended(time.Duration) {}

func (h *http2) running() []*exchange {
	all := make([]*exchange, 0, len(h.streams))
	for _, s := range h.streams {
		all = append(all, s.exchange)
	}
	return all
}
