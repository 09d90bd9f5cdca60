package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// startTLS secures raw towards an https upstream. Its certificate is always
// verified. On failure raw is for the caller to close.
func (a *attempt) startTLS(ctx context.Context, raw net.Conn) (net.Conn, error) {
	up, _ := newEndpoint(a.via.Host, a.via.Port)
	conn := tls.Client(raw, &tls.Config{
		ServerName: strings.TrimSuffix(up.wireHost(), "."),
		RootCAs:    a.dialer.cfg.RootCAs,
		NextProtos: []string{"http/1.1"},
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, a.failure(ctx, tunnel.StepUpstreamTLS, err, a.tlsFinding(ctx, err))
	}
	a.times.Handshake = time.Now()
	return conn, nil
}

func (a *attempt) tlsFinding(ctx context.Context, err error) finding {
	var notTLS tls.RecordHeaderError
	if errors.As(err, &notTLS) {
		return finding{tunnel.ErrNotThisProtocol, fmt.Sprintf("%s accepted the connection but does not speak TLS: is it an http:// upstream?", a.via.Addr())}
	}
	if text := certificateProblem(err, a.via.Host); text != "" {
		return finding{tunnel.ErrCertificate, fmt.Sprintf("The certificate of the upstream %s %s", a.via.Addr(), text)}
	}
	return a.brokenTalk(ctx, "TLS", err, false)
}

// certificateProblem says what is wrong with the certificate, or "" if err is
// about something else.
func certificateProblem(err error, host string) string {
	var invalid x509.CertificateInvalidError
	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return fmt.Sprintf("is not valid before %s: is the clock of this machine right?", invalid.Cert.NotBefore.Format(time.DateOnly))
		}
		return fmt.Sprintf("expired on %s: it has to be renewed there.", invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &wrongName):
		return fmt.Sprintf("is not for %q%s: use the name that it was issued for.", host, issuedFor(wrongName.Certificate))
	case errors.As(err, &unknown):
		return "was signed by an authority that this machine does not trust: add that authority to the system's certificates."
	case errors.As(err, &other):
		return fmt.Sprintf("cannot be used: %v.", other.Err)
	}
	return ""
}

// issuedFor lists the first few names of a certificate.
func issuedFor(cert *x509.Certificate) string {
	var names []string
	for _, name := range cert.DNSNames {
		names = append(names, fmt.Sprintf("%.100q", name))
	}
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return ""
	}
	return " but for " + strings.Join(names[:min(len(names), 3)], ", ")
}

// alertText returns the peer's TLS alert, or "".
func alertText(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}
