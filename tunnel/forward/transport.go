package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

// Limits of the way to the origin.
const (
	maxAnswerHead = 1 << 20 // bytes
	idleTimeout   = 90 * time.Second
	idlePerHost   = 256 // the default of 2 costs a connection a request under load
	idleTotal     = 1024
	// The Transport's buffers are held as long as a stream lasts. Package tap
	// reads the socket in larger pieces without holding any.
	readBuffer      = 1 << 10 // bytes
	writeBuffer     = 2 << 10
	continueTimeout = time.Second // then the body is sent unasked (RFC 9110 §10.1.1)
	tlsTimeout      = 10 * time.Second
)

// upstreamHost stands for the HTTP upstream in the Transport's addresses, so
// that it cannot be mistaken for an origin. RFC 6761 reserves the domain.
const upstreamHost = "upstream.invalid"

// newTransport returns a Transport that reads nothing from the environment,
// changes no body, dials by path, and verifies origins against roots.
func newTransport(path Path, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy: viaProxy,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dialPlain(ctx, path, addr)
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return dialTLS(ctx, path, roots, addr)
		},
		// Non-nil and empty: no HTTP/2 towards origins of plain requests.
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
		DisableCompression:     true,
		MaxIdleConns:           idleTotal,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  continueTimeout,
		MaxResponseHeaderBytes: maxAnswerHead,
		ReadBufferSize:         readBuffer,
		WriteBufferSize:        writeBuffer,
	}
}

// upstreamKey is the context key of the tunnel.Upstream that a request is sent
// to in absolute form.
type upstreamKey struct{}

// viaProxy returns the proxy that the Transport writes r to in absolute form,
// with credentials, or nil.
func viaProxy(r *http.Request) (*url.URL, error) {
	up, ok := r.Context().Value(upstreamKey{}).(tunnel.Upstream)
	if !ok {
		return nil, nil
	}
	u := &url.URL{Scheme: "http", Host: upstreamHost}
	if up.User != "" {
		u.User = url.UserPassword(up.User, up.Password)
	}
	return u, nil
}

func dialPlain(ctx context.Context, path Path, addr string) (net.Conn, error) {
	dial := func() (tap.Link, error) { return path.Dial(ctx, addr) }
	if host, _, _ := net.SplitHostPort(addr); host == upstreamHost {
		dial = func() (tap.Link, error) { return path.DialProxy(ctx) }
	}
	link, err := dial()
	if err != nil {
		return nil, err
	}
	return tap.NewConn(link), nil
}

// dialTLS reaches an origin that was asked for by an https URL in absolute
// form. The tap goes on the plaintext side.
func dialTLS(ctx context.Context, path Path, roots *x509.CertPool, addr string) (net.Conn, error) {
	link, err := path.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(addr)
	secured := tls.Client(link.Conn, &tls.Config{ServerName: host, RootCAs: roots, NextProtos: []string{"http/1.1"}})
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		link.Close()
		return nil, tlsFailure(addr, link.Upstream, err)
	}
	link.Conn, link.Steps.TLS = secured, time.Now()
	return tap.NewConn(link), nil
}

func tlsFailure(addr string, up tunnel.Upstream, err error) error {
	f := &tunnel.Failure{
		Step: tunnel.StepTLS, Upstream: up, Target: addr, Err: err,
		Sentence: "TLS with " + addr + " could not be agreed: " + err.Error() + ".",
	}
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) {
		f.Cause = tunnel.ErrCertificate
		f.Sentence = "The certificate of " + addr + " is not accepted: " + verification.Err.Error() + "."
	}
	// RFC 7301 §3.2; crypto/tls has no exported type for alerts it is sent.
	if strings.Contains(err.Error(), "remote error: tls: no application protocol") {
		f.Cause = tunnel.ErrBadResponse
		f.Sentence = addr + " does not speak HTTP/1.1, only a later version, which is not spoken to origins here: " +
			"send the request through the proxy as a tunnel (CONNECT)."
	}
	if errors.Is(err, context.DeadlineExceeded) {
		f.Cause = tunnel.ErrTimeout
	}
	return f
}

// send takes r to the origin, or to the HTTP upstream in absolute form.
func (f *Forwarder) send(r *http.Request) (*http.Response, error) {
	up, absolute := f.path.Absolute(target(r))
	absolute = absolute && r.URL.Scheme == "http"
	if absolute {
		if err := f.path.CheckLoop(r.Context(), target(r)); err != nil {
			return nil, err
		}
		r = r.WithContext(context.WithValue(r.Context(), upstreamKey{}, up))
	}
	r.URL.Opaque = opaque(r, absolute)
	resp, err := f.transport.RoundTrip(r)
	if err == nil {
		err = checkHead(resp, 1)
	}
	if err == nil && absolute && resp.StatusCode == http.StatusProxyAuthRequired {
		resp.Body.Close()
		return nil, unauthorized(up, target(r))
	}
	return resp, err
}

// checkHead refuses a head that net/http lets pass and no client should see, and
// mends one thing: white space before a colon, which a proxy removes (RFC 9112
// §5.1). Where that hid the framing, net/http has misread the message. version is
// the major one that the connection speaks.
func checkHead(resp *http.Response, version int) error {
	wrong := ""
	if resp.ProtoMajor != version {
		wrong = resp.Proto
	}
	if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
		wrong = resp.Status
	}
	for name, values := range resp.Header {
		plain := http.CanonicalHeaderKey(strings.TrimRight(name, " \t"))
		if plain == name {
			continue
		}
		if plain == "Content-Length" || plain == "Transfer-Encoding" {
			wrong = name
		}
		delete(resp.Header, name)
		resp.Header[plain] = append(resp.Header[plain], values...)
	}
	if wrong == "" {
		return nil
	}
	resp.Body.Close()
	return &tunnel.Failure{
		Step: tunnel.StepExchange, Target: target(resp.Request), Cause: tunnel.ErrBadResponse, Err: fmt.Errorf("malformed response head: %q", wrong),
		Sentence: target(resp.Request) + " answered with something that is not proper HTTP.",
	}
}

// unauthorized explains a 407 of the upstream. Passed on, it would make the
// client believe that we ask for a password.
func unauthorized(up tunnel.Upstream, target string) error {
	f := &tunnel.Failure{Step: tunnel.StepHandshake, Upstream: up, Target: target, Cause: tunnel.ErrUpstreamNeeds}
	f.Sentence = "The upstream " + up.Addr() + " asks for a user name and password, and none is set."
	if up.User != "" {
		f.Cause = tunnel.ErrUpstreamAuth
		f.Sentence = "The upstream " + up.Addr() + " refuses the user name or password that is set for it."
	}
	return f
}
