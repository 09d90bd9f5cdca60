package tunnel

import (
	"errors"
	"fmt"
	"time"
)

// State is how the proxy stands, for whoever shows or switches it. It is a value
// and holds no credentials.
type State struct {
	// On reports that it listens.
	On bool
	// Address is where it listens, or would if it were on, as host:port.
	Address string
	// Err is why it could not be switched on, stopped by itself, or does not do
	// what the settings say now: a [*ListenError], or another. Nil otherwise.
	Err error
	// Upstream is the path in force: "direct" or a URL without credentials.
	Upstream string
	// Health is what the latest look at the upstream found.
	Health Health
}

// Health is what a look at the upstream found: a connection to it, no more.
type Health struct {
	// Checked is when; zero while nobody looked, and always for "direct".
	Checked time.Time
	// Latency is how long connecting took; it counts only without Err.
	Latency time.Duration
	// Err is why it cannot be reached, best a *[Failure]; nil if it can.
	Err error
}

// PathTest is what a test of an upstream found. Steps that were not reached are
// absent.
type PathTest struct {
	// Upstream is the path tried, without credentials.
	Upstream string
	// Phases are those of one request through it, since the test began: DNS,
	// Connect, Handshake, Sent, FirstByte for the echo.
	Phases Phases
	// Err is why the test got no further, best a *[Failure]; nil if it did.
	Err error
	// Stream is how a short stream of events came through it.
	Stream StreamTest
}

// StreamTest is how a stream of known making came through a path.
type StreamTest struct {
	// Outcome is one of the Stream constants; empty if no stream was run.
	Outcome StreamOutcome
	// Sent and Received are how many events the origin made and how many came.
	Sent, Received int
	// Age is how old the stream was when it was cut.
	Age time.Duration
	// P50 and P99 are by how much later than made events arrived.
	P50, P99 time.Duration
}

// StreamOutcome says in a word how a stream came through.
type StreamOutcome string

// The outcomes.
const (
	StreamPasses      StreamOutcome = "passes"      // event by event
	StreamLumps       StreamOutcome = "lumps"       // held back and joined
	StreamCut         StreamOutcome = "cut"         // ended early, at Age
	StreamUnreachable StreamOutcome = "unreachable" // this upstream cannot reach our own origin
)

// SelfTest is what a stream through our own port and back says of the delay that
// we add: for each event, the arrival through the proxy less the arrival of the
// same event without it.
type SelfTest struct {
	Events   int
	P50, P99 time.Duration
	// Joined is how many events came in one read although they were made apart.
	Joined int
	// Err is why the test could not be run to its end.
	Err error
}

// ListenError is why nothing can listen on an address. Of a port that is taken
// it says by whom and which is free, as far as that can be seen.
type ListenError struct {
	// Address is what was asked for, as host:port.
	Address string
	// Program has the port: name and number of its process. Empty if unknown.
	Program string
	// Free is the next address that can be had. Empty if there is none, or if
	// the port was not the trouble.
	Free string
	// Err is one of the listen errors of this package, or the system's.
	Err error
}

// Why an address cannot be listened on; the Err of a [*ListenError].
var (
	ErrListenInUse   = errors.New("the port is in use")
	ErrListenDenied  = errors.New("not permitted")
	ErrListenUnknown = errors.New("not an address of this machine")
)

// Error returns operation, object and cause on one line.
func (e *ListenError) Error() string {
	if e.Program != "" {
		return fmt.Sprintf("listen on %s: %v by %s", e.Address, e.Err, e.Program)
	}
	return fmt.Sprintf("listen on %s: %v", e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }
