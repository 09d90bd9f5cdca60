// Package intake reads connections in pieces of whatever size is there. Where
// the operating system announces bytes instead of completing reads, a reader
// that waits holds no buffer: thousands of streams that are silent most of the
// time cost little, and each read can nevertheless take all that has come,
// which is what an arrival is.
//
// It stamps nothing and interprets nothing: packages tap and relay do.
package intake

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// Reader reads one connection. It is not safe for concurrent use, except with
// the connection's own Close and deadlines.
type Reader struct {
	look func() (net.Conn, bool)
	conn net.Conn // to read from; asked for anew until it is the last
	last bool
	// raw waits for bytes without a buffer; nil where that cannot be had.
	raw syscall.RawConn
	try func(fd uintptr) bool // one attempt, for raw
	// once makes an attempt that finds nothing the last.
	once bool

	into  []byte  // the caller's buffer, for the present read, if it is large
	want  int     // class of the next buffer
	class int     // class of buf
	buf   *[]byte // nil while none is held
	n     int     // outcome of the last attempt
	err   error
}

// NewReader reads from what look returns: a connection, and whether it will
// stay the one to read from. Until then look is called before each read. See
// [Unwrap].
func NewReader(look func() (net.Conn, bool)) *Reader { return &Reader{look: look} }

// Unwrap returns the connection to read from next: the outermost wrapper that
// still has bytes to replay, or, with last true, the one beneath all of them. A
// wrapper takes part by a method NetConn() net.Conn that returns the connection
// beneath as soon as reading there is the same, and before that nil or itself.
// A *tls.Conn is never looked through: beneath it lies ciphertext.
func Unwrap(conn net.Conn) (inner net.Conn, last bool) {
	for {
		if _, encrypted := conn.(*tls.Conn); encrypted {
			return conn, true
		}
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn, true
		}
		next := wrapper.NetConn()
		if next == nil || next == conn {
			return conn, false
		}
		conn = next
	}
}

// Next waits for bytes and returns them; they are good until the next call or
// Release. The error may come with the last bytes; io.EOF is an end in good
// order. Where a wait needs a buffer, scratch is used if it is not empty, so
// that a caller who has one anyway pays for no second; a scratch as large as
// what would be read is always used, which spares a copy.
func (r *Reader) Next(scratch []byte) ([]byte, error) {
	r.settle()
	if r.raw == nil {
		return r.wait(scratch)
	}
	if len(scratch) >= sizes[rawFloor] {
		r.Release()
		r.into = scratch
		defer func() { r.into = nil }()
	}
	return r.read(false)
}

// Ready is Next without the wait: it reports false where nothing is there, or
// where that cannot be told without waiting.
func (r *Reader) Ready() ([]byte, error, bool) {
	r.settle()
	if r.raw == nil {
		return nil, nil, false
	}
	p, err := r.read(true)
	return p, err, err != errNothing
}

// errNothing says that a read without waiting found nothing.
var errNothing = errors.New("nothing to read")

// settle finds out what to read from.
func (r *Reader) settle() {
	if r.last {
		return
	}
	r.conn, r.last = r.look()
	if tcp, ok := r.conn.(*net.TCPConn); ok && r.last {
		r.attach(tcp)
	}
}

func (r *Reader) read(once bool) ([]byte, error) {
	r.once = once
	if err := r.raw.Read(r.try); err != nil {
		return nil, err
	}
	if r.into != nil {
		return r.into[:r.n], r.err
	}
	if r.buf == nil { // the attempt found nothing
		return nil, r.err
	}
	r.adapt(rawFloor, classes-1)
	return (*r.buf)[:r.n], r.err
}

// wait reads where a buffer must be held meanwhile.
func (r *Reader) wait(scratch []byte) ([]byte, error) {
	if len(scratch) > 0 {
		r.Release()
		n, err := r.conn.Read(scratch)
		return scratch[:n], err
	}
	r.hold()
	n, err := r.conn.Read(*r.buf)
	r.n = n
	r.adapt(0, heldCeiling)
	return (*r.buf)[:n], err
}

// hold makes sure that a buffer of the class wanted is there.
func (r *Reader) hold() {
	if r.buf != nil && r.class != r.want {
		r.Release()
	}
	if r.buf == nil {
		r.class, r.buf = r.want, Get(sizes[r.want])
	}
}

// Release gives the buffer back: what Next returned is no longer needed.
func (r *Reader) Release() {
	if r.buf != nil {
		Put(r.buf)
		r.buf = nil
	}
}

// adapt chooses the next buffer: a full read hints at more, and one that the
// next smaller buffer could have held calls for that one.
func (r *Reader) adapt(floor, ceiling int) {
	switch {
	case r.n == sizes[r.class]:
		r.want = min(r.class+1, ceiling)
	case r.class > 0 && r.n <= sizes[r.class-1]:
		r.want = max(r.class-1, floor)
	}
}
