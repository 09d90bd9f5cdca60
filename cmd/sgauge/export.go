package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"streamgauge/tunnel/recording"
	"streamgauge/ui/terminal"
)

const exportAbout = `
Reads a recording (as serve --record and run --record write it; - is standard
input), or what judge reads besides, and writes it as har (HTTP Archive 1.2, for browsers' tools), ndjson, csv
(a row an exchange; times in ms, sizes in bytes) or text (a report to read).
Credentials are masked in what is written.

examples:
  sgauge export streams.ndjson --as har -o streams.har
  sgauge export --as csv streams.ndjson > streams.csv
`

func export(args []string) (err error) {
	fs := newFlagSet("export", "FILE --as FORMAT [-o OUT]", exportAbout)
	as := fs.String("as", "", "`FORMAT` to write: har, ndjson, csv, text or ascii (text without block characters)")
	out := fs.String("o", "", "`FILE` to write, readable by you alone, instead of standard output")
	files, err := fs.parseMixed(args)
	if err != nil {
		return err
	}
	switch {
	case len(files) != 1:
		return &misuse{problem: fmt.Sprintf("one file is read at a time, not %d", len(files)), hint: "sgauge export streams.ndjson --as har"}
	case *as == "":
		return &misuse{problem: "no format given", hint: "--as har, ndjson, csv or text"}
	}
	format, err := recording.ParseFormat(*as)
	if err != nil {
		return &misuse{problem: err.Error(), hint: "sgauge export --help explains them"}
	}
	if format == recording.Text && *out == "" && !terminal.HasUnicode(os.Getenv) {
		format = recording.ASCII
	}
	in, err := openRecording(files[0])
	if err != nil {
		return err
	}
	defer in.Close()
	w, done, err := create(*out)
	if err != nil {
		return err
	}
	err = recording.Export(w, format, recording.Read(in, files[0]))
	return firstError(err, done())
}

func openRecording(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(name)
}

// create opens where to write, buffered. done ends it.
func create(name string) (w io.Writer, done func() error, err error) {
	f := os.Stdout
	if name != "" {
		if f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return nil, nil, err
		}
	}
	buffered := bufio.NewWriter(f)
	return buffered, func() error {
		err := buffered.Flush()
		if name != "" {
			err = firstError(err, f.Close())
		}
		return err
	}, nil
}
