package form

import (
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

// autostartRow is the switch for starting at login. The system's own list says
// how it stands, for it can be changed there too.
func (f *Form) autostartRow() *row {
	const name = "start_at_login"
	check := widget.NewCheck(words.T("form.field."+name), nil)
	check.OnChanged = func(on bool) {
		if f.filling {
			return
		}
		delete(f.failures, name)
		f.background(func() func() {
			err := f.config.Autostart.Set(on)
			if err == nil {
				err = f.config.Store.Update(func(s *settings.Settings) { s.StartAtLogin = on })
			}
			return func() {
				f.pull(f.config.Store.Get())
				if err != nil {
					f.refuse(name, err)
				}
				f.lookUpAutostart()
			}
		})
	}
	f.atLogin = check
	return f.plainRow(name, check)
}

// lookUpAutostart shows what the system has written down.
func (f *Form) lookUpAutostart() {
	check := f.atLogin
	f.background(func() func() {
		on, err := f.config.Autostart.Enabled()
		return func() {
			f.filling = true
			check.SetChecked(on)
			f.filling = false
			if err != nil {
				f.refuse("start_at_login", err)
			}
		}
	})
}
