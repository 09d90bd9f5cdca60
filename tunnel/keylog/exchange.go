package keylog

import (
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

// exchange is one request and its response inside a tunnel. Times given to it are
// since the tunnel began.
type exchange struct {
	view     *view
	live     *tunnel.Live
	start    time.Duration
	method   string
	units    *tap.Units  // nil before the head of the response
	socket   *tap.Frames // of a WebSocket, once it is one
	answered bool        // the head of the response was seen
	over     bool

	// Of the read at hand: when it came, and the payload that it brought.
	at      time.Duration
	payload []byte
	last    int64 // ordinal of the last chunk; -1 before the first
}

// request is the head of a request.
type request struct {
	method, url, protocol string
	header                []tunnel.Header
}

// begin records a request whose head was complete at.
func (v *view) begin(r request, at time.Duration) *exchange {
	of := v.tunnel.Summary()
	live := v.recorder.Begin(tunnel.Exchange{
		Start: of.Start.Add(at), Kind: tunnel.KindKeylog, Tunnel: of.ID,
		Method: r.method, URL: r.url, Protocol: r.protocol, RequestHeaders: r.header,
		Host: of.Host, Client: of.Client, Upstream: of.Upstream, TLS: of.TLS,
	})
	return &exchange{view: v, live: live, start: at, method: r.method, last: -1}
}

// since turns a time of the tunnel into one of the exchange.
func (x *exchange) since(at time.Duration) time.Duration { return at - x.start }

// sent says that the request's last byte passed at.
func (x *exchange) sent(at time.Duration) {
	if !x.over {
		x.live.Mark(tunnel.Sent, x.since(at))
	}
}

// head records the head of the final response. length is its Content-Length,
// negative where there is none.
func (x *exchange) head(status int, header []tunnel.Header, length int64, at time.Duration) {
	x.answered = true
	x.live.Update(func(ex *tunnel.Exchange) {
		ex.Status, ex.ResponseHeaders = status, header
		ex.Phases.Set(tunnel.Head, x.since(at))
	})
	x.units = tap.NewUnits(valueOf(header, "Content-Type"), valueOf(header, "Content-Encoding"), length, x.live)
}

// add takes payload of the response that came at.
func (x *exchange) add(p []byte, at time.Duration) {
	if len(p) == 0 || x.over {
		return
	}
	if len(x.payload) == 0 {
		x.payload = x.view.buffer()
		x.at = at
		x.view.touch(x)
	}
	x.payload = append(x.payload, p...)
}

// flush records what the read at hand brought as one chunk.
func (x *exchange) flush() {
	if len(x.payload) == 0 || x.over {
		return
	}
	at := x.since(x.at)
	c := tunnel.Chunk{At: at, Bytes: int32(len(x.payload))}
	if x.socket != nil {
		c.Units = int32(x.socket.Feed(tunnel.ToClient, at, x.payload))
	}
	x.last = x.live.Chunk(c)
	if x.socket == nil && x.units != nil {
		x.units.Feed(x.last, at, x.payload)
	}
	x.view.unused = append(x.view.unused, x.payload[:0])
	x.payload = nil
}

// blocked adds to how long the client took to accept the last chunk.
func (x *exchange) blocked(d time.Duration) {
	if x.last >= 0 && d > 0 {
		x.live.Blocked(x.last, d)
	}
}

// finish ends the exchange at. Only the first call counts. A client that ended its
// direction before the answer was over has left: origins end an answer in good
// order when they notice.
func (x *exchange) finish(end tunnel.End, reason string, at time.Duration) {
	if x.over {
		return
	}
	x.flush()
	x.over = true
	if end == tunnel.Complete && !x.view.clientIn {
		end = tunnel.ClientClosed
	}
	if x.socket != nil && reason == "" {
		reason = x.socket.Remark()
	}
	x.live.Mark(tunnel.Ended, x.since(at))
	if x.units == nil {
		x.live.Finish(end, reason)
		return
	}
	x.units.End(end == tunnel.Complete)
	counted := x.units.Counted()
	if counted == nil {
		x.live.Finish(end, reason)
		return
	}
	x.view.counting.Go(func() {
		<-counted
		x.live.Finish(end, reason)
	})
}

// valueOf returns the first value of a field, or "".
func valueOf(header []tunnel.Header, name string) string {
	for _, h := range header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// lengthOf returns the Content-Length, or -1.
func lengthOf(header []tunnel.Header) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(valueOf(header, "Content-Length")), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
