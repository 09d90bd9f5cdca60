// Package truststore puts the certificate of our authority where programs look
// for authorities that they trust, and takes it out again. What it would do is
// a list of command lines, which whoever asks the user can show first; it does
// nothing that is not on the list.
//
// Known are the system's stores of Linux, the user's of Windows and macOS, and
// the NSS databases of Chromium and Firefox where NSS's certutil is there.
package truststore

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Command is a program and its arguments.
type Command []string

// String returns the command as one would type it.
func (c Command) String() string {
	words := make([]string, len(c))
	for i, word := range c {
		if words[i] = word; strings.ContainsAny(word, " \t'\"\\$&|;<>()*?[]#~%{}") || word == "" {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// Store is one place where programs look.
type Store struct {
	// Kind is one of the Kind constants, and Place the directory or file where
	// there are several of a kind; else empty.
	Kind  Kind
	Place string
	// Install and Remove are what is run, in order.
	Install, Remove []Command

	has func(context.Context) bool
}

// Kind says whose a store is.
type Kind string

// The kinds of store.
const (
	System   Kind = "system"   // of this machine: curl, wget, Python's system package, Go, OpenSSL
	User     Kind = "user"     // of this user, on Windows and macOS: browsers and most else
	Chromium Kind = "chromium" // NSS database of Chromium and Chrome
	Firefox  Kind = "firefox"  // NSS database of a profile
)

// Machine is what is looked at to find stores. The zero value is this machine.
type Machine struct {
	// OS is as [runtime.GOOS]; Home the user's directory; Root whether the user
	// may do everything.
	OS, Home string
	Root     bool
	// Elevate is the program that asks for the rights of root where they are
	// needed: sudo in a terminal, pkexec on a desktop.
	Elevate string
	// Exists reports whether a file is there, and Look finds a program; Glob is as
	// [filepath.Glob].
	Exists func(path string) bool
	Look   func(program string) bool
	Glob   func(pattern string) []string
}

// Here is the machine that this runs on; elevate is as [Machine.Elevate].
func Here(elevate string) Machine {
	home, _ := os.UserHomeDir() // without one there are no stores in it
	return Machine{
		OS: runtime.GOOS, Home: home, Root: os.Geteuid() == 0, Elevate: elevate,
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		},
		Look: func(program string) bool {
			_, err := exec.LookPath(program)
			return err == nil
		},
		Glob: func(pattern string) []string {
			found, _ := filepath.Glob(pattern) // its one error is a bad pattern
			return found
		},
	}
}

// Stores returns the stores of m into which the certificate in file can be put.
func (m Machine) Stores(certificate *x509.Certificate, file string) []Store {
	var stores []Store
	switch m.OS {
	case "windows":
		stores = append(stores, m.windows(certificate, file))
	case "darwin":
		stores = append(stores, m.darwin(certificate, file))
	default:
		stores = append(stores, m.linux(certificate, file)...)
	}
	return append(stores, m.databases(certificate, file)...)
}

// String names the store for people: "system", "firefox (DIR)".
func (s Store) String() string {
	if s.Place == "" {
		return string(s.Kind)
	}
	return string(s.Kind) + " (" + s.Place + ")"
}

// Has reports whether the certificate is in the store.
func (s Store) Has(ctx context.Context) bool { return s.has(ctx) }

// Install puts the certificate into the stores that lack it, and returns what
// was done, a line each. A store that refuses does not keep the others from it.
func Install(ctx context.Context, stores []Store) (did []string, err error) {
	return change(ctx, stores, false, func(s Store) []Command { return s.Install }, "added to ")
}

// Remove takes the certificate out of the stores that have it.
func Remove(ctx context.Context, stores []Store) (did []string, err error) {
	return change(ctx, stores, true, func(s Store) []Command { return s.Remove }, "removed from ")
}

// Having returns the stores in which the certificate is, or is not.
func Having(ctx context.Context, stores []Store, has bool) []Store {
	return slices.DeleteFunc(slices.Clone(stores), func(s Store) bool { return s.Has(ctx) != has })
}

func change(ctx context.Context, stores []Store, has bool, commands func(Store) []Command, done string) (did []string, err error) {
	for _, s := range Having(ctx, stores, has) {
		if failed := run(ctx, commands(s)); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", s, failed))
			continue
		}
		did = append(did, done+s.String())
	}
	return did, err
}

// run runs commands in order until one fails.
func run(ctx context.Context, commands []Command) error {
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, c[0], c[1:]...)
		cmd.Stdin = os.Stdin // sudo asks there for a password
		out, err := cmd.CombinedOutput()
		if err != nil {
			said := strings.TrimSpace(string(out))
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && said != "" {
				return fmt.Errorf("%s: %s", c, said)
			}
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	return nil
}

// succeeds reports whether a command, which changes nothing, succeeds.
func succeeds(c Command) func(context.Context) bool {
	return func(ctx context.Context) bool { return exec.CommandContext(ctx, c[0], c[1:]...).Run() == nil }
}

// anchors are where systems of the Linux family take further authorities from,
// and the program that looks there.
var anchors = []struct {
	dir, suffix string
	update      Command
}{
	{"/usr/local/share/ca-certificates", ".crt", Command{"update-ca-certificates"}},        // Debian, Alpine
	{"/etc/pki/ca-trust/source/anchors", ".pem", Command{"update-ca-trust", "extract"}},    // Fedora, RHEL
	{"/etc/pki/trust/anchors", ".pem", Command{"update-ca-certificates"}},                  // openSUSE
	{"/etc/ca-certificates/trust-source/anchors", ".crt", Command{"update-ca-trust"}},      // Arch
	{"/usr/share/pki/trust/anchors", ".pem", Command{"update-ca-certificates", "--fresh"}}, // older openSUSE
}

// linux is the system's store. It takes the rights of root.
func (m Machine) linux(certificate *x509.Certificate, file string) []Store {
	for _, a := range anchors {
		if !m.Exists(a.dir) || !m.Look(a.update[0]) {
			continue
		}
		target := a.dir + "/streamgauge-" + shortName(certificate) + a.suffix
		return []Store{{
			Kind:    System,
			Install: m.asRoot(Command{"install", "-m", "0644", file, target}, a.update),
			Remove:  m.asRoot(Command{"rm", "-f", target}, a.update),
			has:     func(context.Context) bool { return m.Exists(target) },
		}}
	}
	return nil
}

// asRoot puts before each command what asks for the rights of root.
func (m Machine) asRoot(commands ...Command) []Command {
	if m.Root {
		return commands
	}
	for i, c := range commands {
		commands[i] = append(Command{m.Elevate}, c...)
	}
	return commands
}

// windows is the user's own store; Windows asks the user itself.
func (m Machine) windows(certificate *x509.Certificate, file string) Store {
	thumb := thumbprint(certificate)
	return Store{
		Kind:    User,
		Install: []Command{{"certutil", "-user", "-addstore", "Root", file}},
		Remove:  []Command{{"certutil", "-user", "-delstore", "Root", thumb}},
		has:     succeeds(Command{"certutil", "-user", "-store", "Root", thumb}),
	}
}

// darwin is the login keychain; macOS asks the user itself.
func (m Machine) darwin(certificate *x509.Certificate, file string) Store {
	keychain := m.Home + "/Library/Keychains/login.keychain-db"
	return Store{
		Kind:    User,
		Install: []Command{{"security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, file}},
		Remove: []Command{
			{"security", "remove-trusted-cert", file},
			{"security", "delete-certificate", "-Z", thumbprint(certificate), keychain},
		},
		has: succeeds(Command{"security", "find-certificate", "-c", certificate.Subject.CommonName, keychain}),
	}
}

// databases are those of NSS. Chromium's is made if it is not there yet.
func (m Machine) databases(certificate *x509.Certificate, file string) []Store {
	if m.OS == "windows" || m.Home == "" || !m.Look("certutil") {
		return nil // what Windows calls certutil is another program
	}
	var stores []Store
	if m.OS != "darwin" { // Chromium asks the system there
		stores = append(stores, m.database(Chromium, m.Home+"/.pki/nssdb", certificate, file))
		if xdg := m.Home + "/.local/share/pki/nssdb"; m.Exists(xdg) {
			stores = append(stores, m.database(Chromium, xdg, certificate, file))
		}
	}
	for _, profiles := range []string{
		"/.mozilla/firefox/*", "/.config/mozilla/firefox/*", "/snap/firefox/common/.mozilla/firefox/*",
		"/.var/app/org.mozilla.firefox/.mozilla/firefox/*", "/Library/Application Support/Firefox/Profiles/*",
	} {
		for _, found := range m.Glob(m.Home + profiles + "/cert9.db") {
			stores = append(stores, m.database(Firefox, filepath.Dir(found), certificate, file))
		}
	}
	return stores
}

func (m Machine) database(kind Kind, dir string, certificate *x509.Certificate, file string) Store {
	name, database := certificate.Subject.CommonName, "sql:"+dir
	s := Store{
		Kind: kind, Place: dir,
		Remove: []Command{{"certutil", "-d", database, "-D", "-n", name}},
		has:    succeeds(Command{"certutil", "-d", database, "-L", "-n", name}),
	}
	if !m.Exists(dir + "/cert9.db") {
		s.Install = []Command{{"mkdir", "-p", "-m", "0700", dir}, {"certutil", "-d", database, "-N", "--empty-password"}}
	}
	s.Install = append(s.Install, Command{"certutil", "-d", database, "-A", "-t", "C,,", "-n", name, "-i", file})
	return s
}

// shortName tells the certificates of several users and times apart.
func shortName(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:4])
}

// thumbprint is by what Windows and macOS name a certificate: a name, not a
// safeguard, so that SHA-1 does no harm.
func thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
