package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// finding is the outcome of looking into an error.
type finding struct {
	cause    error  // one of tunnel's, or nil
	sentence string // for the person
}

// failure reports a failed step. Where ctx ended first, errors of a connection
// closed for that reason are not passed on, and a caller who gave up is not
// told of causes.
func (a *attempt) failure(ctx context.Context, step tunnel.Step, err error, f finding) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if errors.Is(err, context.Canceled) {
		f = finding{nil, fmt.Sprintf("The request to %s was given up before it was connected.", a.target)}
	}
	via := a.via
	via.User, via.Password = "", ""
	return &tunnel.Failure{Step: step, Upstream: via, Target: a.target, Cause: f.cause, Sentence: f.sentence, Err: err}
}

// notAnAddress refuses what was given as an origin. The text is left out if it
// could hold user information.
func notAnAddress(addr string) error {
	if strings.Contains(addr, "@") {
		addr = ""
	}
	return &tunnel.Failure{
		Step:     tunnel.StepPolicy,
		Target:   addr,
		Sentence: "The destination is not a host and port, such as example.com:443.",
		Err:      errors.New("not host:port"),
	}
}

func (a *attempt) loopFailure(ctx context.Context, e endpoint) error {
	f := finding{tunnel.ErrLoop, fmt.Sprintf("%s is this proxy itself: the request would go round in circles.", e)}
	if !a.via.IsDirect() && e.String() == a.via.Addr() {
		f.sentence = fmt.Sprintf("The upstream %s is this proxy itself: choose another upstream.", e)
	}
	return a.failure(ctx, tunnel.StepPolicy, nil, f)
}

func (a *attempt) forbiddenFailure(ctx context.Context, e endpoint) error {
	return a.failure(ctx, tunnel.StepPolicy, nil, finding{tunnel.ErrForbidden, fmt.Sprintf("%s has an address that is not reached this way.", e)})
}

// causeOf sorts an error of the network or of ctx.
func causeOf(ctx context.Context, err error) error {
	var timeout interface{ Timeout() bool }
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return tunnel.ErrTimeout
	case errors.As(err, &dns) && dns.IsNotFound, errors.Is(err, errNoAddress):
		return tunnel.ErrNameNotFound
	case isRefused(err):
		return tunnel.ErrRefused
	case isUnreachable(err):
		return tunnel.ErrUnreachable
	case isReset(err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return tunnel.ErrClosed
	}
	return nil
}

// waited is how long a step has taken, fit for a sentence.
func (a *attempt) waited() time.Duration {
	return time.Since(a.began).Round(100 * time.Millisecond)
}

// lookupFinding words a failed lookup of e, the origin or the upstream.
func (a *attempt) lookupFinding(ctx context.Context, e endpoint, err error) finding {
	whose, advice := "The name "+e.host, "check the spelling."
	if !a.via.IsDirect() {
		whose, advice = "The upstream's name "+e.host, "check the upstream."
	}
	switch cause := causeOf(ctx, err); cause {
	case tunnel.ErrNameNotFound:
		return finding{cause, whose + " was not found: " + advice}
	case tunnel.ErrTimeout:
		return finding{cause, fmt.Sprintf("%s could not be looked up within %v: the name server does not answer.", whose, a.waited())}
	default:
		return finding{cause, whose + " could not be looked up: the name server has trouble, or cannot be reached."}
	}
}

// connectFinding words a failed TCP connection to e, the origin or the upstream.
func (a *attempt) connectFinding(ctx context.Context, e endpoint, err error) finding {
	running, quiet := "is the server running, and is the port right?", "it may be down, or a firewall drops the packets."
	if !a.via.IsDirect() {
		running, quiet = "is the upstream running?", "check the upstream's address, and whether it is running."
	}
	switch cause := causeOf(ctx, err); cause {
	case tunnel.ErrRefused:
		return finding{cause, fmt.Sprintf("%s refused the connection: %s", e, running)}
	case tunnel.ErrTimeout:
		return finding{cause, fmt.Sprintf("%s did not answer within %v: %s", e, a.waited(), quiet)}
	case tunnel.ErrUnreachable:
		return finding{cause, fmt.Sprintf("There is no route to %s: is this machine online?", e)}
	default:
		return finding{cause, fmt.Sprintf("%s could not be connected to: %v.", e, err)}
	}
}

// otherProtocol words an answer whose first bytes are not those of want.
func (a *attempt) otherProtocol(want string, said []byte) finding {
	guess := "check the upstream's scheme and port."
	switch first := said[0]; {
	case first == 0x15 || first == 0x16: // alert, handshake: RFC 8446 §5.1
		guess = "it answers in TLS; is it an https:// upstream?"
	case first == socks5Version:
		guess = "is it a socks5:// upstream?"
	case first == 0 || first == socks4Version:
		guess = "is it a socks4a:// upstream?"
	case want != "HTTP" && (first == 'H' || first == '<'):
		guess = "is it an HTTP proxy?"
	}
	return finding{tunnel.ErrNotThisProtocol, fmt.Sprintf("%s accepted the connection but does not speak %s: %s", a.via.Addr(), want, guess)}
}

func (a *attempt) malformed(protocol string) finding {
	return finding{tunnel.ErrBadResponse, fmt.Sprintf("%s gave an answer that breaks the rules of %s: check the upstream's scheme and port.", a.via.Addr(), protocol)}
}

func (a *attempt) refusedCredentials() finding {
	return finding{tunnel.ErrUpstreamAuth, fmt.Sprintf("%s refuses the user name or password: check them in the upstream.", a.via.Addr())}
}

// doubts ask what a peer may be that does not answer: HTTP proxies wait for
// the end of a line when they hear SOCKS, and SOCKS servers hang up on HTTP.
var doubts = map[string]string{
	"SOCKS5": "does it speak SOCKS5, or is it an HTTP proxy?",
	"SOCKS4": "does it speak SOCKS4, or is it an HTTP or SOCKS5 proxy?",
	"HTTP":   "does it speak HTTP, or is it a SOCKS or https:// upstream?",
	"TLS":    "does it speak TLS, or is it an http:// upstream?",
}

// brokenTalk words a handshake that ended without a complete answer. begun
// tells whether the upstream had said anything that fits the protocol.
func (a *attempt) brokenTalk(ctx context.Context, protocol string, err error, begun bool) finding {
	if alert := alertText(err); alert != "" {
		return finding{tunnel.ErrClosed, fmt.Sprintf("%s broke off TLS (%s): it may ask for a client certificate, which is not supported.", a.via.Addr(), alert)}
	}
	switch cause := causeOf(ctx, err); {
	case cause == tunnel.ErrTimeout && begun:
		return finding{cause, fmt.Sprintf("The upstream %s did not get through to %s within %v.", a.via.Addr(), a.target, a.waited())}
	case cause == tunnel.ErrTimeout:
		return finding{cause, fmt.Sprintf("%s accepted the connection but said nothing within %v: %s", a.via.Addr(), a.waited(), doubts[protocol])}
	case cause == tunnel.ErrClosed && begun:
		return finding{cause, fmt.Sprintf("The upstream %s closed the connection instead of connecting to %s.", a.via.Addr(), a.target)}
	case cause == tunnel.ErrClosed:
		return finding{cause, fmt.Sprintf("%s closed the connection without an answer: %s", a.via.Addr(), doubts[protocol])}
	default:
		return finding{cause, fmt.Sprintf("The connection to the upstream %s broke: %v.", a.via.Addr(), err)}
	}
}
