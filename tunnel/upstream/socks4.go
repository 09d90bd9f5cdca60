package upstream

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"streamgauge/tunnel"
)

// SOCKS4 has no RFC; the bytes are those of Ying-Da Lee's description and of
// its extension 4A.
const (
	socks4Version    = 4
	socks4Connect    = 1
	socks4Granted    = 90
	socks4ReplyBytes = 8
)

var socks4Replies = map[int]finding{
	91: {tunnel.ErrUpstreamFailed, "did not connect to %s (SOCKS4 reply 91): it is not allowed there, or not reachable."},
	92: {tunnel.ErrUpstreamNeeds, "wants to ask this machine who is connecting to %s (SOCKS4 reply 92, identd)."},
	93: {tunnel.ErrUpstreamAuth, "does not accept the user name for %s (SOCKS4 reply 93): check it in the upstream."},
}

// socks4 asks the upstream on conn for origin. Names are resolved there.
func (a *attempt) socks4(ctx context.Context, conn net.Conn, origin endpoint) error {
	if _, err := conn.Write(socks4Request(origin, a.via.User)); err != nil {
		return a.failure(ctx, tunnel.StepHandshake, err, a.socks4Finding(ctx, nil, err))
	}
	reply, err := readSOCKS4Reply(conn)
	if err == nil {
		err = checkSOCKS4Reply(reply)
	}
	if err != nil {
		return a.failure(ctx, tunnel.StepHandshake, err, a.socks4Finding(ctx, reply, err))
	}
	a.times.Handshake = time.Now()
	return nil
}

func checkSOCKS4Reply(reply []byte) error {
	if reply[0] != 0 || reply[1] != socks4Granted {
		return fmt.Errorf("socks4 reply %d, version %d", reply[1], reply[0])
	}
	return nil
}

// socks4Request puts a name behind the user name and an address that cannot
// be (0.0.0.1), which is how 4A marks it. IPv6 addresses travel as names.
func socks4Request(origin endpoint, user string) []byte {
	ip, name := [4]byte{0, 0, 0, 1}, origin.wireHost()
	if origin.ip.Is4() {
		ip, name = origin.ip.As4(), ""
	}
	b := []byte{socks4Version, socks4Connect}
	b = binary.BigEndian.AppendUint16(b, origin.port)
	b = append(b, ip[:]...)
	b = append(append(b, user...), 0)
	if name != "" {
		b = append(append(b, name...), 0)
	}
	return b
}

// readSOCKS4Reply returns what came of a reply. It reads nothing beyond, and
// stops when the first byte shows that it is none.
func readSOCKS4Reply(r io.Reader) ([]byte, error) {
	reply := make([]byte, socks4ReplyBytes)
	n, err := io.ReadAtLeast(r, reply, 2)
	if err != nil || reply[0] != 0 || n == len(reply) {
		return reply[:n], err
	}
	rest, err := io.ReadFull(r, reply[n:])
	return reply[:n+rest], err
}

func (a *attempt) socks4Finding(ctx context.Context, reply []byte, err error) finding {
	switch {
	case len(reply) > 0 && reply[0] != 0:
		return a.otherProtocol("SOCKS4", reply)
	case len(reply) > 1 && reply[1] != socks4Granted:
		return a.worded(socks4Replies, int(reply[1]))
	}
	return a.brokenTalk(ctx, "SOCKS4", err, len(reply) > 0)
}
