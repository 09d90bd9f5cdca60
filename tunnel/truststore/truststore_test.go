package truststore

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel/tunneltest"
)

func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	made, _, err := tunneltest.NewCertificate("origin.test")
	if err != nil {
		t.Fatal(err)
	}
	c := *made.Leaf
	c.Raw = []byte("always the same") // and so are the names made of it
	return &c
}

// machine is one on which files are there and programs are found.
func machine(system string, files, programs []string) Machine {
	return Machine{
		OS: system, Home: "/home/ann", Elevate: "sudo",
		Exists: func(path string) bool { return slices.Contains(files, path) },
		Look:   func(program string) bool { return slices.Contains(programs, program) },
		Glob: func(pattern string) []string {
			return slices.DeleteFunc(slices.Clone(files), func(f string) bool {
				matched, _ := filepath.Match(pattern, f)
				return !matched
			})
		},
	}
}

// listing writes stores with their commands, a line each.
func listing(stores []Store) string {
	var b strings.Builder
	for _, s := range stores {
		b.WriteString(s.String() + "\n")
		for _, c := range s.Install {
			b.WriteString("  + " + c.String() + "\n")
		}
		for _, c := range s.Remove {
			b.WriteString("  - " + c.String() + "\n")
		}
	}
	return b.String()
}

func TestStores(t *testing.T) {
	const name = "'Streamgauge test origin'"
	for title, tt := range map[string]struct {
		machine Machine
		want    string
	}{
		"debian": {
			machine("linux", []string{"/usr/local/share/ca-certificates"}, []string{"update-ca-certificates", "sudo"}),
			`system
  + sudo install -m 0644 '/c d/ca.pem' /usr/local/share/ca-certificates/streamgauge-82872b67.crt
  + sudo update-ca-certificates
  - sudo rm -f /usr/local/share/ca-certificates/streamgauge-82872b67.crt
  - sudo update-ca-certificates
`,
		},
		"fedora with browsers": {
			machine("linux", []string{"/etc/pki/ca-trust/source/anchors", "/home/ann/.mozilla/firefox/x.default/cert9.db"}, []string{"update-ca-trust", "certutil"}),
			`system
  + sudo install -m 0644 '/c d/ca.pem' /etc/pki/ca-trust/source/anchors/streamgauge-82872b67.pem
  + sudo update-ca-trust extract
  - sudo rm -f /etc/pki/ca-trust/source/anchors/streamgauge-82872b67.pem
  - sudo update-ca-trust extract
chromium (/home/ann/.pki/nssdb)
  + mkdir -p -m 0700 /home/ann/.pki/nssdb
  + certutil -d sql:/home/ann/.pki/nssdb -N --empty-password
  + certutil -d sql:/home/ann/.pki/nssdb -A -t C,, -n ` + name + ` -i '/c d/ca.pem'
  - certutil -d sql:/home/ann/.pki/nssdb -D -n ` + name + `
firefox (/home/ann/.mozilla/firefox/x.default)
  + certutil -d sql:/home/ann/.mozilla/firefox/x.default -A -t C,, -n ` + name + ` -i '/c d/ca.pem'
  - certutil -d sql:/home/ann/.mozilla/firefox/x.default -D -n ` + name + `
`,
		},
		"windows": {
			machine("windows", nil, []string{"certutil"}),
			`user
  + certutil -user -addstore Root '/c d/ca.pem'
  - certutil -user -delstore Root B8DF3CD5237BB0AD84CF5AD76B3EA2DAFC45F3F7
`,
		},
		"macos": {
			machine("darwin", nil, nil),
			`user
  + security add-trusted-cert -r trustRoot -k /home/ann/Library/Keychains/login.keychain-db '/c d/ca.pem'
  - security remove-trusted-cert '/c d/ca.pem'
  - security delete-certificate -Z B8DF3CD5237BB0AD84CF5AD76B3EA2DAFC45F3F7 /home/ann/Library/Keychains/login.keychain-db
`,
		},
		"nothing known": {machine("linux", nil, nil), ""},
	} {
		if got := listing(tt.machine.Stores(certificate(t), "/c d/ca.pem")); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", title, got, tt.want)
		}
	}
	root := machine("linux", []string{"/usr/local/share/ca-certificates"}, []string{"update-ca-certificates"})
	root.Root = true
	if first := root.Stores(certificate(t), "ca.pem")[0].Install[0]; first[0] != "install" {
		t.Errorf("root is asked for more rights: %v", first)
	}
}

// TestChange runs real commands on stores that are files.
func TestChange(t *testing.T) {
	dir := t.TempDir()
	store := func(name, target string) Store {
		return Store{
			Kind: Kind(name), Install: []Command{{"touch", target}}, Remove: []Command{{"rm", target}},
			has: func(context.Context) bool {
				_, err := os.Stat(target)
				return err == nil
			},
		}
	}
	stores := []Store{store("refuses", filepath.Join(dir, "missing", "a")), store("takes", filepath.Join(dir, "b"))}
	did, err := Install(t.Context(), stores)
	if !slices.Equal(did, []string{"added to takes"}) || err == nil || !strings.Contains(err.Error(), "refuses: touch ") {
		t.Errorf("install did %q, %v", did, err)
	}
	if did, err := Install(t.Context(), stores[1:]); len(did) > 0 || err != nil {
		t.Errorf("install again did %q, %v", did, err)
	}
	if did, err := Remove(t.Context(), stores); !slices.Equal(did, []string{"removed from takes"}) || err != nil {
		t.Errorf("remove did %q, %v", did, err)
	}
	if left := Having(t.Context(), stores, true); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if err := run(t.Context(), []Command{{filepath.Join(dir, "no-such-program")}}); err == nil {
		t.Error("a program that is not there ran")
	}
}

func TestCommandIsQuoted(t *testing.T) {
	for want, c := range map[string]Command{
		`a -b c=d /e`: {"a", "-b", "c=d", "/e"}, `a 'b c' '' 'd'\''e' '$f'`: {"a", "b c", "", "d'e", "$f"},
	} {
		if got := c.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
