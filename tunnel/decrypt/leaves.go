package decrypt

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	leafLife  = 7 * 24 * time.Hour
	leafSpare = 24 * time.Hour // of life that a leaf must have left to be used
	maxLeaves = 1000           // kept; the one made first makes room
)

// errNotCovered is why a constrained authority signs for no other host.
var errNotCovered = errors.New("the authority was made for other hosts only")

// leaves are the certificates made so far. The zero value has none.
type leaves struct {
	mu   sync.Mutex // guards all below
	made map[string]*leaf
}

// leaf is one certificate, made once by whoever asks first.
type leaf struct {
	once    sync.Once
	tls     *tls.Certificate
	err     error
	expires time.Time // when another is made in its place
}

// Leaf returns a certificate for one host, a name in ASCII or an address, that
// is valid for a week at most. It costs about a third of a millisecond the
// first time, and is kept.
func (a *Authority) Leaf(host string) (*tls.Certificate, error) {
	l := a.leaves.get(host)
	l.once.Do(func() { l.tls, l.err = a.sign(host) })
	return l.tls, l.err
}

// get returns the leaf for host, made or to be made.
func (s *leaves) get(host string) *leaf {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.made[host]; l != nil && now.Before(l.expires) {
		return l
	}
	if s.made == nil {
		s.made = map[string]*leaf{}
	}
	if len(s.made) >= maxLeaves {
		delete(s.made, s.oldest())
	}
	l := &leaf{expires: now.Add(leafLife - clockSkew - leafSpare)}
	s.made[host] = l
	return l
}

func (s *leaves) oldest() (host string) {
	var first time.Time
	for name, l := range s.made {
		if host == "" || l.expires.Before(first) {
			host, first = name, l.expires
		}
	}
	return host
}

// sign makes a certificate for host and checks that the authority covers it.
func (a *Authority) sign(host string) (*tls.Certificate, error) {
	key, serial, err := newKey()
	if err != nil {
		return nil, err
	}
	begins := time.Now().Add(-clockSkew).UTC()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Streamgauge"}, CommonName: host[:min(len(host), maxCommonName)]},
		NotBefore:             begins,
		NotAfter:              earlier(begins.Add(leafLife), a.certificate.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	if _, err := parsed.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
		return nil, fmt.Errorf("sign for %s: %w", host, errors.Join(errNotCovered, err))
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parsed}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
