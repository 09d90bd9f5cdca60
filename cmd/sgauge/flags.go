package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// flagSet is the flags of one command and its help.
type flagSet struct {
	*flag.FlagSet
	synopsis string // what follows the command's name
	about    string // what the command does, with examples
}

// longName is a flag of more than one letter in what the library complains of.
var longName = regexp.MustCompile(`^(.*(?:argument: | for | for flag ))-(\w[\w-]+)`)

func newFlagSet(name, synopsis, about string) *flagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return &flagSet{fs, synopsis, about}
}

// parse reads the flags of args. What is wrong with them is a *misuse that
// names the nearest right flag; help that was asked for is printed, and
// flag.ErrHelp returned.
func (f *flagSet) parse(args []string) error {
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(f.help())
		return err
	}
	if err == nil {
		return nil
	}
	// The library keeps the flag's name only within its message.
	if name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); unknown {
		return &misuse{problem: "unknown flag " + dashed(name), hint: suggest(name, f.names(), dashed)}
	}
	problem := longName.ReplaceAllString(err.Error(), "$1--$2")
	return &misuse{problem: problem, hint: "sgauge " + f.Name() + " --help explains the flags"}
}

// parseMixed is parse for commands whose flags may stand behind their
// arguments. It returns the arguments.
func (f *flagSet) parseMixed(args []string) ([]string, error) {
	var rest []string
	for {
		if err := f.parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
}

// dashed is a flag as people write it. The library takes either.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func (f *flagSet) names() []string {
	var names []string
	f.VisitAll(func(fl *flag.Flag) { names = append(names, fl.Name) })
	return names
}

// given reports whether the user gave the flag.
func (f *flagSet) given(name string) bool {
	given := false
	f.Visit(func(fl *flag.Flag) { given = given || fl.Name == name })
	return given
}

// help is the whole help of the command, its flags in alphabetical order.
func (f *flagSet) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: sgauge %s\n\n%s\n", strings.TrimSpace(f.Name()+" "+f.synopsis), strings.TrimSpace(f.about))
	if len(f.names()) > 0 {
		b.WriteString("\nflags:\n")
	}
	f.VisitAll(func(fl *flag.Flag) {
		value, usage := flag.UnquoteUsage(fl)
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(dashed(fl.Name)+" "+value))
		for line := range strings.SplitSeq(usage, "\n") {
			fmt.Fprintf(&b, "        %s\n", line)
		}
	})
	return b.String()
}
