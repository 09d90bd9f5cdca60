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
	if err != nil && !errors.Is(err, io.EOF) {
		b.broken.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Close closes the client's body.
func (b *RequestBody) Close() error { return b.inner.Close() }

// Err returns why reading from the client stopped early, or nil.
func (b *RequestBody) Err() error {
	if err := b.broken.Load(); err != nil {
		return *err
	}
	return nil
}
