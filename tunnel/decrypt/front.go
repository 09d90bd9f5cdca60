package decrypt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/wire"
)

// Config is what a Front needs. All but RootCAs must be set.
type Config struct {
	// Authority signs the certificates that clients are shown.
	Authority *Authority
	// Hosts are those whose tunnels are opened.
	Hosts Hosts
	// RootCAs verify origins; nil means the system's.
	RootCAs *x509.CertPool
	// Dial reaches an origin, host:port, again.
	Dial func(ctx context.Context, addr string) (tap.Link, error)
}

// Front opens tunnels. It is safe for concurrent use and remembers, for as long
// as it lives, whose clients do not trust the authority.
type Front struct {
	cfg   Config
	trust *trust
}

// New returns a Front. It knows what before, which may be nil, has learned of
// clients, unless hosts or authority have changed: then each is tried again.
func New(cfg Config, before *Front) *Front {
	f := &Front{cfg: cfg, trust: &trust{}}
	if before != nil && reflect.DeepEqual(cfg.Hosts, before.cfg.Hosts) &&
		cfg.Authority.certificate.Equal(before.cfg.Authority.certificate) {
		f.trust = before.trust
	}
	return f
}

// otherTLS are ports at which TLS carries something else than HTTP, by clients
// that do not say so in the handshake: mail, LDAP, DNS, chat, MQTT.
var otherTLS = []uint16{465, 563, 587, 636, 853, 989, 990, 993, 995, 5061, 5223, 6697, 8883}

// Concerns reports whether a tunnel to addr, host:port, may be one to open: its
// host is listed, or is an address behind which a listed name may be.
func (f *Front) Concerns(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || slices.Contains(otherTLS, uint16(number)) {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || f.cfg.Hosts.Has(host)
}

// Tunnel is a tunnel that stands: the client was told so.
type Tunnel struct {
	Client net.Conn
	Early  []byte // of the client, read already
	Origin tap.Link
	Addr   string // of the origin, as host:port
	Live   *tunnel.Live
}

// Open opens t. If it is to be passed on as it is, conn is nil and the tunnel
// returned is the one to relay: nothing that was read of it is missing. If both
// are nil the tunnel has ended, and its record too.
func (f *Front) Open(ctx context.Context, t Tunnel) (conn *Conn, pass *Tunnel) {
	stop := context.AfterFunc(ctx, func() { t.Client.Close(); t.Origin.Close() })
	defer stop()
	hello, isHello := t.peek()
	host, protocols, ok := f.wanted(t.Addr, hello)
	if !isHello || !ok {
		return nil, &t
	}
	client := party{host, hello.Build}
	if f.trust.refused(client) {
		return nil, t.unopened(tunnel.RemarkUntrusted)
	}
	leaf, err := f.cfg.Authority.Leaf(host)
	if err != nil {
		return nil, t.unopened(tunnel.RemarkNotCovered)
	}
	t.Live.Update(func(ex *tunnel.Exchange) { ex.TLS.ServerName = hello.ServerName })
	session := f.reach(ctx, t, host, protocols)
	session.client = client
	raw := newListening(&replay{Conn: t.Client, held: t.Early})
	secured := tls.Server(raw, &tls.Config{
		Certificates:                []tls.Certificate{*leaf},
		NextProtos:                  session.protocols,
		DynamicRecordSizingDisabled: true, // what the origin sent together stays together
	})
	handshake, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	if err := secured.HandshakeContext(handshake); err != nil {
		f.dismiss(t, session, err, refusedCertificate(err) || raw.refused())
		return nil, nil
	}
	raw.last = nil
	return &Conn{plain: &plain{secured}, client: t.Client, session: session, live: t.Live}, nil
}

// unopened says in the record why t is passed on.
func (t *Tunnel) unopened(why tunnel.Remark) *Tunnel {
	t.Live.Update(func(ex *tunnel.Exchange) { ex.Remark = why })
	return t
}

// wanted returns the host to sign for and the protocols that both sides may
// speak, in the client's order. ok is false if the tunnel is not to be opened.
func (f *Front) wanted(addr string, hello wire.Hello) (host string, protocols []string, ok bool) {
	host, _, _ = net.SplitHostPort(addr)
	if hello.ServerName != "" {
		host = hello.ServerName
	}
	host, ok = canonical(host)
	for _, p := range hello.Protocols {
		if p == protocolHTTP1 || p == protocolHTTP2 {
			protocols = append(protocols, p)
		}
	}
	otherProtocol := len(hello.Protocols) > 0 && len(protocols) == 0
	return host, protocols, ok && !otherProtocol && f.cfg.Hosts.Has(host)
}

// reach does TLS with the origin first, so that the client is offered what the
// origin offers. It fails with a session that says why.
func (f *Front) reach(ctx context.Context, t Tunnel, host string, protocols []string) *Session {
	s := &Session{Host: host, Addr: t.Addr, Tunnel: t.Live.Summary().ID, front: f}
	link, agreed, err := f.secure(ctx, t.Origin, host, t.Addr, protocols)
	if err != nil {
		s.Failure = err
		// The simpler protocol is enough to say so.
		slices.SortFunc(protocols, func(a, b string) int { return len(b) - len(a) })
		s.protocols = protocols[:min(len(protocols), 1)]
		s.HTTP2 = slices.Equal(s.protocols, []string{protocolHTTP2})
		return s
	}
	state := link.Conn.(*tls.Conn).ConnectionState()
	t.Live.Update(func(ex *tunnel.Exchange) {
		ex.TLS.ALPN, ex.TLS.Version = agreed, tls.VersionName(state.Version)
		ex.Phases.Set(tunnel.TLS, link.Steps.TLS.Sub(ex.Start))
	})
	if agreed != "" {
		s.protocols = []string{agreed}
	}
	s.HTTP2 = agreed == protocolHTTP2
	link.Steps = tap.Link{}.Steps // the tunnel's record has them
	s.first, s.made = &link, time.Now()
	return s
}

// dismiss ends a tunnel whose client did not finish the handshake, and
// remembers a client that refused the certificate.
func (f *Front) dismiss(t Tunnel, s *Session, err error, refused bool) {
	s.close()
	t.Client.Close()
	t.Origin.Close()
	switch {
	case refused:
		f.trust.refuse(s.client)
		t.Live.Finish(tunnel.Failed, untrusted(s.Host))
	case errors.Is(err, io.EOF):
		f.silent(s.client, t.Live)
	default:
		t.Live.Finish(tunnel.ClientClosed, "TLS with the client: "+cause(err))
	}
}

// silent ends the record of a tunnel whose client left without a request.
func (f *Front) silent(who party, live *tunnel.Live) {
	if f.trust.leave(who) {
		live.Finish(tunnel.Failed, untrusted(who.host))
		return
	}
	live.Finish(tunnel.ClientClosed, "the client left before its first request")
}

func untrusted(host string) string {
	return "the client does not trust Streamgauge's CA for " + host + ": its next connections pass through unopened"
}

// The alerts by which clients refuse a certificate (RFC 8446 §6.2):
// bad_certificate, unsupported_certificate, certificate_revoked,
// certificate_expired, certificate_unknown, unknown_ca, access_denied.
var certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49}

