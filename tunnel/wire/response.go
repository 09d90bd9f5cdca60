package wire

import (
	"bytes"

	"streamgauge/tunnel"
)

// Framing says how the end of a response's body is told.
type Framing uint8

// The framings of RFC 9112 §6.3. Unknown is the zero value.
const (
	Unknown       Framing = iota // head not complete yet
	Bodiless                     // HEAD, 204, 304 or Content-Length: 0
	ContentLength                // a number of bytes given beforehand
	Chunked                      // wire chunks, then a trailer section
	UntilClose                   // all until the connection ends; also after 101
)

var framingNames = [...]string{"unknown", "bodiless", "content-length", "chunked", "until-close"}

// String returns the framing in lower case, for messages.
func (f Framing) String() string {
	if int(f) < len(framingNames) {
		return framingNames[f]
	}
	return framingNames[Unknown]
}

const (
	maxHead  = 1 << 20  // bytes of one response head
	keptHead = 16 << 10 // bytes of head buffer that Reset keeps
)

type responseState uint8

const (
	inHead responseState = iota
	inSized
	inChunks
	inOpenEnd
	bodyOver
	lost
)

// Response follows one HTTP/1 response on the raw bytes of a connection,
// beside the parser that decides. It agrees with net/http on where payload is
// for every response that net/http accepts. The zero value waits for the
// answer to a GET. It is not safe for concurrent use.
type Response struct {
	state    responseState
	framing  Framing
	bodyless bool // the request was HEAD
	headDone bool
	chunks   chunks
	left     int64 // bytes missing in a body with a length
	payload  int64
	status   int
	proto    string
	head     []byte // head so far; the final one once headDone, unfolded
	line     int    // where in head the unfinished line begins
	fields   int    // where in head the field lines begin
}

// Reset makes r wait for the first byte of the response to a request of that
// method. Buffers of ordinary size are kept.
func (r *Response) Reset(method string) {
	head := r.head[:0]
	if cap(head) > keptHead {
		head = nil
	}
	*r = Response{head: head, bodyless: method == "HEAD"}
}

// Feed takes the next bytes of the connection and returns how many of them
// were payload: framing removed, content-encoding kept. Bytes after the end of
// the body are not payload.
func (r *Response) Feed(p []byte) (payload int) {
	_, payload = r.Take(p, nil)
	return payload
}

// Take is Feed for a connection that goes on behind the body: it says besides
// how many bytes of p belong to the response, and hands each piece of payload to
// each, unless that is nil, which must not keep it. Nothing is taken once the
// response is Done or Lost.
func (r *Response) Take(p []byte, each func(payload []byte)) (used, payload int) {
	for used < len(p) && r.state < bodyOver {
		rest := p[used:]
		n, carried := r.step(rest)
		if carried > 0 && each != nil {
			each(rest[:carried]) // a step is payload or framing, never both
		}
		used += n
		payload += carried
	}
	r.payload += int64(payload)
	return used, payload
}

// step consumes the beginning of p by one rule. It always consumes something
// or leaves the states that can.
func (r *Response) step(p []byte) (used, payload int) {
	switch r.state {
	case inHead:
		return r.feedHead(p), 0
	case inSized:
		n := int(min(int64(len(p)), r.left))
		if r.left -= int64(n); r.left == 0 {
			r.state = bodyOver
		}
		return n, n
	case inChunks:
		used, payload = r.chunks.feed(p)
		switch r.chunks.state {
		case chunksOver:
			r.state = bodyOver
		case chunksBad:
			r.state = lost
		}
		return used, payload
	default:
		return len(p), len(p)
	}
}

// feedHead appends at most one line to the head.
func (r *Response) feedHead(p []byte) int {
	n := bytes.IndexByte(p, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(p)
	}
	if len(r.head)+n > maxHead {
		r.state = lost
		return len(p)
	}
	r.head = append(r.head, p[:n]...)
	if r.fields == 0 && !startsLikeHTTP(r.head) {
		r.state = lost
		return n
	}
	if whole {
		r.endLine()
	}
	return n
}

// endLine looks at the line that was just completed.
func (r *Response) endLine() {
	line := r.head[r.line:]
	r.line = len(r.head)
	switch {
	case r.fields == 0:
		r.fields = len(r.head)
	case isBlank(line):
		r.endHead(parseHead(r.head, r.fields))
	}
}

// endHead applies a complete head: an interim one is forgotten, the final one
// decides the framing.
func (r *Response) endHead(h head, ok bool) {
	if !ok {
		r.state = lost
		return
	}
	// RFC 9110 §15.2: any number of interim responses may precede the final
	// one. 101 is not interim for us: after it comes another protocol.
	if h.status/100 == 1 && h.status != 101 {
		r.head, r.line, r.fields = r.head[:0], 0, 0
		return
	}
	r.headDone = true
	r.status, r.proto, r.head = h.status, h.proto, r.head[:h.end]
	r.framing, r.left = h.framing(r.bodyless)
	switch r.framing {
	case Chunked:
		r.state = inChunks
	case ContentLength:
		r.state = inSized
	case UntilClose:
		r.state = inOpenEnd
	default:
		r.state = bodyOver
	}
}

// HeadDone reports whether the final head is complete: not 1xx, except 101.
func (r *Response) HeadDone() bool { return r.headDone }

// Done reports whether the end of the body was seen: the length reached, the
// trailer section after the last wire chunk ended, or no body to come. A body
// that lasts until the connection closes is never done by its bytes.
func (r *Response) Done() bool { return r.state == bodyOver }

// Lost reports whether the response could not be followed: malformed, or a
// bound exceeded. Figures from then on mean nothing.
func (r *Response) Lost() bool { return r.state == lost }

// Payload is how many payload bytes have come so far.
func (r *Response) Payload() int64 { return r.payload }

// Framing says how the end of the body is told; Unknown before HeadDone.
func (r *Response) Framing() Framing { return r.framing }

// Status is the final status code; 0 before HeadDone.
func (r *Response) Status() int { return r.status }

// Proto is the protocol version as on the wire, "HTTP/1.1"; empty before HeadDone.
func (r *Response) Proto() string { return r.proto }

// Header returns the field lines of the final head in the order and spelling
// of the wire, folded values joined by a space. The slice is the caller's. It
// is nil before HeadDone.
func (r *Response) Header() []tunnel.Header {
	if !r.headDone {
		return nil
	}
	return headerOf(r.head[r.fields:])
}

// headerOf copies the lines of an unfolded head.
func headerOf(fields []byte) []tunnel.Header {
	header := make([]tunnel.Header, 0, bytes.Count(fields, lf))
	for line := range fieldLines(string(fields)) {
		header = append(header, line)
	}
	return header
}
