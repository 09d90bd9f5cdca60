package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/upstream"
)

// The stream that is sent over an upstream: three seconds of events.
const (
	streamEvents = 30
	streamPace   = 100 * time.Millisecond
	// streamPatience is how long the end may keep after it was sent.
	streamPatience = 10 * time.Second
)

// echoPatience is how long one answer may take on a path that stands.
const echoPatience = 10 * time.Second

const (
	echoPath   = "/echo"
	streamPath = "/stream"
)

// Upstream tries the upstream of cfg: one request through it, timed step by step,
// then a short stream. It takes about three seconds, and longer where something
// is slow; it ends early with ctx. What could not be reached is told in the
// result, with the reason in plain words.
func Upstream(ctx context.Context, cfg Config) tunnel.PathTest {
	t := &trial{result: tunnel.PathTest{Upstream: cfg.Route.Upstream.String()}, began: time.Now()}
	var err error
	if t.dialer, err = cfg.dialer(); err == nil {
		t.world, err = cfg.open()
	}
	if err != nil {
		t.result.Err = err
		return t.result
	}
	defer t.world.close()
	own := [][2]string{{mark, "1"}}
	t.world.origin.Handle(echoPath, tunneltest.Stream{Events: 1, Header: own})
	t.world.origin.Handle(streamPath, tunneltest.Stream{Events: streamEvents, First: streamPace, Every: streamPace, Header: own})
	if t.echo(ctx) {
		t.stream(ctx)
	}
	if ctx.Err() != nil {
		t.result.Err = ctx.Err()
	}
	return t.result
}

// trial is one test of an upstream on its way.
type trial struct {
	world  *world
	dialer *upstream.Dialer
	began  time.Time
	result tunnel.PathTest
}

// echo sends one request and reports whether our origin answered it.
func (t *trial) echo(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := t.world.reach(ctx, t.dialer)
	if err != nil {
		t.unreached(ctx, err)
		return false
	}
	defer conn.Close()
	t.mark(conn.times)
	late := time.AfterFunc(echoPatience, cancel)
	answer, err := t.world.ask(ctx, conn, echoPath)
	late.Stop()
	switch {
	case err != nil:
		t.unanswered(err)
	case !answer.own:
		t.othersAnswer(ctx, answer.status)
	default:
		t.set(tunnel.Sent, answer.sent)
		t.set(tunnel.FirstByte, time.Now())
		return true
	}
	return false
}

func (t *trial) mark(times upstream.Timings) {
	t.set(tunnel.DNS, times.DNS)
	t.set(tunnel.Connect, times.Connect)
	t.set(tunnel.Handshake, times.Handshake)
}

func (t *trial) set(p tunnel.Phase, at time.Time) {
	if !at.IsZero() {
		t.result.Phases.Set(p, at.Sub(t.began))
	}
}

// unreached sorts a failure to get through: an upstream that said in its own
// protocol that it does not get here does work, but for this test.
func (t *trial) unreached(ctx context.Context, err error) {
	var failure *tunnel.Failure
	if !errors.As(err, &failure) || failure.Step != tunnel.StepHandshake {
		t.result.Err = err
		return
	}
	// What was reached before the handshake is not told with a failure.
	if times, err := t.dialer.Reach(ctx); err == nil {
		t.set(tunnel.DNS, times.DNS)
		t.set(tunnel.Connect, times.Connect)
	}
	if failure.Cause == tunnel.ErrUpstreamFailed || failure.Cause == tunnel.ErrUpstreamDenied {
		t.set(tunnel.Handshake, time.Now())
		t.result.Stream.Outcome = tunnel.StreamUnreachable
		return
	}
	t.result.Err = err
}

// othersAnswer sorts an answer that our origin did not give: the upstream's own,
// or that of whatever listens at our origin's address on its machine.
func (t *trial) othersAnswer(ctx context.Context, status int) {
	if status != http.StatusProxyAuthRequired {
		t.result.Stream.Outcome = tunnel.StreamUnreachable
		return
	}
	// CONNECT gives the same refusal with its reason.
	conn, err := t.dialer.Dial(ctx, t.world.addr)
	if err == nil {
		conn.Close()
		err = t.failure(tunnel.ErrUpstreamNeeds, "%s asks for a user name and password (407): add them to the upstream.", nil)
	}
	t.result.Err = err
}

// unanswered words a path that stands and gives no answer.
func (t *trial) unanswered(err error) {
	cause, sentence := tunnel.ErrClosed, "%s took the request and closed the connection without an answer."
	if time.Since(t.began) >= echoPatience {
		cause, sentence = tunnel.ErrTimeout, "%s took the request and did not answer within "+echoPatience.String()+"."
	}
	t.result.Err = t.failure(cause, sentence, err)
}

func (t *trial) failure(cause error, sentence string, err error) error {
	up := t.world.cfg.Route.Upstream
	up.User, up.Password = "", ""
	who := up.Addr()
	if up.IsDirect() {
		who = t.world.addr
	}
	return &tunnel.Failure{
		Step: tunnel.StepHandshake, Upstream: up, Target: t.world.addr,
		Cause: cause, Sentence: fmt.Sprintf(sentence, who), Err: err,
	}
}

// stream sends the stream over a connection of its own.
func (t *trial) stream(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, streamEvents*streamPace+streamPatience)
	defer cancel()
	conn, err := t.world.reach(ctx, t.dialer)
	if err != nil {
		t.result.Err = err
		return
	}
	defer conn.Close()
	answer, err := t.world.ask(ctx, conn, streamPath)
	if err != nil {
		t.unanswered(err)
		return
	}
	arrivals, _ := answer.events() // what is missing tells
	ended := time.Now()
	made := t.world.eventTimes(streamPath)
	s := judge(made, arrivals)
	s.Sent = streamEvents
	if len(arrivals) < streamEvents {
		s.Outcome, s.Age = tunnel.StreamCut, ended.Sub(answer.sent)
	}
	t.result.Stream = s
}

// heldShare is the part of the events that may come together with the one after
// them before a path is said to lump.
const heldShare = 0.15

// judge compares when events were made with when they came.
func judge(made []time.Time, came []arrival) tunnel.StreamTest {
	s := tunnel.StreamTest{Outcome: tunnel.StreamPasses, Sent: len(made), Received: len(came)}
	n := min(len(made), len(came))
	if n == 0 {
		return s
	}
	delays := make([]time.Duration, n)
	for i := range n {
		delays[i] = came[i].at.Sub(made[i])
	}
	sorted := slices.Sorted(slices.Values(delays))
	s.P50, s.P99 = quantile(sorted, 0.50), quantile(sorted, 0.99)
	held := 0
	for _, delay := range delays {
		// Every event waits as long as the quickest does: that is the line's.
		if delay-sorted[0] > streamPace/2 {
			held++
		}
	}
	if float64(held) > heldShare*float64(n) {
		s.Outcome = tunnel.StreamLumps
	}
	return s
}

// quantile is the value that a share q of the sorted ones does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q*float64(len(sorted))+0.5) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
