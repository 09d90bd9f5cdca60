package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/keylog"
)

// keyLog is the file that a command writes its TLS keys to.
type keyLog struct {
	file  string        // "" for none
	place *keylog.Place // ours, to be removed; nil if it is the user's
	told  bool          // the command's environment names it already
}

// keyLogFor chooses the file for a command: the one asked for, else the one its
// environment names, else, unless there is to be none, one of ours.
func keyLogFor(asked string, none bool, environ []string) (keyLog, error) {
	switch inherited := valueIn(environ, keylog.Variable); {
	case asked != "":
		return keyLog{file: asked, told: inherited == asked}, nil
	case none:
		return keyLog{}, nil
	case inherited != "":
		return keyLog{file: inherited, told: true}, nil
	}
	place, err := keylog.NewPlace()
	if err != nil {
		return keyLog{}, err
	}
	return keyLog{file: place.File(), place: place}, nil
}

func valueIn(environ []string, name string) string {
	value := ""
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// remove removes a file of ours.
func (k keyLog) remove() {
	if k.place != nil {
		if err := k.place.Remove(); err != nil {
			say(os.Stderr, "run", err.Error(), "TLS keys of the command are in "+k.file)
		}
	}
}

// environment returns environ with the file named in it, also for Node, which has
// an option instead of the variable.
func (k keyLog) environment(environ []string) []string {
	if k.file == "" || k.told {
		return environ
	}
	const node = "NODE_OPTIONS"
	options := valueIn(environ, node)
	environ = slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == keylog.Variable || name == node
	})
	if !strings.Contains(options, keylog.NodeOption) {
		options = strings.TrimSpace(options + " " + keylog.NodeOption + nodeQuoted(k.file))
	}
	return append(environ, keylog.Variable+"="+k.file, node+"="+options)
}

// nodeQuoted writes a value as NODE_OPTIONS takes it: a space needs quotes, and a
// backslash within them another one.
func nodeQuoted(s string) string {
	if !strings.ContainsAny(s, " \"\\") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

const closedRemedy = "; --decrypt HOST opens them another way"

// closedHint says what to do about tunnels that could not be looked into; "" if
// there is none.
func (k keyLog) closedHint(ended []tunnel.Exchange) string {
	closed := 0
	for _, ex := range ended {
		if ex.Kind == tunnel.KindTunnel && ex.Remark == tunnel.RemarkNoKey {
			closed++
		}
	}
	switch {
	case closed == 0:
		return ""
	case closed == 1:
		return "one tunnel stayed closed: its program does not write its TLS keys to " + keylog.Variable + closedRemedy
	}
	return fmt.Sprintf("%d tunnels stayed closed: their programs do not write their TLS keys to %s%s", closed, keylog.Variable, closedRemedy)
}
