package keylog

import (
	"strings"
	"sync"
	"time"

	"streamgauge/tunnel"
)

// maxUnasked bounds in bytes what a server may say before it is known which
// protocol is spoken.
const maxUnasked = 64 << 10

// protocol reads the plaintext of a connection.
type protocol interface {
	// data takes plaintext; false means that it cannot be followed any more.
	data(dir tunnel.Direction, p []byte, at time.Duration) bool
	// ended says that the origin ended its direction in good order.
	ended(at time.Duration)
	// running returns the exchanges that are not over.
	running() []*exchange
}

// view records the exchanges inside one tunnel. It belongs to one goroutine.
type view struct {
	recorder tunnel.Recorder
	tunnel   *tunnel.Live
	http     protocol // nil while it is not known which
	unasked  []held   // what the server said by then
	waiting  int      // bytes of unasked
	lost     bool     // no HTTP, or none that can be followed

	touched  []*exchange // got payload from the read at hand, or from the last one
	flushed  bool        // touched are those of the last one
	unused   [][]byte    // buffers for payload
	clientIn bool        // the client's direction goes on
	// counting are goroutines that finish exchanges when their units are counted.
	counting sync.WaitGroup
}

func newView(recorder tunnel.Recorder, live *tunnel.Live) *view {
	return &view{recorder: recorder, tunnel: live, clientIn: true}
}

// greeted implements the session's interface: a TLS tunnel has no key until one is
// found.
func (v *view) greeted() {
	v.tunnel.Update(func(ex *tunnel.Exchange) { ex.Remark = tunnel.RemarkNoKey })
}

// unlocked implements the session's interface.
func (v *view) unlocked(agreed string) {
	v.tunnel.Update(func(ex *tunnel.Exchange) {
		ex.Remark = ""
		if agreed != "" {
			ex.TLS.ALPN = agreed // no guess any more
		}
	})
	switch {
	case v.http != nil:
	case agreed == "h2":
		v.http = newHTTP2(v)
	case strings.HasPrefix(agreed, "http/1"):
		v.http = &http1{view: v}
	case agreed != "":
		v.lost = true
	}
}

// data implements the session's interface. Without ALPN the client's first bytes
// tell which HTTP it is.
func (v *view) data(dir tunnel.Direction, p []byte, at time.Duration) {
	if v.lost || len(p) == 0 {
		return
	}
	if v.http == nil && dir == tunnel.ToClient {
		v.unasked = append(v.unasked, held{body: append([]byte(nil), p...), at: at})
		v.waiting += len(p)
		v.lost = v.waiting > maxUnasked
		return
	}
	if v.http == nil {
		v.http = &http1{view: v}
		if strings.HasPrefix("PRI * HTTP/2.0", string(p[:min(len(p), 14)])) {
			v.http = newHTTP2(v)
		}
	}
	for _, early := range v.unasked {
		v.lost = v.lost || !v.http.data(tunnel.ToClient, early.body, early.at)
	}
	v.unasked = nil
	v.lost = v.lost || !v.http.data(dir, p, at)
}

// closed implements the session's interface. An answer that lasts until the
// connection ends is whole with the origin's last word, whoever hangs up first.
func (v *view) closed(dir tunnel.Direction, at time.Duration) {
	if dir == tunnel.ToClient && v.http != nil && !v.lost {
		v.http.ended(at)
	}
}

// touch notes that x has payload of the read at hand.
func (v *view) touch(x *exchange) {
	if v.flushed {
		v.touched, v.flushed = v.touched[:0], false
	}
	v.touched = append(v.touched, x)
}

// buffer returns an empty buffer for the payload of one read.
func (v *view) buffer() []byte {
	last := len(v.unused) - 1
	if last < 0 {
		return nil
	}
	b := v.unused[last]
	v.unused = v.unused[:last]
	return b
}

// keptBuffer is how large a buffer may be, in bytes, that is kept for another
// read: that of one exchange at most.
const keptBuffer = 128 << 10

// flush records the payload of a read: one chunk an exchange.
func (v *view) flush() {
	if v.flushed {
		return
	}
	for _, x := range v.touched {
		x.flush()
	}
	v.flushed = true
	if len(v.unused) > 1 {
		clear(v.unused[1:])
		v.unused = v.unused[:1]
	}
	if len(v.unused) > 0 && cap(v.unused[0]) > keptBuffer {
		v.unused = v.unused[:0]
	}
}

// blocked says that the client took that long to accept the last read.
func (v *view) blocked(took time.Duration) {
	for _, x := range v.touched {
		x.blocked(took)
	}
}

// ended notes that a direction ended. What the origin leaves open then is broken.
func (v *view) ended(dir tunnel.Direction, at time.Duration) {
	switch {
	case dir == tunnel.ToOrigin:
		v.clientIn = false
	case v.http != nil:
		v.http.ended(at)
		v.close(tunnel.Complete, at)
	}
}

// close ends what still runs when the tunnel has.
func (v *view) close(end tunnel.End, at time.Duration) {
	if v.http == nil {
		return
	}
	for _, x := range v.http.running() {
		switch {
		case end == tunnel.ClientClosed || !v.clientIn:
			x.finish(tunnel.ClientClosed, "", at)
		case x.answered:
			x.finish(tunnel.Truncated, "read origin: connection ended within the body", at)
		default:
			x.finish(tunnel.Failed, "read origin: connection ended without an answer", at)
		}
	}
}

// abandon ends what runs in a view that cannot go on.
func (v *view) abandon() {
	if v.http == nil {
		return
	}
	for _, x := range v.http.running() {
		x.finish(tunnel.ClientClosed, "the rest could not be opened", v.tunnel.Since())
	}
}
