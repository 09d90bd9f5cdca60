package ui

import (
	"errors"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/form"
	"streamgauge/ui/words"
)

// direct is how no upstream is written.
const direct = "direct"

func upstreamName(upstream string) string {
	if upstream == direct || upstream == "" {
		return words.T("window.upstream.direct")
	}
	return upstream
}

// upstreams is the menu of those to choose from.
func (h *header) upstreams() *fyne.Menu {
	w := h.window
	choices := []string{direct}
	if w.cfg.Upstreams != nil {
		choices = append(choices, w.cfg.Upstreams()...)
	}
	inForce := func(choice string) bool { return isUpstream(choice, w.state.Upstream) }
	if !slices.ContainsFunc(choices, inForce) {
		choices = append(choices, w.state.Upstream)
	}
	var items []*fyne.MenuItem
	for i, choice := range choices {
		if choice == "" || slices.Contains(choices[:i], choice) {
			continue
		}
		item := fyne.NewMenuItem(upstreamName(choice), func() { w.setUpstream(choice) })
		item.Checked = i == slices.IndexFunc(choices, inForce)
		items = append(items, item)
	}
	items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(words.T("window.upstream.other"), w.askUpstream))
	if w.cfg.OpenSettings != nil {
		items = append(items, fyne.NewMenuItem(words.T("window.upstream.test"), func() { w.cfg.OpenSettings("upstream") }))
	}
	return fyne.NewMenu("", items...)
}

// isUpstream reports whether a choice, which may have a user name, is the path
// that a state names without.
func isUpstream(choice, path string) bool {
	up, err := tunnel.ParseUpstream(choice)
	return err == nil && up.String() == path
}

// setUpstream has everything go another way. Streams in flight keep theirs.
func (w *Window) setUpstream(upstream string) {
	w.later(func() error { return w.cfg.Station.SetUpstream(upstream) }, func(err error) {
		if err != nil {
			dialog.ShowInformation(words.T("window.upstream"), words.T("window.upstream.refused", words.Values{"Reason": reason(err)}), w.fyne)
		}
		w.setState(w.cfg.Station.State())
	})
}

// askUpstream asks for one that was not used before.
func (w *Window) askUpstream() {
	entry := widget.NewEntry()
	entry.SetPlaceHolder("socks5://127.0.0.1:1080")
	entry.Validator = func(text string) error {
		_, err := tunnel.ParseUpstream(text)
		return sayUpstream(err)
	}
	item := widget.NewFormItem(words.T("window.upstream"), entry)
	item.HintText = words.T("window.upstream.hint")
	form := dialog.NewForm(words.T("window.upstream.other"), words.T("window.upstream.use"), words.T("Cancel"), []*widget.FormItem{item}, func(ok bool) {
		if ok {
			w.setUpstream(entry.Text)
		}
	}, w.fyne)
	form.Resize(fyne.NewSize(520, 0))
	form.Show()
	w.fyne.Canvas().Focus(entry)
}

// sayUpstream says in the language of the window which part is wrong.
func sayUpstream(err error) error {
	var malformed *tunnel.UpstreamError
	if !errors.As(err, &malformed) {
		return err
	}
	return errors.New(words.T("window.upstream.wrong."+malformed.Part, words.Values{"Word": malformed.Word}))
}

// reason is an error as a person reads it. Where a password is missing it says
// where to give it, as nothing here asks for one.
func reason(err error) string {
	for _, missing := range []error{tunnel.ErrUpstreamNeeds, settings.ErrNoSecret, settings.ErrNoKeyring} {
		if errors.Is(err, missing) {
			return words.T("window.problem.password")
		}
	}
	return form.Reason(err)
}

// gap is so much empty room.
func gap(width float32) fyne.CanvasObject {
	return container.NewGridWrap(fyne.NewSize(width, 1))
}
