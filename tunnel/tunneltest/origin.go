package tunneltest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// keptBody is how much of a request's body is kept for inspection, in bytes.
const keptBody = 1 << 20

// Origin is an HTTP/1 server that plays scripts: every byte it sends and the
// instant it is sent are the test's. It keeps connections alive as RFC 9112
// §9.3 says, takes pipelined requests, answers Expect: 100-continue, and writes
// down what it saw. The zero value answers 404. All methods may be called
// concurrently.
type Origin struct {
	mu     sync.Mutex // guards all below
	routes map[string]route
	visits []*Visit
}

// route answers the requests for one path: with a script or by hand.
type route struct {
	script func(*http.Request) (Script, error)
	raw    func(net.Conn, *http.Request)
}

// Visit is one request and what became of it.
type Visit struct {
	// Conn numbers the connections from 1 in the order of their arrival.
	Conn int
	// Head is the request's head as it came, blank line included.
	Head []byte
	// Method and Target are those of the request line.
	Method, Target string
	// Body is the first MiB of the decoded body; BodyBytes counts all of it.
	Body      []byte
	BodyBytes int64
	// Trailer holds the fields behind a chunked body.
	Trailer http.Header
	// Began is when the request was read in full; zero while it is not.
	Began time.Time
	// Writes are the steps played so far.
	Writes []Write
	// Left is when the client ended or broke the connection, or its direction
	// of it, before the answer was over. Zero means it stayed.
	Left time.Time
	// Ended is when the answer was over; zero while it runs.
	Ended time.Time
	// Err is what cut the visit short, if anything did.
	Err error
}

// EventTimes returns when each event was, as a whole, handed to the connection.
func (v Visit) EventTimes() []time.Time {
	var times []time.Time
	for _, w := range v.Writes {
		times = append(times, slices.Repeat([]time.Time{v.Began.Add(w.At)}, w.Events)...)
	}
	return times
}

// Handle answers requests for path with s. The path "*" stands for all that
// have no answer of their own.
func (o *Origin) Handle(path string, s Stream) { o.handle(path, route{script: s.Script}) }

// HandleScript answers requests for path with exactly these bytes.
func (o *Origin) HandleScript(path string, s Script) {
	o.handle(path, route{script: func(*http.Request) (Script, error) { return s, nil }})
}

// HandleRaw hands the connection over once the request's head is read; what
// follows it, the body too, is read from c. The connection is closed when f
// returns. Of such a visit only the head is recorded.
func (o *Origin) HandleRaw(path string, f func(c net.Conn, req *http.Request)) {
	o.handle(path, route{raw: f})
}

func (o *Origin) handle(path string, r route) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.routes == nil {
		o.routes = map[string]route{}
	}
	o.routes[path] = r
}

func (o *Origin) route(path string) route {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r, ok := o.routes[path]; ok {
		return r
	}
	if r, ok := o.routes["*"]; ok {
		return r
	}
	return route{script: Stream{Status: http.StatusNotFound, Framing: ContentLength, Body: Text, Pieces: []string{"no such stream\n"}}.Script}
}

// Visits returns a copy of what was recorded so far, in the order of arrival.
func (o *Origin) Visits() []Visit {
	o.mu.Lock()
	defer o.mu.Unlock()
	visits := make([]Visit, len(o.visits))
	for i, v := range o.visits {
		visits[i] = *v
		visits[i].Writes = slices.Clone(v.Writes)
	}
	return visits
}

// Serve answers on ln until ln is closed. It then breaks off what is running,
// and returns when nothing runs any more.
func (o *Origin) Serve(ln net.Listener) error {
	return serve(ln, func(ctx context.Context, c net.Conn, n int) {
		raw := &rawReader{from: c}
		in := &session{origin: o, conn: c, number: n, raw: raw, br: bufio.NewReader(raw)}
		for in.one(ctx) {
		}
	})
}

// session is one connection of an origin.
type session struct {
	origin *Origin
	conn   net.Conn
	number int
	raw    *rawReader
	br     *bufio.Reader
}

