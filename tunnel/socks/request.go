package socks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Request is what the client wants: a connection to Host:Port.
type Request struct {
	// Version is 4 or 5. SOCKS4a counts as 4.
	Version byte
	// Host is a name or an address without brackets. Addresses are in canonical
	// form, IPv4 in IPv6 unmapped, even where the client sent them as a name.
	Host string
	// Port is never zero.
	Port uint16
	// User is the name given: checked by Accept with version 5, the client's
	// unproven claim with version 4. Empty when none was asked for.
	User string
}

// Addr returns host:port, fit for dialling.
func (r Request) Addr() string {
	return net.JoinHostPort(r.Host, strconv.Itoa(int(r.Port)))
}

// Accept reads the greeting and the request of a client whose first byte is
// still unread, and answers all of the negotiation. check decides on user and
// password and should compare in constant time; nil means that none are wanted.
//
// Without an error the client now waits for [Request.Grant] or
// [Request.Refuse]. With one it has had its reply, if its protocol has any,
// and the connection is to be closed with [HangUp]. Accept sets no deadline: a
// client that stops in mid-greeting holds it until the caller's deadline on rw.
func Accept(rw io.ReadWriter, check func(user, password string) bool) (Request, error) {
	var version [1]byte
	if _, err := io.ReadFull(rw, version[:]); err != nil {
		return Request{}, fmt.Errorf("read SOCKS version: %w", err)
	}
	switch version[0] {
	case 4:
		return accept4(rw, check != nil)
	case 5:
		return accept5(rw, check)
	}
	// Neither protocol has a reply for a version it does not know.
	return Request{}, fmt.Errorf("read SOCKS version: %d is neither 4 nor 5", version[0])
}

var (
	errNoPort = errors.New("port 0 cannot be connected to")
	errNoHost = errors.New("empty host name")
)

// refusal is a request turned down, with the code that says so to the client.
type refusal struct {
	code byte
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// check reports what makes the request impossible whatever the network says.
func (r Request) check() error {
	switch {
	case r.Host == "":
		return errNoHost
	case r.Port == 0:
		return errNoPort
	case !plausibleHost(r.Host):
		return fmt.Errorf("host name %q holds characters no name has", r.Host)
	}
	return nil
}

// normalHost puts an address that was sent as a name into the form of one that
// was sent as an address, so that loop checks and bypass rules see one spelling.
func normalHost(name string) string {
	bare := name
	if inner, ok := strings.CutPrefix(name, "["); ok {
		bare = strings.TrimSuffix(inner, "]")
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		return addr.Unmap().String()
	}
	return name
}

// plausibleHost keeps out of lookups, heads of upstream requests and
// recordings what could be read there as something other than a name.
func plausibleHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return utf8.ValidString(host) && !strings.ContainsFunc(host, func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`/\:@?#[]%"<>`, r)
	})
}
