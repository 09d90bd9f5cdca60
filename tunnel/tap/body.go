package tap

import (
	"errors"
	"io"
	"net/http"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/intake"
	"streamgauge/tunnel/wire"
)

// Outcome is how the copying of a body ended.
type Outcome struct {
	// ReadErr is why reading from the origin stopped early; nil at a proper end.
	ReadErr error
	// WriteErr is why the client could not be written to.
	WriteErr error
	// Ended reports that the body's end was reached.
	Ended bool
}

// Body is the body of a response on its way to the client. goproxy's io.Copy
// calls WriteTo; nothing else may read it. Not safe for concurrent use.
type Body struct {
	inner    io.ReadCloser
	response *Response
	flusher  *Writer
	live     *tunnel.Live
	units    *Units
	outcome  Outcome
	atEnd    func() // called when the end was reached; may be nil
	last     int64  // ordinal of the last chunk; -1 before the first
	// divisible says that net/http hands out part of the body as it comes; bulk
	// that the last arrival was large, so that the next is likely to be.
	divisible, bulk bool
	one             [1]byte
}

// NewBody wraps the body of resp, which arrives through r and goes to the
// client through w. The flusher is given apart from the writer of WriteTo
// because goproxy hides it behind a writer of its own for some content types.
func NewBody(resp *http.Response, r *Response, w *Writer, live *tunnel.Live) *Body {
	framing := r.Framing()
	return &Body{
		inner: resp.Body, response: r, flusher: w, live: live, last: -1,
		units:     NewUnits(resp.Header.Get("Content-Type"), resp.Header.Get("Content-Encoding"), resp.ContentLength, live),
		divisible: framing == wire.ContentLength || framing == wire.UntilClose,
	}
}

// AtEnd sets what is called once the body's end was reached, when its trailer
// fields are known.
func (b *Body) AtEnd(f func()) { b.atEnd = f }

// Outcome returns how copying ended; valid once WriteTo has returned.
func (b *Body) Outcome() Outcome { return b.outcome }

// Read is for callers that do not know WriteTo. It returns what has arrived and
// waits only when nothing has, but records no chunks.
func (b *Body) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return b.inner.Read(p)
}

// Close closes the body. It does not wait for units that are counted beside the
// stream: see Counted.
func (b *Body) Close() error {
	b.units.End(b.outcome.Ended)
	return b.inner.Close()
}

// Counted returns a channel that is closed, some time after Close, when all
// units are recorded, or nil if they are already.
func (b *Body) Counted() <-chan struct{} { return b.units.Counted() }

// WriteTo copies the body to w, one Write for each read of the connection, and
// flushes before every wait, the one for the first byte included. It records each chunk with the time at which
// its bytes were read and how long the client took to accept them.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	b.response.whenWaiting(b.flush) // the head
	defer b.response.whenWaiting(nil)
	var total int64
	for {
		n, err := b.copyArrival(w)
		total += n
		if err != nil {
			return total, b.finish(err)
		}
	}
}

// flush sends what was written before the connection waits for more, and
// counts the time as the last chunk's.
func (b *Body) flush() {
	b.response.whenWaiting(nil)
	before := time.Now()
	b.flusher.Flush()
	if blocked := time.Since(before); b.last >= 0 && blocked > 0 {
		b.live.Blocked(b.last, blocked)
	}
}

// finish sorts the error that ended copying by whom it blames.
func (b *Body) finish(err error) error {
	var write *writeError
	switch {
	case errors.Is(err, io.EOF):
		b.outcome.Ended = true
		if b.atEnd != nil {
			b.atEnd()
		}
		return nil
	case errors.As(err, &write):
		b.outcome.WriteErr = write.err
	default:
		b.outcome.ReadErr = err
	}
	return err
}

// writeError marks an error of the client's side.
type writeError struct{ err error }

