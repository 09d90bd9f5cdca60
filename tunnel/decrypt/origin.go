package decrypt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

const (
	protocolHTTP1 = "http/1.1"
	protocolHTTP2 = "h2"
)

// tlsTimeout bounds one handshake, with the origin or with the client.
const tlsTimeout = 10 * time.Second

// secure does TLS with the origin, offering those protocols, and returns the
// link with its plaintext side and the protocol that the origin chose, if any.
// On an error, a [*tunnel.Failure], the link is closed.
func (f *Front) secure(ctx context.Context, link tap.Link, host, addr string, protocols []string) (tap.Link, string, error) {
	conn := tls.Client(link.Conn, &tls.Config{
		ServerName: host, NextProtos: protocols, RootCAs: f.cfg.RootCAs,
		DynamicRecordSizingDisabled: true, // what the client sent together stays together
	})
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		link.Close()
		return tap.Link{}, "", originFailure(addr, link.Upstream, err)
	}
	link.Conn, link.Steps.TLS = conn, time.Now()
	return link, conn.ConnectionState().NegotiatedProtocol, nil
}

// originFailure says why TLS with the origin failed.
func originFailure(addr string, up tunnel.Upstream, err error) error {
	f := &tunnel.Failure{Step: tunnel.StepTLS, Upstream: up, Target: addr, Err: err}
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &verification):
		f.Cause = tunnel.ErrCertificate
		f.Sentence = "The certificate of " + addr + " is not accepted: " + certificateFault(verification) + ". Streamgauge never waves that through."
	case errors.Is(err, context.DeadlineExceeded):
		f.Cause = tunnel.ErrTimeout
		f.Sentence = addr + " was connected and did not finish its TLS handshake in time."
	case isOldTLS(err):
		f.Sentence = addr + " speaks a version of TLS that is too old to be accepted: 1.2 is the least."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Cause = tunnel.ErrClosed
		f.Sentence = addr + " closed the connection within the TLS handshake."
	default:
		f.Sentence = "TLS with " + addr + " could not be agreed: " + cause(err) + "."
	}
	return f
}

// certificateFault says in plain words what is wrong with a certificate.
func certificateFault(err *tls.CertificateVerificationError) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		if now := time.Now(); invalid.Cert != nil && now.Before(invalid.Cert.NotBefore) {
			return "it is valid only from " + invalid.Cert.NotBefore.Format(time.DateOnly) + " on"
		}
		if invalid.Cert != nil {
			return "it expired on " + invalid.Cert.NotAfter.Format(time.DateOnly)
		}
		return "it has expired"
	case errors.As(err.Err, &name):
		return "it is for another name (" + name.Error() + ")"
	case errors.As(err.Err, &unknown) && selfSigned(err.UnverifiedCertificates):
		return "it is signed by itself and by nobody who is trusted"
	case errors.As(err.Err, &unknown):
		return "it is signed by an authority that is not known here"
	}
	return err.Err.Error()
}

func selfSigned(chain []*x509.Certificate) bool {
	return len(chain) > 0 && chain[0].CheckSignatureFrom(chain[0]) == nil ||
		len(chain) == 1 && string(chain[0].RawIssuer) == string(chain[0].RawSubject)
}

// isOldTLS recognises an origin that speaks nothing newer than TLS 1.1, which
// either chooses that or says that ours is too new.
func isOldTLS(err error) bool {
	const protocolVersion tls.AlertError = 70 // RFC 8446 §6.2
	// The library has no typed error for the first.
	return strings.HasPrefix(err.Error(), "tls: server selected unsupported protocol version 30") || isAlert(err, protocolVersion)
}

// cause is an error without the addresses that package net puts before it.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
