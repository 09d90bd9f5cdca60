package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"streamgauge/tunnel/recording"
	"streamgauge/ui/terminal"
)

const exportAbout = `
Reads a recording (as serve --record and run --record write it; - is standard
input), or what judge reads besides, and writes it as har (HTTP Archive 1.2, for browsers' tools), ndjson, csv
(a row an exchange; times in ms, sizes in bytes), text (a report to read), or svg
or png (graphs: what had come over time, and each arrival; the first dozen
exchanges). Credentials are masked in what is written.

examples:
  sgauge export streams.ndjson --as har -o streams.har
  sgauge export --as csv streams.ndjson > streams.csv
  sgauge export --as svg streams.ndjson -o streams.svg
`

func export(args []string) error {
	fs := newFlagSet("export", "FILE --as FORMAT [-o OUT]", exportAbout)
	as := fs.String("as", "", "`FORMAT` to write: har, ndjson, csv, text, ascii (text without block characters), svg or png")
	dark := fs.Bool("dark", false, "draw svg and png on a dark ground")
	bodies := fs.Bool("bodies", false, "write the bodies too that were recorded with --record-bodies; har and ndjson only")
	out := fs.String("o", "", "`FILE` to write, readable by you alone, instead of standard output")
	files, err := fs.parseMixed(args)
	if err != nil {
		return err
	}
	switch {
	case len(files) != 1:
		return &misuse{problem: fmt.Sprintf("one file is read at a time, not %d", len(files)), hint: "sgauge export streams.ndjson --as har"}
	case *as == "":
		return &misuse{problem: "no format given", hint: "--as har, ndjson, csv, text, svg or png"}
	}
	picture := strings.ToLower(*as)
	if isPicture(picture) {
		return convert(files[0], *out, func(w io.Writer, in io.Reader) error {
			return exportPicture(w, picture, files[0], in, *dark)
		})
	}
	format, err := recording.ParseFormat(*as)
	if err != nil {
		return &misuse{problem: err.Error() + ", svg, png", hint: "sgauge export --help explains them"}
	}
	if format == recording.Text && *out == "" && !terminal.HasUnicode(os.Getenv) {
		format = recording.ASCII
	}
	return convert(files[0], *out, func(w io.Writer, in io.Reader) error {
		return recording.ExportWith(w, format, recording.Read(in, files[0]), recording.Options{Bodies: *bodies})
	})
}

// convert opens what to read and where to write, and has the one written as the
// other.
func convert(from, to string, write func(io.Writer, io.Reader) error) error {
	in, err := openRecording(from)
	if err != nil {
		return err
	}
	defer in.Close()
	w, done, err := create(to)
	if err != nil {
		return err
	}
	err = write(w, in)
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
