package keylog

import (
	"net/http"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/wire"
)

// maxPipelined bounds how many requests may wait for their answers on one
// connection of HTTP/1.
const maxPipelined = 100

// http1 reads a connection of HTTP/1 (RFC 9112).
type http1 struct {
	view     *view
	request  wire.Request
	asking   *exchange   // whose request is being sent, once its head is there
	waiting  []*exchange // whose answers are not over, oldest first
	response wire.Response
	begun    bool      // a byte of waiting[0]'s answer was seen
	stray    bool      // the answer at hand is to nothing that was asked
	upgraded *exchange // has left HTTP
}

func (h *http1) data(dir tunnel.Direction, p []byte, at time.Duration) bool {
	if dir == tunnel.ToOrigin {
		return h.question(p, at)
	}
	return h.answer(p, at)
}

// question follows the requests.
func (h *http1) question(p []byte, at time.Duration) bool {
	for len(p) > 0 {
		if h.upgraded != nil {
			h.upgraded.upload(p, at)
			return true
		}
		used, payload := h.request.Take(p)
		p = p[used:]
		if h.request.Lost() || len(h.waiting) > maxPipelined {
			return false
		}
		if h.asking == nil && h.request.HeadDone() {
			h.asking = h.view.begin(h.described(), at)
			h.waiting = append(h.waiting, h.asking)
		}
		if payload > 0 {
			h.asking.live.RequestBytes(payload)
		}
		if h.asking != nil && h.request.Done() {
			h.asking.sent(at)
			h.asking = nil
			h.request.Reset()
		}
	}
	return true
}

// upload takes what a client sends on a connection that has left HTTP.
func (x *exchange) upload(p []byte, at time.Duration) {
	if x.over {
		return
	}
	x.live.RequestBytes(len(p))
	if x.socket != nil {
		x.socket.Feed(tunnel.ToOrigin, x.since(at), p)
	}
}

func (h *http1) described() request {
	header := h.request.Header()
	target := h.request.Target()
	if !strings.Contains(target, "://") {
		target = "https://" + valueOf(header, "Host") + target
	}
	return request{h.request.Method(), target, h.request.Proto(), header}
}

// answer follows the responses.
func (h *http1) answer(p []byte, at time.Duration) bool {
	for len(p) > 0 {
		if h.upgraded != nil {
			h.upgraded.add(p, at)
			return true
		}
		if h.stray || len(h.waiting) == 0 {
			p = p[h.pass(p):]
			if h.response.Lost() {
				return false
			}
			continue
		}
		x := h.waiting[0]
		if !h.begun {
			h.response.Reset(x.method)
			h.begun = true
		}
		used := h.take(x, p, at)
		p = p[used:]
		switch {
		case h.response.Lost():
			return false
		case h.response.Done():
			x.finish(tunnel.Complete, "", at)
			h.next()
		}
	}
	return true
}

// pass passes over an answer to a request that never came, such as a 408, and
// returns how much of p belongs to it.
func (h *http1) pass(p []byte) int {
	if !h.stray {
		h.response.Reset(http.MethodGet)
	}
	used, _ := h.response.Take(p, nil)
	h.stray = !h.response.Done()
	return used
}

// take gives the beginning of p to the answer of x, and returns how much of it.
func (h *http1) take(x *exchange, p []byte, at time.Duration) int {
	had := h.response.HeadDone()
	used := 0
	for used < len(p) && !h.response.Done() && !h.response.Lost() {
		// The head alone first: what is behind it goes by what it says.
		n := len(p) - used
		if !had {
			n = headEnd(p[used:])
		}
		n, _ = h.response.Take(p[used:used+n], func(payload []byte) { x.add(payload, at) })
		used += n
		if !had && h.response.HeadDone() {
			had = true
			h.head(x, at)
			if h.upgraded != nil {
				return used
			}
		}
	}
	return used
}

// headEnd returns how much of p ends with its first line end, or all of it.
func headEnd(p []byte) int {
	for i, c := range p {
		if c == '\n' {
			return i + 1
		}
	}
	return len(p)
}

func (h *http1) head(x *exchange, at time.Duration) {
	header, status := h.response.Header(), h.response.Status()
	length := int64(-1)
	if f := h.response.Framing(); f == wire.ContentLength || f == wire.Bodiless {
		length = max(lengthOf(header), 0)
	}
	x.head(status, header, length, at)
	if status != http.StatusSwitchingProtocols {
		return
	}
	h.upgraded = x
	if strings.EqualFold(valueOf(header, "Upgrade"), "websocket") {
		x.socket = tap.NewFrames(x.live)
	}
}

// next turns to the answer after the one that is over.
func (h *http1) next() {
	h.waiting = h.waiting[1:]
	h.begun = false
}

// ended completes what lasts until the connection ends.
func (h *http1) ended(at time.Duration) {
	if len(h.waiting) == 0 {
		return
	}
	x := h.waiting[0]
	if x.answered && (h.response.Framing() == wire.UntilClose || x == h.upgraded) {
		x.finish(tunnel.Complete, "", at)
		h.next()
	}
}

func (h *http1) running() []*exchange { return h.waiting }
