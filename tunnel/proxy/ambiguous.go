package proxy

import (
	"bytes"
	"net/http"
	"sync"

	"streamgauge/tunnel/forward"
)

// headWatch notices a request head that has both Content-Length and
// Transfer-Encoding. net/http goes by the latter, as it should, and does not
// tell; but such a request is how one request is smuggled inside another, and
// must be the connection's last (RFC 9112 §6.1). It decides nothing else. What
// it takes for a head and is none, part of a body say, at worst closes a
// connection early.
type headWatch struct {
	mu             sync.Mutex
	line           [len("transfer-encoding:")]byte // beginning of the unfinished line
	n              int
	over           bool // the blank line was seen
	length, coding bool
}

// feed looks at bytes of the client until the head is over.
func (h *headWatch) feed(p []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(p) > 0 && !h.over {
		end := bytes.IndexByte(p, '\n')
		rest := p[len(p):]
		if end >= 0 {
			p, rest = p[:end], p[end+1:]
		}
		h.n += copy(h.line[h.n:], p)
		if end >= 0 {
			h.endLine()
		}
		p = rest
	}
}

func (h *headWatch) endLine() {
	line := bytes.TrimRight(h.line[:h.n], "\r")
	h.n = 0
	name, _, _ := bytes.Cut(line, []byte(":"))
	switch name = bytes.TrimRight(name, " \t"); {
	case len(line) == 0:
		h.over = true
	case bytes.EqualFold(name, []byte("Content-Length")):
		h.length = true
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		h.coding = true
	}
}

// take returns whether the head had both and begins to wait for the next.
func (h *headWatch) take() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	both := h.length && h.coding
	h.n, h.over, h.length, h.coding = 0, false, false, false
	return both
}

// markAmbiguous makes r the last request of its connection if its head named its
// length in two ways. What the server has read behind it is not served.
func markAmbiguous(r *http.Request) {
	conn, ok := forward.ClientConn(r.Context()).(*sniffed)
	if o, inside := forward.ClientConn(r.Context()).(*opened); inside {
		conn, ok = o.sniffed, true
	}
	if ok && conn.watch.take() {
		r.Close = true
		conn.lingers.Store(true) // for what the client sends behind it
	}
}
