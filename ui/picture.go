package ui

import (
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"

	"streamgauge/ui/detail"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// chart is the graph that the user looks at, with what to write above it.
func (w *Window) chart() (chart detail.Chart, title, subtitle string, ok bool) {
	switch {
	case w.session.compare:
		return w.side.compare.chart, words.T("window.compare.title"), words.T("window.compare.text"), true
	case w.whole(w.session.chosen) != nil:
		chart, title, subtitle = w.side.pane.Picture()
		return chart, title, subtitle, true
	case w.session.lanes:
		return w.timeline.chart, words.T("window.tool.lanes"), "", true
	}
	return nil, "", "", false
}

// frameOf is how a graph is framed in a file: in the theme that it is seen in.
func (w *Window) frameOf(title, subtitle string) graph.Picture {
	ink, _, _, _ := look.Color(theme.ColorNameForeground).RGBA()
	paper, _, _, _ := look.Color(theme.ColorNameBackground).RGBA()
	return graph.Picture{Title: title, Subtitle: subtitle, Dark: ink > paper}
}

// exportPicture saves the graph as it is shown.
func (w *Window) exportPicture(kind string) {
	chart, title, subtitle, ok := w.chart()
	if !ok {
		return
	}
	picture := w.frameOf(title, subtitle)
	draw := chart.PNG
	if kind == "svg" {
		draw = chart.SVG
	}
	data, err := draw(picture)
	if err != nil {
		dialog.ShowInformation(words.T("window.tool.export"), words.T("window.export.failed", words.Values{"Name": kind, "Reason": err.Error()}), w.fyne)
		return
	}
	w.askFile("stream."+kind, func(file fyne.URIWriteCloser) {
		w.later(func() error {
			return write(file, func(out io.Writer) error {
				_, err := out.Write(data)
				return err
			})
		}, func(err error) { w.exported(file.URI().Name(), err) })
	})
}
