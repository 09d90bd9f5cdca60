package forward

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/elazarl/goproxy"

	"streamgauge/tunnel"
	"streamgauge/tunnel/page"
	"streamgauge/tunnel/tap"
)

// Path is how origins are reached: one setting of the upstream. All functions
// may be called concurrently and return errors of type [*tunnel.Failure].
type Path struct {
	// Dial opens a byte stream to addr, host:port.
	Dial func(ctx context.Context, addr string) (tap.Link, error)
	// DialProxy opens a connection to the HTTP upstream itself.
	DialProxy func(ctx context.Context) (tap.Link, error)
	// Absolute says whether a plain request for addr goes to an HTTP upstream
	// in absolute form (RFC 9112 §3.2.2), and to which.
	Absolute func(addr string) (tunnel.Upstream, bool)
	// CheckLoop refuses addresses that lead back to this proxy. Dial checks
	// for itself; this is for requests that go out in absolute form.
	CheckLoop func(ctx context.Context, addr string) error
}

// Relay copies the two directions of a connection that has left HTTP, until
// both have ended, and finishes live.
type Relay func(client, origin net.Conn, early []byte, live *tunnel.Live)

// Config is what a Forwarder needs. All but RootCAs and Logger must be set.
type Config struct {
	Path Path
	// RootCAs verify origins of https; nil means the system's.
	RootCAs  *x509.CertPool
	Recorder tunnel.Recorder
	// Upgraded takes over connections after a 101 response.
	Upgraded Relay
	// Records counts the goroutines that complete records after the client was
	// served; whoever owns the recorder waits for it.
	Records *sync.WaitGroup
	// Logger receives what goproxy says, at debug level; nil means silent.
	Logger *slog.Logger
}

// Forwarder is an [http.Handler] for requests in absolute form. It is safe for
// concurrent use.
type Forwarder struct {
	path      Path
	recorder  tunnel.Recorder
	upgraded  Relay
	transport *http.Transport
	proxy     *goproxy.ProxyHttpServer
	records   *sync.WaitGroup
}

// New returns a Forwarder; Close releases its idle connections.
func New(cfg Config) *Forwarder {
	f := &Forwarder{path: cfg.Path, recorder: cfg.Recorder, upgraded: cfg.Upgraded, records: cfg.Records}
	f.transport = newTransport(cfg.Path, cfg.RootCAs)
	f.proxy = newGoproxy(f.transport, cfg.Logger)
	return f
}

// Close closes idle connections. Exchanges under way go on.
func (f *Forwarder) Close() { f.transport.CloseIdleConnections() }

// newGoproxy returns a goproxy that asks for what it sends and receives through
// the job in the request's context, and does nothing on its own account.
func newGoproxy(transport *http.Transport, logger *slog.Logger) *goproxy.ProxyHttpServer {
	p := goproxy.NewProxyHttpServer()
	p.Tr = transport
	p.ConnectDial = nil // it was read from the environment, which may name us
	p.KeepAcceptEncoding = true
	p.KeepHeader = true // hop-by-hop fields are removed here, more thoroughly
	p.Logger = debugLogger{logger}
	p.OnRequest().DoFunc(func(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		j := r.Context().Value(jobKey{}).(*job)
		ctx.RoundTripper = goproxy.RoundTripperFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Response, error) {
			return j.roundTrip(r), nil
		})
		return r, nil
	})
	return p
}

// debugLogger adapts goproxy's logger. Its lines may hold URLs, so they carry
// no more than the format.
type debugLogger struct{ logger *slog.Logger }

func (l debugLogger) Printf(format string, _ ...any) {
	if l.logger != nil {
		l.logger.Debug("goproxy", "message", format)
	}
}

// jobKey is the context key of the *job.
type jobKey struct{}

// job is one request on its way through goproxy.
type job struct {
	forwarder *Forwarder
	entrance  Entrance
	live      *tunnel.Live
	writer    *tap.Writer
	response  *tap.Response
	sent      *tap.RequestBody // nil for a request without a body
	body      *tap.Body        // nil until there is a response of the origin
	failure   error            // why there is none
	ready     *http.Response   // the answer, where asking for an upgrade brought it
	client    context.Context  // the client's request
	over      chan struct{}    // closed when the exchange is
	concluded bool             // the record is complete, or will be
	switched  bool             // the connection has left HTTP and is the relay's
}

// Entrance says how a request came.
type Entrance struct {
	// Kind is what the record says of it.
	Kind tunnel.Kind
	// Answer, if not nil, changes the head of the response for the client. The
	// record has it as the origin sent it.
	Answer func(*http.Response)
	// Origin, if not nil, is where the request goes whatever its URL says, and
	// Tunnel the ID of the exchange through which it came.
	Origin *Origin
	Tunnel string
	// Failure, if not nil, is the answer to the request.
	Failure error
}

// ServeHTTP is [Forwarder.Serve] for requests that came to a proxy.
func (f *Forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Serve(w, r, Entrance{Kind: tunnel.KindHTTP})
}

