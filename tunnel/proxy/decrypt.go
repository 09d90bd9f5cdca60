package proxy

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/forward"
	"streamgauge/tunnel/page"
)

// Decrypt says which tunnels are opened. The zero value opens none.
type Decrypt struct {
	// Authority signs what clients are shown; nil opens no tunnel.
	Authority *decrypt.Authority
	// Hosts are those whose tunnels are opened, from now on. That a client does
	// not trust the authority is forgotten when they change.
	Hosts decrypt.Hosts
}

// front returns what opens tunnels by this configuration, or nil. before is what
// did so until now.
func (c *Config) front(path forward.Path, before *route) *decrypt.Front {
	if c.Decrypt.Authority == nil || c.Decrypt.Hosts.Empty() {
		return nil
	}
	var old *decrypt.Front
	if before != nil {
		old = before.front
	}
	return decrypt.New(decrypt.Config{
		Authority: c.Decrypt.Authority, Hosts: c.Decrypt.Hosts, RootCAs: c.RootCAs, Dial: path.Dial,
	}, old)
}

// open looks at a tunnel that stands, opens it or relays it.
func (p *Proxy) open(front *decrypt.Front, t decrypt.Tunnel) {
	began := p.tasks.run(func(ctx context.Context) {
		conn, pass := front.Open(ctx, t)
		switch {
		case conn != nil:
			p.serveSession(conn)
		case pass != nil:
			p.relay(pass.Client, pass.Origin.Conn, pass.Early, pass.Live)
		}
	})
	if !began {
		t.Client.Close()
		t.Origin.Close()
		t.Live.Finish(tunnel.ClientClosed, "")
	}
}

// opened is a connection in which a client's requests are in the clear.
type opened struct {
	*sniffed
	conn    *decrypt.Conn
	session *decrypt.Session
	origin  *forward.Origin
	once    sync.Once
}

// serveSession gives conn to the server for opened tunnels.
func (p *Proxy) serveSession(conn *decrypt.Conn) {
	session := conn.Session()
	o := &opened{sniffed: &sniffed{Conn: conn, background: p.background}, conn: conn, session: session}
	o.origin = forward.NewOrigin(session.Dial, session.HTTP2)
	web := p.decrypted.Load()
	if web == nil {
		o.Close()
		return
	}
	web.give(o)
}

// Close ends the connections to the origin, too.
func (o *opened) Close() error {
	o.once.Do(o.origin.Close)
	return o.sniffed.Close()
}

// Hold and Release gather what is written, so that it is one TLS record.
func (o *opened) Hold() { o.conn.Hold() }

// Release writes what was gathered.
func (o *opened) Release() { o.conn.Release() }

// openedKey is the context key of the *opened that a request came by.
type openedKey struct{}

// openedServer serves what was opened, HTTP/1.1 and HTTP/2.
func (p *Proxy) openedServer(ctx context.Context) *http.Server {
	server := p.server(ctx)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serving(w, r, p.serveOpened) })
	// TLS is done: to net/http these connections are plain.
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		o := conn.(*opened)
		ctx = context.WithValue(ctx, openedKey{}, o)
		if o.session.HTTP2 {
			return ctx // one request must not end the others
		}
		return forward.WithClientConn(ctx, o)
	}
	return server
}

// serveOpened forwards a request that came in an opened tunnel.
func (p *Proxy) serveOpened(w http.ResponseWriter, r *http.Request) {
	o := r.Context().Value(openedKey{}).(*opened)
	if r.Method == http.MethodConnect {
		reply(w, r, page.Page{
			Status: http.StatusNotImplemented, Title: "No tunnel within a tunnel",
			Text: []string{"Streamgauge opened this connection and forwards requests in it, CONNECT excepted."},
		})
		return
	}
	o.address(r)
	if o.session.Failure != nil && r.ProtoMajor == 1 {
		r.Close = true // the next connection tries again
	}
	p.route.Load().forwarder.Serve(w, r, forward.Entrance{
		Kind: tunnel.KindDecrypted, Tunnel: o.session.Tunnel, Origin: o.origin, Failure: o.session.Failure,
	})
}

// address makes r one in absolute form. It goes where the tunnel leads; the
// name is the one that the client gave.
func (o *opened) address(r *http.Request) {
	host := r.Host
	if host == "" {
		host = o.session.Addr
	}
	if !r.URL.IsAbs() {
		r.RequestURI = "https://" + host + r.RequestURI
	}
	if r.URL.Path == "*" { // RFC 9112 §3.2.4
		r.URL, r.RequestURI = &url.URL{}, "https://"+host
	}
	r.URL.Scheme, r.URL.Host = "https", host
}
