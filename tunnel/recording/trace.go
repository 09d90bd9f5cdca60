package recording

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// visible is what a hop trace tells of an exchange: all that a client could see.
// What is known beside it of how the stream was made is not read. Times are in
// milliseconds since the request was written.
type visible struct {
	Tunnel   bool      `json:"tunnel"`
	Reads    readings  `json:"reads"`
	Ended    readingAt `json:"end_ms"`
	Protocol string    `json:"proto"`
	Status   int       `json:"status"`
	Headers  headers   `json:"headers"`
	Head     readingAt `json:"header_ms"`
	Body     readings  `json:"body"`
	Messages counts    `json:"msgs"`
	End      string    `json:"end"`
}

// exchange is what the proxy would have recorded.
func (v *visible) exchange(id string) (tunnel.Exchange, error) {
	kind, rows := tunnel.KindHTTP, v.Body
	if v.Tunnel {
		kind, rows = tunnel.KindTunnel, v.Reads
	}
	if v.Messages != nil && len(v.Messages) != len(rows) {
		return tunnel.Exchange{}, fmt.Errorf("msgs: %d counts for %d rows", len(v.Messages), len(rows))
	}
	for i, n := range v.Messages {
		rows[i].Units = n
	}
	slices.SortStableFunc(rows, func(a, b tunnel.Chunk) int { return cmp.Compare(a.At, b.At) })
	l := line{
		Version: version, ID: id, Kind: string(kind), Status: v.Status, Protocol: v.Protocol,
		ResponseHeaders: v.Headers, Chunks: chunks(rows), UnitKind: v.unitKind().String(), End: string(v.end()),
		Phases: phases{Sent: new(int64), Head: v.Head.micros, End: v.Ended.micros},
	}
	for _, c := range rows {
		l.Bytes += int64(c.Bytes)
	}
	return l.exchange()
}

// end maps how the client saw the response end. That a trace was cut is the
// recorder's doing, not the origin's.
func (v *visible) end() tunnel.End {
	switch end := v.End; {
	case slices.Contains([]string{"", "chunk-end", "content-length", "eof", "clean"}, end):
		return tunnel.Complete
	case strings.HasPrefix(end, "cut"):
		return tunnel.ClientClosed
	}
	return tunnel.Truncated
}

func (v *visible) unitKind() tunnel.UnitKind {
	switch {
	case v.Messages == nil:
		return tunnel.NoUnits
	case strings.Contains(strings.ToLower(headerOf(v.Headers, "Content-Type")), "event-stream"):
		return tunnel.SSE
	}
	return tunnel.NDJSON
}

type (
	// readings are the rows [milliseconds, bytes] of a trace.
	readings []tunnel.Chunk
	// readingAt is one time; micros is nil where there is none.
	readingAt struct{ micros *int64 }
	// counts are how many messages each row completed; nil where they cannot be
	// counted.
	counts []int32
)

// UnmarshalJSON reads [[ms, bytes], …].
func (rs *readings) UnmarshalJSON(data []byte) error {
	return readRows(rs, data, maxRows, "rows", func(c *cells) tunnel.Chunk {
		return tunnel.Chunk{At: c.millis(), Bytes: c.count()}
	})
}

// UnmarshalJSON reads milliseconds or null.
func (r *readingAt) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	us, err := parseMillis(data)
	r.micros = &us
	return err
}

// UnmarshalJSON reads [n, …].
func (cs *counts) UnmarshalJSON(data []byte) error {
	*cs = nil
	if string(data) == "null" {
		return nil
	}
	if bytes.IndexByte(data, '[') != 0 {
		return errors.New("msgs: not an array of numbers")
	}
	if n := bytes.Count(data, []byte(",")); n >= maxRows {
		return fmt.Errorf("msgs: more than %d", maxRows)
	}
	*cs = counts{}
	text := bytes.TrimSpace(data[1 : len(data)-1])
	if len(text) == 0 {
		return nil
	}
	for number := range bytes.SplitSeq(text, []byte(",")) {
		n, err := strconv.ParseInt(string(bytes.TrimSpace(number)), 10, 32)
		if err != nil || n < 0 {
			return fmt.Errorf("msgs: %q is not a whole number from 0 to %d", clip(string(number)), math.MaxInt32)
		}
		*cs = append(*cs, int32(n))
	}
	return nil
}

// millis reads a time in milliseconds, to the microsecond.
func (c *cells) millis() time.Duration {
	text := c.cell()
	if c.err != nil {
		return 0
	}
	us, err := parseMillis(text)
	c.err = err
	return time.Duration(us) * time.Microsecond
}

// parseMillis returns microseconds.
func parseMillis(text []byte) (int64, error) {
	ms, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(ms >= 0 && ms <= maxMicros/1000) {
		return 0, fmt.Errorf("%q is not a number of milliseconds from 0 to %d", clip(string(text)), int64(maxMicros)/1000)
	}
	return int64(math.Round(1000 * ms)), nil
}
