package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"streamgauge/settings"
	"streamgauge/tunnel/station"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/terminal"
)

const demoAbout = `
Shows the difference that this program is made to see: on this machine alone, an
origin sends 40 events, one each 100 ms, over two hops. One passes them on, one
holds them back until the last. Both are fetched through the proxy and drawn as
they arrive. Takes about 4 seconds and needs no network.

Exit code 1 means that the labels were not the expected ones.

examples:
  sgauge demo
`

// demoColumns is the width to draw for where the destination has none: the
// pictures are what a demo is for.
const demoColumns = 100

// demoWants are the labels that the demo's paths must get, in the order in which
// they are explained.
var demoWants = []struct {
	path string
	want verdict.Label
}{
	{station.DemoHonest, verdict.Incremental},
	{station.DemoBuffering, verdict.BufferedWhole},
}

func demo(args []string) error {
	fs := newFlagSet("demo", "", demoAbout)
	if err := fs.parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return &misuse{problem: fmt.Sprintf("unexpected argument %q", fs.Arg(0)), hint: "sgauge demo takes none"}
	}
	ctx, stop := interruptible()
	defer stop()
	style := terminal.Detect(os.Stdout, os.Getenv)
	if style.Columns == 0 {
		style = terminal.Style{Columns: demoColumns, Unicode: terminal.HasUnicode(os.Getenv)}
	}
	fmt.Printf("The same %d events, one each %d ms, over two hops:\n\n", station.DemoEvents, station.DemoPace.Milliseconds())
	labels, err := playDemo(ctx, style)
	if err != nil {
		return err
	}
	fmt.Println()
	return judgeDemo(style, labels)
}

// judgeDemo says what was seen.
func judgeDemo(style terminal.Style, labels map[string]verdict.Label) error {
	for _, p := range demoWants {
		if got := labels[p.path]; got != p.want {
			return &hinted{
				fmt.Errorf("%s came out as %q, want %q", p.path, got, p.want),
				"on a machine that is very busy times are not its own; try again",
			}
		}
		fmt.Println(style.Meaning(p.want))
	}
	fmt.Printf("\nThe origin did the same both times. The second hop held the first word for %v.\n", station.DemoEvents*station.DemoPace)
	return nil
}

// playDemo shows the same stream over all paths, and returns the labels by path.
func playDemo(ctx context.Context, style terminal.Style) (map[string]verdict.Label, error) {
	g := newGauge(settings.Default(), station.Passwords{}, station.Config{ForgetBodies: true})
	watching, stop := context.WithCancel(ctx)
	defer stop()
	shown := make(chan error, 1)
	go func() { shown <- g.display(watching, os.Stdout, style) }()
	err := g.station.RunDemo(ctx)
	stop()
	if err = firstError(err, <-shown); err != nil {
		return nil, err
	}
	labels := map[string]verdict.Label{}
	ended, _, _ := g.journal.EndedSince(0)
	for _, ex := range ended {
		if u, err := url.Parse(ex.URL); err == nil {
			labels[u.Path] = verdict.Assess(&ex).Label
		}
	}
	return labels, nil
}
