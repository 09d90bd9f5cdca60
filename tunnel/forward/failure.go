package forward

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"streamgauge/tunnel"
	"streamgauge/tunnel/page"
	"streamgauge/tunnel/tap"
)

// explain turns what the Transport says into a failure that a person
// understands. sent is the client's request body, nil if it had none.
func explain(err error, r *http.Request, sent *tap.RequestBody) error {
	if f := (*tunnel.Failure)(nil); errors.As(err, &f) {
		return f
	}
	if sent != nil && sent.Err() != nil {
		return &page.BadRequest{Err: sent.Err()}
	}
	host := target(r)
	f := &tunnel.Failure{Step: tunnel.StepExchange, Target: host, Err: err}
	switch timeout, reset := net.Error(nil), (*tap.ResetError)(nil); {
	case errors.As(err, &reset):
		f.Cause = tunnel.ErrClosed
		f.Sentence = host + " reset the stream before it had answered: " + reset.Code.String() + "."
	case errors.As(err, &timeout) && timeout.Timeout():
		f.Cause = tunnel.ErrTimeout
		f.Sentence = host + " took the request and did not answer in time."
	case closedEarly(err):
		f.Cause = tunnel.ErrClosed
		f.Sentence = host + " closed the connection before it had answered."
	default:
		f.Cause = tunnel.ErrBadResponse
		f.Sentence = host + " answered with something that is not proper HTTP."
	}
	return f
}

// closedEarly reports whether the connection ended before a head was complete.
// net/http has no typed error for a kept-alive connection that the origin
// closed just as the request was written.
func closedEarly(err error) bool {
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return strings.Contains(err.Error(), "server closed idle connection")
}

// failurePage returns the response that tells the client of err.
func failurePage(r *http.Request, err error) *http.Response {
	p := page.Failure(err)
	body, header := p.Render(r)
	return &http.Response{
		StatusCode: p.Status, Header: header,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
}
