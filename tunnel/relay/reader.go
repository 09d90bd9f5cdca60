package relay

import (
	"net"
	"syscall"
)

// reader reads one side in pieces of whatever size is there.
type reader struct {
	side *side
	conn net.Conn // to read from; asked for anew while side has a replay
	// raw waits for bytes without a buffer; nil where that cannot be had.
	raw syscall.RawConn
	try func(fd uintptr) bool // one attempt, for raw

	want  int     // class of the next buffer
	class int     // class of buf
	buf   *[]byte // nil while none is held
	n     int     // outcome of the last attempt
	err   error
}

func newReader(s *side) *reader { return &reader{side: s} }

// heldClasses bounds a buffer that is held while waiting, where there is no
// raw: 64 KiB.
const heldClasses = 3

// next waits for bytes and returns them; they are good until the next call.
// The error may come with the last bytes; io.EOF is an end in good order.
func (r *reader) next() ([]byte, error) {
	if r.raw == nil {
		r.look()
	}
	if r.raw == nil {
		r.hold()
		r.n, r.err = r.conn.Read(*r.buf)
		r.adapt(heldClasses)
	} else {
		if err := r.raw.Read(r.try); err != nil {
			return nil, err
		}
		r.adapt(classes)
	}
	if r.buf == nil { // the attempt failed without reading
		return nil, r.err
	}
	return (*r.buf)[:max(r.n, 0)], r.err
}

// look finds out what to read from.
func (r *reader) look() {
	r.conn = r.side.look()
	if tcp := r.side.tcp(); tcp != nil {
		r.attach(tcp)
	}
}

// hold makes sure that a buffer of the class wanted is there.
func (r *reader) hold() {
	if r.buf != nil && r.class != r.want {
		r.release()
	}
	if r.buf == nil {
		r.class, r.buf = r.want, getBuffer(r.want)
	}
}

func (r *reader) release() {
	if r.buf != nil {
		putBuffer(r.class, r.buf)
		r.buf = nil
	}
}

// adapt chooses the next buffer: a full read hints at more, and one that the
// next smaller buffer could have held calls for that one.
func (r *reader) adapt(limit int) {
	size := smallest << (2 * r.class)
	switch {
	case r.n == size:
		r.want = min(r.class+1, limit-1)
	case r.n <= size/4:
		r.want = max(r.class-1, 0)
	}
}
