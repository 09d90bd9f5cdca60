package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"streamgauge/ui/snippet"
	"streamgauge/ui/words"
)

// copyMenu offers the lines that point programs here.
func (w *Window) copyMenu() *fyne.Menu {
	var items []*fyne.MenuItem
	for _, shell := range snippet.Shells() {
		items = append(items, fyne.NewMenuItem(shellName(shell), func() { w.copyEnvironment(shell) }))
	}
	var bases []*fyne.MenuItem
	for _, client := range snippet.BaseURLs(w.address()) {
		item := fyne.NewMenuItem(client.Name, nil)
		item.ChildMenu = w.baseMenu(client)
		bases = append(bases, item)
	}
	sub := fyne.NewMenuItem(words.T("window.copy.base"), nil)
	sub.ChildMenu = fyne.NewMenu("", bases...)
	return fyne.NewMenu("", append(items, fyne.NewMenuItemSeparator(), sub)...)
}

// baseMenu offers the base URL of a client by itself, as the line that sets its
// variable, and as lines of programs.
func (w *Window) baseMenu(client snippet.Client) *fyne.Menu {
	copies := func(text string) func() { return func() { w.copyBaseURL(client, text) } }
	items := []*fyne.MenuItem{fyne.NewMenuItem(client.BaseURL, copies(client.BaseURL)), fyne.NewMenuItemSeparator()}
	for _, shell := range snippet.Shells() {
		if line := client.Set(shell); line != "" {
			items = append(items, fyne.NewMenuItem(client.Variable+" · "+shellName(shell), copies(line)))
		}
	}
	items = append(items, fyne.NewMenuItemSeparator())
	for _, code := range client.Code {
		items = append(items, fyne.NewMenuItem(code.Language, copies(code.Text)))
	}
	return fyne.NewMenu("", items...)
}

func shellName(s snippet.Shell) string { return s.Name }

// address is where programs of this machine reach the proxy.
func (w *Window) address() string { return w.environment().Listen }

func (w *Window) environment() snippet.Env {
	if w.cfg.Environment != nil {
		return w.cfg.Environment()
	}
	return snippet.Env{Listen: w.state.Address}
}

// copyEnvironment copies the lines for a shell. Where the proxy cannot be reached
// from there as it is, it says what to change.
func (w *Window) copyEnvironment(shell snippet.Shell) {
	block := snippet.Environment(shell, w.environment())
	w.copy(block.Text, words.T("window.copied.environment", words.Values{"Name": shellName(shell)}))
	if block.NeedsListenOn == "" {
		return
	}
	values := words.Values{"Name": shellName(shell), "Address": block.NeedsListenOn}
	if w.cfg.OpenSettings == nil {
		dialog.ShowInformation(words.T("window.copy.unreachable"), words.T("window.copy.unreachable.text", values), w.fyne)
		return
	}
	ask := dialog.NewConfirm(words.T("window.copy.unreachable"), words.T("window.copy.unreachable.text", values), func(ok bool) {
		if ok {
			w.cfg.OpenSettings("listen")
		}
	}, w.fyne)
	ask.SetConfirmText(words.T("window.settings"))
	ask.SetDismissText(words.T("window.action.later"))
	ask.Show()
}

func (w *Window) copyBaseURL(client snippet.Client, text string) {
	w.copy(text, words.T("window.copied.base", words.Values{"Name": client.Name, "Variable": client.Variable}))
}

// copy puts text onto the clipboard and says so.
func (w *Window) copy(text, said string) {
	w.cfg.App.Clipboard().SetContent(text)
	w.footer.say(said)
}

// copyRequest copies the request of an exchange as a curl command, credentials
// masked.
func (w *Window) copyRequest(id string) {
	ex, ok := w.cfg.Journal.Exchange(id)
	if !ok {
		w.footer.say(words.T("window.copied.gone"))
		return
	}
	command := snippet.Curl(ex, snippet.CurlOptions{})
	if command == "" {
		w.footer.say(words.T("window.copied.none"))
		return
	}
	w.copy(command, words.T("window.copied.curl"))
}
