package recording

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"streamgauge/tunnel"
)

// Bounds of what is read and written of one exchange, above the journal's
// defaults. They keep a hostile line from growing in memory, and whatever is
// written below maxLine.
const (
	maxRows    = 100_000 // chunks, units, turns or frames
	maxHeaders = 300_000 // more than fit into a head of 1 MiB
	// maxMicros is a century: beyond it no sum of times may overflow.
	maxMicros = 100 * 366 * 24 * 3600 * 1_000_000
)

// The lists of a line, each row an array.
type (
	headers []tunnel.Header
	chunks  []tunnel.Chunk
	units   []tunnel.Unit
	turns   []tunnel.Turn
	frames  []tunnel.Frame
)

// MarshalJSON writes [[name, value], …].
func (hs headers) MarshalJSON() ([]byte, error) {
	return appendRows(hs, func(b []byte, h tunnel.Header) []byte {
		b = appendString(b, h.Name)
		return appendString(append(b, ','), h.Value)
	})
}

// MarshalJSON writes [[at_us, bytes, units, blocked_us], …].
func (cs chunks) MarshalJSON() ([]byte, error) {
	return appendRows(cs, func(b []byte, c tunnel.Chunk) []byte {
		return appendInts(b, c.At.Microseconds(), int64(c.Bytes), int64(c.Units), c.Blocked.Microseconds())
	})
}

// MarshalJSON writes [[at_us, bytes, kind, part, offset], …], the last two only
// where one of them says something.
func (us units) MarshalJSON() ([]byte, error) {
	return appendRows(us, func(b []byte, u tunnel.Unit) []byte {
		b = appendInts(b, u.At.Microseconds(), int64(u.Bytes))
		b = append(append(append(b, `,"`...), u.Kind.String()...), '"')
		if u.Part == tunnel.NoPart && u.Offset == 0 {
			return b
		}
		b = append(append(append(b, `,"`...), u.Part.String()...), `",`...)
		return appendInts(b, u.Offset)
	})
}

// MarshalJSON writes [[sent_us, first_us, last_us, bytes], …].
func (ts turns) MarshalJSON() ([]byte, error) {
	return appendRows(ts, func(b []byte, t tunnel.Turn) []byte {
		return appendInts(b, t.Sent.Microseconds(), t.First.Microseconds(), t.Last.Microseconds(), t.Bytes)
	})
}

// MarshalJSON writes [[at_us, bytes, opcode, "send" or "receive", fin, compressed,
// code], …]: fin and compressed as 0 or 1.
func (fs frames) MarshalJSON() ([]byte, error) {
	return appendRows(fs, func(b []byte, f tunnel.Frame) []byte {
		b = appendInts(b, f.At.Microseconds(), int64(f.Bytes), int64(f.Opcode))
		b = append(append(append(b, `,"`...), wayOf(f.Direction)...), `",`...)
		return appendInts(b, asInt(f.Fin), asInt(f.Compressed), int64(f.Code))
	})
}

// wayOf names directions as the messages of a WebSocket in a HAR do.
func wayOf(d tunnel.Direction) string {
	if d == tunnel.ToOrigin {
		return "send"
	}
	return "receive"
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func appendRows[T any](rows []T, appendCells func([]byte, T) []byte) ([]byte, error) {
	b := make([]byte, 0, 2+24*len(rows))
	b = append(b, '[')
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendCells(append(b, '['), row), ']')
	}
	return append(b, ']'), nil
}

func appendInts(b []byte, numbers ...int64) []byte {
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return b
}

