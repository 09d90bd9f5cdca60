package socks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// RFC 1928 §3: methods of authentication.
const (
	methodNone     = 0x00
	methodPassword = 0x02
	noneAcceptable = 0xff
)

// RFC 1928 §4: commands and address types.
const (
	commandConnect = 1 // the only command served, here and in SOCKS4

	addressIPv4   = 1
	addressDomain = 3
	addressIPv6   = 4
)

// RFC 1928 §6: replies.
const (
	granted5            = 0
	generalFailure      = 1
	notAllowed          = 2
	networkUnreachable  = 3
	hostUnreachable     = 4
	connectionRefused   = 5
	ttlExpired          = 6
	commandNotSupported = 7
	addressTypeUnknown  = 8
	passwordVersion     = 1 // RFC 1929 §2
	passwordAccepted    = 0
	passwordNotAccepted = 1
)

var (
	errNoMethod    = errors.New("client offers no acceptable method of authentication")
	errCredentials = errors.New("wrong user name or password")
)

func accept5(rw io.ReadWriter, check func(user, password string) bool) (Request, error) {
	user, err := authenticate(rw, check)
	if err != nil {
		return Request{}, fmt.Errorf("negotiate SOCKS5: %w", err)
	}
	req, err := readRequest5(rw)
	var no *refusal
	if errors.As(err, &no) {
		// The refusal is the outcome; a client gone before reading it changes nothing.
		_ = reply5(rw, no.code, netip.AddrPort{})
	}
	if err != nil {
		return Request{}, fmt.Errorf("read SOCKS5 request: %w", err)
	}
	req.User = user
	return req, nil
}

// authenticate reads the list of methods and performs the one chosen. A client
// that offers only a password where none is wanted is turned away: to take any
// password would make it believe in a protection that is not there.
func authenticate(rw io.ReadWriter, check func(user, password string) bool) (user string, err error) {
	methods, err := readField(rw)
	if err != nil {
		return "", fmt.Errorf("read methods: %w", err)
	}
	want := byte(methodNone)
	if check != nil {
		want = methodPassword
	}
	chosen := byte(noneAcceptable)
	for _, m := range methods {
		if m == want {
			chosen = want
		}
	}
	if _, err := rw.Write([]byte{5, chosen}); err != nil {
		return "", fmt.Errorf("write method: %w", err)
	}
	if chosen == noneAcceptable {
		return "", errNoMethod
	}
	if check == nil {
		return "", nil
	}
	return readPassword(rw, check)
}

// readPassword performs RFC 1929: version, user, password; answered by a status.
func readPassword(rw io.ReadWriter, check func(user, password string) bool) (string, error) {
	var version [1]byte
	if _, err := io.ReadFull(rw, version[:]); err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	if version[0] != passwordVersion {
		_, _ = rw.Write([]byte{passwordVersion, passwordNotAccepted})
		return "", fmt.Errorf("password negotiation has version %d, not 1", version[0])
	}
	user, err := readField(rw)
	if err != nil {
		return "", fmt.Errorf("read user name: %w", err)
	}
	password, err := readField(rw)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	if !check(string(user), string(password)) {
		_, _ = rw.Write([]byte{passwordVersion, passwordNotAccepted})
		return "", errCredentials
	}
	if _, err := rw.Write([]byte{passwordVersion, passwordAccepted}); err != nil {
		return "", fmt.Errorf("write status: %w", err)
	}
	return string(user), nil
}

// readRequest5 reads to the last byte of the request before it judges the
// command, so that a client still writing is not cut off by the close. After
// an unknown address type that is impossible: nobody knows the length.
func readRequest5(r io.Reader) (Request, error) {
	var head [4]byte // version, command, reserved, address type
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Request{}, err
	}
	if head[0] != 5 {
		return Request{}, &refusal{generalFailure, fmt.Errorf("version changed to %d", head[0])}
	}
	req := Request{Version: 5}
	if err := req.readAddress(r, head[3]); err != nil {
		return Request{}, err
	}
	if head[1] != commandConnect {
		return Request{}, &refusal{commandNotSupported, fmt.Errorf("command %d is not CONNECT", head[1])}
	}
	if err := req.check(); err != nil {
		return Request{}, &refusal{generalFailure, err}
	}
	return req, nil
}

// readAddress reads address and port (RFC 1928 §5).
func (r *Request) readAddress(from io.Reader, kind byte) error {
	var address []byte
	var err error
	switch kind {
	case addressIPv4:
		address, err = readBytes(from, 4)
	case addressIPv6:
		address, err = readBytes(from, 16)
	case addressDomain:
		address, err = readField(from)
	default:
		return &refusal{addressTypeUnknown, fmt.Errorf("unknown address type %d", kind)}
	}
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	port, err := readBytes(from, 2)
	if err != nil {
		return fmt.Errorf("read port: %w", err)
	}
	r.Port = binary.BigEndian.Uint16(port)
	if kind == addressDomain {
		r.Host = normalHost(string(address))
		return nil
	}
	ip, _ := netip.AddrFromSlice(address) // 4 or 16 bytes by the cases above
	r.Host = ip.Unmap().String()
	return nil
}

// readField reads one length byte and as many bytes as it says.
func readField(r io.Reader) ([]byte, error) {
	length, err := readBytes(r, 1)
	if err != nil {
		return nil, err
	}
	return readBytes(r, int(length[0]))
}

// readBytes reads exactly n bytes; the end of the stream before them is
// io.ErrUnexpectedEOF or io.EOF.
func readBytes(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// reply5 writes a reply in one piece (RFC 1928 §6). An unknown bound address
// is written as 0.0.0.0:0.
func reply5(w io.Writer, code byte, bound netip.AddrPort) error {
	ip := bound.Addr().Unmap()
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	kind := byte(addressIPv4)
	if ip.Is6() {
		kind = addressIPv6
	}
	b := append([]byte{5, code, 0, kind}, ip.AsSlice()...)
	_, err := w.Write(binary.BigEndian.AppendUint16(b, bound.Port()))
	return err
}
