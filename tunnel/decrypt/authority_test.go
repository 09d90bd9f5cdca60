package decrypt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func create(t *testing.T, only ...string) (*Authority, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "ca")
	a, err := Create(dir, only)
	if err != nil {
		t.Fatal(err)
	}
	return a, dir
}

// TestAuthority checks the properties of R8.
func TestAuthority(t *testing.T) {
	a, dir := create(t)
	c := a.Certificate()
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !ok || key.Curve != elliptic.P256():
		t.Error("the key is not one of P-256")
	case !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero:
		t.Errorf("CA %v, path length %d", c.IsCA, c.MaxPathLen)
	case c.NotAfter.Sub(c.NotBefore) > 2*366*24*time.Hour:
		t.Errorf("valid for %v", c.NotAfter.Sub(c.NotBefore))
	case c.SerialNumber.BitLen() < 100 || c.SerialNumber.Sign() <= 0:
		t.Errorf("serial number %v", c.SerialNumber)
	case c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign:
		t.Errorf("key usage %b", c.KeyUsage)
	}
	if name := c.Subject.CommonName; !strings.Contains(name, c.NotBefore.Add(clockSkew).Format(time.DateOnly)) || len(name) > 64 || !strings.Contains(name, "@") {
		t.Errorf("name %q", name)
	}
	again, err := Load(dir)
	if err != nil || !again.Certificate().Equal(c) {
		t.Errorf("loaded again: %v, %v", again, err)
	}
	if _, err := Create(dir, nil); !errors.Is(err, ErrExists) {
		t.Errorf("create over it: %v, want ErrExists", err)
	}
}

func TestTwoInstallsDiffer(t *testing.T) {
	a, _ := create(t)
	b, _ := create(t)
	if a.key.Equal(b.key) || a.Certificate().SerialNumber.Cmp(b.Certificate().SerialNumber) == 0 ||
		a.Certificate().Subject.String() == b.Certificate().Subject.String() {
		t.Error("two authorities share key, serial number or name")
	}
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the modes of files do not rule there")
	}
	loosen(t)
	a, dir := create(t)
	bundle, err := a.WriteBundle(dir, CertificatePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		dir: 0o700, filepath.Join(dir, keyFile): 0o600, CertificatePath(dir): 0o600, bundle: 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("%d files are left in the directory, want 3", len(entries))
	}
}

func TestDestroy(t *testing.T) {
	_, dir := create(t)
	for range 2 {
		if err := Destroy(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
	if _, err := Load(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load: %v", err)
	}
	if _, created, err := LoadOrCreate(dir); err != nil || !created {
		t.Errorf("made anew: %v, %v", created, err)
	}
}

func TestBrokenFiles(t *testing.T) {
	_, other := create(t)
	for name, spoil := range map[string]func(dir string) error{
		"certificate of another": func(dir string) error {
			own, err := os.ReadFile(filepath.Join(dir, keyFile))
			data, err2 := os.ReadFile(CertificatePath(other))
			return errors.Join(err, err2, os.WriteFile(filepath.Join(dir, keyFile), append(own, data...), 0o600))
		},
		"no key":           func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) },
		"key is no key":    func(dir string) error { return os.WriteFile(filepath.Join(dir, keyFile), []byte("canary"), 0o600) },
		"cut":              func(dir string) error { return os.Truncate(filepath.Join(dir, keyFile), 300) },
		"nothing is there": Destroy,
	} {
		_, dir := create(t)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: load: %v", name, err)
		}
	}
}

