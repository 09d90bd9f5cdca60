package recording

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"streamgauge/tunnel"
)

// Format is a kind of file that exchanges can be written as.
type Format string

// The formats.
const (
	HAR    Format = "har"    // HTTP Archive 1.2, for browsers' tools
	NDJSON Format = "ndjson" // a recording, all there is
	CSV    Format = "csv"    // a row an exchange, for spreadsheets
	Text   Format = "text"   // a report to read
	ASCII  Format = "ascii"  // the same without block characters
)

var formats = []Format{HAR, NDJSON, CSV, Text, ASCII}

// ParseFormat returns the format of that name, in any case. Its error lists the
// choices.
func ParseFormat(name string) (Format, error) {
	if f := Format(strings.ToLower(name)); slices.Contains(formats, f) {
		return f, nil
	}
	choices := make([]string, len(formats))
	for i, f := range formats {
		choices[i] = string(f)
	}
	return "", fmt.Errorf("format %q is not one of %s", name, strings.Join(choices, ", "))
}

// Each yields exchanges as [Read] does.
func Each(exchanges []tunnel.Exchange) iter.Seq2[tunnel.Exchange, error] {
	return func(yield func(tunnel.Exchange, error) bool) {
		for _, ex := range exchanges {
			if !yield(ex, nil) {
				return
			}
		}
	}
}

// Export writes exchanges to w in that format, credentials masked, one at a
// time. At the first error of exchanges it ends the file properly and returns
// the error.
func Export(w io.Writer, format Format, exchanges iter.Seq2[tunnel.Exchange, error]) error {
	return ExportWith(w, format, exchanges, Options{})
}

// ExportWith is [Export] with options. HAR and NDJSON alone can hold bodies.
func ExportWith(w io.Writer, format Format, exchanges iter.Seq2[tunnel.Exchange, error], options Options) error {
	masked := options
	masked.Bodies = options.Bodies || format == HAR // which takes names of events from them
	return export(w, format, func(yield func(tunnel.Exchange, error) bool) {
		for ex, err := range exchanges {
			if !yield(masked.apply(ex), err) {
				return
			}
		}
	}, options.Bodies)
}

// apply returns ex without what may not leave.
func (o Options) apply(ex tunnel.Exchange) tunnel.Exchange {
	if !o.Bodies {
		ex.Body = nil
	}
	if !o.Unredacted {
		ex = Redact(ex)
		ex.Body = maskKeys(ex.Body)
	}
	return ex
}

// ExportUnredacted is [Export] with credentials as they were. It is a function
// of its own so that nobody calls it by leaving something out.
func ExportUnredacted(w io.Writer, format Format, exchanges iter.Seq2[tunnel.Exchange, error]) error {
	return ExportWith(w, format, exchanges, Options{Unredacted: true})
}

// sheet writes exchanges in one format.
type sheet interface {
	begin() error
	add(*tunnel.Exchange) error
	end() error
}

func export(out io.Writer, format Format, exchanges iter.Seq2[tunnel.Exchange, error], bodies bool) error {
	w := bufio.NewWriter(out)
	var s sheet
	switch format {
	case HAR:
		s = &harSheet{w: w, bodies: bodies}
	case NDJSON:
		s = ndjsonSheet{w}
	case CSV:
		s = newCSVSheet(w)
	case Text, ASCII:
		s = &textSheet{w: w, unicode: format == Text}
	default:
		_, err := ParseFormat(string(format))
		return err
	}
	if err := fill(s, exchanges); err != nil {
		w.Flush()
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", format, err)
	}
	return nil
}

// fill writes all exchanges up to the first error, and the end in any case.
func fill(s sheet, exchanges iter.Seq2[tunnel.Exchange, error]) error {
	if err := s.begin(); err != nil {
		return err
	}
	var failed error
	for ex, err := range exchanges {
		if err == nil {
			err = s.add(&ex)
		}
		if failed = err; err != nil {
			break
		}
	}
	if err := s.end(); failed == nil {
		return err
	}
	return failed
}

// ndjsonSheet writes a recording.
type ndjsonSheet struct{ w io.Writer }

func (s ndjsonSheet) begin() error { return nil }
func (s ndjsonSheet) end() error   { return nil }

// add writes a line. What is to be masked was masked before.
func (s ndjsonSheet) add(ex *tunnel.Exchange) error {
	return WriteLine(s.w, *ex, Options{Unredacted: true, Bodies: true})
}
