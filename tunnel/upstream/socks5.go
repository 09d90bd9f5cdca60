package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/proxy"

	"streamgauge/tunnel"
)

// Bytes of RFC 1928 §3 and RFC 1929 §2.
const (
	socks5Version    = 5
	methodNone       = 0
	methodPassword   = 2
	methodNoneSuits  = 0xff
	statusAccepted   = 0
	methodReplyBytes = 2 // version, method
	authReplyBytes   = 2 // version, status
)

// socks5 asks the upstream on conn for origin. Names are resolved there.
func (a *attempt) socks5(ctx context.Context, conn net.Conn, origin endpoint) error {
	client, err := socks5Client(a.via)
	if err != nil {
		return a.failure(ctx, tunnel.StepHandshake, err, finding{
			sentence: "The SOCKS5 client could not be set up.",
		})
	}
	heard := &listener{Conn: conn, password: a.via.User != ""}
	if _, err := client.DialWithConn(ctx, heard, "tcp", origin.wire()); err != nil {
		return a.failure(ctx, tunnel.StepHandshake, err, a.socks5Finding(ctx, heard, err))
	}
	a.times.Handshake = time.Now()
	return nil
}

// connDialer is what makes the TCP and the SOCKS phase separable.
type connDialer interface {
	DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
}

func socks5Client(up tunnel.Upstream) (connDialer, error) {
	var auth *proxy.Auth
	if up.User != "" {
		auth = &proxy.Auth{User: up.User, Password: up.Password}
	}
	d, err := proxy.SOCKS5("tcp", up.Addr(), auth, nil)
	if err != nil {
		return nil, err
	}
	client, ok := d.(connDialer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return client, nil
}

// listener keeps what the server said during the handshake, a few hundred
// bytes at most: the client's errors are only text.
type listener struct {
	net.Conn
	password bool // a user name is given
	said     []byte
}

var errMethodNotOffered = errors.New("the server chose an authentication method that was not offered")

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.said = append(l.said, p[:n]...)
	return n, err
}

// Write ends a handshake at once in which the server insists on a password that
// we do not have; the client would send its request all the same, and wait.
func (l *listener) Write(p []byte) (int, error) {
	if !l.password && l.method() == methodPassword {
		return 0, errMethodNotOffered
	}
	return l.Conn.Write(p)
}

// method returns the authentication method chosen, or -1.
func (l *listener) method() int {
	if len(l.said) < methodReplyBytes || l.said[0] != socks5Version {
		return -1
	}
	return int(l.said[1])
}

// authStatus returns the answer to user name and password, or -1.
func (l *listener) authStatus() int {
	if l.method() != methodPassword || len(l.said) < methodReplyBytes+authReplyBytes {
		return -1
	}
	return int(l.said[methodReplyBytes+1])
}

// reply returns the answer to the request (RFC 1928 §6), or -1.
func (l *listener) reply() int {
	at := methodReplyBytes
	if l.method() == methodPassword {
		at += authReplyBytes
	}
	if len(l.said) < at+2 || l.said[at] != socks5Version {
		return -1
	}
	return int(l.said[at+1])
}

// socks5Replies words the codes of RFC 1928 §6; %s is the origin.
var socks5Replies = map[int]finding{
	1: {tunnel.ErrUpstreamFailed, "could not reach %s, without saying why (SOCKS5 reply 1, general failure)."},
	2: {tunnel.ErrUpstreamDenied, "does not allow connections to %s (SOCKS5 reply 2): check its rules."},
	3: {tunnel.ErrUpstreamFailed, "has no route to the network of %s (SOCKS5 reply 3)."},
	4: {tunnel.ErrUpstreamFailed, "cannot reach %s (SOCKS5 reply 4, host unreachable): is the name right?"},
	5: {tunnel.ErrUpstreamFailed, "was refused by %s (SOCKS5 reply 5): is the server there running, and is the port right?"},
	6: {tunnel.ErrUpstreamFailed, "did not get through to %s in time (SOCKS5 reply 6, TTL expired)."},
	7: {tunnel.ErrUpstreamFailed, "does not support the CONNECT command, asked for %s (SOCKS5 reply 7)."},
	8: {tunnel.ErrUpstreamFailed, "does not support the kind of address of %s (SOCKS5 reply 8): it may lack IPv6 or remote names."},
}

// socks5Finding judges a broken handshake by how far the server's answers got.
func (a *attempt) socks5Finding(ctx context.Context, heard *listener, err error) finding {
	if len(heard.said) > 0 && heard.said[0] != socks5Version {
		return a.otherProtocol("SOCKS5", heard.said)
	}
	method, status, reply := heard.method(), heard.authStatus(), heard.reply()
	switch {
	case method == methodNoneSuits && heard.password:
		return finding{tunnel.ErrUpstreamAuth, fmt.Sprintf("%s takes neither a user name and password nor none: it asks for another kind of authentication.", a.via.Addr())}
	case !heard.password && (method == methodNoneSuits || method == methodPassword):
		return finding{tunnel.ErrUpstreamNeeds, fmt.Sprintf("%s asks for a user name and password: add them to the upstream.", a.via.Addr())}
	case method > methodNone && method != methodPassword:
		return a.malformed("SOCKS5")
	case status > statusAccepted:
		return a.refusedCredentials()
	case reply > 0:
		return a.worded(socks5Replies, reply)
	}
	f := a.brokenTalk(ctx, "SOCKS5", err, len(heard.said) > 0)
	switch {
	case f.cause == nil && len(heard.said) > 0: // the network is well, the client complains
		return a.malformed("SOCKS5")
	case f.cause == tunnel.ErrClosed && method == methodPassword && status < 0:
		return a.refusedCredentials() // some servers just hang up
	}
	return f
}

// worded fills in the sentence for a reply code.
func (a *attempt) worded(replies map[int]finding, code int) finding {
	f, known := replies[code]
	if !known {
		return finding{tunnel.ErrUpstreamFailed, fmt.Sprintf("The upstream %s did not connect to %s and gave the unknown reply code %d.", a.via.Addr(), a.target, code)}
	}
	return finding{f.cause, "The upstream " + a.via.Addr() + " " + fmt.Sprintf(f.sentence, a.target)}
}
