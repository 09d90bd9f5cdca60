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
	broken atomic.Pointer[error]
	ended  atomic.Bool
}

// NewRequestBody wraps the body of a request that has one.
func NewRequestBody(body io.ReadCloser, live *tunnel.Live) *RequestBody {
	return &RequestBody{inner: body, live: live}
}

// Read passes on what the client has sent.
func (b *RequestBody) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	if n > 0 {
		b.live.RequestBytes(n)
	}
	switch {
	case errors.Is(err, io.EOF):
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
