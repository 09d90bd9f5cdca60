package tunneltest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Fault is a way in which an upstream misbehaves.
type Fault uint8

// The faults.
const (
	NoFault      Fault = iota
	Silent             // accepts and never answers
	SilentLater        // answers the greeting, or the first half of it, and then never
	WrongVersion       // answers with a version of the protocol that does not exist
	HangUp             // closes the connection on the first byte
	HTTPText           // answers in HTTP what was asked in SOCKS, and in SOCKS what was asked in HTTP
)

// Ask is one request that an upstream received.
type Ask struct {
	// Command is CONNECT, BIND, UDP or the method of an absolute-form request.
	Command string
	// Dest is host:port as received: a name if the client left it to the
	// upstream to resolve.
	Dest string
	// User is the user name given, if any.
	User string
}

// Upstream is what the upstreams of this package have in common: how they
// reach origins and what they write down. Set the fields before Serve.
type Upstream struct {
	// Dial opens connections to origins; nil means the system's network.
	Dial DialFunc
	// User and Password are demanded if User is not empty.
	User, Password string
	// Delay comes before each answer of the upstream itself.
	Delay time.Duration
	// Fault makes the upstream misbehave.
	Fault Fault

	mu    sync.Mutex // guards all below
	asks  []Ask
	conns int
}

// Asked returns a copy of the requests received so far, in order, whether
// granted or not.
func (u *Upstream) Asked() []Ask {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.asks)
}

// Conns returns how many connections were accepted so far.
func (u *Upstream) Conns() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.conns
}

func (u *Upstream) note(a Ask) {
	u.mu.Lock()
	u.asks = append(u.asks, a)
	u.mu.Unlock()
}

// serve runs talk for each connection that is not lost to a fault.
func (u *Upstream) serve(ln net.Listener, fault []byte, talk func(context.Context, net.Conn)) error {
	return serve(ln, func(ctx context.Context, c net.Conn, n int) {
		u.mu.Lock()
		u.conns = n
		u.mu.Unlock()
		switch u.Fault {
		case Silent:
			io.Copy(io.Discard, c)
		case HangUp:
			c.Read(make([]byte, 512))
		case WrongVersion, HTTPText:
			c.Read(make([]byte, 512))
			if u.say(ctx, c, fault) {
				closeWrite(c)
				io.Copy(io.Discard, c)
			}
		default:
			talk(ctx, c)
		}
	})
}

// say writes an answer after the delay and reports whether that went well.
func (u *Upstream) say(ctx context.Context, c net.Conn, answer []byte) bool {
	if !sleep(ctx, u.Delay) {
		return false
	}
	_, err := c.Write(answer)
	return err == nil
}

// outcome sorts what became of a dial as far as upstreams tell it.
type outcome uint8

const (
	reached outcome = iota
	refused
	unresolved
	timedOut
	failed
)

func outcomeOf(err error) outcome {
	switch dns, ok := errors.AsType[*net.DNSError](err); {
	case err == nil:
		return reached
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case ok && dns.IsNotFound:
		return unresolved
	case os.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return timedOut
	}
	return failed
}
