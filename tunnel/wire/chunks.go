package wire

import "bytes"

const (
	maxSizeLine = 4097     // bytes of one line that gives the size of a wire chunk
	maxExcess   = 16 << 10 // bytes of framing tolerated beyond twice the payload
	maxTrailer  = 64 << 10 // bytes of the trailer section
)

type chunksState uint8

const (
	sizeDigits chunksState = iota
	sizeBlanks             // after the size, before the line end
	extension              // skipped
	sizeLF                 // CR seen, LF must follow
	chunkData              //
	dataCR                 // payload complete, CRLF must follow
	dataLF                 //
	trailer                // after the last wire chunk
	chunksOver             // trailer section ended
	chunksBad              // malformed, or too much framing
)

// chunks follows the chunked coding of RFC 9112 §7.1 as strictly as net/http:
// these lines must end in CRLF and hold no other CR.
type chunks struct {
	state  chunksState
	digits int    // hexadecimal digits of the size seen so far
	left   uint64 // size read so far, then payload missing in this wire chunk
	// size is how long the line (the trailer section) is so far.
	size   int
	excess int64 // framing beyond what the payload warrants
	line   trailerLine
}

// trailerLine is what must be known of the unfinished line of the trailer
// section.
type trailerLine struct {
	size  int
	first byte
	colon bool
}

// feed consumes the beginning of p by one rule.
func (c *chunks) feed(p []byte) (used, payload int) {
	switch c.state {
	case chunkData:
		n := int(min(uint64(len(p)), c.left))
		if c.left -= uint64(n); c.left == 0 {
			c.state = dataCR
		}
		return n, n
	case dataCR:
		c.expect(p[0], '\r', dataLF)
		return 1, 0
	case dataLF:
		c.expect(p[0], '\n', sizeDigits)
		return 1, 0
	case trailer:
		return c.feedTrailer(p), 0
	case extension:
		return c.skipExtension(p), 0
	default:
		c.sizeByte(p[0])
		return 1, 0
	}
}

func (c *chunks) expect(got, want byte, next chunksState) {
	if got != want {
		next = chunksBad
	}
	c.state = next
}

// sizeByte takes one byte of the line that gives the size.
func (c *chunks) sizeByte(b byte) {
	if c.size++; c.size > maxSizeLine {
		c.state = chunksBad
		return
	}
	digit, isHex := hexDigit(b)
	switch {
	case c.state == sizeLF:
		c.endSizeLine(b)
	case b == '\r' && c.digits > 0:
		c.state = sizeLF
	case (b == ' ' || b == '\t') && c.digits > 0:
		c.state = sizeBlanks
	case b == ';' && c.digits > 0 && c.state == sizeDigits:
		c.state = extension
	case isHex && c.state == sizeDigits && c.digits < 16:
		c.digits++
		c.left = c.left<<4 | uint64(digit)
	default:
		c.state = chunksBad
	}
}

func hexDigit(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// skipExtension passes over a chunk extension (RFC 9112 §7.1.1) up to the CR.
func (c *chunks) skipExtension(p []byte) int {
	n := bytes.IndexAny(p[:min(len(p), maxSizeLine)], "\r\n")
	switch {
	case n < 0:
		n = min(len(p), maxSizeLine)
		c.size += n
	case p[n] == '\n':
		c.state = chunksBad
		return n + 1
	default:
		n++
		c.size += n
		c.state = sizeLF
	}
	if c.size > maxSizeLine {
		c.state = chunksBad
	}
	return n
}

// endSizeLine takes the LF of the line and begins the wire chunk. A sender may
// use small chunks, but not wrap next to nothing in much framing: the bound is
// that of net/http.
func (c *chunks) endSizeLine(b byte) {
	if b != '\n' {
		c.state = chunksBad
		return
	}
	const margin = 16 // bytes of framing a wire chunk is allowed
	if c.left < maxExcess {
		c.excess = max(c.excess+int64(c.size)-margin-2*int64(c.left), 0)
	} else {
		c.excess = 0
	}
	c.state = chunkData
	if c.left == 0 {
		c.state = trailer
	}
	if c.excess > maxExcess {
		c.state = chunksBad
	}
	c.digits, c.size = 0, 0
}

// feedTrailer consumes at most one line of the trailer section (RFC 9112
// §7.1.2). Field lines must look like field lines; what they say is not kept.
func (c *chunks) feedTrailer(p []byte) int {
	n := bytes.IndexByte(p, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(p)
	}
	if c.size += n; c.size > maxTrailer {
		c.state = chunksBad
		return n
	}
	if c.line.size == 0 {
		c.line.first = p[0]
	}
	c.line.size += n
	c.line.colon = c.line.colon || bytes.IndexByte(p[:n], ':') >= 0
	if whole {
		c.endTrailerLine()
	}
	return n
}

func (c *chunks) endTrailerLine() {
	l := c.line
	c.line = trailerLine{}
	switch folded := l.first == ' ' || l.first == '\t'; {
	case l.size == 1 || l.size == 2 && l.first == '\r':
		c.state = chunksOver
	case !l.colon && !folded:
		c.state = chunksBad
	}
}
