package tap

import (
	"errors"
	"io"
	"sync/atomic"

	"streamgauge/tunnel"
)

// RequestBody counts what the client sends and remembers whether it broke off,
// so that a malformed or abandoned upload is not blamed on the origin.
type RequestBody struct {
	inner  io.ReadCloser
	live   *tunnel.Live
	atEnd  func() // may be nil
	broken atomic.Pointer[error]
	ended  atomic.Bool

	// Where the client waits for 100 before it sends: the response that may
	// come instead, and the end of the exchange. answer is nil otherwise, and
	// after the first read.
	answer *Response
	over   <-chan struct{}
}

// NewRequestBody wraps the body of a request that has one.
func NewRequestBody(body io.ReadCloser, live *tunnel.Live) *RequestBody {
	return &RequestBody{inner: body, live: live}
}

// AtEnd sets what is called when the body's end was read, before the reader
// hears of it.
func (b *RequestBody) AtEnd(f func()) { b.atEnd = f }

// HoldOnceAnswered makes the first Read wait for over, and fail, if r has a head
// by then. net/http asks for the body even where the origin refused it, and
// asking is what tells the client to send it (RFC 9110 §10.1.1).
func (b *RequestBody) HoldOnceAnswered(r *Response, over <-chan struct{}) {
	b.answer, b.over = r, over
}

var errAnswered = errors.New("answered before the request was sent")

// Read passes on what the client has sent.
func (b *RequestBody) Read(p []byte) (int, error) {
	if b.answer != nil && b.answer.HeadDone() {
		<-b.over
		return 0, errAnswered
	}
	b.answer = nil
	n, err := b.inner.Read(p)
	if n > 0 {
		b.live.RequestBytes(n)
	}
	switch {
	case errors.Is(err, io.EOF):
		if b.atEnd != nil {
			b.atEnd()
		}
		b.ended.Store(true)
	case err != nil:
		b.broken.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Close does nothing. The server closes its request bodies itself, and closing
// one here would wait for a client that has no more reason to send.
func (b *RequestBody) Close() error { return nil }

// Ended reports whether the body was read to its end.
func (b *RequestBody) Ended() bool { return b.ended.Load() }

// Err returns why reading from the client stopped early, or nil.
func (b *RequestBody) Err() error {
	if err := b.broken.Load(); err != nil {
		return *err
	}
	return nil
}
