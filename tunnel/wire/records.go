package wire

// The types of TLS record that matter here (RFC 8446 §5.1).
const (
	recordChangeCipherSpec = 20
	recordHandshake        = 22
	recordApplicationData  = 23
	recordHeartbeat        = 24
)

const (
	recordHeader = 5             // bytes before the body of a record
	maxRecord    = 1<<14 + 2<<10 // bytes of a protected body (RFC 5246 §6.2.3)
)

// records splits one direction of a connection into TLS records without
// keeping their bodies.
type records struct {
	header [recordHeader]byte
	have   int  // bytes of header seen
	left   int  // bytes of the body still to come
	bad    bool // not TLS, or out of step with it
}

// next consumes the beginning of p: the rest of a header and what p holds of
// the body after it. whole says that a record ended there.
func (r *records) next(p []byte) (body, rest []byte, whole bool) {
	if r.have < recordHeader {
		n := copy(r.header[r.have:], p)
		p = p[n:]
		if r.have += n; !r.plausible() {
			r.bad = true
			return nil, nil, false
		}
		if r.have < recordHeader {
			return nil, nil, false
		}
		r.left = r.size()
	}
	n := min(r.left, len(p))
	r.left -= n
	if whole = r.left == 0; whole {
		r.have = 0
	}
	return p[:n], p[n:], whole
}

// plausible checks as much of the header as has come.
func (r *records) plausible() bool {
	return (r.have < 1 || recordChangeCipherSpec <= r.header[0] && r.header[0] <= recordHeartbeat) &&
		(r.have < 2 || r.header[1] == 3) &&
		(r.have < 3 || r.header[2] <= 4) &&
		(r.have < 5 || r.size() <= maxRecord)
}

// kind and size are those of the latest record whose header is complete.
func (r *records) kind() byte { return r.header[0] }
func (r *records) size() int  { return int(r.header[3])<<8 | int(r.header[4]) }
