package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"streamgauge/tunnel"
)

// maxLine bounds a line in bytes. The largest that a journal with its default
// limits gives rise to is about 4 MiB.
const maxLine = 16 << 20

var errNeither = errors.New(`neither an exchange of a recording, which has "v", nor a hop trace, which has "visible"`)

var errLineTooLong = fmt.Errorf("longer than %d MiB", maxLine>>20)

// Read yields the exchanges of a file in their order: of a recording of ours, of
// hop traces (one JSON object a line, of which what is visible counts), or of a
// HAR, ours or another tool's. What it is tells the content. name is what errors
// call it. An exchange that cannot be read yields an error naming file, line and
// reason; the caller may go on to the next by asking for more. Memory stays
// bounded whatever the file holds. An error of r itself is the last.
func Read(r io.Reader, name string) iter.Seq2[tunnel.Exchange, error] {
	return func(yield func(tunnel.Exchange, error) bool) {
		buffered := bufio.NewReaderSize(r, 64<<10)
		passByteOrderMark(buffered)
		switch head, _ := buffered.Peek(buffered.Size()); sniff(head) {
		case sniffedHAR:
			readHAR(buffered, name, yield)
		case sniffedForeign:
			yield(tunnel.Exchange{}, fmt.Errorf("read recording %s: line 1: %w", name, errForeign))
		default:
			readLines(buffered, name, yield)
		}
	}
}

func readLines(r *bufio.Reader, name string, yield func(tunnel.Exchange, error) bool) {
	lines := lineReader{r: r}
	for number := 1; ; number++ {
		text, err := lines.next()
		if errors.Is(err, io.EOF) {
			return
		}
		var ex tunnel.Exchange
		if err == nil {
			if text = bytes.TrimSpace(text); len(text) == 0 {
				continue
			}
			ex, err = parse(text)
		}
		if err != nil {
			err = fmt.Errorf("read recording %s: line %d: %w", name, number, err)
		}
		if !yield(ex, err) || lines.failed {
			return
		}
	}
}

// parse reads one line: of a recording, or a hop trace.
func parse(text []byte) (tunnel.Exchange, error) {
	var l struct {
		line
		Visible *visible `json:"visible"`
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return tunnel.Exchange{}, explain(err, len(text))
	}
	switch {
	case l.Visible != nil:
		return l.Visible.exchange(l.ID)
	case l.Version == 0:
		return tunnel.Exchange{}, errNeither
	}
	return l.exchange()
}

// explain says what a person can do about an error of the JSON package.
func explain(err error, length int) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	if syntax.Offset >= int64(length) {
		return fmt.Errorf("breaks off within the line: %w", err)
	}
	return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
}

// lineReader reads lines up to maxLine and passes over longer ones.
type lineReader struct {
	r      *bufio.Reader
	buf    []byte
	failed bool // r gave an error; nothing follows
}

// next returns a line, valid until the next call. The last may lack its end.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	tooLong, any := false, false
	for {
		part, err := l.r.ReadSlice('\n')
		any = any || len(part) > 0
		if tooLong = tooLong || len(l.buf)+len(part) > maxLine; !tooLong {
			l.add(part)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			l.failed = true
			return nil, err
		case err != nil && !any:
			return nil, io.EOF
		case tooLong:
			return nil, errLineTooLong
		}
		return l.buf, nil
	}
}

// add appends part. It doubles the room itself, as append would go on in small
// steps and leave several times the line's length to the collector.
func (l *lineReader) add(part []byte) {
	if need := len(l.buf) + len(part); need > cap(l.buf) {
		grown := make([]byte, len(l.buf), min(max(need, 2*cap(l.buf)), maxLine))
		copy(grown, l.buf)
		l.buf = grown
	}
	l.buf = append(l.buf, part...)
}