// TestCopyIsMended: the certificate by itself follows the authority.
func TestCopyIsMended(t *testing.T) {
	a, dir := create(t)
	for name, spoil := range map[string]func() error{
		"gone":  func() error { return os.Remove(CertificatePath(dir)) },
		"other": func() error { return os.WriteFile(CertificatePath(dir), []byte("other"), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err != nil {
			t.Fatal(err)
		}
		if c, err := ReadCertificate(dir); err != nil || !c.Equal(a.Certificate()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCreatedOnce: of programs that make the authority at a time, all get the same.
func TestCreatedOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	made := make(chan *Authority, 8)
	for range cap(made) {
		go func() {
			a, _, err := LoadOrCreate(dir)
			if err != nil {
				t.Error(err)
			}
			made <- a
		}()
	}
	first := <-made
	for range cap(made) - 1 {
		if a := <-made; a == nil || !a.Certificate().Equal(first.Certificate()) {
			t.Error("two authorities were made")
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files are left, want 2", len(entries))
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, dir := create(t)
		time.Sleep(authorityLife - 3*24*time.Hour)
		leaf, err := a.Leaf("late.test")
		if err != nil || leaf.Leaf.NotAfter.After(a.Certificate().NotAfter) {
			t.Errorf("a leaf outlives its authority: %v, %v", leaf, err)
		}
		time.Sleep(4 * 24 * time.Hour)
		if _, err := Load(dir); !errors.Is(err, ErrExpired) {
			t.Errorf("load: %v, want ErrExpired", err)
		}
		if _, created, err := LoadOrCreate(dir); err != nil || !created {
			t.Errorf("not replaced: %v, %v", created, err)
		}
	})
}

func TestLeaf(t *testing.T) {
	a, _ := create(t)
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	for _, host := range []string{"api.example.test", "127.0.0.1", "2001:db8::1", "xn--fsqu00a.test"} {
		leaf, err := a.Leaf(host)
		if err != nil {
			t.Fatal(err)
		}
		c := leaf.Leaf
		if _, err := c.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if len(c.DNSNames)+len(c.IPAddresses) != 1 || c.IsCA || c.NotAfter.Sub(c.NotBefore) > 7*24*time.Hour {
			t.Errorf("%s: names %v %v, CA %v, valid for %v", host, c.DNSNames, c.IPAddresses, c.IsCA, c.NotAfter.Sub(c.NotBefore))
		}
	}
}

func TestLeafIsKeptAndRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := create(t)
		first, err := a.Leaf("a.test")
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := a.Leaf("a.test"); again != first {
			t.Error("the second was made anew")
		}
		time.Sleep(6 * 24 * time.Hour)
		renewed, err := a.Leaf("a.test")
		if err != nil || renewed == first || time.Until(renewed.Leaf.NotAfter) < leafSpare {
			t.Errorf("after six days: renewed %v, %v", renewed != first, err)
		}
		for i := range maxLeaves + 10 {
			if a.leaves.get(strings.Repeat("x", i+1)); len(a.leaves.made) > maxLeaves {
				t.Fatalf("%d leaves are kept", len(a.leaves.made))
			}
		}
	})
}

// TestConstraints checks R9: neither we nor anybody with the key can sign for
// another name such that it is believed.
func TestConstraints(t *testing.T) {
	for name, tt := range map[string]struct {
		only   []string
		signs  []string
		denies []string
	}{
		"names":     {[]string{"api.example.test", "*.other.test"}, []string{"api.example.test", "a.other.test"}, []string{"example.test", "evil.test", "127.0.0.1", "::1"}},
		"addresses": {[]string{"10.0.0.1"}, []string{"10.0.0.1"}, []string{"10.0.0.2", "::1", "example.test"}},
	} {
		a, dir := create(t, tt.only...)
		loaded, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range tt.signs {
			if _, err := a.Leaf(host); err != nil {
				t.Errorf("%s: %s: %v", name, host, err)
			}
		}
		for _, host := range tt.denies {
			if _, err := loaded.Leaf(host); !errors.Is(err, errNotCovered) {
				t.Errorf("%s: %s: %v, want refusal", name, host, err)
			}
		}
	}
}

func TestBundle(t *testing.T) {
	a, dir := create(t)
	b, other := create(t)
	path, err := a.WriteBundle(dir, CertificatePath(other))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(data)
	both := x509.NewCertPool()
	both.AddCert(b.Certificate())
	both.AddCert(a.Certificate())
	if !pool.Equal(both) {
		t.Errorf("the bundle holds something else:\n%s", data)
	}
	if _, err := a.WriteBundle(dir, filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a base that is not there: %v", err)
	}
}
