package recording

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// readHAR yields the entries of a HAR. Those that cannot be read are passed over
// with an error.
func readHAR(r *bufio.Reader, name string, yield func(tunnel.Exchange, error) bool) {
	s := splitter{r: r, line: 1}
	number, stopped := 0, false
	err := s.entries(func(text []byte, line int, wrong error) bool {
		number++
		var ex tunnel.Exchange
		if wrong == nil {
			ex, wrong = parseEntry(text, number)
		}
		if wrong != nil {
			wrong = fmt.Errorf("read har %s: line %d: entry %d: %w", name, line, number, wrong)
		}
		stopped = !yield(ex, wrong)
		return !stopped
	})
	if err != nil && !stopped {
		yield(tunnel.Exchange{}, fmt.Errorf("read har %s: line %d: after %d entries: %w", name, s.line, number, err))
	}
}

// entryIn is an entry of a HAR as far as it is read: the standard's fields, ours,
// and in which others keep arrivals. Times are in milliseconds.
type entryIn struct {
	Started string  `json:"startedDateTime"`
	Time    float64 `json:"time"`
	Request struct {
		Method   string        `json:"method"`
		URL      string        `json:"url"`
		Protocol string        `json:"httpVersion"`
		Headers  list[harPair] `json:"headers"`
		BodySize float64       `json:"bodySize"`
	} `json:"request"`
	Response struct {
		Status   int           `json:"status"`
		Protocol string        `json:"httpVersion"`
		Headers  list[harPair] `json:"headers"`
		Content  struct {
			harContent
			Size float64 `json:"size"`
		} `json:"content"`
		BodySize float64 `json:"bodySize"`
		// Error is what Chromium says of an answer that did not end well.
		Error string `json:"_error"`
	} `json:"response"`
	Timings harTimings `json:"timings"`
	Comment string     `json:"comment"`
	harOwn
	// Chromium writes the messages that pages were handed, with their times.
	Events   list[message] `json:"_eventSourceMessages"`
	Messages list[message] `json:"_webSocketMessages"`
}

// message is an event or a frame. Time is in seconds since 1970.
type message struct {
	Type   string  `json:"type"` // of a frame: send or receive
	Time   float64 `json:"time"`
	Opcode float64 `json:"opcode"`
	Data   string  `json:"data"`
}

// parseEntry reads the entry of that number, which is the ID of one that has
// none.
func parseEntry(text []byte, number int) (tunnel.Exchange, error) {
	var e entryIn
	err := json.Unmarshal(text, &e)
	if err != nil {
		return tunnel.Exchange{}, explain(err, len(text))
	}
	l := e.line()
	if l.ID == "" {
		l.ID = fmt.Sprint(number)
	}
	if e.Kind == "" {
		e.addForeign(l)
	} else if l.Body, err = e.Response.Content.text(); err != nil {
		return tunnel.Exchange{}, err
	}
	return l.exchange()
}

// line is the entry as a line of ours, with arrivals if they stand in it as ours
// do.
func (e *entryIn) line() *line {
	l := &line{
		Version: version, ID: e.ID, Start: e.start(), Kind: cmp.Or(e.Kind, string(tunnel.KindHTTP)),
		Method: e.Request.Method, URL: e.Request.URL, Host: cmp.Or(e.Host, hostOf(e.Request.URL)),
		Protocol: protocolOf(cmp.Or(e.Response.Protocol, e.Request.Protocol)),
		Client:   e.Client, Upstream: e.Upstream, Status: e.Response.Status,
		RequestHeaders: headersOf(e.Request.Headers), ResponseHeaders: headersOf(e.Response.Headers),
		Chunks: e.Chunks, Units: e.Units, Turns: e.Turns, End: e.End, Error: cmp.Or(e.Error, e.Response.Error), Ending: e.Ending,
		ReadsPerChunk: e.ReadsPerChunk, UnitKind: e.UnitKind, Totals: e.Totals, TLS: e.TLS,
		Tunnel: e.Tunnel, Answer: e.Answer, Frames: e.Frames,
	}
	if l.Phases = e.phases(); e.Phases != nil {
		l.Phases = *e.Phases
	}
	l.Bytes = whole(e.Response.BodySize)
	return l
}

// addForeign adds what an entry that is not ours tells of its end and of its
// arrivals.
func (e *entryIn) addForeign(l *line) {
	l.End = cmp.Or(e.End, string(e.end()))
	if len(l.Chunks) > 0 {
		return
	}
	events, kind := e.Events, tunnel.SSE
	if len(e.Messages) > 0 {
		l.Kind = string(tunnel.KindWebSocket)
		events, kind = received(e.Messages), tunnel.WebSocket
		l.Frames = framesOf(e.Messages, l.Start)
	}
	if chunks, ok := arrivalsOf(events, l.Start); ok {
		l.Chunks, l.UnitKind, l.Bytes = chunks, kind.String(), 0
		for _, c := range chunks {
			l.Bytes += int64(c.Bytes)
		}
		return
	}
	if l.Bytes = whole(max(e.Response.BodySize, e.Response.Content.Size)); l.Bytes == 0 && e.mayHaveBody() {
		l.Totals = &totals{Reads: 1} // something came; how much was not written down
	}
}

