package tunnel

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestFailure(t *testing.T) {
	up := Upstream{Scheme: HTTP, Host: "proxy.test", Port: 3128, User: "alice", Password: "hunter2"}
	tests := []struct {
		name string
		f    Failure
		want string
	}{
		{"origin", Failure{Step: StepConnect, Target: "h:443", Cause: ErrRefused}, "reach h:443: connection refused"},
		{"underlying error", Failure{Step: StepTLS, Target: "h:443", Cause: ErrCertificate, Err: io.EOF}, "reach h:443: EOF"},
		{"origin beyond an upstream", Failure{Step: StepExchange, Upstream: up, Target: "h:443", Cause: ErrClosed}, "reach h:443: connection closed before an answer"},
		{"upstream", Failure{Step: StepConnectUpstream, Upstream: up, Target: "h:443", Cause: ErrTimeout}, "reach h:443 through http://proxy.test:3128: timed out"},
		{"upstream's TLS", Failure{Step: StepUpstreamTLS, Upstream: up, Target: "h:443", Cause: ErrCertificate}, "reach h:443 through http://proxy.test:3128: certificate not accepted"},
		{"handshake", Failure{Step: StepHandshake, Upstream: up, Target: "h:443", Cause: ErrUpstreamAuth}, "reach h:443 through http://proxy.test:3128: upstream refuses the user name or password"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.f.Error(); got != test.want {
				t.Errorf("error = %q, want %q", got, test.want)
			}
			if !errors.Is(&test.f, test.f.Cause) || (test.f.Err != nil && !errors.Is(&test.f, test.f.Err)) {
				t.Errorf("%v hides its causes", &test.f)
			}
			if got, want := test.f.Timeout(), test.f.Cause == ErrTimeout; got != want {
				t.Errorf("timeout = %v, want %v", got, want)
			}
		})
	}
}

func TestFailureIsFoundInAChain(t *testing.T) {
	err := fmt.Errorf("forward: %w", &Failure{Step: StepLookup, Target: "h:80", Cause: ErrNameNotFound})
	failure, ok := errors.AsType[*Failure](err)
	if !ok || failure.Step != StepLookup || !errors.Is(err, ErrNameNotFound) || errors.Is(err, ErrTimeout) {
		t.Errorf("failure %+v, found %v", failure, ok)
	}
}

func TestBareFailure(t *testing.T) {
	f := Failure{Target: "h:80"}
	if f.Unwrap() != nil || f.Timeout() {
		t.Errorf("a failure without cause unwraps to %v, timeout %v", f.Unwrap(), f.Timeout())
	}
	if got, want := f.Error(), "reach h:80: unknown cause"; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
}

func TestStepOfUpstream(t *testing.T) {
	for step := StepPolicy; step <= StepExchange; step++ {
		want := step == StepConnectUpstream || step == StepUpstreamTLS || step == StepHandshake
		if got := step.OfUpstream(); got != want {
			t.Errorf("step %d is of the upstream: %v, want %v", step, got, want)
		}
	}
}
