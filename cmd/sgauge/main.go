// Command sgauge is Streamgauge in the terminal: a forward proxy that writes
// down when each piece of each response arrived.
//
// Output policy: results go to standard output, everything else to standard
// error. An error line begins with the command it came from; a hint, where there
// is one, follows on a line of its own. The exit code is 0 when all is well, 1
// when the answer is no, 2 when the command was given wrongly; run returns the
// code of the command it ran.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// Exit codes of our own.
const (
	exitNo     = 1
	exitMisuse = 2
)

// command is one of sgauge's.
type command struct {
	name, summary string
	run           func(args []string) error
}

func commands() []command {
	return []command{
		{"serve", "start the proxy; print a line an exchange when it ends", serve},
		{"run", "start a command with the proxy set in its environment, report at its end", run},
		{"ca", "the certificate authority with which --decrypt opens TLS connections", ca},
		{"judge", "say of recordings and HAR files who held the streams back, and what to change", judge},
		{"selftest", "measure the delay that sgauge itself adds to a stream", selfTest},
		{"demo", "show a stream that flows and one that is held back; works offline", demo},
		{"export", "turn a recording into HAR, NDJSON, CSV, text or graphs", export},
	}
}

func main() {
	err := inOurProcess(func() error { return dispatch(os.Args[1:]) })
	os.Exit(exitCode(os.Stderr, err))
}

func dispatch(args []string) error {
	if len(args) == 0 {
		return &misuse{problem: "no command given", hint: "sgauge --help lists them; sgauge demo shows what this is about"}
	}
	name := args[0]
	switch strings.TrimLeft(name, "-") {
	case "help", "h":
		if len(args) > 1 {
			return dispatch([]string{args[1], "--help"})
		}
		return overview(os.Stdout)
	case "version":
		_, err := fmt.Println("sgauge", version())
		return err
	}
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return inCommand(name, c.run(args[1:]))
		}
		names = append(names, c.name)
	}
	return &misuse{problem: fmt.Sprintf("unknown command %q", name), hint: suggest(name, names, strings.Clone)}
}

func overview(w io.Writer) error {
	var b strings.Builder
	b.WriteString("sgauge shows whether HTTP streams flow or come in one lump: a proxy that times every piece.\n\n")
	b.WriteString("usage: sgauge COMMAND [FLAGS]\n\ncommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-8s %s\n", c.name, c.summary)
	}
	b.WriteString("\nsgauge COMMAND --help tells more. Begin with: sgauge demo\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// release is the version of a package that people are given; the linker sets it.
var release string

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// misuse is a command that was given wrongly.
type misuse struct {
	command string // "" before one was chosen
	problem string
	hint    string // may be empty
}

func (m *misuse) Error() string { return m.problem }

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// failed is an error of a command.
type failed struct {
	command string
	error
}

func (f *failed) Unwrap() error { return f.error }

func inCommand(name string, err error) error {
	var m *misuse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &m):
		m.command = name
		return m
	}
	return &failed{name, err}
}

// exitStatus is the exit code of a command that was run, already explained to
// the user by itself.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// exitCode tells the user about err and returns the code for it.
func exitCode(w io.Writer, err error) int {
	var status exitStatus
	var m *misuse
	var h *hinted
	var f *failed
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp): // help was asked for and given
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &m):
		say(w, m.command, m.problem, m.hint)
		return exitMisuse
	}
	var name, hint string
	if errors.As(err, &f) {
		name = f.command
	}
	if errors.As(err, &h) {
		hint = h.hint
	}
	say(w, name, err.Error(), hint)
	return exitNo
}

// say prints a problem and, below it, what to do.
func say(w io.Writer, command, problem, hint string) {
	name := strings.TrimSpace("sgauge " + command)
	for line := range strings.SplitSeq(problem, "\n") {
		fmt.Fprintf(w, "%s: %s\n", name, line)
	}
	if hint != "" {
		fmt.Fprintf(w, "%s: hint: %s\n", name, hint)
	}
}
