package wire

import (
	"bytes"
	"strings"

	"streamgauge/tunnel"
)

// Request follows the HTTP/1 requests of one connection, one at a time, on its
// raw bytes. It is made for looking on: what it cannot follow it calls Lost, and
// nothing is decided by it. The zero value waits for a request. It is not safe
// for concurrent use.
type Request struct {
	state    responseState
	method   string
	target   string
	proto    string
	head     []byte // head so far; unfolded once it is complete
	line     int    // where in head the unfinished line begins
	fields   int    // where in head the field lines begin
	headDone bool
	chunks   chunks
	left     int64 // bytes missing in a body with a length
	payload  int64
}

// Reset makes r wait for the first byte of the next request. Buffers of ordinary
// size are kept.
func (r *Request) Reset() {
	head := r.head[:0]
	if cap(head) > keptHead {
		head = nil
	}
	*r = Request{head: head}
}

// Take consumes the beginning of p, at most to where the request ends, and
// returns how much that was and how many bytes of it were payload of the body.
func (r *Request) Take(p []byte) (used, payload int) {
	for used < len(p) && r.state < bodyOver {
		n, carried := r.step(p[used:])
		used += n
		payload += carried
	}
	r.payload += int64(payload)
	return used, payload
}

func (r *Request) step(p []byte) (used, payload int) {
	switch r.state {
	case inHead:
		return r.takeHead(p), 0
	case inSized:
		n := int(min(int64(len(p)), r.left))
		if r.left -= int64(n); r.left == 0 {
			r.state = bodyOver
		}
		return n, n
	default:
		used, payload = r.chunks.feed(p)
		switch r.chunks.state {
		case chunksOver:
			r.state = bodyOver
		case chunksBad:
			r.state = lost
		}
		return used, payload
	}
}

// takeHead appends at most one line to the head. RFC 9112 §2.2: empty lines
// before the request line are passed over.
func (r *Request) takeHead(p []byte) int {
	n := bytes.IndexByte(p, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(p)
	}
	if len(r.head)+n > maxHead {
		r.state = lost
		return n
	}
	r.head = append(r.head, p[:n]...)
	if r.fields == 0 && !startsLikeRequest(r.head) {
		r.state = lost
	}
	if !whole || r.state == lost {
		return n
	}
	line := r.head[r.line:]
	r.line = len(r.head)
	switch {
	case isBlank(line) && r.fields == 0:
		r.head, r.line = r.head[:0], 0
	case r.fields == 0:
		r.fields = len(r.head)
	case isBlank(line):
		r.endHead()
	}
	return n
}

// maxMethod is how long the name of a method may be, in bytes.
const maxMethod = 32

// startsLikeRequest reports whether b can be the beginning of a request line, or
// of an empty line before it, so that another protocol is noticed before it sends
// anything like a line end.
func startsLikeRequest(b []byte) bool {
	for i, c := range b[:min(len(b), maxMethod+1)] {
		switch {
		case i > 0 && c == ' ', c == '\n', c == '\r':
			return i == 0 || c == ' '
		case !isToken(c):
			return false
		}
	}
	return len(b) <= maxMethod
}

func (r *Request) endHead() {
	line := string(trimEOL(r.head[:r.fields]))
	method, rest, ok := strings.Cut(line, " ")
	target, proto, two := strings.Cut(rest, " ")
	end, unfolded := unfold(r.head, r.fields)
	if !ok || !two || !unfolded || target == "" || !validProto(proto) || proto[5] > '1' {
		r.state = lost
		return
	}
	r.method, r.target, r.proto = method, target, knownProto(proto)
	r.head = r.head[:end]
	h := head{proto: r.proto, status: 200}
	if !h.readFields(r.head[r.fields:]) {
		r.state = lost
		return
	}
	r.headDone = true
	// RFC 9112 §6.3: without either field a request has no body.
	switch {
	case h.chunked:
		r.state = inChunks
	case h.length > 0:
		r.state, r.left = inSized, h.length
	default:
		r.state = bodyOver
	}
}

// HeadDone reports whether the head is complete.
func (r *Request) HeadDone() bool { return r.headDone }

// Done reports whether the end of the request was seen.
func (r *Request) Done() bool { return r.state == bodyOver }

// Lost reports whether the request could not be followed: malformed, or a bound
// exceeded.
func (r *Request) Lost() bool { return r.state == lost }

// Method, Target and Proto are those of the request line; empty before HeadDone.
func (r *Request) Method() string { return r.method }

// Target is the request-target as it was sent (RFC 9112 §3.2).
func (r *Request) Target() string { return r.target }

// Proto is the protocol version as on the wire, "HTTP/1.1".
func (r *Request) Proto() string { return r.proto }

// Header returns the field lines in the order and spelling of the wire, nil
// before HeadDone. The slice is the caller's.
func (r *Request) Header() []tunnel.Header {
	if !r.headDone {
		return nil
	}
	return headerOf(r.head[r.fields:])
}
