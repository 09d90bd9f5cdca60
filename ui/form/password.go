package form

import (
	"errors"
	"os"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// The two passwords: that which programs give to us and that which we give to
// the upstream.
const (
	listenPassword = iota
	upstreamPassword
)

var (
	passwordFields    = [2]string{"listen_password", "upstream_password"}
	passwordVariables = [2]string{settings.EnvListenPassword, settings.EnvUpstreamPassword}
)

// password is one that is typed, and how the one in force is kept.
type password struct {
	text    string
	account string // that the status is about
	status  keeping
	// problem is why the keyring did not take the one that was typed.
	problem string
}

// keeping is where the password in force is.
type keeping int

const (
	unknown   keeping = iota
	stored            // in the keyring, or in memory where there is none
	variable          // in an environment variable, which wins
	missing           // nowhere
	homeless          // nowhere, and no keyring answers
	untilExit         // in memory, for no keyring answers
)

// account is the name in the keyring for what s says, or "" where no password
// is asked for.
func account(which int, s settings.Settings) string {
	if which == listenPassword {
		if s.ListenUser == "" {
			return ""
		}
		return settings.ListenAccount(s.ListenUser)
	}
	up, err := tunnel.ParseUpstream(s.Upstream)
	if err != nil || up.User == "" || up.Scheme == tunnel.SOCKS4A {
		return ""
	}
	return settings.UpstreamAccount(up)
}

// passwordRow is the row in which a password is typed.
func (f *Form) passwordRow(which int) *row {
	entry := widget.NewPasswordEntry()
	entry.SetText(f.passwords[which].text)
	entry.OnChanged = func(text string) {
		if f.filling {
			return
		}
		f.passwords[which].text, f.passwords[which].problem, f.refused = text, "", ""
		f.review()
	}
	entry.OnSubmitted = func(string) { f.apply() }
	f.pulls = append(f.pulls, func(settings.Settings) {
		if entry.Text != f.passwords[which].text {
			entry.SetText(f.passwords[which].text)
		}
	})
	forget := widget.NewButtonWithIcon("", theme.DeleteIcon(), func() { f.forget(which) })
	forget.Importance = widget.LowImportance
	name := passwordFields[which]
	r := newRow(words.T("form.field."+name), container.NewBorder(nil, nil, nil, forget, entry), "")
	f.rows[name] = r
	f.pulls = append(f.pulls, func(settings.Settings) { f.reviewForget(forget, which) })
	return r
}

// reviewForget offers to forget only what is kept.
func (f *Form) reviewForget(button *widget.Button, which int) {
	status := f.passwords[which].status
	if status == stored || status == untilExit {
		button.Show()
	} else {
		button.Hide()
	}
}

// reviewPasswords says of each password where it is.
func (f *Form) reviewPasswords(next settings.Settings) {
	for which := range f.passwords {
		text, importance := f.sayPassword(which, account(which, next))
		f.rows[passwordFields[which]].say(text, importance)
	}
}

func (f *Form) sayPassword(which int, account string) (string, tone) {
	p := &f.passwords[which]
	values := words.Values{"Variable": passwordVariables[which]}
	switch {
	case p.problem != "":
		return p.problem, alarm
	case account == "" && p.text != "":
		return words.T("form.password.user"), caution
	case account == "":
		return words.T("form.password.none"), quiet
	case p.text != "":
		return words.T("form.password.typed"), quiet
	case p.account != account:
		return words.T("form.password.other"), quiet
	}
	switch p.status {
	case stored:
		return words.T("form.password.stored"), quiet
	case variable:
		return words.T("form.password.variable", values), quiet
	case missing:
		return words.T("form.password.missing"), caution
	case homeless:
		return words.T("form.password.homeless", values), caution
	case untilExit:
		return words.T("form.password.until_exit", values), caution
	}
	return words.T("form.password.asking"), quiet
}

// lookUpPasswords asks where the passwords in force are.
func (f *Form) lookUpPasswords() {
	s := f.draft.base
	for which := range f.passwords {
		account := account(which, s)
		if p := &f.passwords[which]; p.account != account {
			p.account, p.status = account, unknown
		}
		if account == "" {
			continue
		}
		f.background(func() func() {
			status := f.lookUp(which, account)
			return func() {
				if p := &f.passwords[which]; p.account == account && (p.status != untilExit || status != stored) {
					p.status = status
				}
				f.fill()
			}
		})
	}
}

// lookUp may take seconds.
func (f *Form) lookUp(which int, account string) keeping {
	if os.Getenv(passwordVariables[which]) != "" {
		return variable
	}
	password, err := f.config.Secrets.Get(account)
	switch {
	case err == nil && password != "":
		return stored
	case err == nil, errors.Is(err, settings.ErrNoSecret):
		return missing
	}
	return homeless
}

// forget takes a password out of the keyring.
func (f *Form) forget(which int) {
	account := f.passwords[which].account
	f.background(func() func() {
		err := f.config.Secrets.Delete(account)
		return func() {
			p := &f.passwords[which]
			if err != nil {
				p.problem = words.T("form.password.refused", words.Values{"Reason": err.Error()})
			} else {
				p.status = unknown
			}
			f.lookUpPasswords()
			f.passwordChanged()
			f.review()
		}
	})
}

func (f *Form) passwordChanged() {
	if f.config.PasswordChanged != nil {
		f.config.PasswordChanged()
	}
}