func refusedCertificate(err error) bool { return isAlert(err, certificateAlerts...) }

// isAlert reports whether err is an alert that the peer sent, and one of these.
// The library's type for it is its own; the words are the same.
func isAlert(err error, alerts ...tls.AlertError) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" &&
		slices.ContainsFunc(alerts, func(a tls.AlertError) bool { return a.Error() == op.Err.Error() })
}

// listening is a client's connection during the handshake. OpenSSL, at TLS 1.3,
// sends the alert that refuses our certificate in the clear, which the library
// takes for a record that does not decrypt.
type listening struct {
	*replay
	last []byte // read last; nil once the handshake is over
}

// alertSize is the length in bytes of a record with an alert in the clear.
const alertSize = 7

func newListening(r *replay) *listening {
	return &listening{replay: r, last: make([]byte, 0, 2*alertSize)}
}

// Read keeps the last bytes.
func (l *listening) Read(p []byte) (int, error) {
	n, err := l.replay.Read(p)
	if l.last != nil {
		l.last = append(l.last, p[max(0, n-alertSize):n]...)
		l.last = append(l.last[:0], l.last[max(0, len(l.last)-alertSize):]...)
	}
	return n, err
}

// refused reports whether the last that the client said is such an alert.
func (l *listening) refused() bool {
	const alert, fatal = 21, 2 // RFC 8446 §5.1, §6
	a := l.last
	return len(a) == alertSize && a[0] == alert && a[1] == 3 && a[3] == 0 && a[4] == 2 && a[5] == fatal &&
		slices.Contains(certificateAlerts, tls.AlertError(a[6]))
}

// replay is a client's connection of which some bytes were read already.
type replay struct {
	net.Conn
	held []byte
}

// Read returns the bytes held, then what the connection brings.
func (r *replay) Read(p []byte) (int, error) {
	if len(r.held) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.held)
	r.held = r.held[n:]
	return n, nil
}

// CloseWrite half-closes the connection beneath where it can be.
func (r *replay) CloseWrite() error {
	if half, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn returns the connection beneath, or nil while bytes are held.
func (r *replay) NetConn() net.Conn {
	if len(r.held) > 0 {
		return nil
	}
	return r.Conn
}
