package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/terminal"
)

const runAbout = `
Starts COMMAND with a proxy of its own, on a free port unless --listen says
otherwise, and reports on standard error when it has ended: a line for each
exchange, the worst stream first, what the labels mean, and of the worst that
was held back why, who is suspected of it, and what to change.

The command gets HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NODE_USE_ENV_PROXY set,
the first three in lower case too. NO_PROXY stays as it is. A program that does
not look at them is not seen. The upstream comes from --upstream or the settings,
never from the proxy variables that were set before.

HTTPS is looked into where COMMAND writes its TLS keys down, as curl, wget,
Python, Node and browsers do when SSLKEYLOGFILE (Node: --tls-keylog) tells them
to. Both are set to a file that is removed at the end; no certificate changes.
--no-keylog leaves HTTPS closed; a SSLKEYLOGFILE that was set before is read and
left alone.

--decrypt HOST opens the connections to that host with our own authority, which
COMMAND is made to trust by SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, CURL_CA_BUNDLE
and the like; sgauge ca env shows them all.

Signals are passed on. The exit code is the command's; 128 + n if signal n ended
it, 127 if it was not found, 126 if it could not be started. INT and QUIT count
as typed in the foreground of a terminal, which sends them to both: kill -TERM.

examples:
  sgauge run -- curl -N http://example.com/events
  sgauge run --record streams.ndjson -- python3 chat.py
  sgauge run --upstream http://127.0.0.1:7890 -- npm test
`

// Exit codes for commands that do not start, as shells have them.
const (
	exitCannotStart = 126
	exitNotFound    = 127
	exitSignal      = 128 // plus its number
)

func run(args []string) error {
	fs := newFlagSet("run", "[FLAGS] -- COMMAND [ARG]...", runAbout)
	o := newOptions(fs, "a free port of 127.0.0.1")
	noKeyLog := fs.Bool("no-keylog", false, "do not ask COMMAND for its TLS keys")
	if err := fs.parse(args); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return &misuse{problem: "no command given", hint: "sgauge run -- curl -N http://example.com/events"}
	}
	keys, err := keyLogFor(o.keyLog, *noKeyLog, os.Environ())
	if err != nil {
		return err
	}
	defer keys.remove()
	o.keyLog = keys.file
	g, err := o.open("127.0.0.1:0")
	if err != nil {
		return err
	}
	if variable, value := proxyInEnvironment(); variable != "" && !o.chains() {
		say(os.Stderr, fs.Name(), variable+" is set, but does not count here",
			"to go through that proxy: --upstream "+value)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error, 1)
	go func() {
		served <- g.serve(ctx, fs.Name(), func(context.Context) error { return nil })
	}()
	own := make(chan tunnel.SelfTest, 1)
	measuring, stopTest := context.WithCancel(ctx)
	defer stopTest()
	go func() { own <- g.station.SelfTest(measuring) }()
	status := g.command(fs.Args(), keys)
	g.settle()
	if o.json || g.journal.Stats().Kept == 0 {
		stopTest() // nobody will be told
	}
	self := <-own
	stop()
	if err := <-served; err != nil {
		return err
	}
	if errors.Is(status, errNotStarted) {
		return status
	}
	err = g.report(o.json, keys)
	if !o.json && self.Err == nil {
		fmt.Fprintln(os.Stderr, selfLine(self))
	}
	return firstError(err, status)
}

// errNotStarted tells a command that could not be started from one that ended
// with the same code.
var errNotStarted = errors.New("not started")

// command runs args and returns how it ended: nil or an exitStatus.
func (g *gauge) command(args []string, keys keyLog) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	environ, err := g.authority.environment(keys.environment(childEnvironment(os.Environ(), g.url(g.password))))
	if err != nil {
		return err
	}
	cmd.Env = environ
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return cannotStart(args[0], err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				if !reachedChildToo(s) {
					_ = cmd.Process.Signal(s) // it may have ended meanwhile
				}
			case <-ended:
				return
			}
		}
	}()
	_ = cmd.Wait() // the state says more than the error
	return statusOf(cmd.ProcessState)
}

func statusOf(state *os.ProcessState) error {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return exitStatus(exitSignal + int(ws.Signal()))
	}
	if code := state.ExitCode(); code != 0 {
		return exitStatus(code)
	}
	return nil
}

// cannotStart says why, and returns the exit code of a shell.
func cannotStart(name string, err error) error {
	code, problem := exitCannotStart, err.Error()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code, problem = exitNotFound, fmt.Sprintf("%q: command not found", name)
	}
	say(os.Stderr, "run", problem, "")
	return errors.Join(errNotStarted, exitStatus(code))
}

// url is the proxy as programs are told of it, with password if they must log in.
func (g *gauge) url(password string) string {
	u := url.URL{Scheme: "http", Host: reachable(g.station.State().Address)}
	if g.user != "" {
		u.User = url.UserPassword(g.user, password)
	}
	return u.String()
}

// reachable is an address at which programs of this machine reach a listener.
func reachable(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsUnspecified() {
		return addr
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String()
}

// settle waits, for a moment at most, until what the command has left is over:
// it may have read the last byte before we have written down that it was the
// last.
func (g *gauge) settle() {
	changed, unsubscribe := g.journal.Subscribe()
	defer unsubscribe()
	patience := time.After(250 * time.Millisecond)
	for len(g.journal.Running()) > 0 {
		select {
		case <-changed:
		case <-patience:
			return
		}
	}
}

// report writes what came through the proxy to standard error.
func (g *gauge) report(asJSON bool, keys keyLog) error {
	ended, total, _ := g.journal.EndedSince(0)
	if asJSON {
		return recording.ExportWith(os.Stderr, recording.NDJSON, recording.Each(ended), g.written)
	}
	rows := make([]terminal.Row, len(ended))
	for i, ex := range ended {
		rows[i] = terminal.NewRow(ex)
	}
	err := terminal.Detect(os.Stderr, os.Getenv).Report(os.Stderr, rows, int(total))
	if closed := keys.closedHint(ended); closed != "" {
		fmt.Fprintln(os.Stderr, closed)
	}
	return err
}
