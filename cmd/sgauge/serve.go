package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"streamgauge/settings"
	"streamgauge/ui/snippet"
	"streamgauge/ui/terminal"
)

const serveAbout = `
Starts a forward proxy (HTTP, CONNECT, SOCKS5, SOCKS4 on one port) and prints a
line for each exchange when it ends: first is the time from the request to the
first payload byte, total the time to the end, size the payload (1 kB is 1,000
bytes), units the events, lines, frames or records counted in it, verdict whether
it streamed and, with a question mark, who is suspected where it came joined. On a
terminal the running ones stand below with their arrivals drawn as they come.

The same port is a gateway: http://127.0.0.1:1889/https/HOST/PATH, given to a
client as its base URL, shows what is inside https. /openai, /anthropic, /gemini,
/deepseek, /dashscope, /moonshot and /ollama stand for their public addresses.

The first line is the address: listening on 127.0.0.1:1889. An interrupt ends
the proxy and what runs through it, a second one at once.

examples:
  sgauge serve
  sgauge serve --upstream socks5://127.0.0.1:1080 --bypass .internal,10.0.0.0/8
  sgauge serve --listen 127.0.0.1:0 --record streams.ndjson
  curl -N -x http://127.0.0.1:1889 http://example.com/events
  curl -N http://127.0.0.1:1889/https/example.com/events
  sgauge serve --target lab=https://lab.example/api
`

func serve(args []string) error {
	fs := newFlagSet("serve", "[FLAGS]", serveAbout)
	o := newOptions(fs, settings.DefaultListen)
	if err := fs.parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return &misuse{problem: fmt.Sprintf("unexpected argument %q", fs.Arg(0)), hint: "to start a command with the proxy set: sgauge run -- " + strings.Join(fs.Args(), " ")}
	}
	g, err := o.open("")
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	announce := os.Stdout
	if o.json {
		announce = os.Stderr // standard output is for the recording
	}
	fmt.Fprintln(announce, "listening on", g.station.State().Address)
	style := terminal.Detect(os.Stdout, os.Getenv)
	if style.Columns > 0 && !o.json {
		g.explain(os.Stderr)
	}
	return g.serve(ctx, fs.Name(), func(ctx context.Context) error {
		if o.json {
			return g.emit(ctx, os.Stdout)
		}
		return g.display(ctx, os.Stdout, style)
	})
}

// explain writes lines to copy. Clients of models cannot log in to the gateway.
func (g *gauge) explain(w io.Writer) {
	fmt.Fprintf(w, "to use it: export HTTP_PROXY=%s HTTPS_PROXY=%[1]s\n", g.url("PASSWORD"))
	if g.user == "" {
		shell := snippet.Bash
		if runtime.GOOS == "windows" {
			shell = snippet.PowerShell
		}
		fmt.Fprintln(w, "or, to see inside https, one of these as a base URL:")
		for _, c := range snippet.BaseURLs(g.station.State().Address) {
			fmt.Fprintf(w, "  %s\n", c.Set(shell))
		}
	}
	fmt.Fprintln(w)
}

// serve runs the proxy until ctx ends, with the recording kept and the
// exchanges shown beside it until the last has ended.
func (g *gauge) serve(ctx context.Context, command string, show func(context.Context) error) error {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	beside := make(chan error, 2)
	go func() { beside <- g.keep(watching, command) }()
	go func() { beside <- show(watching) }()
	err := g.station.Serve(ctx)
	stop()
	return firstError(err, firstError(<-beside, <-beside))
}
