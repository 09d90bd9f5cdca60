package tunneltest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// SOCKS5 is a SOCKS server of version 5: CONNECT without authentication or
// with user and password (RFC 1928, RFC 1929). BIND and UDP are refused.
type SOCKS5 struct {
	Upstream
	// Reply, if not zero, answers every request with that code (RFC 1928 §6)
	// and dials nothing.
	Reply byte
}

// The words of RFC 1928 and RFC 1929 that are used here.
const (
	socks5Version   = 5
	noAuth          = 0
	userPassword    = 2
	noneAcceptable  = 0xff
	passwordVersion = 1
	atypIPv4        = 1
	atypName        = 3
	atypIPv6        = 4

	replyGranted        = 0
	replyFailure        = 1
	replyUnreachable    = 4
	replyRefused        = 5
	replyTTL            = 6
	replyNoSuchCommand  = 7
	replyNoSuchAddrType = 8
)

var (
	socks5Commands = map[byte]string{1: "CONNECT", 2: "BIND", 3: "UDP"}
	socks5Replies  = [...]byte{
		reached: replyGranted, refused: replyRefused, unresolved: replyUnreachable, timedOut: replyTTL, failed: replyFailure,
	}
)

// Serve answers on ln until ln is closed. It then breaks off what is running,
// and returns when nothing runs any more.
func (s *SOCKS5) Serve(ln net.Listener) error {
	fault := []byte{9, noAuth}
	if s.Fault == HTTPText {
		fault = []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	}
	return s.serve(ln, fault, s.talk)
}

func (s *SOCKS5) talk(ctx context.Context, client net.Conn) {
	br := bufio.NewReader(client)
	user, ok := s.greet(ctx, client, br)
	if !ok {
		return
	}
	if s.Fault == SilentLater {
		io.Copy(io.Discard, client)
		return
	}
	dest, command, code := readSOCKS5Request(br)
	if command == 0 {
		return
	}
	s.note(Ask{Command: socks5Commands[command], Dest: dest, User: user})
	if code == replyGranted {
		code = s.Reply
	}
	if code != replyGranted {
		s.say(ctx, client, socks5Reply(code, nil))
		return
	}
	origin, release, err := s.Dial.open(ctx, dest)
	if err != nil {
		s.say(ctx, client, socks5Reply(socks5Replies[outcomeOf(err)], nil))
		return
	}
	defer release()
	if s.say(ctx, client, socks5Reply(replyGranted, origin.LocalAddr())) {
		relay(&readAhead{Conn: client, r: br}, origin)
	}
}

// greet agrees on a method and checks the user.
func (s *SOCKS5) greet(ctx context.Context, client net.Conn, br *bufio.Reader) (user string, ok bool) {
	version, err := br.ReadByte()
	if err != nil || version != socks5Version {
		return "", false
	}
	methods, err := readCounted(br)
	if err != nil {
		return "", false
	}
	method := byte(noAuth)
	if s.User != "" {
		method = userPassword
	}
	if !slices.Contains(methods, method) {
		s.say(ctx, client, []byte{socks5Version, noneAcceptable})
		return "", false
	}
	if !s.say(ctx, client, []byte{socks5Version, method}) {
		return "", false
	}
	if method == noAuth {
		return "", true
	}
	return s.authenticate(ctx, client, br)
}

func (s *SOCKS5) authenticate(ctx context.Context, client net.Conn, br *bufio.Reader) (user string, ok bool) {
	if version, err := br.ReadByte(); err != nil || version != passwordVersion {
		return "", false
	}
	name, err := readCounted(br)
	if err != nil {
		return "", false
	}
	password, err := readCounted(br)
	if err != nil {
		return "", false
	}
	if string(name) != s.User || string(password) != s.Password {
		s.say(ctx, client, []byte{passwordVersion, 1})
		return "", false
	}
	return string(name), s.say(ctx, client, []byte{passwordVersion, 0})
}

// readSOCKS5Request returns command zero if there was no request, else the
// code that answers what cannot be granted.
func readSOCKS5Request(br *bufio.Reader) (dest string, command, code byte) {
	var head [4]byte // version, command, reserved, address type
	if _, err := io.ReadFull(br, head[:]); err != nil || head[0] != socks5Version {
		return "", 0, 0
	}
	host, known, err := readSOCKS5Host(br, head[3])
	if err != nil {
		return "", 0, 0
	}
	if !known {
		return "", head[1], replyNoSuchAddrType
	}
	var port [2]byte
	if _, err := io.ReadFull(br, port[:]); err != nil {
		return "", 0, 0
	}
	if socks5Commands[head[1]] != "CONNECT" {
		code = replyNoSuchCommand
	}
	return joinPort(host, port), head[1], code
}

func readSOCKS5Host(br *bufio.Reader, kind byte) (host string, known bool, err error) {
	var addr []byte
	switch kind {
	case atypName:
		addr, err = readCounted(br)
		return string(addr), true, err
	case atypIPv4:
		addr = make([]byte, 4)
	case atypIPv6:
		addr = make([]byte, 16)
	default:
		return "", false, nil
	}
	_, err = io.ReadFull(br, addr)
	ip, _ := netip.AddrFromSlice(addr)
	return ip.String(), true, err
}

// socks5Reply tells the bound address, or none.
func socks5Reply(code byte, bound net.Addr) []byte {
	reply := []byte{socks5Version, code, 0}
	at := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if tcp, ok := bound.(*net.TCPAddr); ok {
		at = tcp.AddrPort()
	}
	if ip := at.Addr().Unmap(); ip.Is4() {
		reply = append(append(reply, atypIPv4), ip.AsSlice()...)
	} else {
		reply = append(append(reply, atypIPv6), ip.AsSlice()...)
	}
	return append(reply, byte(at.Port()>>8), byte(at.Port()))
}

// readCounted reads a byte that counts and the bytes counted.
func readCounted(br *bufio.Reader) ([]byte, error) {
	n, err := br.ReadByte()
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(br, b)
	return b, err
}

func joinPort(host string, port [2]byte) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1])))
}
