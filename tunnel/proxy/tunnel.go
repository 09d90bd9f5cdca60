package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/forward"
	"streamgauge/tunnel/intake"
	"streamgauge/tunnel/page"
	"streamgauge/tunnel/socks"
	"streamgauge/tunnel/upstream"
)

// established answers a CONNECT (RFC 9110 §9.3.6: no Content-Length, no
// Transfer-Encoding).
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// serveConnect opens a tunnel for a CONNECT request.
func (p *Proxy) serveConnect(w http.ResponseWriter, r *http.Request) {
	addr, ok := authority(r)
	if !ok {
		badRequest(w, r, "CONNECT wants host:port and nothing else, for example CONNECT example.com:443.")
		return
	}
	live := p.beginTunnel("CONNECT", addr, r.RemoteAddr)
	origin, err := p.dial(r.Context(), addr, live)
	if err != nil {
		live.Update(func(ex *tunnel.Exchange) { ex.Status = page.Status(err) })
		finishUndialled(live, err)
		// Bytes that came with the request were meant for the tunnel and must
		// not be taken for a request.
		w.Header().Set("Connection", "close")
		forward.StopReading(r.Context())
		page.Failure(err).Write(w, r)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		origin.Close()
		live.Finish(tunnel.Failed, "take the connection over: "+err.Error())
		return
	}
	// What came in one packet with the request belongs to the tunnel.
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	live.Update(func(ex *tunnel.Exchange) { ex.Status = http.StatusOK })
	p.openTunnel(client, origin, bytes.Clone(early), live, func() error {
		_, err := io.WriteString(client, established)
		return err
	})
}

// openTunnel tells the client that its tunnel stands, and relays or opens it.
func (p *Proxy) openTunnel(client net.Conn, origin *upstream.Conn, early []byte, live *tunnel.Live, tell func() error) {
	if err := tell(); err != nil {
		client.Close()
		origin.Close()
		live.Finish(tunnel.ClientClosed, "")
		return
	}
	addr := live.Summary().Host
	if front := p.route.Load().front; front != nil && front.Concerns(addr) {
		p.open(front, decrypt.Tunnel{Client: client, Early: early, Origin: link(origin), Addr: addr, Live: live})
		return
	}
	p.relay(client, origin, early, live)
}

// authority returns the host:port of a CONNECT request (RFC 9112 §3.2.3).
func authority(r *http.Request) (string, bool) {
	u := r.URL
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Hostname() == "" {
		return "", false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Host, err == nil && port > 0
}

// serveSOCKS opens a tunnel for a client that speaks SOCKS. The read deadline
// is set.
func (p *Proxy) serveSOCKS(ctx context.Context, client net.Conn) {
	var check func(user, password string) bool
	if want := p.config().Credentials; want != nil {
		check = want.match
	}
	request, err := socks.Accept(client, check)
	if err != nil {
		_ = socks.HangUp(client)
		return
	}
	_ = client.SetReadDeadline(time.Time{})
	method := "SOCKS" + strconv.Itoa(int(request.Version))
	live := p.beginTunnel(method, request.Addr(), client.RemoteAddr().String())
	dialling, cancel := context.WithCancel(ctx)
	stopWatch := intake.WhenGone(client, cancel)
	origin, err := p.dial(dialling, request.Addr(), live)
	stopWatch()
	cancel()
	if err != nil {
		finishUndialled(live, err)
		_ = request.Refuse(client, err)
		_ = socks.HangUp(client)
		return
	}
	p.openTunnel(client, origin, nil, live, func() error { return request.Grant(client, origin.LocalAddr()) })
}

func (p *Proxy) beginTunnel(method, addr, client string) *tunnel.Live {
	return p.config().Recorder.Begin(tunnel.Exchange{
		Kind: tunnel.KindTunnel, Method: method, URL: addr, Host: addr, Client: client,
		Upstream: p.route.Load().dialer.Via(addr).String(),
	})
}

// dial reaches addr by the present route and records the phases.
func (p *Proxy) dial(ctx context.Context, addr string, live *tunnel.Live) (*upstream.Conn, error) {
	conn, err := p.route.Load().dialer.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	live.Update(func(ex *tunnel.Exchange) {
		ex.Upstream = conn.Via().String()
		mark := func(phase tunnel.Phase, ended time.Time) {
			if !ended.IsZero() {
				ex.Phases.Set(phase, ended.Sub(ex.Start))
			}
		}
		t := conn.Timings()
		mark(tunnel.DNS, t.DNS)
		mark(tunnel.Connect, t.Connect)
		mark(tunnel.Handshake, t.Handshake)
	})
	return conn, nil
}

func finishUndialled(live *tunnel.Live, err error) {
	if errors.Is(err, context.Canceled) {
		live.Finish(tunnel.ClientClosed, "")
		return
	}
	live.Finish(tunnel.Failed, err.Error())
}
