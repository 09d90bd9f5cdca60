package form

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

const fieldDecrypt = "decrypt"

// hosts is the list of hosts to open, a line each, those that are switched off
// behind their mark.
func hosts() typed {
	return typed{
		fieldDecrypt,
		func(s settings.Settings) string {
			all := slices.Clone(s.Decrypt)
			for _, host := range s.DecryptOff {
				all = append(all, offMark+host)
			}
			return strings.Join(all, "\n")
		},
		func(s *settings.Settings, d *draft) *settings.FieldError {
			s.Decrypt, s.DecryptOff = nil, nil
			seen := map[string]bool{}
			for line := range strings.Lines(d.text(fieldDecrypt)) {
				host, off := strings.CutPrefix(strings.TrimSpace(line), offMark)
				if seen[host] {
					return &settings.FieldError{
						Field: fieldDecrypt, Code: "decrypt_twice", Problem: "has a host twice", Values: map[string]string{"Name": host},
					}
				}
				seen[host] = true
				if off {
					s.DecryptOff = append(s.DecryptOff, host)
				} else {
					s.Decrypt = append(s.Decrypt, host)
				}
			}
			return nil
		},
	}
}

// httpsPage is the ways to see inside HTTPS, the gentlest first.
func (f *Form) httpsPage() *page {
	p := newPage("https", theme.VisibilityIcon(), words.T("form.https.about"))
	p.group(words.T("form.keylog.title"))
	p.add(f.switchRow("key_log", func(s *settings.Settings) *bool { return &s.KeyLog }).object)
	p.group(words.T("form.ca.title"))
	p.add(newProse(words.T("form.ca.about")), f.linesRow(fieldDecrypt, true, "api.example.com").object)
	if f.config.Authority != nil {
		p.add(f.authority()...)
	}
	return p
}

// authorityLimit is how long installing may take: a system may ask its user.
const authorityLimit = 2 * time.Minute

// ca is what is known of our own certificate authority and what is done to it.
type ca struct {
	status AuthorityStatus
	known  bool
	busy   bool
	// told is what was done last, or why it was not.
	told string
	tone tone
	show func()
}

// authority is how our CA stands and what can be done about it. What changes the
// system is asked about first.
func (f *Form) authority() []fyne.CanvasObject {
	status := newProse(" ")
	create := widget.NewButtonWithIcon(words.T("form.ca.create"), theme.ContentAddIcon(), func() {
		f.onAuthority(func(context.Context) ([]string, error) { return nil, f.config.Authority.Create() })
	})
	install := widget.NewButtonWithIcon(words.T("form.ca.install"), theme.DownloadIcon(), func() {
		f.confirm("form.ca.install", "form.ca.install.ask", func() { f.onAuthority(f.config.Authority.Install) })
	})
	remove := widget.NewButtonWithIcon(words.T("form.ca.remove"), theme.DeleteIcon(), func() {
		f.confirm("form.ca.remove", "form.ca.remove.ask", func() { f.onAuthority(f.config.Authority.Remove) })
	})
	path := widget.NewButtonWithIcon(words.T("form.ca.path"), theme.ContentCopyIcon(), func() {
		fyne.CurrentApp().Clipboard().SetContent(f.ca.status.Path)
	})
	buttons := container.NewHBox(create, install, path, remove)
	r := newRow(words.T("form.ca.field"), container.New(column{gap: theme.Padding()}, status, buttons), words.T("form.ca.hint"))
	f.ca.show = func() {
		status.say(f.sayAuthority())
		show(create, f.ca.known && !f.ca.status.Exists)
		for _, b := range []*widget.Button{install, path, remove} {
			show(b, f.ca.known && f.ca.status.Exists)
		}
		for _, b := range []*widget.Button{create, install, remove} {
			enable(b, !f.ca.busy)
		}
		r.say(f.ca.told, f.ca.tone)
		f.settle()
	}
	return []fyne.CanvasObject{r.object}
}

// sayAuthority says how our CA stands.
func (f *Form) sayAuthority() (string, tone) {
	s := f.ca.status
	values := words.Values{"Expires": s.Expires.Format(time.DateOnly), "Trusted": strings.Join(s.Trusted, words.T("form.comma"))}
	switch {
	case f.ca.busy:
		return words.T("form.ca.busy"), plain
	case !f.ca.known:
		return words.T("form.ca.asking"), quiet
	case !s.Exists:
		return words.T("form.ca.none"), plain
	case !s.Expires.After(time.Now()):
		return words.T("form.ca.expired", values), alarm
	case len(s.Trusted) == 0:
		return words.T("form.ca.untrusted", values), caution
	}
	return words.T("form.ca.trusted", values), good
}

// show lets an object be seen or not.
func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}

// confirm asks before something of the system is changed.
func (f *Form) confirm(what, question string, then func()) {
	text := container.New(measure{controlWidth}, newProse(words.T(question)))
	dialog.ShowCustomConfirm(words.T(what), words.T(what), words.T("Cancel"), text, func(yes bool) {
		if yes {
			then()
		}
	}, f.window)
}

// onAuthority does something to our CA and tells what was done.
func (f *Form) onAuthority(do func(context.Context) ([]string, error)) {
	if f.ca.busy {
		return
	}
	f.ca.busy, f.ca.told = true, ""
	f.ca.show()
	f.background(func() func() {
		ctx, cancel := context.WithTimeout(f.ctx, authorityLimit)
		defer cancel()
		done, err := do(ctx)
		return func() {
			f.ca.busy, f.ca.tone = false, quiet
			f.ca.told = strings.Join(done, "\n")
			if err != nil {
				f.ca.told, f.ca.tone = words.T("form.refused", words.Values{"Reason": err.Error()}), alarm
			}
			f.lookUpAuthority()
		}
	})
}

// expectAuthority looks for the CA that the proxy makes when the first host is
// listed.
func (f *Form) expectAuthority() {
	if f.config.Authority != nil && f.ca.known && !f.ca.status.Exists && len(f.draft.base.Decrypt) > 0 {
		f.lookUpAuthority()
	}
}

// lookUpAuthority asks how our CA stands.
func (f *Form) lookUpAuthority() {
	f.background(func() func() {
		status, err := f.config.Authority.Status()
		return func() {
			f.ca.status, f.ca.known = status, err == nil
			if err != nil {
				f.ca.told, f.ca.tone = words.T("form.refused", words.Values{"Reason": err.Error()}), alarm
			}
			f.ca.show()
		}
	})
}