// Serve forwards r, which must be in absolute form with scheme http or https,
// and records it. Where the response breaks off after its head it panics with
// [http.ErrAbortHandler], so that the server breaks off, too.
func (f *Forwarder) Serve(w http.ResponseWriter, r *http.Request, e Entrance) {
	live := f.begin(r, e)
	j := &job{
		forwarder: f,
		entrance:  e,
		live:      live,
		writer:    tap.NewWriter(w, r),
		response:  tap.NewResponse(live, r.Method),
		client:    r.Context(),
		over:      make(chan struct{}),
	}
	if h, ok := ClientConn(r.Context()).(tap.Holder); ok {
		j.writer.GatherOn(h)
	}
	defer close(j.over)
	returned := false
	defer func() {
		if !returned && !j.concluded {
			// A mistake of ours must not leave the exchange running for ever.
			live.Finish(tunnel.Failed, "internal error")
		}
	}()
	j.serve(r)
	returned = true
}

// begin begins the record of r. It is a call of its own so that the exchange,
// which is large, does not lie on the stack for as long as the stream lasts.
//
//go:noinline
func (f *Forwarder) begin(r *http.Request, e Entrance) *tunnel.Live {
	return f.recorder.Begin(describe(r, e))
}

// serve takes the request from the client to the end of its answer, or to the
// end of HTTP.
func (j *job) serve(r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		j.sent = tap.NewRequestBody(r.Body, j.live)
		defer j.release()
	}
	if n, limited := maxForwards(r); limited && n == 0 && j.sent != nil {
		j.writer.EndConnection() // nobody will read the body
	}
	if respondsItself(j.writer, r) {
		j.live.Finish(tunnel.Complete, "")
		return
	}
	out := j.outgoing(r)
	if name := upgradeWanted(r); name != "" && j.upgrade(out, name) {
		return
	}
	j.forwarder.proxy.ServeHTTP(j.writer, out)
	j.finish()
}

// release lets the client go whose request was not read to its end, malformed
// or refused: the server would wait for the rest, or take it for a request.
func (j *job) release() {
	if !j.switched && !j.sent.Ended() {
		StopReading(j.client)
	}
}

// outgoing returns the request to send: the client's, with what belongs to this
// hop removed.
func (j *job) outgoing(r *http.Request) *http.Request {
	ctx := context.WithValue(r.Context(), jobKey{}, j)
	out := r.WithContext(tap.Trace(ctx, j.live, j.response, r.Method, j.interim))
	out.Header = r.Header.Clone()
	out.URL = verbatim(r)
	out.Host = r.URL.Host // RFC 9112 §3.2.2: the Host field gives way to the target
	out.Close = false
	removeHopByHop(out.Header, out.Header["Connection"])
	renewTE(out.Header, r.Header)
	removeFromTrailer(out.Trailer)
	keepUserAgent(out.Header)
	if j.sent != nil {
		j.sent.AtEnd(func() { removeFromTrailer(r.Trailer) })
		if hasToken(r.Header["Expect"], "100-continue") {
			j.sent.HoldOnceAnswered(j.response, j.over)
		}
		out.Body = j.sent
	}
	decrementMaxForwards(out)
	return out
}

// interim passes on a 1xx response.
func (j *job) interim(status int, header http.Header) {
	removeHopByHop(header, header["Connection"])
	j.writer.Interim(status, header)
}

// roundTrip sends r and returns the response for the client: the origin's, or a
// page that says why there is none.
func (j *job) roundTrip(r *http.Request) *http.Response {
	if j.ready != nil {
		return j.ready
	}
	resp, err := j.send(r)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body.Close()
		err = &tunnel.Failure{
			Step: tunnel.StepExchange, Target: target(r), Cause: tunnel.ErrBadResponse,
			Sentence: "The origin switched protocols (101) although nobody had asked it to.",
		}
	}
	if err != nil {
		return j.fail(r, err)
	}
	return j.accept(resp)
}

// send takes r to its origin.
func (j *job) send(r *http.Request) (*http.Response, error) {
	switch {
	case j.entrance.Failure != nil:
		return nil, j.entrance.Failure
	case j.entrance.Origin != nil:
		return j.entrance.Origin.send(r, j.response)
	}
	return j.forwarder.send(r)
}

// accept records the head of resp and prepares it for the client.
func (j *job) accept(resp *http.Response) *http.Response {
	header := j.recordHead(resp)
	if j.sent != nil && j.sent.Err() != nil {
		j.writer.EndConnection()
	}
	protocols := resp.Header["Upgrade"]
	// net/http drops the whole Connection field of a response that says "close";
	// the wire still has it.
	removeHopByHop(resp.Header, valuesOf(header, "Connection"))
	if resp.StatusCode == http.StatusUpgradeRequired && len(protocols) > 0 {
		// RFC 9110 §15.5.22: it must say to what, and upgrades pass through us.
		resp.Header["Upgrade"], resp.Header["Connection"] = protocols, []string{"Upgrade"}
	}
	removeFromTrailer(resp.Trailer)
	j.writer.KeepFraming(j.response.Framing())
	j.body = tap.NewBody(resp, j.response, j.writer, j.live)
	j.body.AtEnd(func() { removeFromTrailer(resp.Trailer) })
	resp.Body = j.body
	return resp
}