func (e *writeError) Error() string { return "write client: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// copyArrival writes the payload of the oldest arrival, after waiting for one
// if need be.
func (b *Body) copyArrival(w io.Writer) (int64, error) {
	if a, ok := b.response.take(); ok {
		return b.copyBytes(w, a, 0)
	}
	if b.bulk {
		return b.copyBulk(w)
	}
	if wait := b.response.laneWait(); wait != nil {
		wait()
	}
	// Ask for one byte: when it comes, the read of the connection that brought
	// it has been stamped and measured.
	n, err := b.inner.Read(b.one[:])
	if n == 0 {
		return 0, err
	}
	a, ok := b.response.take()
	if !ok {
		// The framing could not be followed: what net/http hands out counts.
		a = arrival{b.live.Since(), 1}
	}
	return b.copyBytes(w, a, n)
}

// copyBulk reads as much as there is at once. It is for fast downloads whose
// framing lets net/http hand out part of a body, any but chunked: there one read
// of the body is one read of the connection, and the bytes are copied once less.
func (b *Body) copyBulk(w io.Writer) (int64, error) {
	buffer := intake.Get(intake.MaxRead)
	defer intake.Put(buffer)
	n, readErr := b.inner.Read(*buffer)
	a, ok := b.response.take()
	if !ok {
		a.at = b.live.Since()
	}
	b.bulk = n >= bulkArrival
	written, err := b.deliver(w, a.at, (*buffer)[:n], a.bytes > n)
	if left := a.bytes - n; err == nil && readErr == nil && left > 0 {
		more, err := b.copyBytes(w, arrival{a.at, left}, 0)
		return int64(written) + more, err
	}
	if err == nil {
		err = readErr
	}
	return int64(written), err
}

// copyBytes moves a.bytes to w. The first have of them, at most one, are in
// b.one already.
func (b *Body) copyBytes(w io.Writer, a arrival, have int) (total int64, err error) {
	b.bulk = b.divisible && a.bytes >= bulkArrival
	buffer := intake.Get(min(a.bytes, intake.MaxRead))
	defer intake.Put(buffer)
	copy(*buffer, b.one[:have])
	for left := a.bytes; left > 0; {
		n, readErr := fill(b.inner, (*buffer)[:min(left, len(*buffer))], have)
		have = 0
		left -= n
		written, err := b.deliver(w, a.at, (*buffer)[:n], left > 0)
		total += int64(written)
		if err == nil {
			err = readErr
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// fill reads until p is full, from index have on, and returns how much of p is
// filled. Unlike io.ReadFull it keeps the error that it was given: a broken
// body must not be mistaken for one that ended.
func fill(r io.Reader, p []byte, have int) (int, error) {
	for have < len(p) {
		n, err := r.Read(p[have:])
		have += n
		if err != nil {
			return have, err
		}
	}
	return have, nil
}

// bulkArrival is how large an arrival, in bytes, speaks of a fast download.
const bulkArrival = 32 << 10

// flushAtOnce is the size, in bytes, up to which what was written is flushed
// before it is looked at. Of a larger piece only the end is still in a buffer
// then, and more is likely to be there already; it is flushed before a wait.
const flushAtOnce = 32 << 10

// deliver writes p and then records it as a chunk. more says that the rest of
// the same arrival follows. Whatever can come after the write does: on a quiet
// machine the code that lies between a read and its write is not in the
// processor's caches, and costs more to fetch than to run.
func (b *Body) deliver(w io.Writer, at time.Duration, p []byte, more bool) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	before := time.Now()
	release := b.flusher.gather(len(p))
	n, err := w.Write(p)
	switch {
	case err != nil || more || !b.response.unfinished():
	case len(p) < flushAtOnce:
		b.flusher.Flush()
		b.response.whenWaiting(nil)
	default:
		b.response.whenWaiting(b.flush)
	}
	release()
	b.last = b.live.Chunk(tunnel.Chunk{At: at, Bytes: int32(len(p)), Blocked: time.Since(before)})
	if err != nil {
		return n, &writeError{err}
	}
	b.units.Feed(b.last, at, p)
	return n, nil
}
