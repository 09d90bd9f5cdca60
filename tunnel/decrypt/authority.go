package decrypt

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// The files of an authority in its directory. That of the key is the authority: it
// holds key and certificate, so that there is never one without the other. The
// certificate by itself is for other programs to read.
const (
	certificateFile = "ca.pem"
	keyFile         = "ca-key.pem"
)

const (
	authorityLife = 2 * 365 * 24 * time.Hour
	clockSkew     = time.Hour // by which a client's clock may be behind ours
	maxCommonName = 64        // characters (RFC 5280 appendix A, ub-common-name)
)

// Errors a caller may branch on.
var (
	ErrExists  = errors.New("an authority exists already")
	ErrExpired = errors.New("the authority has expired")
)

// Authority is the certificate authority of this installation. It is safe for
// concurrent use.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	leaves      leaves
}

// Dir is where the authority of settings in that file lives.
func Dir(settingsFile string) string { return filepath.Join(filepath.Dir(settingsFile), "ca") }

// CertificatePath is the certificate of the authority in dir, as PEM.
func CertificatePath(dir string) string { return filepath.Join(dir, certificateFile) }

// BundlePath is where [Authority.WriteBundle] writes.
func BundlePath(dir string) string { return filepath.Join(dir, bundleFile) }

// ReadCertificate reads the certificate of the authority in dir, be it expired
// or without its key.
func ReadCertificate(dir string) (*x509.Certificate, error) {
	path := filepath.Join(dir, keyFile)
	der, err := readCertificate(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = CertificatePath(dir)
		der, err = readCertificate(path)
	}
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return certificate, nil
}

// Create makes the authority of this installation in dir, which only the user
// can enter. If only is not empty, the authority can sign for those hosts (and
// what lies under a name) and no other. An authority that is still valid is not
// replaced: then the error is [ErrExists].
func Create(dir string, only []string) (*Authority, error) {
	switch _, err := Load(dir); {
	case err == nil:
		return nil, fmt.Errorf("create %s: %w", CertificatePath(dir), ErrExists)
	case errors.Is(err, ErrExpired):
		if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
			return nil, err
		}
	case !isMissing(err):
		return nil, err
	}
	constraints, err := ParseHosts(only)
	if err != nil {
		return nil, err
	}
	a, err := newAuthority(constraints, whose())
	if err != nil {
		return nil, fmt.Errorf("create authority: %w", err)
	}
	return a, a.save(dir)
}

// Load reads the authority in dir. If there is none the error is
// [fs.ErrNotExist]; if it is out of date, [ErrExpired].
func Load(dir string) (*Authority, error) {
	path := filepath.Join(dir, keyFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a := &Authority{}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			a.certificate, _ = x509.ParseCertificate(block.Bytes)
		case "PRIVATE KEY":
			parsed, _ := x509.ParsePKCS8PrivateKey(block.Bytes)
			a.key, _ = parsed.(*ecdsa.PrivateKey)
		}
	}
	switch {
	// No cause is given: it could quote the key.
	case a.key == nil || a.certificate == nil || !a.key.PublicKey.Equal(a.certificate.PublicKey):
		return nil, fmt.Errorf("read %s: not a key with its certificate", path)
	case time.Now().After(a.certificate.NotAfter):
		return nil, fmt.Errorf("read %s: %w", path, ErrExpired)
	}
	if copied, err := os.ReadFile(CertificatePath(dir)); err != nil || !bytes.Equal(copied, a.PEM()) {
		return a, writeAtomic(CertificatePath(dir), a.PEM())
	}
	return a, nil
}

// LoadOrCreate loads the authority in dir, or makes one without constraints if
// there is none or it has expired. created says which.
func LoadOrCreate(dir string) (a *Authority, created bool, err error) {
	a, err = Load(dir)
	if err == nil || !isMissing(err) {
		return a, false, err
	}
	a, err = Create(dir, nil)
	if errors.Is(err, ErrExists) { // another program was faster
		a, err = Load(dir)
		return a, false, err
	}
	return a, err == nil, err
}

// isMissing reports whether err of Load leaves room for another authority.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrExpired) }