// recordHead records the head of resp and returns its field lines, as they were
// on the wire where that could be followed. Then resp is for the client.
func (j *job) recordHead(resp *http.Response) []tunnel.Header {
	header := j.response.Header()
	if header == nil {
		header = flatten(resp.Header)
	}
	j.live.Update(func(ex *tunnel.Exchange) {
		ex.Status = resp.StatusCode
		ex.ResponseHeaders = header
		if at, ok := j.response.HeadAt(); ok {
			ex.Phases.Set(tunnel.Head, at)
		}
		ex.Phases.Set(tunnel.Head, j.live.Since()) // unless the wire told when
	})
	if j.entrance.Answer != nil {
		j.entrance.Answer(resp)
	}
	return header
}

// fail returns the page for err.
func (j *job) fail(r *http.Request, err error) *http.Response {
	if reset := j.response.ResetError(); reset != nil {
		err = reset
	}
	j.failure = explain(err, r, j.sent)
	if j.sent != nil && !j.sent.Ended() {
		j.writer.EndConnection()
	}
	status := page.Status(j.failure)
	j.live.Update(func(ex *tunnel.Exchange) { ex.Status = status })
	return failurePage(r, j.failure)
}

// finish records how the exchange ended and, where the client must not believe
// that it got all, panics.
func (j *job) finish() {
	end, err := j.end()
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	j.conclude(end, reason)
	switch {
	case end == tunnel.Complete || j.failure != nil && end == tunnel.Failed:
	case end == tunnel.Truncated && j.writer.EndsWithConnection():
		resetClient(j.client)
		fallthrough
	default:
		panic(http.ErrAbortHandler)
	}
}

// conclude ends the record, after units that are still being counted beside the
// stream are in it. The client does not wait for that.
func (j *job) conclude(end tunnel.End, reason string) {
	j.live.Mark(tunnel.Ended, j.live.Since())
	j.concluded = true
	if j.body == nil || j.body.Counted() == nil {
		j.live.Finish(end, reason)
		return
	}
	j.forwarder.records.Go(func() {
		<-j.body.Counted()
		j.live.Finish(end, reason)
	})
}

func (j *job) end() (tunnel.End, error) {
	if j.client.Err() != nil && (j.body == nil || !j.body.Outcome().Ended) {
		if cause := context.Cause(j.client); cause != context.Canceled {
			return tunnel.ClientClosed, fmt.Errorf("proxy stops: %w", cause)
		}
		return tunnel.ClientClosed, nil
	}
	if j.body == nil {
		return tunnel.Failed, j.failure
	}
	switch outcome := j.body.Outcome(); {
	case outcome.WriteErr != nil || outcome.ReadErr != nil && j.sent != nil && j.sent.Err() != nil:
		// An origin that resets because the upload broke off is not to blame.
		return tunnel.ClientClosed, nil
	case outcome.ReadErr != nil:
		return tunnel.Truncated, j.brokenOff(outcome.ReadErr)
	case !outcome.Ended:
		return tunnel.ClientClosed, nil
	}
	return tunnel.Complete, nil
}

// brokenOff says how the origin ended a body that was not over.
func (j *job) brokenOff(err error) error {
	if reset := j.response.ResetError(); reset != nil {
		return reset
	}
	return readOriginError{err}
}

// readOriginError keeps apart whom a broken body blames.
type readOriginError struct{ err error }

func (e readOriginError) Error() string {
	if errors.Is(e.err, io.ErrUnexpectedEOF) {
		return "read origin: connection ended within the body"
	}
	return "read origin: " + e.err.Error()
}

func (e readOriginError) Unwrap() error { return e.err }

// describe begins the record of r.
func describe(r *http.Request, e Entrance) tunnel.Exchange {
	return tunnel.Exchange{
		Kind:           e.Kind,
		Tunnel:         e.Tunnel,
		Method:         r.Method,
		URL:            r.URL.String(),
		Protocol:       r.Proto,
		Host:           target(r),
		Client:         r.RemoteAddr,
		RequestHeaders: flatten(r.Header),
	}
}

type clientConnKey struct{}

// WithClientConn puts the client's connection into the context of its requests,
// for [http.Server.ConnContext]. Some methods of it are used where it has them:
// Reset() error to break off a response whose end is the end of the connection,
// StopReading() where a request is to be the connection's last, and those of
// [tap.Holder].
func WithClientConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, clientConnKey{}, conn)
}

// ClientConn returns the connection that WithClientConn put into ctx, or nil.
func ClientConn(ctx context.Context) net.Conn {
	conn, _ := ctx.Value(clientConnKey{}).(net.Conn)
	return conn
}

// resetClient resets the client's connection, the only way to say that a body
// without framing is not whole.
func resetClient(ctx context.Context) {
	if conn, ok := ClientConn(ctx).(interface{ Reset() error }); ok {
		_ = conn.Reset()
	}
}

// StopReading makes the request whose context is given the last on its
// connection.
func StopReading(ctx context.Context) {
	if conn, ok := ClientConn(ctx).(interface{ StopReading() }); ok {
		conn.StopReading()
	}
}
