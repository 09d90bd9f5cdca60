package socks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Reply codes of SOCKS4. It has one code for every failure of the network and
// two that are about the user.
const (
	granted4     = 0x5a
	rejected4    = 0x5b
	userUnproven = 0x5d
)

// Bounds of the two fields that end in NUL, in bytes without it.
const (
	maxUser4 = 512
	maxName4 = 255 // a DNS name is no longer, RFC 1035 §2.3.4
)

var errTooLong = errors.New("no NUL within the bound")

// accept4 reads the rest of a SOCKS4 or 4a request. That protocol knows no
// password, so where credentials are wanted it is refused, once it is read.
func accept4(rw io.ReadWriter, wantPassword bool) (Request, error) {
	req, err := readRequest4(rw)
	if err == nil && wantPassword {
		err = &refusal{userUnproven, errors.New("a password is wanted, which SOCKS4 does not have")}
	}
	var no *refusal
	if errors.As(err, &no) {
		// As in accept5: the refusal is the outcome, whoever still listens.
		_ = reply4(rw, no.code, netip.AddrPort{})
	}
	if err != nil {
		return Request{}, fmt.Errorf("read SOCKS4 request: %w", err)
	}
	return req, nil
}

func readRequest4(r io.Reader) (Request, error) {
	var head [7]byte // command, port, address
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Request{}, err
	}
	user, err := readToNUL(r, maxUser4)
	if err != nil {
		return Request{}, fmt.Errorf("read user: %w", err)
	}
	ip := netip.AddrFrom4([4]byte(head[3:]))
	req := Request{Version: 4, Port: binary.BigEndian.Uint16(head[1:3]), User: user, Host: ip.String()}
	// 4a: an impossible address 0.0.0.x announces a name after the user.
	if a := ip.As4(); a[0]|a[1]|a[2] == 0 && a[3] != 0 {
		name, err := readToNUL(r, maxName4)
		if err != nil {
			return Request{}, fmt.Errorf("read name: %w", err)
		}
		req.Host = normalHost(name)
	}
	if head[0] != commandConnect {
		return Request{}, &refusal{rejected4, fmt.Errorf("command %d is not CONNECT", head[0])}
	}
	if err := req.check(); err != nil {
		return Request{}, &refusal{rejected4, err}
	}
	return req, nil
}

// readToNUL reads byte by byte, for what follows the NUL is not ours. These
// fields are short, and most often the first is empty.
func readToNUL(r io.Reader, limit int) (string, error) {
	var field []byte
	var b [1]byte
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if b[0] == 0 {
			return string(field), nil
		}
		if len(field) == limit {
			return "", &refusal{rejected4, errTooLong}
		}
		field = append(field, b[0])
	}
}

// reply4 writes a reply in one piece. The protocol has no room for IPv6:
// 0.0.0.0 stands for what cannot be said.
func reply4(w io.Writer, code byte, bound netip.AddrPort) error {
	ip := bound.Addr().Unmap()
	if !ip.Is4() {
		ip = netip.IPv4Unspecified()
	}
	b := binary.BigEndian.AppendUint16([]byte{0, code}, bound.Port())
	_, err := w.Write(append(b, ip.AsSlice()...))
	return err
}
