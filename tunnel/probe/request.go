package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"streamgauge/tunnel/upstream"
)

// opened is a connection on which the origin can be asked.
type opened struct {
	net.Conn
	times upstream.Timings
	// header goes with each request: the upstream's credentials.
	header http.Header
	// absolute is set where requests hold the whole URL.
	absolute bool
	reads    atomic.Int64
}

// Read counts the reads that brought something.
func (o *opened) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if n > 0 {
		o.reads.Add(1)
	}
	return n, err
}

// reach opens a connection over the path, in the form in which a plain request
// takes it. Errors are a [*tunnel.Failure].
func (w *world) reach(ctx context.Context, d *upstream.Dialer) (*opened, error) {
	up, absolute := d.Absolute(w.addr)
	dial := func() (*upstream.Conn, error) { return d.Dial(ctx, w.addr) }
	if absolute {
		dial = func() (*upstream.Conn, error) { return d.DialProxy(ctx) }
	}
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	o := &opened{Conn: conn, times: conn.Timings(), header: http.Header{}, absolute: absolute}
	if auth := upstream.ProxyAuthorization(up); absolute && auth != "" {
		o.header.Set("Proxy-Authorization", auth)
	}
	return o, nil
}

// answer is the beginning of a response, whose body is read event by event.
type answer struct {
	conn   *opened
	status int
	own    bool // it comes from our origin
	body   *bufio.Reader
	sent   time.Time // when the request was written
}

// mark is what our origin writes into each head, to be told from whatever else
// may answer in its place.
const mark = "X-Streamgauge-Probe"

// ask sends a request for path. The end of ctx closes the connection.
func (w *world) ask(ctx context.Context, conn *opened, path string) (*answer, error) {
	context.AfterFunc(ctx, func() { conn.Close() })
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header = conn.header.Clone()
	write := req.Write
	if conn.absolute {
		write = req.WriteProxy
	}
	if err := write(conn); err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	a := &answer{conn: conn, sent: time.Now()}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	a.status, a.own, a.body = resp.StatusCode, resp.Header.Get(mark) != "", bufio.NewReader(resp.Body)
	return a, nil
}

// arrival is an event that came.
type arrival struct {
	at time.Time
	// joined is set if it came in one read with the event before.
	joined bool
}

// events reads the stream to its end, which is an error unless it is whole.
func (a *answer) events() ([]arrival, error) {
	var all []arrival
	var read int64
	empty := true
	for {
		line, err := a.body.ReadString('\n')
		switch {
		case errors.Is(err, io.EOF) && line == "":
			return all, nil
		case err != nil:
			return all, err
		case line != "\n":
			empty = false
		case !empty: // a blank line ends an event
			now := a.conn.reads.Load()
			all = append(all, arrival{at: time.Now(), joined: len(all) > 0 && now == read})
			read, empty = now, true
		}
	}
}
