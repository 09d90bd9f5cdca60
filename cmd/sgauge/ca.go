package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"streamgauge/settings"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/truststore"
	"streamgauge/ui/snippet"
)

const caAbout = `
The certificate authority of this installation, with which --decrypt opens the
TLS connections to the hosts it names. It is made when a host is named for the
first time, or here, on this machine and for it alone; its key never leaves it.

  create    makes it; with --only it can sign for those hosts and no other
  path      prints where its certificate is
  env       prints lines that make single programs trust it, and nothing else does
  install   has this system and its browsers trust it: asks first, tells what it did
  remove    takes it out of every store and deletes the key: asks first

examples:
  sgauge ca create --only api.example.com
  eval "$(sgauge ca env)"
  curl --cacert "$(sgauge ca path)" -x http://127.0.0.1:1889 https://api.example.com/
  sgauge ca install
`

// caCommand is one word of sgauge ca with its flags.
type caCommand struct {
	fs    *flagSet
	file  string // of settings
	yes   bool
	only  []string
	shell string
	dir   string // of the authority
}

func ca(args []string) error {
	ctx := context.Background()
	c := &caCommand{fs: newFlagSet("ca", "create|path|env|install|remove [FLAGS]", caAbout)}
	c.fs.StringVar(&c.file, "settings", "", "`FILE` of settings beside which the authority is kept, instead of the user's own")
	c.fs.BoolVar(&c.yes, "yes", false, "with install and remove: do not ask")
	c.fs.Func("only", "`HOST` or *.suffix that the authority may sign for, with create;\nmay be given more than once", func(host string) error {
		c.only = append(c.only, host)
		return nil
	})
	c.fs.StringVar(&c.shell, "shell", snippet.Bash.ID, "`NAME` of the shell that env writes for: bash, fish, powershell, cmd, docker, java")
	words, err := c.fs.parseMixed(args)
	if err != nil {
		return err
	}
	actions := map[string]func() error{
		"create": c.create, "path": c.path, "env": c.env,
		"install": func() error { return c.install(ctx) },
		"remove":  func() error { return c.remove(ctx) },
	}
	if len(words) != 1 || actions[words[0]] == nil {
		return &misuse{problem: "want one of create, path, env, install, remove", hint: "sgauge ca --help explains them"}
	}
	if c.dir, err = authorityDir(c.file); err != nil {
		return err
	}
	return actions[words[0]]()
}

// authorityDir is where the authority of the settings in file is kept; "" stands
// for the user's own.
func authorityDir(file string) (string, error) {
	if file == "" {
		var err error
		if file, err = settings.DefaultPath(); err != nil {
			return "", &misuse{problem: err.Error(), hint: "--settings FILE names another place"}
		}
	}
	return filepath.Abs(decrypt.Dir(file))
}

func (c *caCommand) create() error {
	if _, err := decrypt.ParseHosts(c.only); err != nil {
		return &misuse{problem: "--only: " + err.Error()}
	}
	authority, err := decrypt.Create(c.dir, c.only)
	if errors.Is(err, decrypt.ErrExists) {
		return &hinted{err, "sgauge ca remove deletes it"}
	}
	if err != nil {
		return err
	}
	tellCreated(authority, c.dir)
	return nil
}

// tellCreated says on standard error that there is an authority now.
func tellCreated(a *decrypt.Authority, dir string) {
	fmt.Fprintf(os.Stderr, "sgauge: a certificate authority was made for this installation: %s\n", a.Certificate().Subject.CommonName)
	fmt.Fprintf(os.Stderr, "sgauge: it is valid until %s, in %s\n", a.Certificate().NotAfter.Format(time.DateOnly), decrypt.CertificatePath(dir))
}

// load returns the authority, or says how to come by one.
func (c *caCommand) load() (*decrypt.Authority, error) {
	a, err := decrypt.Load(c.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &hinted{errors.New("there is no certificate authority yet"), "sgauge ca create makes one"}
	case errors.Is(err, decrypt.ErrExpired):
		return nil, &hinted{err, "sgauge ca create makes another"}
	}
	return a, err
}

func (c *caCommand) path() error {
	if _, err := c.load(); err != nil {
		return err
	}
	fmt.Println(decrypt.CertificatePath(c.dir))
	return nil
}

