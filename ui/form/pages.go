package form

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

// entryRow is a row in which one line is typed.
func (f *Form) entryRow(name, placeholder string) *row {
	entry := widget.NewEntry()
	entry.SetPlaceHolder(placeholder)
	return f.typedRow(name, entry, entry)
}

// typedRow joins an entry to its field; control is the entry or what it is in.
func (f *Form) typedRow(name string, entry *widget.Entry, control fyne.CanvasObject) *row {
	entry.SetText(f.draft.text(name))
	entry.OnChanged = func(text string) { f.typed(name, text) }
	entry.OnSubmitted = func(string) { f.apply() }
	r := newRow(words.T("form.field."+name), control, hint(name))
	f.rows[name], f.entries[name] = r, entry
	return r
}

// switchRow is a row with a switch that acts at once.
func (f *Form) switchRow(name string, of func(*settings.Settings) *bool) *row {
	check := widget.NewCheck(words.T("form.field."+name), func(on bool) {
		f.set(name, func(s *settings.Settings) { *of(s) = on })
	})
	f.pulls = append(f.pulls, func(s settings.Settings) { check.SetChecked(*of(&s)) })
	return f.plainRow(name, check)
}

// plainRow is a row whose control carries the name itself.
func (f *Form) plainRow(name string, control fyne.CanvasObject) *row {
	r := newRow("", control, hint(name))
	f.rows[name] = r
	return r
}

// choiceRow is a row with one of a few choices, which acts at once.
func (f *Form) choiceRow(name string, choices []string, of func(*settings.Settings) *string) *row {
	texts := make([]string, len(choices))
	for i, choice := range choices {
		texts[i] = words.T("form.choice." + choice)
	}
	chosen := widget.NewRadioGroup(texts, func(text string) {
		if i := slices.Index(texts, text); i >= 0 {
			f.set(name, func(s *settings.Settings) { *of(s) = choices[i] })
		}
	})
	chosen.Horizontal, chosen.Required = true, true
	f.pulls = append(f.pulls, func(s settings.Settings) {
		chosen.SetSelected(texts[max(slices.Index(choices, *of(&s)), 0)])
	})
	r := newRow(words.T("form.field."+name), chosen, hint(name))
	f.rows[name] = r
	return r
}

// hint is the sentence beneath a field, or "" where its name says it all.
func hint(name string) string {
	key := "form.hint." + name
	if text := words.T(key); text != key {
		return text
	}
	return ""
}

// proxyPage is where programs find us and who may.
func (f *Form) proxyPage() *page {
	p := newPage("proxy", theme.ComputerIcon(), words.T("form.proxy.about"))
	p.add(
		f.entryRow(fieldListen, settings.DefaultListen).object,
		f.switchRow("proxy_on_start", func(s *settings.Settings) *bool { return &s.ProxyOnStart }).object,
	)
	p.group(words.T("form.who.title"))
	p.add(
		f.exposedRow().object,
		f.entryRow(fieldListenUser, words.T("form.nobody")).object,
		f.passwordRow(listenPassword).object,
	)
	if f.config.Prober != nil {
		p.group(words.T("form.self.title"))
		p.add(f.selfTest()...)
	}
	return p
}

// upstreamPage is the proxy that the user already has.
func (f *Form) upstreamPage() *page {
	p := newPage("upstream", theme.NavigateNextIcon(), words.T("form.upstream.about"))
	p.add(
		f.upstreamRow().object,
		f.entryRow(fieldUpstreamUser, words.T("form.nobody")).object,
		f.passwordRow(upstreamPassword).object,
	)
	if f.config.Prober != nil {
		p.add(f.upstreamTest()...)
	}
	p.group(words.T("form.bypass.title"))
	bypass := widget.NewMultiLineEntry()
	bypass.SetMinRowsVisible(4)
	bypass.SetPlaceHolder(".internal.example\n192.168.*\n10.0.0.0/8")
	p.add(
		f.typedRow(fieldBypass, bypass, bypass).object,
		f.switchRow("proxy_loopback", func(s *settings.Settings) *bool { return &s.ProxyLoopback }).object,
	)
	p.group(words.T("form.advanced.title"))
	p.add(f.switchRow("connect_plain", func(s *settings.Settings) *bool { return &s.ConnectPlain }).object)
	for _, name := range []string{"connect_timeout", "handshake_timeout", "dial_timeout", "tunnel_idle_timeout"} {
		p.add(f.entryRow(name, f.draft.inForce(name)).object)
	}
	return p
}

// upstreamRow takes a URL, or one of those used before.
func (f *Form) upstreamRow() *row {
	entry := widget.NewSelectEntry(nil)
	entry.SetPlaceHolder("socks5://127.0.0.1:1080")
	r := f.typedRow(fieldUpstream, &entry.Entry, entry)
	changed, before := entry.OnChanged, entry.Text
	entry.OnChanged = func(text string) {
		changed(text)
		pasted := len(text) > len(before)+1
		if before = text; pasted && !f.filling {
			f.takeCredentials()
		}
	}
	f.pulls = append(f.pulls, func(s settings.Settings) { entry.SetOptions(s.Upstreams()) })
	return r
}

// windowPage is how the program itself looks and starts.
func (f *Form) windowPage() *page {
	p := newPage("window", theme.ViewFullScreenIcon(), "")
	p.add(
		f.choiceRow("language", settings.Languages(), func(s *settings.Settings) *string { return &s.Language }).object,
		f.choiceRow("theme", settings.Themes(), func(s *settings.Settings) *string { return &s.Theme }).object,
	)
	p.group(words.T("form.start.title"))
	if f.config.Autostart != nil {
		p.add(f.autostartRow().object)
	}
	p.add(
		f.switchRow("start_minimized", func(s *settings.Settings) *bool { return &s.StartMinimized }).object,
		f.switchRow("close_to_tray", func(s *settings.Settings) *bool { return &s.CloseToTray }).object,
	)
	return p
}

// memoryPage is how much is remembered.
func (f *Form) memoryPage() *page {
	p := newPage("memory", theme.StorageIcon(), words.T("form.memory.about"))
	p.add(f.entryRow("keep_exchanges", "2000").object, f.entryRow("keep_chunks", "20000").object)
	return p
}
