// Command streamgauge is Streamgauge on the desktop: the window, the icon in the
// tray, and the proxy behind them. It is wiring and no more.
//
// The exit code is 0 when the user quits, or when one that runs already was
// brought to the front; 1 when it cannot start; 2 when it was called wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"

	"streamgauge/settings"
	"streamgauge/settings/instance"
)

// id names the application to desktops.
const id = "io.github.streamgauge"

// Exit codes.
const (
	exitFailed = 1
	exitMisuse = 2
)

const about = `usage: streamgauge [--minimized] [--settings FILE]

Streamgauge on the desktop: a forward proxy that times every piece of every
response, with a window that draws them and an icon in the tray. If it runs
already, its window comes to the front. In a terminal: sgauge.

flags:
  --minimized
        start without the window, where there is a tray to open it from
  --settings FILE
        settings to use instead of the user's own
  --version
        print the version

examples:
  streamgauge
  streamgauge --minimized --settings ./test-settings.json
`

// options are the command line.
type options struct {
	minimized bool
	settings  string // a whole path
}

func main() {
	// net/http writes there what strange origins send, which is nobody's to read.
	log.SetOutput(io.Discard)
	os.Exit(start(os.Args[1:]))
}

func start(args []string) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(os.Stderr, "streamgauge: %v\nstreamgauge: hint: streamgauge --help lists the flags\n", err)
		return exitMisuse
	}
	if err := displayed(); err != nil {
		fmt.Fprintf(os.Stderr, "streamgauge: %v\nstreamgauge: hint: without a display there is sgauge, the program for the terminal\n", err)
		return exitFailed
	}
	d := &desktop{options: o}
	switch claim, err := claim(d.show); {
	case errors.Is(err, instance.ErrRunning):
		return 0
	case err != nil:
		// Better two of them than none.
		fmt.Fprintf(os.Stderr, "streamgauge: %v\n", err)
	default:
		defer claim.Release()
	}
	if err := d.run(); err != nil {
		fmt.Fprintf(os.Stderr, "streamgauge: %v\n", err)
		return exitFailed
	}
	return 0
}

// parse reads the command line. Help and version are printed, and are
// flag.ErrHelp.
func parse(args []string) (o options, err error) {
	fs := flag.NewFlagSet("streamgauge", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&o.minimized, "minimized", false, "")
	fs.StringVar(&o.settings, "settings", "", "")
	told := fs.Bool("version", false, "")
	err = fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(about)
	case err != nil:
	case *told:
		fmt.Println("streamgauge", version())
		err = flag.ErrHelp
	case fs.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.settings == "":
		o.settings, err = settings.DefaultPath()
	default:
		o.settings, err = filepath.Abs(o.settings)
	}
	return o, err
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

func claim(show func()) (*instance.Instance, error) {
	dir, err := instance.Dir()
	if err != nil {
		return nil, err
	}
	return instance.Claim(dir, show)
}
