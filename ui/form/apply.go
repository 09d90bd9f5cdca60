package form

import (
	"errors"
	"maps"
	"net/url"
	"strings"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// attempt is one press of Apply: what was typed at that moment.
type attempt struct {
	draft     *draft
	next      settings.Settings
	passwords [2]string
	// routed reports that it changes where we listen or whom we go through, so
	// that a password which is needed must be there.
	routed [2]bool
}

// outcome is what became of it.
type outcome struct {
	kept    [2]keeping // of the passwords that were typed
	problem [2]string  // beside a password
	refused string     // below the form
}

func (o *outcome) failed() bool { return o.refused != "" || o.problem != [2]string{} }

// apply puts what was typed into force, or does nothing while something is wrong.
func (f *Form) apply() {
	f.takeCredentials()
	next, wrong := f.draft.next()
	if len(f.changes()) == 0 || len(wrong) > 0 || f.applying {
		f.review()
		return
	}
	a := attempt{draft: &draft{base: f.draft.base, texts: maps.Clone(f.draft.texts), fields: f.draft.fields}, next: next}
	for which := range f.passwords {
		a.passwords[which] = f.passwords[which].text
		f.passwords[which].problem = ""
	}
	a.routed[listenPassword] = next.Listen != f.draft.base.Listen || next.ListenUser != f.draft.base.ListenUser
	a.routed[upstreamPassword] = next.Upstream != f.draft.base.Upstream
	f.applying, f.refused = true, ""
	f.review()
	f.background(func() func() {
		o := f.put(a)
		return func() { f.finish(a, o) }
	})
}

// put stores passwords first and settings after: with the settings the proxy
// asks for the passwords. It may take seconds.
func (f *Form) put(a attempt) (o outcome) {
	for which := range a.passwords {
		f.putPassword(which, a, &o)
	}
	if o.failed() {
		return o
	}
	err := f.config.Store.Update(func(s *settings.Settings) { a.draft.apply(s) })
	if err == nil {
		return o
	}
	if wrong := fieldErrors(err); len(wrong) > 0 {
		o.refused = sayError(wrong[0]) // the file has changed meanwhile
	} else {
		o.refused = words.T("form.refused", words.Values{"Reason": err.Error()})
	}
	return o
}

func (f *Form) putPassword(which int, a attempt, o *outcome) {
	account, typed := account(which, a.next), a.passwords[which]
	switch {
	case typed != "" && account == "":
		o.problem[which] = words.T("form.password.user")
	case typed != "":
		err := f.config.Secrets.Set(account, typed)
		switch {
		case err == nil:
			o.kept[which] = stored
		case errors.Is(err, settings.ErrUntilExit):
			o.kept[which] = untilExit
		case errors.Is(err, settings.ErrNoKeyring):
			o.problem[which] = words.T("form.password.homeless", words.Values{"Variable": passwordVariables[which]})
		default:
			o.problem[which] = words.T("form.password.refused", words.Values{"Reason": err.Error()})
		}
	case account != "" && a.routed[which]:
		switch f.lookUp(which, account) {
		case missing:
			o.problem[which] = words.T("form.password.needed")
		case homeless:
			o.problem[which] = words.T("form.password.homeless", words.Values{"Variable": passwordVariables[which]})
		}
	}
}

// finish shows what became of an attempt. What was typed since then stays.
func (f *Form) finish(a attempt, o outcome) {
	f.applying, f.refused = false, o.refused
	changed := false
	for which := range f.passwords {
		p := &f.passwords[which]
		p.problem = o.problem[which]
		if o.kept[which] == unknown {
			continue
		}
		changed = true
		p.account, p.status = account(which, a.next), o.kept[which]
		if p.text == a.passwords[which] {
			p.text = ""
		}
	}
	if !o.failed() {
		for name, text := range a.draft.texts {
			if f.draft.texts[name] == text {
				delete(f.draft.texts, name)
			}
		}
	}
	f.pull(f.config.Store.Get())
	f.lookUpPasswords()
	if changed {
		f.passwordChanged()
	}
}

// putField puts one typed field into force at once, if it is right, with nothing
// of the others.
func (f *Form) putField(name string) {
	text, ok := f.draft.texts[name]
	d := &draft{base: f.draft.base, texts: map[string]string{name: text}, fields: f.draft.fields}
	if _, wrong := d.next(); !ok || len(wrong) > 0 {
		return // the note says what is wrong
	}
	f.set(name, func(s *settings.Settings) { d.apply(s) })
}

// set puts one choice into force at once, with nothing of what was typed, and
// says beside it if that fails.
func (f *Form) set(name string, change func(*settings.Settings)) {
	if f.filling {
		return
	}
	delete(f.failures, name)
	f.background(func() func() {
		err := f.config.Store.Update(change)
		return func() {
			f.pull(f.config.Store.Get())
			if err != nil {
				f.refuse(name, err)
			}
		}
	})
}

// refuse says beside a switch why it did not stay where it was put.
func (f *Form) refuse(name string, err error) {
	text := words.T("form.refused", words.Values{"Reason": err.Error()})
	if wrong := fieldErrors(err); len(wrong) > 0 {
		text = sayError(wrong[0])
	}
	f.failures[name] = text
	f.review()
}

// takeCredentials moves a user name and a password out of the upstream's URL
// into the fields that are for them, so that they are neither shown nor stored
// with it.
func (f *Form) takeCredentials() {
	text := strings.TrimSpace(f.draft.text(fieldUpstream))
	up, err := tunnel.ParseUpstream(text)
	if err != nil || up.User == "" {
		return
	}
	clean := url.URL{Scheme: string(up.Scheme), Host: up.Addr()}
	f.draft.edit(fieldUpstream, clean.String())
	f.draft.edit(fieldUpstreamUser, up.User)
	if up.Password != "" {
		f.passwords[upstreamPassword].text = up.Password
	}
	f.fill()
}
