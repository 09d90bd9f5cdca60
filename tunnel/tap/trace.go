package tap

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"

	"streamgauge/tunnel"
)

// maxInterim is how many 1xx responses one answer may have.
const maxInterim = 100

var errTooManyInterim = errors.New("more than 100 interim (1xx) responses")

// Trace returns ctx prepared so that the Transport's progress with a request of
// the given method is recorded: the connection it takes is bound to r, phases
// are marked on live, interim responses go to interim, from another goroutine.
func Trace(ctx context.Context, live *tunnel.Live, r *Response, method string, interim func(int, http.Header)) context.Context {
	count := 0
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			switch conn := info.Conn.(type) {
			case *Conn:
				r.begin(conn, method)
				conn.Bind(r)
				markDialled(live, conn.link, info.Reused)
			case *HTTP2Conn:
				r.share(conn)
				markDialled(live, conn.link, info.Reused)
			}
		},
		WroteHeaderField: func(string, []string) { r.announce() },
		WroteRequest: func(httptrace.WroteRequestInfo) {
			live.Mark(tunnel.Sent, live.Since())
		},
		Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
			if count++; count > maxInterim {
				return errTooManyInterim
			}
			r.interim()
			interim(status, http.Header(header))
			return nil
		},
	})
}

// markDialled records the path, and the steps of dialling if this exchange
// waited for them. A connection that was begun for another request and came to
// this one first counts only from this exchange's start.
func markDialled(live *tunnel.Live, link Link, reused bool) {
	live.Update(func(ex *tunnel.Exchange) {
		ex.Upstream = link.Upstream.String()
		if reused {
			return
		}
		for phase, ended := range map[tunnel.Phase]time.Time{
			tunnel.DNS:       link.Steps.DNS,
			tunnel.Connect:   link.Steps.Connect,
			tunnel.Handshake: link.Steps.Handshake,
			tunnel.TLS:       link.Steps.TLS,
		} {
			if !ended.IsZero() {
				ex.Phases.Set(phase, max(0, ended.Sub(ex.Start)))
			}
		}
	})
}
