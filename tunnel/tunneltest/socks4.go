package tunneltest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
)

// SOCKS4A is a SOCKS server of version 4 that resolves names. User, if set,
// must be the one given; the protocol has no password. BIND is refused.
type SOCKS4A struct {
	Upstream
	// Reply, if not zero, answers every request with that code (91 to 93) and
	// dials nothing.
	Reply byte
}

// The codes of the SOCKS 4 protocol that are used here.
const (
	socks4Version   = 4
	socks4Granted   = 90
	socks4Rejected  = 91
	socks4WrongUser = 93
)

// Serve answers on ln until ln is closed. It then breaks off what is running,
// and returns when nothing runs any more.
func (s *SOCKS4A) Serve(ln net.Listener) error {
	fault := []byte{9, socks4Granted, 0, 0, 0, 0, 0, 0} // a reply begins with 0
	if s.Fault == HTTPText {
		fault = []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	}
	return s.serve(ln, fault, s.talk)
}

func (s *SOCKS4A) talk(ctx context.Context, client net.Conn) {
	br := bufio.NewReader(client)
	ask, err := readSOCKS4Request(br)
	if err != nil {
		return
	}
	s.note(ask)
	if s.Fault == SilentLater {
		s.say(ctx, client, []byte{0})
		io.Copy(io.Discard, client)
		return
	}
	code := s.Reply
	switch {
	case code != 0:
	case ask.User != s.User && s.User != "":
		code = socks4WrongUser
	case ask.Command != "CONNECT":
		code = socks4Rejected
	}
	if code != 0 {
		s.say(ctx, client, socks4Reply(code))
		return
	}
	origin, release, err := s.Dial.open(ctx, ask.Dest)
	if err != nil {
		s.say(ctx, client, socks4Reply(socks4Rejected))
		return
	}
	defer release()
	if s.say(ctx, client, socks4Reply(socks4Granted)) {
		relay(&readAhead{Conn: client, r: br}, origin)
	}
}

func readSOCKS4Request(br *bufio.Reader) (Ask, error) {
	var head [8]byte // version, command, port, address
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return Ask{}, err
	}
	if head[0] != socks4Version {
		return Ask{}, io.ErrUnexpectedEOF
	}
	user, err := br.ReadString(0)
	if err != nil {
		return Ask{}, err
	}
	host := netip.AddrFrom4([4]byte(head[4:])).String()
	// An impossible address 0.0.0.x announces a name behind the user.
	if head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] != 0 {
		if host, err = br.ReadString(0); err != nil {
			return Ask{}, err
		}
	}
	command := "BIND"
	if head[1] == 1 {
		command = "CONNECT"
	}
	return Ask{
		Command: command,
		Dest:    joinPort(strings.TrimSuffix(host, "\x00"), [2]byte(head[2:4])),
		User:    strings.TrimSuffix(user, "\x00"),
	}, nil
}

func socks4Reply(code byte) []byte { return []byte{0, code, 0, 0, 0, 0, 0, 0} }
