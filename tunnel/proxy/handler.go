package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"

	"streamgauge/tunnel/forward"
	"streamgauge/tunnel/page"
)

// ServeHTTP serves one request: a tunnel, a request to forward, or one to us.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.serving(w, r, p.direct)
}

// serving serves one request while the proxy runs, and contains what goes wrong.
func (p *Proxy) serving(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	leave, ok := p.tasks.enter()
	if !ok {
		panic(http.ErrAbortHandler)
	}
	defer leave()
	defer p.contain()
	markAmbiguous(r)
	// A response may begin before its request has ended (RFC 9112 §9.5): the
	// server must not drain the request first, which it does without a limit.
	_ = http.NewResponseController(w).EnableFullDuplex()
	serve(w, r)
}

// direct does what the first line of a request asks for.
func (p *Proxy) direct(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.isOwn(r):
		p.serveOwn(w, r)
	case !p.authorized(r):
		askForCredentials(w, r)
	case r.Method == http.MethodConnect:
		p.serveConnect(w, r)
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		reply(w, r, page.Page{
			Status: http.StatusNotImplemented, Title: "This kind of address is not forwarded",
			Text: []string{fmt.Sprintf("Streamgauge forwards http and https, not %q.", r.URL.Scheme)},
		})
	case r.URL.Host == "" || r.URL.Hostname() == "":
		badRequest(w, r, "The address in the request line has no host.")
	default:
		p.route.Load().forwarder.ServeHTTP(w, r)
	}
}

// isOwn reports whether r is for us and not to be forwarded. A client that has
// us for its proxy and for its base URL sends the gateway's address whole; all
// else of ours that is sent so leads back here.
func (p *Proxy) isOwn(r *http.Request) bool {
	switch {
	case r.Method == http.MethodConnect:
		return false
	case !r.URL.IsAbs():
		return true
	case r.URL.Scheme != "http" || !p.ownHost(net.JoinHostPort(r.URL.Hostname(), port(r.URL))):
		return false
	}
	_, status, _ := p.parseGate(originForm(r.RequestURI))
	return status == 0
}

// contain ends one exchange whose handler panicked, and no other. The log gets
// the cause and no part of the request.
func (p *Proxy) contain() {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler {
		p.logger.Error("exchange ended by a mistake of ours", "err", fmt.Sprint(cause))
	}
	panic(http.ErrAbortHandler) // the server closes the connection, quietly
}

// authorized reports whether r shows the credentials, if any are wanted.
func (p *Proxy) authorized(r *http.Request) bool {
	want := p.config().Credentials
	if want == nil {
		return true
	}
	basic := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, ok := basic.BasicAuth()
	return want.match(user, password) && ok
}

// match compares in a time that depends on neither the content nor the length.
func (c *Credentials) match(user, password string) bool {
	return equal(user, c.User)&equal(password, c.Password) == 1
}

func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func askForCredentials(w http.ResponseWriter, r *http.Request) {
	reply(w, r, page.Page{
		Status: http.StatusProxyAuthRequired,
		Title:  "User name and password are needed",
		Text:   []string{"This Streamgauge serves only who knows its user name and password."},
		Header: http.Header{"Proxy-Authenticate": {`Basic realm="Streamgauge", charset="UTF-8"`}},
	})
}

func badRequest(w http.ResponseWriter, r *http.Request, why string) {
	w.Header().Set("Connection", "close")
	reply(w, r, page.Page{Status: http.StatusBadRequest, Title: "The request is malformed", Text: []string{why}})
}

// reply writes an answer of our own. A request whose body nobody will read is
// the connection's last.
func reply(w http.ResponseWriter, r *http.Request, p page.Page) {
	if r.ContentLength != 0 || r.Close {
		w.Header().Set("Connection", "close")
		forward.StopReading(r.Context())
	}
	p.Write(w, r)
}
