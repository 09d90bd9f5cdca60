package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

// selfSigned makes a certificate for name, valid for a day from start, and a
// pool that trusts it.
func selfSigned(t *testing.T, name string, start time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: start, NotAfter: start.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// overTLS runs handle on the decrypted side.
func overTLS(cfg *tls.Config, handle func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		secure := tls.Server(c, cfg)
		defer secure.Close()
		if secure.Handshake() == nil {
			handle(secure)
		}
	}
}

func TestDialThroughHTTPS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		cert, pool := selfSigned(t, "proxy.test", time.Now())
		d := newDialer(t, n, "https://u:p@proxy.test:443", Config{RootCAs: pool})
		var heard []string
		serve(t, n, "proxy.test:443", overTLS(&tls.Config{Certificates: []tls.Certificate{cert}}, listenTo(&heard, httpGranted+"early ")))
		c, err := d.Dial(t.Context(), "origin.test:443")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := echoed(t, c, "hello"), "early hello"; got != want {
			t.Errorf("came back %q, want %q", got, want)
		}
		want := "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
		if len(heard) != 1 || heard[0] != want {
			t.Errorf("upstream heard %q, want %q", heard, want)
		}
	})
}

func TestDialProxyOverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		cert, pool := selfSigned(t, "proxy.test", time.Now())
		serve(t, n, "proxy.test:443", overTLS(&tls.Config{Certificates: []tls.Certificate{cert}}, func(c net.Conn) { io.Copy(c, c); c.Close() }))
		c, err := newDialer(t, n, "https://proxy.test", Config{RootCAs: pool}).DialProxy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.Timings().Handshake.IsZero() {
			t.Error("the TLS handshake was not timed")
		}
		if got := echoed(t, c, "hello"); got != "hello" {
			t.Errorf("came back %q, want %q", got, "hello")
		}
	})
}

func TestTLSFailures(t *testing.T) {
	const whose = "The certificate of the upstream proxy.test:443 "
	synctest.Test(t, func(t *testing.T) { // the bubble's clock starts at 2000-01-01
		day := 24 * time.Hour
		good, goodPool := selfSigned(t, "proxy.test", time.Now())
		other, otherPool := selfSigned(t, "other.test", time.Now())
		old, oldPool := selfSigned(t, "proxy.test", time.Now().Add(-3*day))
		early, earlyPool := selfSigned(t, "proxy.test", time.Now().Add(3*day))
		with := func(cert tls.Certificate) func(net.Conn) {
			return overTLS(&tls.Config{Certificates: []tls.Certificate{cert}}, stay())
		}
		tests := []struct {
			failureTest
			pool *x509.CertPool
		}{
			{failureTest{"unknown authority", "", with(good), tunnel.StepUpstreamTLS, tunnel.ErrCertificate, whose + "was signed by an authority that this machine does not trust: add that authority to the system's certificates."}, otherPool},
			{failureTest{"wrong name", "", with(other), tunnel.StepUpstreamTLS, tunnel.ErrCertificate, whose + `is not for "proxy.test" but for "other.test": use the name that it was issued for.`}, otherPool},
			{failureTest{"expired", "", with(old), tunnel.StepUpstreamTLS, tunnel.ErrCertificate, whose + "expired on 1999-12-30: it has to be renewed there."}, oldPool},
			{failureTest{"not yet valid", "", with(early), tunnel.StepUpstreamTLS, tunnel.ErrCertificate, whose + "is not valid before 2000-01-04: is the clock of this machine right?"}, earlyPool},
			{failureTest{"plain http", "", talk("HTTP/1.1 400 Bad Request\r\n\r\n"), tunnel.StepUpstreamTLS, tunnel.ErrNotThisProtocol, "proxy.test:443 accepted the connection but does not speak TLS: is it an http:// upstream?"}, goodPool},
			{failureTest{"closes", "", talk(""), tunnel.StepUpstreamTLS, tunnel.ErrClosed, "proxy.test:443 closed the connection without an answer: does it speak TLS, or is it an http:// upstream?"}, goodPool},
			{failureTest{"silence", "", stay(), tunnel.StepUpstreamTLS, tunnel.ErrTimeout, "proxy.test:443 accepted the connection but said nothing within 10s: does it speak TLS, or is it an http:// upstream?"}, goodPool},
			{failureTest{"wants a client certificate", "", overTLS(&tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert}, stay()), tunnel.StepHandshake, tunnel.ErrClosed, "proxy.test:443 broke off TLS (tls: certificate required): it may ask for a client certificate, which is not supported."}, goodPool},
			{failureTest{"silence after TLS", "", with(good), tunnel.StepHandshake, tunnel.ErrTimeout, "proxy.test:443 accepted the connection but said nothing within 10s: does it speak HTTP, or is it a SOCKS or https:// upstream?"}, goodPool},
		}
		for _, tt := range tests {
			n := newNet()
			d := newDialer(t, n, "https://me:"+canary+"@proxy.test", Config{RootCAs: tt.pool})
			serve(t, n, "proxy.test:443", tt.serve)
			t.Log(tt.name)
			tt.check(t, failureOf(t, d, "origin.test:443"))
		}
	})
}
