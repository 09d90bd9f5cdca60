package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
)

// sniffed is what a file seems to be.
type sniffed int

const (
	sniffedLines   sniffed = iota // an object a line, as far as can be seen
	sniffedHAR                    // one object with a log
	sniffedForeign                // one object over several lines, without one
)

var errForeign = errors.New("JSON, but neither a recording nor hop traces nor a HAR, which has a log")

// sniff looks at the names of the fields of the first object. Where they stop
// being legible it is left to the reader of lines to say so.
func sniff(head []byte) sniffed {
	decoder := json.NewDecoder(bytes.NewReader(head))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return sniffedLines
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return sniffedLines
		}
		switch name {
		case "log":
			return sniffedHAR
		case "v", "visible":
			return sniffedLines
		}
		var passed json.RawMessage
		if decoder.Decode(&passed) != nil {
			return sniffedLines
		}
	}
	if _, err := decoder.Token(); err == nil && bytes.IndexByte(bytes.TrimSpace(head[:decoder.InputOffset()]), '\n') >= 0 {
		return sniffedForeign
	}
	return sniffedLines
}

// byteOrderMark is what some programs put before UTF-8.
const byteOrderMark = "\ufeff"

func passByteOrderMark(r *bufio.Reader) {
	if mark, err := r.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = r.Discard(len(mark)) // it was seen there
	}
}
