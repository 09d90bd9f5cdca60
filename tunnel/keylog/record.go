package keylog

// The types of TLS record (RFC 8446 §5.1).
const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordApplicationData  = 23
	recordHeartbeat        = 24
)

const (
	recordHeader = 5             // bytes before the body of a record
	maxRecord    = 1<<14 + 2<<10 // bytes of a protected body (RFC 5246 §6.2.3)
)

// records puts the TLS records of one direction together.
type records struct {
	held []byte // the beginning of a record that is not whole
	bad  bool   // not TLS, or out of step with it
}

// next returns the first record that p completes, or nil, and what of p is left.
// The record is valid until the next call.
func (r *records) next(p []byte) (header, body, rest []byte) {
	whole := p
	if len(r.held) > 0 {
		p = r.fill(p, recordHeader)
		if len(r.held) >= recordHeader && r.check(r.held) {
			p = r.fill(p, recordHeader+recordSize(r.held))
		}
		whole = r.held
	}
	if !r.check(whole) {
		return nil, nil, nil
	}
	if len(whole) < recordHeader || len(whole) < recordHeader+recordSize(whole) {
		if len(r.held) == 0 {
			r.held = append(r.held, p...)
		}
		return nil, nil, nil
	}
	end := recordHeader + recordSize(whole)
	if len(r.held) == 0 {
		p = p[end:]
	}
	r.held = r.held[:0]
	return whole[:recordHeader], whole[recordHeader:end], p
}

// fill adds to what is held until that is size long, and returns the rest of p.
func (r *records) fill(p []byte, size int) []byte {
	n := max(min(size-len(r.held), len(p)), 0)
	r.held = append(r.held, p[:n]...)
	return p[n:]
}

func recordSize(header []byte) int { return int(header[3])<<8 | int(header[4]) }

// check looks at as much of a header as there is.
func (r *records) check(p []byte) bool {
	ok := (len(p) < 1 || recordChangeCipherSpec <= p[0] && p[0] <= recordHeartbeat) &&
		(len(p) < 2 || p[1] == 3) &&
		(len(p) < recordHeader || recordSize(p) <= maxRecord)
	r.bad = r.bad || !ok
	return ok
}
