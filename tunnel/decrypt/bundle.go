package decrypt

import (
	"bytes"
	"errors"
	"os"
)

const bundleFile = "bundle.pem"

// systemBundles are where systems keep the certificates they trust as one file.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
	"/etc/pki/tls/certs/ca-bundle.crt",                  // older of those
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // macOS, the BSDs
}

// ErrNoBundle means that this system has no file of the certificates it trusts.
var ErrNoBundle = errors.New("no bundle of trusted certificates on this system")

// WriteBundle writes the certificates that this system trusts and the authority's
// own into one file in dir, for programs that can be given a file instead of
// their store and none beside it. base, if not empty, is the file to add to
// instead of the system's: one the user has set already. It returns the path.
func (a *Authority) WriteBundle(dir, base string) (string, error) {
	trusted, err := systemBundle(base)
	if err != nil {
		return "", err
	}
	if err := privateDir(dir); err != nil {
		return "", err
	}
	path := BundlePath(dir)
	own := a.PEM()
	return path, writeAtomic(path, bytes.Join([][]byte{bytes.TrimSpace(trusted), own}, []byte("\n")))
}

func systemBundle(base string) ([]byte, error) {
	if base != "" {
		return os.ReadFile(base)
	}
	for _, path := range systemBundles {
		if data, err := os.ReadFile(path); err == nil {
			return data, nil
		}
	}
	return nil, ErrNoBundle
}
