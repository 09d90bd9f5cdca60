package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/station"
)

// options are the flags that serve and run share, joined with the settings.
type options struct {
	fs       *flagSet
	settings settings.Settings
	// set by flags only
	bypass, upstream, record, file string
	keyLog                         string // file of TLS keys
	targets                        map[string]string
	decrypt                        []string // hosts to open
	json, bodies                   bool
}

// newOptions declares the flags. listens says in the help where the command
// listens unless told otherwise.
func newOptions(fs *flagSet, listens string) *options {
	o := &options{fs: fs, settings: settings.Default()}
	s := &o.settings
	fs.StringVar(&s.Listen, "listen", s.Listen, "`ADDR` to listen on, as host:port; port 0 takes a free one.\n"+
		"Default: "+listens+". Other than loopback needs --user.")
	fs.StringVar(&o.upstream, "upstream", "", "`URL` of the proxy to chain through: direct, or\n"+
		"socks5|socks5h|socks4a|http|https://[user@]host:port.\n"+
		"Its password: "+settings.EnvUpstreamPassword+", the keyring, or asked for.")
	fs.StringVar(&o.bypass, "bypass", "", "`LIST` of destinations to dial directly, separated by commas:\n"+
		"name, .suffix, address, address/bits, each with :port if wanted.")
	fs.BoolVar(&s.ProxyLoopback, "proxy-loopback", false, "send localhost and loopback addresses through the upstream too")
	fs.BoolVar(&s.ConnectPlain, "connect-plain", false, "ask an http upstream for a tunnel for http:// requests too")
	fs.Func("target", "`NAME=URL` gives the gateway a name for a base URL: /NAME/… is URL/….\n"+
		"May be given more than once.", o.addTarget)
	fs.Func("decrypt", "`HOST` or *.suffix whose TLS connections are opened with our own authority, which\n"+
		"programs must trust: see sgauge ca. May be given more than once.", func(host string) error {
		o.decrypt = append(o.decrypt, host)
		return nil
	})
	fs.StringVar(&s.ListenUser, "user", "", "`NAME` that programs must give to use the proxy.\n"+
		"Its password: "+settings.EnvListenPassword+", the keyring, or asked for.")
	fs.StringVar(&o.record, "record", "", "`FILE` to append a recording to, a JSON object a line, redacted")
	fs.BoolVar(&o.bodies, "record-bodies", false, "with --record and --json: write the text of streamed responses too, up to 1 MiB of\n"+
		"each. It is what services and models answered, and may be private; only what looks\n"+
		"like a key is masked in it. Without this flag no body is kept.")
	fs.BoolVar(&o.json, "json", false, "write JSON, a recording, instead of lines for people")
	fs.StringVar(&o.keyLog, "keylog", "", "`FILE` to which programs write their TLS keys (SSLKEYLOGFILE): tunnels whose\n"+
		"keys appear there are opened and their requests told apart")
	fs.StringVar(&o.file, "settings", "", "`FILE` of settings instead of the user's own; flags win over it")
	return o
}

// fieldFlags are the settings that have a flag.
var fieldFlags = map[string]string{
	"listen": "listen", "listen_user": "user", "upstream": "upstream", "bypass": "bypass",
	"proxy_loopback": "proxy-loopback", "connect_plain": "connect-plain", "targets": "target", "decrypt": "decrypt",
}

// join reads the settings file and puts the flags over it. Oddities of the file
// are told on standard error, and that there is no place for one, as for a
// service without a home.
func (o *options) join(command string) (*settings.Keyring, error) {
	keyring := settings.NewKeyring()
	path, err := o.path()
	if err != nil {
		say(os.Stderr, command, err.Error()+"; the defaults are used", "--settings FILE names the settings")
		o.overlay(settings.Default())
		return keyring, o.check()
	}
	store, problems, err := settings.Open(path, keyring)
	if err != nil {
		return nil, err
	}
	for _, problem := range problems {
		if err := o.weigh(command, path, problem); err != nil {
			return nil, err
		}
	}
	o.overlay(store.Get())
	return keyring, o.check()
}

func (o *options) path() (string, error) {
	if o.file != "" {
		return o.file, nil
	}
	return settings.DefaultPath()
}