// one serves one request and reports whether there may be another.
func (s *session) one(ctx context.Context) bool {
	ahead, _ := s.br.Peek(s.br.Buffered())
	s.raw.seen, s.raw.keeping = bytes.Clone(ahead), true
	req, err := http.ReadRequest(s.br)
	if err != nil {
		return false
	}
	v := &Visit{
		Conn: s.number, Method: req.Method, Target: req.RequestURI,
		Head: bytes.Clone(s.raw.seen[:len(s.raw.seen)-s.br.Buffered()]),
	}
	s.raw.seen, s.raw.keeping = nil, false
	s.origin.add(v)
	r := s.origin.route(req.URL.Path)
	if r.raw != nil {
		s.origin.note(func() { v.Began = time.Now() })
		r.raw(&readAhead{Conn: s.conn, r: s.br}, req)
		s.origin.note(func() { v.Ended = time.Now() })
		return false
	}
	alive, err := s.answer(ctx, req, v, r)
	s.origin.note(func() {
		v.Ended, v.Err = time.Now(), err
		if err != nil && ctx.Err() == nil && v.Left.IsZero() {
			v.Left = v.Ended
		}
	})
	return alive
}

func (s *session) answer(ctx context.Context, req *http.Request, v *Visit, r route) (alive bool, err error) {
	if err := s.readBody(req, v); err != nil {
		return false, err
	}
	script, err := r.script(req)
	if err != nil {
		return false, err
	}
	defer s.watch(v)()
	var began time.Time
	s.origin.note(func() { began = v.Began })
	return script.play(ctx, s.conn, began, func(w Write) {
		s.origin.note(func() { v.Writes = append(v.Writes, w) })
	})
}

func (s *session) readBody(req *http.Request, v *Visit) error {
	if req.Header.Get("Expect") == "100-continue" {
		if _, err := io.WriteString(s.conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return err
		}
	}
	var kept bytes.Buffer
	n, err := io.Copy(&kept, io.LimitReader(req.Body, keptBody))
	if err == nil {
		var more int64
		more, err = io.Copy(io.Discard, req.Body)
		n += more
	}
	s.origin.note(func() {
		v.Body, v.BodyBytes, v.Trailer = kept.Bytes(), n, req.Trailer
		if err == nil {
			v.Began = time.Now()
		}
	})
	if err != nil {
		return fmt.Errorf("read request body: %w", err)
	}
	return nil
}

// watch notes when the client leaves during an answer. The function it returns
// ends the watch; what was read meanwhile belongs to the next request.
func (s *session) watch(v *Visit) (stop func()) {
	done := make(chan struct{})
	stopped := false // guarded by origin.mu
	go func() {
		defer close(done)
		_, err := s.br.Peek(1)
		s.origin.note(func() {
			if err != nil && !stopped && !errors.Is(err, net.ErrClosed) {
				v.Left = time.Now()
			}
		})
	}()
	return func() {
		s.origin.note(func() { stopped = true })
		s.conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		s.conn.SetReadDeadline(time.Time{})
	}
}

func (o *Origin) add(v *Visit) {
	o.mu.Lock()
	o.visits = append(o.visits, v)
	o.mu.Unlock()
}

// note makes a change to a visit under the lock.
func (o *Origin) note(change func()) {
	o.mu.Lock()
	change()
	o.mu.Unlock()
}

// rawReader keeps what passes, to tell a head as it came.
type rawReader struct {
	from    io.Reader
	keeping bool
	seen    []byte
}

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.keeping {
		r.seen = append(r.seen, p[:n]...)
	}
	return n, err
}

// readAhead is a connection of which some bytes have been read already.
type readAhead struct {
	net.Conn
	r io.Reader
}

func (c *readAhead) Read(p []byte) (int, error) { return c.r.Read(p) }

// CloseWrite half-closes the connection beneath.
func (c *readAhead) CloseWrite() error {
	closeWrite(c.Conn)
	return nil
}

// NetConn returns the connection beneath, for those who want to reset it.
func (c *readAhead) NetConn() net.Conn { return netConn(c.Conn) }
