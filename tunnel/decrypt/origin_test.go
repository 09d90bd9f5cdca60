package decrypt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
	"streamgauge/tunnel/tunneltest"
)

// certificate is one for name that is valid between two times from now, signed
// by a root of its own.
func certificate(t *testing.T, name string, from, until time.Duration) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(template, parent *x509.Certificate) []byte {
		template.SerialNumber = big.NewInt(1)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	root := &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
	}
	parsed, err := x509.ParseCertificate(sign(root, root))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	leaf := sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
	}, parsed)
	return tls.Certificate{Certificate: [][]byte{leaf}, PrivateKey: key}, pool
}

// TestOriginFaults names each fault of an origin in a sentence.
func TestOriginFaults(t *testing.T) {
	const hour = time.Hour
	for name, tt := range map[string]struct {
		name        string
		from, until time.Duration
		trusted     bool
		max         uint16
		silent      bool
		cause       error
		want        string
	}{
		"good":          {"origin.test", -hour, hour, true, 0, false, nil, ""},
		"expired":       {"origin.test", -2 * hour, -hour, true, 0, false, tunnel.ErrCertificate, "it expired on 1999-12-31"},
		"not yet valid": {"origin.test", 48 * hour, 96 * hour, true, 0, false, tunnel.ErrCertificate, "it is valid only from 2000-01-03 on"},
		"other name":    {"other.test", -hour, hour, true, 0, false, tunnel.ErrCertificate, "it is for another name"},
		"unknown root":  {"origin.test", -hour, hour, false, 0, false, tunnel.ErrCertificate, "signed by an authority that is not known here"},
		"TLS 1.0":       {"origin.test", -hour, hour, true, tls.VersionTLS10, false, nil, "a version of TLS that is too old"},
		"silent":        {"origin.test", -hour, hour, true, 0, true, tunnel.ErrTimeout, "did not finish its TLS handshake in time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own, roots := certificate(t, tt.name, tt.from, tt.until)
				if !tt.trusted {
					roots = x509.NewCertPool()
				}
				here, there := tunneltest.Pair(0)
				server := tls.Server(there, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS10, MaxVersion: tt.max})
				if !tt.silent {
					go func() { _ = server.Handshake() }()
				}
				front := New(Config{RootCAs: roots}, nil)
				link, _, err := front.secure(t.Context(), tap.Link{Conn: here}, "origin.test", "origin.test:443", nil)
				defer there.Close()
				if tt.want == "" {
					if err != nil {
						t.Fatal(err)
					}
					link.Close()
					return
				}
				var f *tunnel.Failure
				if !errors.As(err, &f) || f.Step != tunnel.StepTLS || !strings.Contains(f.Sentence, tt.want) || tt.cause != nil && !errors.Is(err, tt.cause) {
					t.Errorf("%+v; want %q", err, tt.want)
				}
			})
		})
	}
}