// appendString quotes s, leaving & < > legible.
func appendString(b []byte, s string) []byte {
	quoted := bytes.NewBuffer(b)
	encoder := json.NewEncoder(quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // any string can be encoded
	}
	return bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (hs *headers) UnmarshalJSON(data []byte) error {
	return readRows(hs, data, maxHeaders, "headers", func(c *cells) tunnel.Header {
		return tunnel.Header{Name: c.text(), Value: c.text()}
	})
}

// UnmarshalJSON is the inverse of MarshalJSON. Rows come out in order of time.
func (cs *chunks) UnmarshalJSON(data []byte) error {
	err := readRows(cs, data, maxRows, "chunks", func(c *cells) tunnel.Chunk {
		return tunnel.Chunk{At: c.time(), Bytes: c.count(), Units: c.count(), Blocked: c.time()}
	})
	slices.SortStableFunc(*cs, func(a, b tunnel.Chunk) int { return cmp.Compare(a.At, b.At) })
	return err
}

// UnmarshalJSON is the inverse of MarshalJSON. Rows come out in order of time.
func (us *units) UnmarshalJSON(data []byte) error {
	err := readRows(us, data, maxRows, "units", func(c *cells) tunnel.Unit {
		u := tunnel.Unit{At: c.time(), Bytes: c.count(), Kind: tunnel.ParseUnitKind(c.text())}
		if c.hasMore() {
			u.Part = tunnel.ParsePart(c.text())
		}
		if c.hasMore() {
			u.Offset = c.number(0, math.MaxInt64/2)
		}
		return u
	})
	slices.SortStableFunc(*us, func(a, b tunnel.Unit) int { return cmp.Compare(a.At, b.At) })
	return err
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (ts *turns) UnmarshalJSON(data []byte) error {
	return readRows(ts, data, maxRows, "turns", func(c *cells) tunnel.Turn {
		return tunnel.Turn{Sent: c.time(), First: c.time(), Last: c.time(), Bytes: c.number(0, math.MaxInt64)}
	})
}

// UnmarshalJSON is the inverse of MarshalJSON. Rows come out in order of time.
func (fs *frames) UnmarshalJSON(data []byte) error {
	err := readRows(fs, data, maxRows, "frames", func(c *cells) tunnel.Frame {
		f := tunnel.Frame{At: c.time(), Bytes: c.count(), Opcode: uint8(c.number(0, 15)), Direction: tunnel.ToClient}
		if c.text() == wayOf(tunnel.ToOrigin) {
			f.Direction = tunnel.ToOrigin
		}
		f.Fin, f.Compressed = c.number(0, 1) == 1, c.number(0, 1) == 1
		f.Code = uint16(c.number(0, math.MaxUint16))
		return f
	})
	slices.SortStableFunc(*fs, func(a, b tunnel.Frame) int { return cmp.Compare(a.At, b.At) })
	return err
}

// readRows reads an array of arrays. Cells beyond those that read takes are
// passed over: a later version may add some.
func readRows[S ~[]T, T any](rows *S, data []byte, most int, name string, read func(*cells) T) error {
	*rows = nil
	c := &cells{data: data}
	if string(data) == "null" {
		return nil
	}
	c.expect('[')
	for c.more(']') {
		if len(*rows) == most {
			return fmt.Errorf("%s: more than %d", name, most)
		}
		c.expect('[')
		c.inRow = false
		row := read(c)
		c.skipRow()
		if c.err != nil {
			return fmt.Errorf("%s: row %d: %w", name, len(*rows)+1, c.err)
		}
		*rows = append(*rows, row)
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w", name, c.err)
	}
	return nil
}

// cells walks over an array of arrays that is known to be valid JSON. After the
// first error it stands still.
type cells struct {
	data  []byte
	pos   int
	inRow bool // a cell of this row was read
	err   error
}

var errShape = errors.New("not an array of arrays of numbers and strings")

// peek returns the next byte that is not white space, 0 at the end.
func (c *cells) peek() byte {
	for ; c.pos < len(c.data); c.pos++ {
		switch b := c.data[c.pos]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

func (c *cells) expect(b byte) {
	if c.err == nil && c.peek() != b {
		c.err = errShape
	}
	c.pos++
}

// more reports whether another element follows, and passes over the comma
// before it, or else the closing bracket.
func (c *cells) more(closing byte) bool {
	if c.err != nil {
		return false
	}
	switch c.peek() {
	case closing, 0:
		c.pos++
		return false
	case ',':
		c.pos++
	}
	return true
}

// hasMore reports whether the row has another cell.
func (c *cells) hasMore() bool { return c.err == nil && c.peek() == ',' }

// cell returns the text of the next cell of the row.
func (c *cells) cell() []byte {
	if c.err == nil && c.peek() == ']' {
		c.err = errors.New("too few cells")
	}
	if c.inRow {
		c.expect(',')
	}
	c.inRow = true
	if c.err != nil {
		return nil
	}
	c.peek()
	start := c.pos
	if c.pos < len(c.data) && c.data[c.pos] == '"' {
		c.passString()
		return c.data[start:c.pos]
	}
	for c.pos < len(c.data) && !isDelimiter(c.data[c.pos]) {
		c.pos++
	}
	return c.data[start:c.pos]
}

func isDelimiter(b byte) bool {
	switch b {
	case ',', ']', '[', '{', '}', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

func (c *cells) passString() {
	for c.pos++; c.pos < len(c.data); c.pos++ {
		switch c.data[c.pos] {
		case '\\':
			c.pos++
		case '"':
			c.pos++
			return
		}
	}
}

// skipRow passes over the rest of the row.
func (c *cells) skipRow() {
	for c.err == nil && c.peek() != ']' {
		if len(c.cell()) == 0 && c.err == nil {
			c.err = errShape
		}
	}
	c.pos++
}

// number reads an integer from least to most.
func (c *cells) number(least, most int64) int64 {
	text := c.cell()
	if c.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < least || n > most {
		c.err = fmt.Errorf("%q is not a whole number from %d to %d", clip(string(text)), least, most)
		return 0
	}
	return n
}

func (c *cells) count() int32 { return int32(c.number(0, math.MaxInt32)) }

func (c *cells) time() time.Duration {
	return time.Duration(c.number(0, maxMicros)) * time.Microsecond
}

func (c *cells) text() string {
	raw := c.cell()
	if c.err != nil {
		return ""
	}
	if n := len(raw); n >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw[1 : n-1]) // nearly all are so: no decoder for each
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		c.err = fmt.Errorf("%q is not a string", clip(string(raw)))
	}
	return s
}
