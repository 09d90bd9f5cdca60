package tunnel

import (
	"cmp"
	"errors"
	"fmt"
)

// Step is the part of reaching an origin that failed.
type Step uint8

// The steps, in the order in which they are taken.
const (
	StepPolicy          Step = iota // refused before any packet was sent
	StepLookup                      // resolving the name, of the origin or of the upstream
	StepConnectUpstream             // TCP to the upstream
	StepUpstreamTLS                 // TLS to an https upstream
	StepHandshake                   // SOCKS or CONNECT with the upstream
	StepConnect                     // TCP to the origin
	StepTLS                         // TLS to the origin
	StepExchange                    // the origin's answer
)

// OfUpstream reports whether the upstream is to blame rather than the origin.
func (s Step) OfUpstream() bool {
	return s == StepConnectUpstream || s == StepUpstreamTLS || s == StepHandshake
}

// Causes a caller may branch on, with errors.Is on a [*Failure].
var (
	ErrLoop            = errors.New("request leads back to this proxy")
	ErrForbidden       = errors.New("address not allowed")
	ErrNameNotFound    = errors.New("name not found")
	ErrRefused         = errors.New("connection refused")
	ErrUnreachable     = errors.New("network unreachable")
	ErrTimeout         = errors.New("timed out")
	ErrUpstreamAuth    = errors.New("upstream refuses the user name or password")
	ErrUpstreamNeeds   = errors.New("upstream asks for a user name and password")
	ErrUpstreamDenied  = errors.New("upstream does not allow this destination")
	ErrUpstreamFailed  = errors.New("upstream could not reach the destination")
	ErrNotThisProtocol = errors.New("upstream does not speak the configured protocol")
	ErrCertificate     = errors.New("certificate not accepted")
	ErrClosed          = errors.New("connection closed before an answer")
	ErrBadResponse     = errors.New("malformed response")
)

var errUnknown = errors.New("unknown cause")

// Failure says why an origin could not be reached, for the machine (Step,
// Cause), for the person (Sentence) and for the log (Error). It holds no
// credentials.
type Failure struct {
	Step Step
	// Upstream is the path that was tried.
	Upstream Upstream
	// Target is the origin as host:port.
	Target string
	// Cause is one of the Err values of this package, or nil if none fits.
	Cause error
	// Sentence says in plain English what happened and what to look at.
	Sentence string
	// Err is the underlying error; may be nil.
	Err error
}

// Error returns operation, object and cause on one line.
func (f *Failure) Error() string {
	cause := cmp.Or(f.Err, f.Cause, errUnknown)
	if f.Step.OfUpstream() {
		return fmt.Sprintf("reach %s through %s: %v", f.Target, f.Upstream, cause)
	}
	return fmt.Sprintf("reach %s: %v", f.Target, cause)
}

// Unwrap lets errors.Is and errors.As see both the cause and the underlying error.
func (f *Failure) Unwrap() []error {
	var errs []error
	if f.Cause != nil {
		errs = append(errs, f.Cause)
	}
	if f.Err != nil {
		errs = append(errs, f.Err)
	}
	return errs
}

// Timeout reports whether waiting too long was the reason.
func (f *Failure) Timeout() bool { return errors.Is(f.Cause, ErrTimeout) }
