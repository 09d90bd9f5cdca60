package upstream

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// maxReplyHead bounds the heads that answer a CONNECT, interim ones included.
const maxReplyHead = 64 << 10 // bytes

var (
	errNotHTTP     = errors.New("the answer is not HTTP/1")
	errHeadTooLong = errors.New("the answer's head is longer than 64 KiB")
)

// ProxyAuthorization returns the value of the Proxy-Authorization field for
// up: Basic credentials in UTF-8 (RFC 7617 §2), or "" if there are none or up
// is no HTTP upstream.
func ProxyAuthorization(up tunnel.Upstream) string {
	if up.User == "" || up.IsDirect() || up.SpeaksSOCKS() {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(up.User+":"+up.Password))
}

// httpConnect asks the upstream on conn for origin (RFC 9110 §9.3.6) and
// returns the bytes of the tunnel that came in one piece with the answer.
func (a *attempt) httpConnect(ctx context.Context, conn net.Conn, origin endpoint) ([]byte, error) {
	r, err := exchange(conn, connectRequest(origin, a.via))
	if err == nil && r.status/100 != 2 {
		err = fmt.Errorf("CONNECT answered with status %d", r.status)
	}
	if err != nil {
		return nil, a.failure(ctx, tunnel.StepHandshake, err, a.connectReplyFinding(ctx, r, err))
	}
	a.times.Handshake = time.Now()
	return r.rest, nil
}

func exchange(conn net.Conn, request string) (reply, error) {
	if _, err := io.WriteString(conn, request); err != nil {
		return reply{}, err
	}
	return readReply(conn)
}

func connectRequest(origin endpoint, up tunnel.Upstream) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n", origin.wire())
	if auth := ProxyAuthorization(up); auth != "" {
		fmt.Fprintf(&b, "Proxy-Authorization: %s\r\n", auth)
	}
	b.WriteString("\r\n")
	return b.String()
}

// reply is the answer to a CONNECT, as far as it came.
type reply struct {
	status int
	head   []byte // status line and fields; after an error all that came
	rest   []byte // what followed the head
}

// readReply reads heads until one is final. Content-Length and
// Transfer-Encoding mean nothing in a successful answer (RFC 9110 §9.3.6).
func readReply(r io.Reader) (reply, error) {
	buf := make([]byte, 0, 1024)
	start, searched := 0, 0 // of the current head; up to where no end was found
	for {
		head := buf[start:]
		if !bytes.HasPrefix(head, []byte("HTTP/1.")[:min(len(head), 7)]) {
			return reply{head: head}, errNotHTTP
		}
		if end := headEnd(head, searched); end > 0 {
			status, err := parseStatus(head[:end])
			if err != nil || status/100 != 1 || status == http.StatusSwitchingProtocols {
				return reply{status, head[:end], bytes.Clone(head[end:])}, err
			}
			start, searched = start+end, 0
			continue
		}
		searched = len(head)
		if len(buf) >= maxReplyHead {
			return reply{head: head}, errHeadTooLong
		}
		buf = slices.Grow(buf, 512)
		n, err := r.Read(buf[len(buf):min(cap(buf), maxReplyHead)])
		buf = buf[:len(buf)+n]
		if n == 0 && err != nil {
			return reply{head: buf}, err
		}
	}
}

// headEnd returns the length of the head in b, or 0 if its empty line has not
// come. Line ends may lack CR (RFC 9112 §2.2). Nothing ends before from.
func headEnd(b []byte, from int) int {
	for i := max(from-2, 0); i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		switch after := b[i+1:]; {
		case bytes.HasPrefix(after, []byte("\n")):
			return i + 2
		case bytes.HasPrefix(after, []byte("\r\n")):
			return i + 3
		}
	}
	return 0
}

// parseStatus reads the code of "HTTP/1.x NNN …" (RFC 9112 §4).
func parseStatus(head []byte) (int, error) {
	const code = len("HTTP/1.x ")
	if len(head) < code+4 || head[code-1] != ' ' || head[code] < '1' || head[code] > '9' {
		return 0, errNotHTTP
	}
	status := 0
	for _, c := range head[code : code+3] {
		if c < '0' || c > '9' {
			return 0, errNotHTTP
		}
		status = status*10 + int(c-'0')
	}
	if c := head[code+3]; c != ' ' && c != '\r' && c != '\n' {
		return 0, errNotHTTP
	}
	return status, nil
}

// asksOnlyFor returns the authentication schemes that head asks for if Basic is
// not among them, else "".
func asksOnlyFor(head []byte) string {
	var schemes []string
	for line := range bytes.Lines(head) {
		name, value, _ := strings.Cut(string(line), ":")
		if !strings.EqualFold(strings.TrimSpace(name), "Proxy-Authenticate") {
			continue
		}
		scheme, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(scheme, "Basic") {
			return ""
		}
		schemes = append(schemes, fmt.Sprintf("%.20q", scheme))
	}
	return strings.Join(schemes, ", ")
}

func (a *attempt) connectReplyFinding(ctx context.Context, r reply, err error) finding {
	switch {
	case errors.Is(err, errHeadTooLong):
		return finding{tunnel.ErrBadResponse, fmt.Sprintf("%s answered CONNECT with a head of more than 64 KiB: is it really a proxy?", a.via.Addr())}
	case errors.Is(err, errNotHTTP):
		return a.otherProtocol("HTTP", r.head)
	case r.status != 0:
		return a.statusFinding(r)
	}
	return a.brokenTalk(ctx, "HTTP", err, len(r.head) > 0)
}

// statusFinding words an answer other than 2xx. The upstream's own reason
// phrase is not repeated: it is not ours to trust.
func (a *attempt) statusFinding(r reply) finding {
	answered := fmt.Sprintf("The upstream %s answered CONNECT %s with %d", a.via.Addr(), a.target, r.status)
	if text := http.StatusText(r.status); text != "" {
		answered += " " + text
	}
	switch r.status {
	case http.StatusProxyAuthRequired:
		return a.authFinding(r.head)
	case http.StatusUnauthorized: // what tinyproxy says to a wrong password
		return a.refusedCredentials()
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons, http.StatusTooManyRequests:
		return finding{tunnel.ErrUpstreamDenied, answered + ": check whether its rules allow this host and port."}
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return finding{tunnel.ErrUpstreamDenied, answered + ": is it a web server rather than a proxy?"}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return finding{tunnel.ErrUpstreamFailed, answered + ": it could not reach that host, or has trouble of its own."}
	}
	if r.status/100 == 3 {
		return finding{tunnel.ErrUpstreamDenied, answered + ": it may want you to sign in with a browser first."}
	}
	return finding{tunnel.ErrUpstreamFailed, answered + " instead of opening a tunnel."}
}

func (a *attempt) authFinding(head []byte) finding {
	if schemes := asksOnlyFor(head); schemes != "" {
		return finding{tunnel.ErrUpstreamNeeds, fmt.Sprintf("%s asks for %s authentication (407); only Basic is supported.", a.via.Addr(), schemes)}
	}
	if a.via.User != "" {
		return a.refusedCredentials()
	}
	return finding{tunnel.ErrUpstreamNeeds, fmt.Sprintf("%s asks for a user name and password (407): add them to the upstream.", a.via.Addr())}
}