// Destroy deletes the key and all else of the authority in dir. It is no error
// if there is none.
func Destroy(dir string) error {
	for _, name := range []string{keyFile, certificateFile, bundleFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the key is deleted, the directory is not empty: %w", err)
	}
	return nil
}

// Certificate returns the authority's certificate, which must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// PEM returns the certificate for other programs.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// whose names user and machine.
func whose() string {
	name := "user"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "machine"
	}
	return name + "@" + host
}

// newAuthority makes a key and signs with it. whose goes into the name, so that
// a list of authorities tells where each comes from.
func newAuthority(only Hosts, whose string) (*Authority, error) {
	key, serial, err := newKey()
	if err != nil {
		return nil, err
	}
	begins := time.Now().Add(-clockSkew).UTC()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			Organization: []string{"Streamgauge"},
			CommonName:   commonName(whose, begins.Add(clockSkew), serial),
		},
		NotBefore:             begins,
		NotAfter:              begins.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	constrain(template, only)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &Authority{certificate: certificate, key: key}, err
}

// commonName tells user, machine and date, and ends with a piece of the serial
// number that keeps two authorities of a day apart.
func commonName(whose string, day time.Time, serial *big.Int) string {
	tail := fmt.Sprintf(" %s %04x", day.Format(time.DateOnly), serial.Uint64()&0xffff)
	name := []rune("Streamgauge CA " + strings.ToValidUTF8(whose, "?"))
	return string(name[:min(len(name), maxCommonName-len(tail))]) + tail
}

// newKey returns a key and a serial number of 128 random bits, of which the first
// is not set: a serial number is positive (RFC 5280 §4.1.2.2).
func newKey() (*ecdsa.PrivateKey, *big.Int, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return key, serial, err
}

// constrain names what the authority may sign for (RFC 5280 §4.2.1.10). A kind
// of name of which none is listed is ruled out as a whole.
func constrain(template *x509.Certificate, only Hosts) {
	if only.Empty() {
		return
	}
	template.PermittedDNSDomainsCritical = true
	for _, host := range only.names() {
		if addr, err := netip.ParseAddr(host); err == nil {
			bits := addr.BitLen()
			template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, bits)})
			continue
		}
		template.PermittedDNSDomains = append(template.PermittedDNSDomains, host)
	}
	if len(template.PermittedDNSDomains) == 0 {
		template.PermittedDNSDomains = []string{"streamgauge.invalid"} // nobody's (RFC 6761 §6.4)
	}
	if len(template.PermittedIPRanges) == 0 {
		template.ExcludedIPRanges = []*net.IPNet{
			{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
		}
	}
}

// save writes both files.
func (a *Authority) save(dir string) error {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return fmt.Errorf("create authority: %w", err)
	}
	if err := privateDir(dir); err != nil {
		return err
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), a.PEM()...)
	if err := publish(filepath.Join(dir, keyFile), both); err != nil {
		return err
	}
	return writeAtomic(CertificatePath(dir), a.PEM())
}

// privateDir makes dir, and sees to it that only the user can enter it.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// publish is writeAtomic for a file that must not be there yet: of several
// programs that make it at a time one succeeds, and the others have [ErrExists].
func publish(path string, data []byte) error {
	temporary, err := writeBeside(path, data)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	switch err := os.Link(temporary, path); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("create %s: %w", path, ErrExists)
	}
	return os.Rename(temporary, path) // a file system without links
}

// writeAtomic writes a file that only the user can read, whole or not at all.
func writeAtomic(path string, data []byte) error {
	temporary, err := writeBeside(path, data)
	if err != nil {
		return err
	}
	if err = os.Rename(temporary, path); err != nil {
		_ = os.Remove(temporary)
	}
	return err
}

// writeBeside writes data to a file in the directory of path, mode 0600.
func writeBeside(path string, data []byte) (temporary string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
	}
	return f.Name(), err
}

// readCertificate reads the one certificate in a file.
func readCertificate(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return block.Bytes, nil
		}
	}
	return nil, fmt.Errorf("read %s: no certificate in it", path)
}