func (c *caCommand) env() error {
	a, err := c.load()
	if err != nil {
		return err
	}
	certificate := decrypt.CertificatePath(c.dir)
	if c.shell == "java" {
		fmt.Println(snippet.Keytool(certificate))
		return nil
	}
	index := slices.IndexFunc(snippet.Shells(), func(s snippet.Shell) bool { return s.ID == c.shell })
	if index < 0 {
		return &misuse{problem: fmt.Sprintf("--shell %q: unknown", c.shell), hint: "one of bash, fish, powershell, cmd, docker, java"}
	}
	variables, err := authorityVariables(a, c.dir)
	if err != nil {
		return err
	}
	text := snippet.Assign(snippet.Shells()[index], variables)
	if text == "" {
		return &misuse{problem: fmt.Sprintf("--shell %q: not for this", c.shell), hint: "one of bash, fish, powershell, cmd, docker, java"}
	}
	fmt.Println(text)
	return nil
}

// authorityVariables writes the bundle, to which a file counts that the user has
// set, and returns what makes programs trust the authority.
func authorityVariables(a *decrypt.Authority, dir string) ([]snippet.Variable, error) {
	base := os.Getenv("SSL_CERT_FILE")
	if base == decrypt.BundlePath(dir) {
		base = ""
	}
	bundle, err := a.WriteBundle(dir, base)
	if err != nil && !errors.Is(err, decrypt.ErrNoBundle) {
		return nil, fmt.Errorf("write a bundle: %w", err)
	}
	return snippet.AuthorityVariables(decrypt.CertificatePath(dir), bundle), nil
}

func (c *caCommand) install(ctx context.Context) error {
	a, err := c.load()
	if err != nil {
		return err
	}
	stores := truststore.Here("sudo").Stores(a.Certificate(), decrypt.CertificatePath(c.dir))
	missing := truststore.Having(ctx, stores, false)
	if len(missing) == 0 {
		return c.nothing(stores, "trusted already")
	}
	if err := c.confirm("Programs will accept certificates that this authority makes for hosts you name.", missing, func(s truststore.Store) []truststore.Command { return s.Install }); err != nil {
		return err
	}
	return report(truststore.Install(ctx, missing))
}

// nothing says that no store needs a change.
func (c *caCommand) nothing(stores []truststore.Store, state string) error {
	if len(stores) == 0 {
		return &hinted{errors.New("no store of trusted authorities was found that can be changed"), "sgauge ca env makes single programs trust it"}
	}
	for _, s := range stores {
		fmt.Println(state+":", s)
	}
	return nil
}

func (c *caCommand) remove(ctx context.Context) error {
	certificate, err := decrypt.ReadCertificate(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return decrypt.Destroy(c.dir) // a key without a certificate
	}
	if err != nil {
		return err
	}
	stores := truststore.Here("sudo").Stores(certificate, decrypt.CertificatePath(c.dir))
	having := truststore.Having(ctx, stores, true)
	if err := c.confirm("The key is deleted. --decrypt makes another authority when it is used again.", having, func(s truststore.Store) []truststore.Command { return s.Remove }); err != nil {
		return err
	}
	if err := report(truststore.Remove(ctx, having)); err != nil {
		return &hinted{err, "the key is kept until no store trusts it any more"}
	}
	if err := decrypt.Destroy(c.dir); err != nil {
		return err
	}
	fmt.Println("deleted the key and the certificate in", c.dir)
	return nil
}

// report prints what was done, whatever failed besides.
func report(did []string, err error) error {
	for _, line := range did {
		fmt.Println(line)
	}
	return err
}

// confirm shows what is about to be run and asks, unless --yes was given.
func (c *caCommand) confirm(why string, stores []truststore.Store, commands func(truststore.Store) []truststore.Command) error {
	fmt.Fprintln(os.Stderr, why)
	for _, s := range stores {
		fmt.Fprintf(os.Stderr, "%s:\n", s)
		for _, command := range commands(s) {
			fmt.Fprintf(os.Stderr, "    %s\n", command)
		}
	}
	if c.yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return &misuse{problem: "nobody is there to be asked", hint: "--yes does it unasked"}
	}
	fmt.Fprint(os.Stderr, "Go on? [y/N] ")
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // no answer is no
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		fmt.Fprintln(os.Stderr, "Nothing was changed.")
		return exitStatus(exitNo)
	}
	return nil
}
