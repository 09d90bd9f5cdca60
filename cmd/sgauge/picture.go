package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/plot"
)

// mostPictured is how many exchanges are drawn beneath each other: the pixels of
// more would take more memory than a picture is worth.
const mostPictured = 12

// isPicture reports that a format is one of pictures.
func isPicture(format string) bool { return format == "svg" || format == "png" }

// exportPicture writes the graphs of the first exchanges of in, credentials
// masked. What could not be read is the error, after what was has been drawn.
func exportPicture(w io.Writer, format, name string, in io.Reader, dark bool) error {
	sheet := plot.Sheet{Picture: plot.Picture{Title: name}}
	if dark {
		sheet.Theme = plot.Dark()
	}
	var failed error
	left := 0
	for ex, err := range recording.Read(in, name) {
		if failed = err; err != nil {
			break
		}
		if len(sheet.Of) == mostPictured {
			left++
			continue
		}
		sheet.Of = append(sheet.Of, pictured(recording.Redact(ex)))
	}
	if len(sheet.Of) == 0 {
		return firstError(failed, fmt.Errorf("read %s: there is no exchange to draw", name))
	}
	if left > 0 {
		say(os.Stderr, "export", fmt.Sprintf("the first %d exchanges are drawn, %d are not", mostPictured, left), "")
	}
	scene := sheet.Compose()
	if format == "svg" {
		return firstError(scene.SVG(w, sheet.Title), failed)
	}
	return firstError(scene.PNG(w), failed)
}

// pictured is one exchange with what is said above its graph.
func pictured(ex tunnel.Exchange) plot.SheetEntry {
	judged := recording.Judge(&ex)
	said := []string{strings.ReplaceAll(string(judged.Label), "_", " ")}
	said = append(said, judged.Reasons()...)
	series := &plot.Series{}
	series.Set(&ex, judged.Verdict, ex.Totals.Last)
	return plot.SheetEntry{
		Title:    recording.Visible(strings.TrimSpace(ex.Method + " " + ex.URL)),
		Subtitle: recording.Visible(strings.Join(said, " · ")),
		Series:   series,
	}
}
