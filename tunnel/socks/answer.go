package socks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"streamgauge/tunnel"
)

// Grant tells the client that its connection stands; from the next byte on it
// talks to the origin. bound is our end of the connection to the origin; what
// is not an IP address, nil included, is sent as 0.0.0.0:0.
func (r Request) Grant(w io.Writer, bound net.Addr) error {
	var at netip.AddrPort
	if tcp, ok := bound.(*net.TCPAddr); ok {
		at = tcp.AddrPort()
	}
	return r.reply(w, granted4, granted5, at)
}

// Refuse tells the client why it cannot be connected, as precisely as its
// version of the protocol can: see [tunnel.Failure] for what why may hold. The
// connection is then to be closed with [HangUp].
func (r Request) Refuse(w io.Writer, why error) error {
	return r.reply(w, rejected4, replyCode(why), netip.AddrPort{})
}

func (r Request) reply(w io.Writer, code4, code5 byte, bound netip.AddrPort) error {
	var err error
	if r.Version == 4 {
		err = reply4(w, code4, bound)
	} else {
		err = reply5(w, code5, bound)
	}
	if err != nil {
		return fmt.Errorf("write SOCKS%d reply: %w", r.Version, err)
	}
	return nil
}

// replyCode chooses the code of RFC 1928 §6. All but the general one speak of
// the destination, so an upstream that cannot be reached itself is a general
// failure and never a "connection refused" that the origin did not send.
func replyCode(why error) byte {
	var f *tunnel.Failure
	if errors.As(why, &f) {
		switch f.Step {
		case tunnel.StepPolicy:
			return notAllowed
		case tunnel.StepConnectUpstream, tunnel.StepUpstreamTLS:
			return generalFailure
		case tunnel.StepLookup:
			if !f.Upstream.IsDirect() { // the name looked up was the upstream's
				return generalFailure
			}
		}
	}
	for _, m := range meanings {
		if errors.Is(why, m.cause) {
			return m.code
		}
	}
	return generalFailure
}

var meanings = []struct {
	cause error
	code  byte
}{
	{tunnel.ErrLoop, notAllowed},
	{tunnel.ErrUpstreamDenied, notAllowed},
	{tunnel.ErrUnreachable, networkUnreachable},
	{tunnel.ErrNameNotFound, hostUnreachable},
	{tunnel.ErrUpstreamFailed, hostUnreachable},
	{tunnel.ErrRefused, connectionRefused},
	// The nearest the protocol has to "waited in vain".
	{tunnel.ErrTimeout, ttlExpired},
}

// How long and how much HangUp listens to a client that is being turned away.
const (
	hangUpPatience = 500 * time.Millisecond
	hangUpBytes    = 64 << 10
)

// HangUp closes conn in such a way that the reply written last arrives: closing
// a TCP socket with unread bytes in it sends a reset, which would overtake the
// reply. It ends our direction first and then reads, for half a second at most,
// what the client had sent already.
func HangUp(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(hangUpPatience))
		_, _ = io.CopyN(io.Discard, conn, hangUpBytes)
	}
	return conn.Close()
}
