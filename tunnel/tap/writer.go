package tap

import (
	"bufio"
	"maps"
	"net"
	"net/http"
	"sync"

	"streamgauge/tunnel/wire"
)

// Writer is the way to the client that goproxy is given. It keeps the origin's
// framing, adds nothing of its own, relays interim responses, and flushes only
// when there is something to flush. It deliberately is no io.ReaderFrom, which
// would let io.Copy bypass the tap.
//
// Interim may be called from another goroutine than the rest until WriteHeader
// has been.
type Writer struct {
	inner   http.ResponseWriter
	flusher http.Flusher
	request *http.Request
	holder  Holder // may be nil

	mu       sync.Mutex // guards the fields below and the head
	framing  wire.Framing
	framed   bool
	last     bool
	headSent bool
	dirty    bool
	flushed  bool
}

// NewWriter wraps the writer of net/http's server for the response to r. If r is
// to be closed, so is the connection.
func NewWriter(w http.ResponseWriter, r *http.Request) *Writer {
	flusher, _ := w.(http.Flusher)
	return &Writer{inner: w, flusher: flusher, request: r, last: r.Close}
}

// Holder is a client's connection that can gather what is written to it: from Hold
// on, until Release writes it at once.
type Holder interface {
	Hold()
	Release()
}

// GatherOn has h, the connection beneath, write each chunk at once. Otherwise
// net/http's server hands a chunk that is larger than its buffer down in pieces,
// and TLS would make a record of each.
func (w *Writer) GatherOn(h Holder) { w.holder = h }

// Sizes in bytes between which a chunk is gathered: net/http's server buffers
// less, and a TLS record has room for more, framing included.
const (
	gatherFrom = 2 << 10
	gatherTo   = 16<<10 - 16
)

// gather begins a chunk of that size, where it has to be, and returns what must
// be called behind its flush.
func (w *Writer) gather(size int) (release func()) {
	if w.holder == nil || size < gatherFrom || size > gatherTo {
		return func() {}
	}
	w.holder.Hold()
	return w.holder.Release
}

// EndConnection makes this response the last on its connection, whatever the
// server has read behind the request. It has no effect after WriteHeader.
func (w *Writer) EndConnection() {
	if w.request.ProtoMajor >= 2 {
		return // others share it, and it needs not end: a stream can
	}
	w.mu.Lock()
	w.last = true
	w.mu.Unlock()
}

// KeepFraming makes the response to the client delimited as the origin's is.
// Without it net/http decides.
func (w *Writer) KeepFraming(f wire.Framing) {
	w.mu.Lock()
	w.framing, w.framed = f, true
	w.mu.Unlock()
}

// Header returns the header map to fill before WriteHeader.
func (w *Writer) Header() http.Header { return w.inner.Header() }

// Interim passes on a 1xx response other than 101 (RFC 9110 §15.2), at once.
// A client of HTTP/1.0 is sent none, as the same section demands.
func (w *Writer) Interim(status int, header http.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.headSent || !w.request.ProtoAtLeast(1, 1) {
		return
	}
	h := w.inner.Header()
	maps.Copy(h, header)
	w.inner.WriteHeader(status)
	clear(h)
}

// WriteHeader sends the head as soon as the body has to be waited for.
func (w *Writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.inner.Header()
	if w.framed {
		w.frame(h)
	}
	if w.last {
		h["Connection"] = []string{"close"} // the one way to tell net/http's server
	}
	if status == http.StatusNotModified {
		keepMetadata(h)
	}
	w.headSent, w.dirty = true, true
	w.inner.WriteHeader(status)
}

// keepMetadata spells fields that net/http's server removes from a 304 so that
// it does not know them. They tell of the representation, and a cache wants
// them (RFC 9110 §15.4.5).
func keepMetadata(h http.Header) {
	for name, spelling := range map[string]string{"Content-Length": "Content-length", "Content-Type": "Content-type"} {
		if values := h[name]; len(values) > 0 {
			delete(h, name)
			h[spelling] = values
		}
	}
}

// frame keeps net/http's server from re-framing and from adding fields. A
// Transfer-Encoding header is its documented way to be told about framing; a
// field set to nil is one it leaves out.
func (w *Writer) frame(h http.Header) {
	switch w.framing {
	case wire.Chunked:
		h["Transfer-Encoding"] = []string{"chunked"}
	case wire.UntilClose:
		h["Transfer-Encoding"] = []string{"identity"}
	}
	added := []string{"Date", "Content-Type"}
	if w.request.ProtoMajor >= 2 {
		added = append(added, "Content-Length") // of a body that was written before it ended
	}
	for _, name := range added {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
}

// EndsWithConnection reports whether the client can see the body's end only by
// the end of the connection, so that breaking off needs a reset to be visible.
func (w *Writer) EndsWithConnection() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.headSent || w.inner.Header().Get("Content-Length") != "":
		return false
	case w.framed && w.framing == wire.UntilClose:
		return true
	}
	return !w.request.ProtoAtLeast(1, 1)
}

// HeadSent reports whether WriteHeader was called.
func (w *Writer) HeadSent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.headSent
}

// Write hands p to net/http's server.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.dirty = true
	w.mu.Unlock()
	return w.inner.Write(p)
}

// Flush sends what was written, if anything was.
func (w *Writer) Flush() {
	w.mu.Lock()
	dirty, first := w.dirty, !w.flushed
	w.dirty, w.flushed = false, true
	w.mu.Unlock()
	switch {
	case !dirty || w.flusher == nil:
	case first:
		elsewhere(w.flusher.Flush)
	default:
		w.flusher.Flush()
	}
}

// elsewhere runs f on a goroutine of its own and waits for it. The first flush
// writes the head, which is the deepest call of an exchange: made here it would
// double the stack that the handler of a stream keeps for hours.
func elsewhere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// Hijack takes the connection over. goproxy asserts http.Hijacker on the writer
// it is given, so Unwrap would not do.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.inner).Hijack()
}
