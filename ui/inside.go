package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// explainInside says which ways there are into a tunnel, and what each costs.
func (w *Window) explainInside(host string) {
	values := words.Values{"Host": host, "Address": w.address()}
	column := look.Column(8)
	var shown dialog.Dialog
	way := func(key string, what ...fyne.CanvasObject) {
		if len(column.Objects) > 0 {
			column.Add(look.Rule())
		}
		column.Add(look.Strong(words.T(key+"title", values), theme.SizeNameSubHeadingText))
		column.Add(look.Paragraph(words.T(key+"text", values)))
		column.Add(look.Note(words.T(key+"cost", values)))
		for _, o := range what {
			column.Add(o)
		}
	}
	base := "http://" + w.address() + "/https/" + hostOnly(host) + "/"
	way("window.way.gateway.", look.CodeBlock(base, words.T("Copy"), func(text string) { w.copy(text, words.T("window.copied.url")) }))
	way("window.way.keylog.", w.toSettings("key_log", &shown))
	way("window.way.decrypt.", w.toSettings("decrypt", &shown))
	scroll := container.NewVScroll(look.Inset(4, 4, 2, 12, column))
	scroll.SetMinSize(fyne.NewSize(640, 500))
	shown = dialog.NewCustom(words.T("window.way.title", values), words.T("window.action.close"), scroll, w.fyne)
	shown.Show()
}

// showRowMenu offers what can be done with one exchange.
func (w *Window) showRowMenu(id string, at fyne.Position) {
	ex, ok := w.cfg.Journal.Exchange(id)
	if !ok {
		return
	}
	items := []*fyne.MenuItem{
		fyne.NewMenuItem(words.T("window.row.curl"), func() { w.copyRequest(id) }),
		fyne.NewMenuItem(words.T("window.row.url"), func() {
			shown := recording.Redact(tunnel.Exchange{URL: ex.URL})
			w.copy(recording.Visible(shown.URL), words.T("window.copied.address"))
		}),
		fyne.NewMenuItem(words.T("window.row.host"), func() { w.tools.filter.SetText("host:" + hostOnly(recording.Visible(ex.Host))) }),
	}
	if ex.Kind == tunnel.KindTunnel {
		items = append(items, fyne.NewMenuItem(words.T("window.inside.how"), func() { w.explainInside(recording.Visible(ex.Host)) }))
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.fyne.Canvas(), at)
}

// toSettings is a button that leads to a field of the settings.
func (w *Window) toSettings(field string, from *dialog.Dialog) fyne.CanvasObject {
	if w.cfg.OpenSettings == nil {
		return look.Note(words.T("window.way.settings.none"))
	}
	return container.NewHBox(widget.NewButtonWithIcon(words.T("window.settings"), theme.SettingsIcon(), func() {
		(*from).Hide()
		w.cfg.OpenSettings(field)
	}))
}

// hostOnly leaves out the port that HTTPS has anyway.
func hostOnly(host string) string {
	const port = ":443"
	if len(host) > len(port) && host[len(host)-len(port):] == port {
		return host[:len(host)-len(port)]
	}
	return host
}
