package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

const (
	// streamBuffer is how many bytes of one stream an HTTP/2 origin may send
	// ahead of a client that is slower. They are held, and their times are true.
	streamBuffer = 1 << 20
	// maxTries bounds how often a request is sent that the origin did not process.
	maxTries = 3
)

// Origin is the way to the one origin behind a tunnel that was opened: TLS is
// done, and it speaks the protocol of the client. It is safe for concurrent use.
type Origin struct {
	dial  func(context.Context) (tap.Link, error)
	plain *http.Transport // for HTTP/1; nil with HTTP/2

	turn   chan struct{}      // one may dial
	mu     sync.Mutex         // guards all below
	shared *sharedConn        // what the next request is sent on, nil if none
	all    []*http.ClientConn // open, perhaps
}

// sharedConn is an HTTP/2 connection as net/http and as the tap know it.
type sharedConn struct {
	client *http.ClientConn
	conn   *tap.HTTP2Conn
}

// NewOrigin returns the way that dial opens; http2 says what is spoken there.
func NewOrigin(dial func(context.Context) (tap.Link, error), http2 bool) *Origin {
	o := &Origin{dial: dial, turn: make(chan struct{}, 1)}
	if !http2 {
		o.plain = transportOver(func(ctx context.Context, _, _ string) (net.Conn, error) {
			link, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return tap.NewConn(link), nil
		})
	}
	return o
}

// transportOver returns a Transport for https whose TLS is done by dial.
func transportOver(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Transport {
	t := newTransport(Path{}, nil)
	t.Proxy, t.DialContext, t.DialTLSContext = nil, nil, dial
	return t
}

// Close ends the connections to the origin.
func (o *Origin) Close() {
	if o.plain != nil {
		o.plain.CloseIdleConnections()
	}
	o.mu.Lock()
	all := o.all
	o.all, o.shared = nil, nil
	o.mu.Unlock()
	for _, conn := range all {
		_ = conn.Close()
	}
}

// send takes r to the origin. answer follows the response.
func (o *Origin) send(r *http.Request, answer *tap.Response) (*http.Response, error) {
	r.URL.Opaque = opaque(r, false)
	if o.plain != nil {
		resp, err := o.plain.RoundTrip(r)
		if err == nil {
			err = checkHead(resp, 1)
		}
		return resp, err
	}
	r.Header.Del("Connection") // RFC 9113 §8.2.2; TE may stay
	for try := 1; ; try++ {
		resp, err := o.share(r)
		if err == nil {
			return resp, checkHead(resp, 2)
		}
		if try == maxTries || r.Context().Err() != nil || !again(r, err, answer) {
			return nil, err
		}
	}
}

// again reports whether r, which failed with err, can be sent once more without
// asking twice for what it asks (RFC 9113 §8.7).
func again(r *http.Request, err error, answer *tap.Response) bool {
	if f := (*tunnel.Failure)(nil); errors.As(err, &f) {
		return false
	}
	bodyless := r.Body == nil || r.Body == http.NoBody
	return answer.Unsent() || answer.Refused() && bodyless
}

// share sends r on the connection in use, or on a new one.
func (o *Origin) share(r *http.Request) (*http.Response, error) {
	c, reused, err := o.connection(r.Context())
	if err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c.conn, Reused: reused})
	}
	return c.client.RoundTrip(r)
}

// connection returns the connection in use, or a new one if that takes no more
// requests.
func (o *Origin) connection(ctx context.Context) (c *sharedConn, reused bool, err error) {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	o.mu.Lock()
	c = o.shared
	if c != nil && c.client.Err() == nil && !c.conn.Leaving() {
		o.mu.Unlock()
		return c, true, nil
	}
	o.all = slices.DeleteFunc(o.all, func(conn *http.ClientConn) bool { return conn.Err() != nil })
	o.mu.Unlock()
	if c, err = o.connect(ctx); err != nil {
		return nil, false, err
	}
	o.mu.Lock()
	o.shared, o.all = c, append(o.all, c.client)
	o.mu.Unlock()
	return c, false, nil
}

// connect dials, and begins HTTP/2.
func (o *Origin) connect(ctx context.Context) (*sharedConn, error) {
	link, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := tap.NewHTTP2Conn(link)
	// A Transport has no other way to be given a connection. The TLS beneath is
	// not its own, so it takes this one for plain.
	t := transportOver(func(context.Context, string, string) (net.Conn, error) { return conn, nil })
	t.TLSNextProto = nil
	t.Protocols = new(http.Protocols)
	t.Protocols.SetUnencryptedHTTP2(true)
	t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: streamBuffer}
	client, err := t.NewClientConn(ctx, "https", "origin.invalid:443")
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &sharedConn{client: client, conn: conn}, nil
}
