package tunneltest

import (
	"context"
	"io"
	"net"
	"net/http"
)

// HTTPProxy is a forward proxy: CONNECT and absolute-form requests, one on
// each connection, with Basic authentication if User is set. Put TLS around
// its listener and it is an HTTPS proxy.
type HTTPProxy struct {
	Upstream
	// Status, if not zero, answers every request and dials nothing.
	Status int
	// Established replaces the answer to a granted CONNECT, which is
	// otherwise a 200 without fields.
	Established string
}

var httpStatus = [...]int{
	refused: http.StatusBadGateway, unresolved: http.StatusBadGateway, timedOut: http.StatusGatewayTimeout, failed: http.StatusBadGateway,
}

// Serve answers on ln until ln is closed. It then breaks off what is running,
// and returns when nothing runs any more.
func (p *HTTPProxy) Serve(ln net.Listener) error {
	fault := []byte("HTTP/9.9 200 OK\r\n\r\n")
	if p.Fault == HTTPText {
		fault = []byte{socks5Version, noneAcceptable}
	}
	return p.serve(ln, fault, p.talk)
}

func (p *HTTPProxy) talk(ctx context.Context, client net.Conn) {
	req, raw, rest, err := readRequest(client)
	if err != nil {
		p.refuse(ctx, client, http.StatusBadRequest)
		return
	}
	user, password := proxyAuth(req)
	dest := destination(req)
	p.note(Ask{Command: req.Method, Dest: dest, User: user})
	switch {
	case p.Fault == SilentLater:
		p.say(ctx, client, []byte("HTTP/1.1 200"))
		io.Copy(io.Discard, client)
		return
	case p.User != "" && (user != p.User || password != p.Password):
		p.refuse(ctx, client, http.StatusProxyAuthRequired)
		return
	case p.Status != 0:
		p.refuse(ctx, client, p.Status)
		return
	case dest == "":
		p.refuse(ctx, client, http.StatusBadRequest)
		return
	}
	origin, release, err := p.Dial.open(ctx, dest)
	if err != nil {
		p.refuse(ctx, client, httpStatus[outcomeOf(err)])
		return
	}
	defer release()
	if req.Method == http.MethodConnect {
		if p.say(ctx, client, p.established()) {
			relay(rest, origin)
		}
		return
	}
	if _, err := origin.Write(once(raw, req, req.URL.RequestURI())); err == nil {
		Hop{}.exchange(client, rest, origin)
	}
}

func (p *HTTPProxy) established() []byte {
	if p.Established == "" {
		return []byte("HTTP/1.1 200 Connection established\r\n\r\n")
	}
	return []byte(p.Established)
}

func (p *HTTPProxy) refuse(ctx context.Context, client net.Conn, status int) {
	field := ""
	if status == http.StatusProxyAuthRequired {
		field = "Proxy-Authenticate: Basic realm=\"upstream\"\r\n"
	}
	p.say(ctx, client, answer(status, field))
}

// destination returns host:port, or "" for a request that is not for a proxy.
func destination(req *http.Request) string {
	switch {
	case req.Method == http.MethodConnect:
		return req.URL.Host
	case req.URL.Scheme != "http":
		return ""
	case req.URL.Port() != "":
		return req.URL.Host
	}
	return net.JoinHostPort(req.URL.Hostname(), "80")
}

func proxyAuth(req *http.Request) (user, password string) {
	// The same format as of the field meant for origins, so its parser serves.
	as := http.Request{Header: http.Header{"Authorization": req.Header["Proxy-Authorization"]}}
	user, password, _ = as.BasicAuth()
	return user, password
}