// mayHaveBody reports that the sizes do not say that there was no body: they are
// unknown, or those of a stream that was open while they were written.
func (e *entryIn) mayHaveBody() bool {
	r := &e.Response
	switch {
	case e.Request.Method == http.MethodHead, r.Status == http.StatusNoContent, r.Status == http.StatusNotModified, r.Status < http.StatusOK:
		return false
	}
	return r.BodySize < 0 && r.Content.Size <= 0 || strings.HasPrefix(strings.ToLower(r.Content.MimeType), "text/event-stream")
}

// end tells how an entry of others ended, as far as it says.
func (e *entryIn) end() tunnel.End {
	aborted := strings.Contains(strings.ToLower(e.Response.Error), "abort")
	switch {
	case aborted:
		return tunnel.ClientClosed
	case e.Response.Status == 0:
		return tunnel.Failed
	case e.Response.Error != "":
		return tunnel.Truncated
	}
	return tunnel.Complete
}

// received are the frames that came, not those that went.
func received(frames []message) []message {
	return slices.DeleteFunc(slices.Clone(frames), func(m message) bool { return strings.EqualFold(m.Type, "send") })
}

// framing is how many bytes an event or a frame has beside its data, at least.
const framing = 2

// arrivalsOf makes a chunk of each message. ok is false where there are none, or
// where their times are not such as to follow start.
func arrivalsOf(messages []message, start time.Time) (arrivals chunks, ok bool) {
	for _, m := range messages {
		at := m.Time*1e6 - float64(start.UnixMicro())
		if !(at >= 0 && at <= maxMicros) {
			return nil, false
		}
		arrivals = append(arrivals, tunnel.Chunk{
			At: time.Duration(math.Round(at)) * time.Microsecond, Bytes: int32(framing + len(m.Data)), Units: 1,
		})
	}
	slices.SortStableFunc(arrivals, func(a, b tunnel.Chunk) int { return cmp.Compare(a.At, b.At) })
	return arrivals, len(arrivals) > 0
}

// framesOf makes a frame of each message, of both directions, whose time can be
// one; the sizes are those of the data as a page sees it.
func framesOf(messages []message, start time.Time) frames {
	var all frames
	for _, m := range messages {
		at := m.Time*1e6 - float64(start.UnixMicro())
		if !(at >= 0 && at <= maxMicros && m.Opcode >= 0 && m.Opcode <= 15) {
			continue
		}
		f := tunnel.Frame{
			At: time.Duration(math.Round(at)) * time.Microsecond, Bytes: int32(min(len(m.Data), math.MaxInt32)),
			Opcode: uint8(m.Opcode), Direction: tunnel.ToClient, Fin: true,
		}
		if strings.EqualFold(m.Type, wayOf(tunnel.ToOrigin)) {
			f.Direction = tunnel.ToOrigin
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b tunnel.Frame) int { return cmp.Compare(a.At, b.At) })
	return all
}

// start is the zero time where it cannot be read.
func (e *entryIn) start() time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err := time.Parse(layout, e.Started); err == nil {
			return at
		}
	}
	return time.Time{}
}

// phases are those that the timings tell. What did not happen is negative there,
// or zero, which is as long.
func (e *entryIn) phases() phases {
	var p phases
	t := &e.Timings
	passed := 0.0 // milliseconds since the start
	step := func(ms float64, at **int64) {
		if ms > 0 {
			passed += ms
		}
		if us := micros(passed); ms > 0 && at != nil {
			*at = &us
		}
	}
	step(t.Blocked, nil)
	step(t.DNS, &p.DNS)
	step(t.Connect-max(t.SSL, 0), &p.Connect)
	step(t.SSL, &p.TLS)
	step(t.Send, nil)
	sent := micros(passed)
	p.Sent = &sent
	if e.Response.Status != 0 {
		step(t.Wait, nil)
		head := micros(passed)
		p.Head = &head
	}
	step(t.Receive, nil)
	end := micros(max(passed, e.Time))
	p.End = &end
	return p
}

// micros is a time in microseconds, bounded to what lines can hold.
func micros(ms float64) int64 {
	return int64(math.Round(1000 * min(max(ms, 0), maxMicros/1000)))
}

// whole is a size, 0 where it is not known.
func whole(size float64) int64 { return int64(min(max(size, 0), 1<<53)) }

// protocolOf spells a protocol as the wire does, so far as programs differ.
func protocolOf(name string) string {
	switch lower := strings.ToLower(name); lower {
	case "h2", "http/2", "http/2.0":
		return "HTTP/2.0"
	case "h3", "http/3", "http/3.0":
		return "HTTP/3.0"
	case "http/1.0", "http/1.1":
		return strings.ToUpper(lower)
	}
	return name
}

// hostOf is the origin of a URL as host:port; empty where there is none.
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// headersOf leaves out what HTTP/2 writes before the fields.
func headersOf(pairs []harPair) headers {
	var hs headers
	for _, p := range pairs {
		if !strings.HasPrefix(p.Name, ":") {
			hs = append(hs, tunnel.Header(p))
		}
	}
	return hs
}

// list is an array of at most maxRows elements.
type list[T any] []T

// UnmarshalJSON reads the elements one by one, so that no short text can become
// a long list.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	if string(data) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return fmt.Errorf("%q is not a list", clip(string(data)))
	}
	for decoder.More() {
		if len(*l) == maxRows {
			return fmt.Errorf("a list of more than %d", maxRows)
		}
		var element T
		if err := decoder.Decode(&element); err != nil {
			return err
		}
		*l = append(*l, element)
	}
	return nil
}
