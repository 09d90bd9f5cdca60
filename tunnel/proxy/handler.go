package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"

	"streamgauge/tunnel/page"
)

// ServeHTTP serves one request: a tunnel, a request to forward, or one to us.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := p.tasks.enter()
	if !ok {
		panic(http.ErrAbortHandler)
	}
	defer leave()
	defer p.contain()
	switch toUs := r.Method != http.MethodConnect && !r.URL.IsAbs(); {
	case toUs:
		p.serveOwn(w, r)
	case !p.authorized(r):
		askForCredentials(w, r)
	case r.Method == http.MethodConnect:
		p.serveConnect(w, r)
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		page.Page{
			Status: http.StatusNotImplemented, Title: "This kind of address is not forwarded",
			Text: []string{fmt.Sprintf("Streamgauge forwards http and https, not %q.", r.URL.Scheme)},
		}.Write(w, r)
	case r.URL.Host == "" || r.URL.Hostname() == "":
		badRequest(w, r, "The address in the request line has no host.")
	default:
		p.route.Load().forwarder.ServeHTTP(w, r)
	}
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
	if p.cfg.Credentials == nil {
		return true
	}
	basic := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, ok := basic.BasicAuth()
	return p.check(user, password) && ok
}

// check compares in a time that depends on neither the content nor the length.
func (p *Proxy) check(user, password string) bool {
	want := p.cfg.Credentials
	return equal(user, want.User)&equal(password, want.Password) == 1
}

func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func askForCredentials(w http.ResponseWriter, r *http.Request) {
	page.Page{
		Status: http.StatusProxyAuthRequired,
		Title:  "User name and password are needed",
		Text:   []string{"This Streamgauge serves only who knows its user name and password."},
		Header: http.Header{"Proxy-Authenticate": {`Basic realm="Streamgauge", charset="UTF-8"`}},
	}.Write(w, r)
}

func badRequest(w http.ResponseWriter, r *http.Request, why string) {
	w.Header().Set("Connection", "close")
	page.Page{Status: http.StatusBadRequest, Title: "The request is malformed", Text: []string{why}}.Write(w, r)
}
