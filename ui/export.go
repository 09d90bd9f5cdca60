package ui

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// exportMenu offers exchanges as files and the graph as a picture.
func (w *Window) exportMenu() *fyne.Menu {
	exchanges := fyne.NewMenuItem(words.T("window.export.exchanges"), w.askExport)
	exchanges.Disabled = w.frame.Total == 0
	png := fyne.NewMenuItem(words.T("window.export.png"), func() { w.exportPicture("png") })
	svg := fyne.NewMenuItem(words.T("window.export.svg"), func() { w.exportPicture("svg") })
	_, _, _, ok := w.chart()
	png.Disabled, svg.Disabled = !ok, !ok
	return fyne.NewMenu("", exchanges, fyne.NewMenuItemSeparator(), png, svg)
}

// extent is which exchanges are exported.
type extent struct {
	name string
	ids  []string
}

// extents lists what could be meant, the narrowest first.
func (w *Window) extents() []extent {
	var all []extent
	if w.session.chosen != "" {
		all = append(all, extent{words.T("window.export.chosen"), []string{w.session.chosen}})
	}
	if n := len(w.session.ticked); n > 0 {
		all = append(all, extent{words.T("window.export.ticked", words.Values{"Count": n}), w.session.ticked})
	}
	var shown []string
	for i := len(w.frame.Rows) - 1; i >= 0; i-- {
		shown = append(shown, w.frame.Rows[i].Exchange.ID)
	}
	return append(all, extent{words.T("window.export.shown", words.Values{"Count": len(shown)}), shown})
}

// formats are the files that exchanges can be written as, the usual one first.
var formats = []recording.Format{recording.HAR, recording.NDJSON, recording.CSV, recording.Text}

// suffixes are what their names end with.
var suffixes = map[recording.Format]string{recording.HAR: ".har", recording.NDJSON: ".ndjson", recording.CSV: ".csv", recording.Text: ".txt"}

// askExport asks which exchanges and as what. Credentials are masked unless the
// user takes the action that names them.
func (w *Window) askExport() {
	extents := w.extents()
	var names, kinds []string
	for _, e := range extents {
		names = append(names, e.name)
	}
	for _, format := range formats {
		kinds = append(kinds, words.T("window.export.as."+string(format)))
	}
	what := widget.NewRadioGroup(names, nil)
	what.Required, what.Selected = true, names[0]
	as := widget.NewRadioGroup(kinds, nil)
	as.Required, as.Selected = true, kinds[0]
	notice := look.NewNotice(theme.ColorNameSuccess)
	notice.Say(words.T("window.export.masked"))
	content := look.Column(8, look.Caption(words.T("window.export.what")), what, look.Caption(words.T("window.export.as")), as, notice)
	ask := dialog.NewCustomWithoutButtons(words.T("window.export.exchanges"), content, w.fyne)
	chosen := func() (extent, recording.Format) {
		return extents[indexIn(names, what.Selected)], formats[indexIn(kinds, as.Selected)]
	}
	masked := widget.NewButtonWithIcon(words.T("window.export.save"), theme.DocumentSaveIcon(), func() {
		ask.Hide()
		e, format := chosen()
		w.saveExchanges(e, format, recording.Export)
	})
	masked.Importance = widget.HighImportance
	open := widget.NewButtonWithIcon(words.T("window.export.open"), theme.WarningIcon(), func() {
		ask.Hide()
		e, format := chosen()
		w.confirmOpen(func() { w.saveExchanges(e, format, recording.ExportUnredacted) })
	})
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton(words.T("Cancel"), ask.Hide), open, masked})
	ask.Resize(fyne.NewSize(560, 0))
	ask.Show()
}

func indexIn(all []string, one string) int {
	for i, s := range all {
		if s == one {
			return i
		}
	}
	return 0
}

// confirmOpen makes sure that credentials are meant to be written.
func (w *Window) confirmOpen(then func()) {
	sure := dialog.NewConfirm(words.T("window.export.open"), words.T("window.export.open.text"), func(ok bool) {
		if ok {
			then()
		}
	}, w.fyne)
	sure.SetConfirmText(words.T("window.export.open.yes"))
	sure.SetDismissText(words.T("Cancel"))
	sure.SetConfirmImportance(widget.DangerImportance)
	sure.Show()
}

type exporter func(io.Writer, recording.Format, iter.Seq2[tunnel.Exchange, error]) error

// saveExchanges asks where and writes there, away from the user interface.
func (w *Window) saveExchanges(e extent, format recording.Format, export exporter) {
	w.askFile("streams"+suffixes[format], func(file fyne.URIWriteCloser) {
		w.footer.say(words.T("window.export.running", words.Values{"Done": 0, "All": len(e.ids)}))
		w.later(func() error {
			return write(file, func(out io.Writer) error { return export(out, format, w.exchanges(e.ids)) })
		},
			func(err error) { w.exported(file.URI().Name(), err) })
	})
}

// exchanges yields those that are still kept, and says from time to time how far
// it has come.
func (w *Window) exchanges(ids []string) iter.Seq2[tunnel.Exchange, error] {
	return func(yield func(tunnel.Exchange, error) bool) {
		said := time.Now()
		for i, id := range ids {
			if time.Since(said) > 300*time.Millisecond {
				said = time.Now()
				w.hand(func() { w.footer.say(words.T("window.export.running", words.Values{"Done": i, "All": len(ids)})) })
			}
			if w.base.Err() != nil {
				yield(tunnel.Exchange{}, w.base.Err())
				return
			}
			if ex, ok := w.cfg.Journal.Exchange(id); ok && !yield(ex, nil) {
				return
			}
		}
	}
}

func (w *Window) exported(name string, err error) {
	if err != nil {
		w.footer.say("")
		dialog.ShowInformation(words.T("window.tool.export"), words.T("window.export.failed", words.Values{"Name": name, "Reason": err.Error()}), w.fyne)
		return
	}
	w.footer.say(words.T("window.export.done", words.Values{"Name": name}))
}

// askFile asks where to save.
func (w *Window) askFile(name string, then func(fyne.URIWriteCloser)) {
	save := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		switch {
		case err != nil:
			w.exported(name, err)
		case file != nil:
			then(file)
		}
	}, w.fyne)
	save.SetFileName(name)
	save.Show()
}

// write writes a file that only its owner can read, and closes it.
func write(file fyne.URIWriteCloser, content func(io.Writer) error) error {
	if uri := file.URI(); uri.Scheme() == "file" {
		if err := os.Chmod(uri.Path(), 0o600); err != nil {
			return errors.Join(fmt.Errorf("protect %s: %w", uri.Name(), err), file.Close())
		}
	}
	return errors.Join(content(file), file.Close())
}
