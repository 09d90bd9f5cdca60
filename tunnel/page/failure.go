package page

import (
	"errors"
	"net/http"

	"streamgauge/tunnel"
)

// BadRequest is a failure that the client caused.
type BadRequest struct{ Err error }

// Error returns the cause.
func (e *BadRequest) Error() string { return "read client: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BadRequest) Unwrap() error { return e.Err }

// Status returns the status code that err deserves: 400 for the client's own
// mistakes, 403 for addresses that are not allowed, 504 where waiting took too
// long, 508 for requests that lead back here (RFC 5842 §7.2), else 502.
func Status(err error) int {
	var bad *BadRequest
	switch {
	case errors.As(err, &bad):
		return http.StatusBadRequest
	case errors.Is(err, tunnel.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, tunnel.ErrLoop):
		return http.StatusLoopDetected
	case errors.Is(err, tunnel.ErrTimeout):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// Failure returns the page for err: a sentence that a person understands, and
// a Proxy-Status field (RFC 9209) that a program does.
func Failure(err error) Page {
	p := Page{
		Status: Status(err),
		Title:  title(err),
		Detail: err.Error(),
		Header: http.Header{"Proxy-Status": {"streamgauge; error=" + proxyStatus(err)}},
	}
	if f := (*tunnel.Failure)(nil); errors.As(err, &f) && f.Sentence != "" {
		p.Text = []string{f.Sentence}
	}
	return p
}

func title(err error) string {
	var bad *BadRequest
	var f *tunnel.Failure
	switch {
	case errors.As(err, &bad):
		return "The request broke off"
	case errors.Is(err, tunnel.ErrLoop):
		return "This request leads back to Streamgauge"
	case !errors.As(err, &f):
		return "The origin could not be reached"
	}
	return stepTitles[f.Step]
}

var stepTitles = map[tunnel.Step]string{
	tunnel.StepPolicy:          "This destination is refused",
	tunnel.StepLookup:          "The name could not be resolved",
	tunnel.StepConnectUpstream: "The upstream could not be reached",
	tunnel.StepUpstreamTLS:     "TLS with the upstream failed",
	tunnel.StepHandshake:       "The upstream did not carry the request",
	tunnel.StepConnect:         "The origin could not be reached",
	tunnel.StepTLS:             "TLS with the origin failed",
	tunnel.StepExchange:        "The origin gave no proper answer",
}

// proxyStatus returns the error type of RFC 9209 §2.3.
func proxyStatus(err error) string {
	for _, known := range proxyStatuses {
		if errors.Is(err, known.cause) {
			return known.name
		}
	}
	return "proxy_internal_response"
}

var proxyStatuses = []struct {
	cause error
	name  string
}{
	{tunnel.ErrForbidden, "destination_ip_prohibited"},
	{tunnel.ErrLoop, "proxy_loop_detected"},
	{tunnel.ErrNameNotFound, "dns_error"},
	{tunnel.ErrRefused, "connection_refused"},
	{tunnel.ErrUnreachable, "destination_ip_unroutable"},
	{tunnel.ErrTimeout, "connection_timeout"},
	{tunnel.ErrCertificate, "tls_certificate_error"},
	{tunnel.ErrUpstreamDenied, "connection_refused"},
	{tunnel.ErrUpstreamFailed, "destination_unavailable"},
	{tunnel.ErrClosed, "connection_terminated"},
	{tunnel.ErrBadResponse, "http_protocol_error"},
}
