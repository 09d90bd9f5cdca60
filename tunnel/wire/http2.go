package wire

import "encoding/binary"

// HTTP2Type is the type of an HTTP/2 frame (RFC 9113 §6).
type HTTP2Type uint8

// The types of frame that say something of a stream or of the connection.
const (
	HTTP2Data         HTTP2Type = 0x0
	HTTP2Headers      HTTP2Type = 0x1
	HTTP2Reset        HTTP2Type = 0x3
	HTTP2Settings     HTTP2Type = 0x4
	HTTP2PushPromise  HTTP2Type = 0x5
	HTTP2GoAway       HTTP2Type = 0x7
	HTTP2WindowUpdate HTTP2Type = 0x8
	HTTP2Continuation HTTP2Type = 0x9
)

// The flags of frames; which type knows which says RFC 9113 §6.
const (
	HTTP2EndStream  = 0x1 // DATA, HEADERS
	HTTP2Ack        = 0x1 // SETTINGS
	HTTP2EndHeaders = 0x4 // HEADERS, PUSH_PROMISE, CONTINUATION
	HTTP2Padded     = 0x8
	HTTP2Priority   = 0x20 // HEADERS
)

const (
	http2Preface   = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113 §3.4
	http2Header    = 9                                  // bytes before the payload (RFC 9113 §4.1)
	maxHTTP2Held   = 1 << 20                            // bytes of a frame that is held until it is whole
	http2StreamBit = 1 << 31                            // reserved
)

// HTTP2Frame is a frame, or a piece of a DATA frame.
type HTTP2Frame struct {
	Type   HTTP2Type
	Flags  uint8
	Stream uint32
	// Length is the whole payload's, padding included: what flow control counts
	// (RFC 9113 §6.1).
	Length int
	// Payload is the frame's, without padding and priority; of DATA what has come
	// since the last call. It is valid during the call only.
	Payload []byte
	// First and Last say whether a frame begins and ends with this call. Both are
	// always true, except for DATA.
	First, Last bool
}

// HTTP2 splits one direction of an HTTP/2 connection into frames. DATA is handed
// out as it comes, all else when it is whole. It is not safe for concurrent use.
type HTTP2 struct {
	preface int // bytes of the client's preface still to come
	header  [http2Header]byte
	have    int // bytes of header seen
	left    int // bytes of payload still to come
	held    []byte
	pad     int  // padding of the DATA frame at hand; -1 while its length is to come
	begun   bool // a piece of the DATA frame at hand was handed out
	lost    bool
}

// NewHTTP2 waits for the first byte of a connection's direction. preface says
// that the client's preface comes first.
func NewHTTP2(preface bool) *HTTP2 {
	h := &HTTP2{}
	if preface {
		h.preface = len(http2Preface)
	}
	return h
}

// Lost reports whether the bytes were not HTTP/2, or a frame was too large to be
// held. Nothing more is handed out then.
func (h *HTTP2) Lost() bool { return h.lost }

// Feed takes the next bytes and calls each for every frame, or piece of DATA, that
// they complete.
func (h *HTTP2) Feed(p []byte, each func(HTTP2Frame)) {
	p = h.takePreface(p)
	for len(p) > 0 && !h.lost {
		if h.have < http2Header {
			n := copy(h.header[h.have:], p)
			h.have += n
			p = p[n:]
			if h.have < http2Header {
				return
			}
			h.begin()
			if h.left > 0 {
				continue
			}
		}
		n := min(h.left, len(p))
		h.left -= n
		h.payload(p[:n], each)
		p = p[n:]
	}
}

func (h *HTTP2) takePreface(p []byte) []byte {
	if h.preface == 0 {
		return p
	}
	rest := http2Preface[len(http2Preface)-h.preface:]
	n := min(len(rest), len(p))
	if string(p[:n]) != rest[:n] {
		h.lost = true
	}
	h.preface -= n
	return p[n:]
}

func (h *HTTP2) begin() {
	h.left = int(h.header[0])<<16 | int(h.header[1])<<8 | int(h.header[2])
	h.held, h.begun, h.pad = h.held[:0], false, 0
	if h.kind() == HTTP2Data {
		if h.flags()&HTTP2Padded != 0 {
			h.pad = -1
		}
		return
	}
	h.lost = h.left > maxHTTP2Held
}

func (h *HTTP2) kind() HTTP2Type { return HTTP2Type(h.header[3]) }
func (h *HTTP2) flags() uint8    { return h.header[4] }

func (h *HTTP2) frame(payload []byte) HTTP2Frame {
	return HTTP2Frame{
		Type: h.kind(), Flags: h.flags(),
		Stream:  binary.BigEndian.Uint32(h.header[5:]) &^ http2StreamBit,
		Length:  int(h.header[0])<<16 | int(h.header[1])<<8 | int(h.header[2]),
		Payload: payload, First: true, Last: true,
	}
}

// payload takes what came of the payload, or an empty frame as a whole.
func (h *HTTP2) payload(p []byte, each func(HTTP2Frame)) {
	if h.kind() == HTTP2Data {
		h.data(p, each)
		return
	}
	if h.left > 0 || len(h.held) > 0 {
		h.held = append(h.held, p...)
		p = h.held
	}
	if h.left > 0 {
		return
	}
	h.have = 0
	f := h.frame(p)
	if f.Payload = strip(f); f.Payload == nil {
		h.lost = true
		return
	}
	each(f)
	if cap(h.held) > keptHead {
		h.held = nil
	}
}

// strip removes padding and priority from a whole frame (RFC 9113 §6.2, §6.6);
// nil if they do not fit. An empty payload is not nil.
func strip(f HTTP2Frame) []byte {
	p := f.Payload
	if p == nil {
		p = []byte{}
	}
	if f.Type != HTTP2Headers && f.Type != HTTP2PushPromise {
		return p
	}
	if f.Flags&HTTP2Padded != 0 {
		if len(p) == 0 || int(p[0]) >= len(p) {
			return nil
		}
		p = p[1 : len(p)-int(p[0])]
	}
	if f.Type == HTTP2Headers && f.Flags&HTTP2Priority != 0 {
		const priority = 5
		if len(p) < priority {
			return nil
		}
		p = p[priority:]
	}
	return p
}

// data hands out a piece of DATA (RFC 9113 §6.1).
func (h *HTTP2) data(p []byte, each func(HTTP2Frame)) {
	if h.pad < 0 && len(p) > 0 {
		h.pad = int(p[0])
		p = p[1:]
		h.lost = h.pad > h.left+len(p)
	}
	if h.lost {
		return
	}
	// What is still to come holds the padding, or part of it is here already.
	if over := h.pad - h.left; over > 0 {
		p = p[:max(len(p)-over, 0)]
	}
	f := h.frame(p)
	f.First, f.Last = !h.begun, h.left == 0
	h.begun = true
	if f.Last {
		h.have = 0
	}
	if len(p) > 0 || f.First || f.Last {
		each(f)
	}
}