// weigh tells of a problem with the settings file, or returns it if it is about
// routing and no flag settles the matter.
func (o *options) weigh(command, path string, problem error) error {
	var field *settings.FieldError
	var unknown *settings.UnknownFieldError
	var corrupt *settings.CorruptError
	switch {
	case errors.As(problem, &field):
		if o.leavesOpen(field.Field) {
			return &misuse{
				problem: path + ": " + field.Error(),
				hint:    field.Remedy + ", or give --" + fieldFlags[field.Field],
			}
		}
		say(os.Stderr, command, path+": "+field.Error()+"; its default is used", field.Remedy)
	case errors.As(problem, &unknown):
		meant := cmp.Or(unknown.Meant, misspelt(unknown.Field, settings.Routing()))
		if o.leavesOpen(meant) {
			return &misuse{
				problem: fmt.Sprintf("%s: setting %q: unknown", path, unknown.Field),
				hint:    "write " + meant + ", or give --" + fieldFlags[meant],
			}
		}
		say(os.Stderr, command, path+": "+unknown.Error(), "")
	case errors.As(problem, &corrupt):
		say(os.Stderr, command, corrupt.Error(), "the defaults are used, with no upstream unless --upstream names one; repair that file and move it back")
	default:
		say(os.Stderr, command, problem.Error(), "")
	}
	return nil
}

// leavesOpen reports whether without this field of the file it is open which
// way traffic is to go.
func (o *options) leavesOpen(field string) bool {
	return slices.Contains(settings.Routing(), field) && !o.fs.given(fieldFlags[field])
}

// overlay takes from the file what no flag settled.
func (o *options) overlay(file settings.Settings) {
	flags := o.settings
	o.settings = file
	s := &o.settings
	take := func(name string, assign func()) {
		if o.fs.given(name) {
			assign()
		}
	}
	take("listen", func() { s.Listen = flags.Listen })
	take("user", func() { s.ListenUser = flags.ListenUser })
	take("upstream", func() { s.Upstream, _ = settings.SplitPassword(o.upstream) })
	take("bypass", func() { s.Bypass = splitList(o.bypass) })
	take("target", func() {
		if s.Targets == nil {
			s.Targets = map[string]string{}
		}
		maps.Copy(s.Targets, o.targets)
	})
	take("decrypt", func() { s.Decrypt = o.decrypt })
	take("proxy-loopback", func() { s.ProxyLoopback = flags.ProxyLoopback })
	take("connect-plain", func() { s.ConnectPlain = flags.ConnectPlain })
}

// addTarget takes one more name for the gateway.
func (o *options) addTarget(text string) error {
	name, base, found := strings.Cut(text, "=")
	if !found {
		return errors.New("want NAME=URL, e.g. lab=https://lab.example/api")
	}
	if o.targets == nil {
		o.targets = map[string]string{}
	}
	o.targets[name] = base
	return nil
}

func splitList(list string) []string {
	var entries []string
	for entry := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		entries = append(entries, entry)
	}
	return entries
}

// check turns what is wrong with the settings in force into a *misuse that
// names the flag where there is one.
func (o *options) check() error {
	err := o.settings.Validate()
	var field *settings.FieldError
	if !errors.As(err, &field) {
		return err
	}
	m := &misuse{problem: field.Error(), hint: field.Remedy}
	if name, ok := fieldFlags[field.Field]; ok {
		m.problem = strings.Replace(m.problem, "setting "+field.Field, "--"+name, 1)
		m.hint = strings.Replace(m.hint, "set listen_user", "give --user NAME", 1)
	}
	return m
}

// passwords finds those that the settings in force need: that of the flag first,
// then where passwords are kept, then by asking.
func (o *options) passwords(secrets settings.Secrets) (found station.Passwords, err error) {
	s := &o.settings
	var missing *settings.SecretError
	found.Listen, err = s.ResolveListenPassword(secrets)
	if errors.As(err, &missing) {
		found.Listen, err = ask(missing)
	}
	if err != nil {
		return found, err
	}
	found.Upstream, err = s.ResolveUpstream(secrets)
	if _, password := settings.SplitPassword(o.upstream); password != "" {
		found.Upstream.Password, err = password, nil
	}
	if errors.As(err, &missing) {
		found.Upstream.Password, err = ask(missing)
	}
	return found, err
}

// ask has the user type a password, where there is a terminal to do so.
func ask(missing *settings.SecretError) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", &misuse{problem: missing.Error(), hint: missing.Remedy}
	}
	fmt.Fprintf(os.Stderr, "password for %q: ", missing.Account)
	password, err := term.ReadPassword(fd)
	fmt.Fprintln(os.Stderr)
	if err == nil && len(password) == 0 {
		return "", &misuse{problem: missing.Error(), hint: missing.Remedy}
	}
	return string(password), err
}

// chains reports whether an upstream is in force or was refused in so many words.
func (o *options) chains() bool {
	up, err := tunnel.ParseUpstream(o.settings.Upstream)
	return o.fs.given("upstream") || err == nil && !up.IsDirect()
}
