package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/terminal"
)

const judgeAbout = `
Says of each exchange in the files whether it streamed, why, who is suspected of
holding it back, and what to change. It reads recordings (serve --record, run
--record), HAR files, ours and those of other programs, and hop traces, of which
it looks at what is visible only; - is standard input. What a file is tells its
content.

Most programs leave out of a HAR when the pieces of a body arrived. Such
exchanges get the label too_short, with the reason that nobody can tell; those
with the messages of EventSource or WebSocket, as Chromium writes them, are
judged by these.

With --json there is an object a line for each exchange: file, id, label, score
(0 to 1), client_limited, layers (with confidence, 0 to 1, and evidence; the
likeliest first), reasons, advice. What is not known is null.

What cannot be read is told with file, line and reason; the rest is still judged,
and the exit code is 2.

examples:
  sgauge judge streams.ndjson
  sgauge judge --json streams.har trace.ndjson
  sgauge serve --json | sgauge judge -
`

func judge(args []string) error {
	fs := newFlagSet("judge", "[--json] FILE...", judgeAbout)
	asJSON := fs.Bool("json", false, "write JSON, an object a line, instead of a report to read")
	files, err := fs.parseMixed(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &misuse{problem: "no file given", hint: "sgauge judge streams.ndjson; - is standard input"}
	}
	c := &court{out: bufio.NewWriter(os.Stdout), asJSON: *asJSON, style: terminal.Detect(os.Stdout, os.Getenv)}
	if c.style.Columns == 0 {
		c.style.Unicode = terminal.HasUnicode(os.Getenv)
	}
	for _, name := range files {
		if err := c.hear(name); err != nil {
			return err
		}
	}
	return c.close()
}

// court judges exchange after exchange.
type court struct {
	out     *bufio.Writer
	asJSON  bool
	style   terminal.Style
	heard   int // exchanges
	cutoffs verdict.Cutoffs
	failed  bool // something could not be read
}

// mostProblems is how many are told of one file: one of another sort has one in
// each line.
const mostProblems = 10

// hear judges all exchanges of a file. Its error is one of writing.
func (c *court) hear(name string) error {
	in, err := openRecording(name)
	if err != nil {
		return c.complain(err.Error())
	}
	defer in.Close()
	heard, problems := c.heard, 0
	for ex, err := range recording.Read(in, name) {
		if err == nil {
			err = c.pronounce(name, &ex)
			if name == "-" { // somebody may be waiting for it
				err = firstError(err, c.out.Flush())
			}
			if err != nil {
				return err
			}
			continue
		}
		if problems++; problems <= mostProblems {
			if err := c.complain(err.Error()); err != nil {
				return err
			}
		}
	}
	switch {
	case problems > mostProblems:
		return c.complain(fmt.Sprintf("read recording %s: %d more could not be read", name, problems-mostProblems))
	case problems == 0 && c.heard == heard:
		return c.complain(fmt.Sprintf("read recording %s: line 1: there is no exchange in it", name))
	}
	return nil
}

// complain tells what could not be read, after what was judged before it.
func (c *court) complain(problem string) error {
	c.failed = true
	err := c.out.Flush()
	say(os.Stderr, "judge", problem, "")
	return err
}

// pronounce writes what is to be said of one exchange.
func (c *court) pronounce(name string, ex *tunnel.Exchange) error {
	row := terminal.NewRow(*ex)
	row.Verdict.Further = append(row.Verdict.Further, c.habit(ex)...)
	if c.heard++; c.asJSON {
		return recording.WriteJudgement(c.out, name, &row.Exchange, &row.Verdict)
	}
	if c.heard > 1 {
		fmt.Fprintln(c.out) // an error stays with the writer until it is flushed
	}
	return c.style.Judged(c.out, row)
}

// habit is the limit that ex ran into as others of its host did before.
func (c *court) habit(ex *tunnel.Exchange) []string {
	if ex.Host == "" {
		return nil // exchanges of who knows whom
	}
	before := c.cutoffs.Found()
	c.cutoffs.Add(ex)
	for _, found := range c.cutoffs.Found() {
		if !slices.Contains(before, found) {
			return []string{found.String()}
		}
	}
	return nil
}

// close writes what only all exchanges together show.
func (c *court) close() error {
	if !c.asJSON {
		for i, line := range terminal.Cutoffs(c.cutoffs.Found()) {
			if i == 0 {
				fmt.Fprintln(c.out)
			}
			fmt.Fprintln(c.out, line)
		}
	}
	if err := c.out.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if c.failed {
		return exitStatus(exitMisuse)
	}
	return nil
}
