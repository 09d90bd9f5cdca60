package verdict_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// trace is one line of a file of hop traces: what a client saw of a stream, and
// what is known of how it was made.
type trace struct {
	ID      string  `json:"id"`
	Visible visible `json:"visible"`
	Truth   truth   `json:"truth"`
}

// visible is all that a verdict may use. Times are milliseconds since the
// request was written.
type visible struct {
	Tunnel   bool         `json:"tunnel"`
	Reads    [][2]float64 `json:"reads"`
	Ended    float64      `json:"end_ms"`
	Protocol string       `json:"proto"`
	Status   int          `json:"status"`
	Headers  [][2]string  `json:"headers"`
	Head     *float64     `json:"header_ms"`
	Body     [][2]float64 `json:"body"`
	Messages []int32      `json:"msgs"`
	End      string       `json:"end"`
}

type truth struct {
	Label    string   `json:"label"`
	Also     []string `json:"also"`
	Guilty   string   `json:"guilty"`
	Layer    string   `json:"layer"`
	Config   string   `json:"config"`
	Scenario string   `json:"scenario"`
	Link     string   `json:"link"`
	Score    *float64 `json:"score"`
	Joined   float64  `json:"rejoined_share"`
}

// readTraces yields the traces of a file, or the error of a line: bad lines do
// not end it.
func readTraces(r io.Reader) iter.Seq2[trace, error] {
	return func(yield func(trace, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 16<<20)
		for n := 1; scanner.Scan(); n++ {
			if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
				continue
			}
			var t trace
			err := json.Unmarshal(scanner.Bytes(), &t)
			if err != nil {
				err = fmt.Errorf("read trace on line %d: %w", n, err)
			}
			if !yield(t, err) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(trace{}, fmt.Errorf("read traces: %w", err))
		}
	}
}

// exchange is what the proxy would have recorded of t.
func (t *trace) exchange() tunnel.Exchange {
	v := &t.Visible
	ex := tunnel.Exchange{
		ID: t.ID, Kind: tunnel.KindHTTP, Status: v.Status, Protocol: v.Protocol,
		ReadsPerChunk: 1, End: endOf(v.End),
	}
	rows := v.Body
	if v.Tunnel {
		ex.Kind, rows = tunnel.KindTunnel, v.Reads
	}
	for _, h := range v.Headers {
		ex.ResponseHeaders = append(ex.ResponseHeaders, tunnel.Header{Name: h[0], Value: h[1]})
	}
	for i, row := range rows {
		c := tunnel.Chunk{At: millis(row[0]), Bytes: int32(row[1])}
		if i < len(v.Messages) {
			c.Units = v.Messages[i]
		}
		ex.Chunks = append(ex.Chunks, c)
		ex.Totals.Bytes += int64(c.Bytes)
		ex.Totals.Units += int64(c.Units)
		ex.Totals.Reads++
		ex.Totals.Last = c.At
	}
	ex.UnitKind = kindOf(v)
	ex.Phases.Set(tunnel.Sent, 0)
	if v.Head != nil {
		ex.Phases.Set(tunnel.Head, millis(*v.Head))
	}
	ex.Phases.Set(tunnel.Ended, millis(v.Ended))
	return ex
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// endOf maps how the client saw the response end.
func endOf(end string) tunnel.End {
	switch {
	case end == "", end == "chunk-end", end == "content-length", end == "eof", end == "clean":
		return tunnel.Complete
	case strings.HasPrefix(end, "cut"):
		return tunnel.ClientClosed
	}
	return tunnel.Truncated
}

func kindOf(v *visible) tunnel.UnitKind {
	if v.Messages == nil {
		return tunnel.NoUnits
	}
	for _, h := range v.Headers {
		if strings.EqualFold(h[0], "Content-Type") && strings.Contains(h[1], "event-stream") {
			return tunnel.SSE
		}
	}
	return tunnel.NDJSON
}

func TestReadTraces(t *testing.T) {
	const file = `{"id":"a","visible":{"body":[[12.5,30],[40,31]],"msgs":[1,1],"headers":[["Content-Type","text/event-stream"]],"header_ms":1,"end":"eof-before-chunk-end"},"truth":{"label":"truncated"}}

{"id":"b",
{"id":"c","visible":{"tunnel":true,"reads":[[5,100]],"body":null,"msgs":null,"header_ms":null,"end":null},"truth":{"label":"too_short"}}
`
	var ids []string
	for tr, err := range readTraces(strings.NewReader(file)) {
		if err != nil {
			ids = append(ids, err.Error())
			continue
		}
		ex := tr.exchange()
		ids = append(ids, fmt.Sprintf("%s %s %s %q %d", tr.ID, ex.Kind, ex.UnitKind, ex.End, ex.Chunks[0].At.Microseconds()))
	}
	want := []string{
		`a http sse "truncated" 12500`,
		"read trace on line 3: unexpected end of JSON input",
		`c tunnel  "complete" 5000`,
	}
	if fmt.Sprint(ids) != fmt.Sprint(want) {
		t.Errorf("read %q, want %q", ids, want)
	}
}
