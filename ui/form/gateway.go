package form

import (
	"maps"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/ui/snippet"
	"streamgauge/ui/words"
)

const fieldTargets = "targets"

// targets is the list of names and base URLs, a line each.
func targets() typed {
	return typed{
		fieldTargets,
		func(s settings.Settings) string {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
				all = append(all, name+"\t"+s.Targets[name])
			}
			return strings.Join(all, "\n")
		},
		func(s *settings.Settings, d *draft) *settings.FieldError {
			s.Targets = map[string]string{}
			for line := range strings.Lines(d.text(fieldTargets)) {
				name, base, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				if _, twice := s.Targets[name]; twice {
					return &settings.FieldError{
						Field: fieldTargets, Code: "target_twice", Problem: "has a name twice", Values: map[string]string{"Name": name},
					}
				}
				s.Targets[name] = base
			}
			return nil
		},
	}
}

// gatewayPage names origins that are reached by a base URL.
func (f *Form) gatewayPage() *page {
	p := newPage("gateway", theme.LoginIcon(), "")
	about := newProse(" ")
	p.add(about, f.linesRow(fieldTargets, false, words.T("form.targets.name"), "https://api.example/v1").object)
	p.group(words.T("form.known.title"))
	clients := container.New(column{})
	shown := ""
	f.pulls = append(f.pulls, func(s settings.Settings) {
		if shown == s.Listen {
			return
		}
		shown = s.Listen
		address := reachable(s.Listen)
		about.say(words.T("form.gateway.about", words.Values{"Address": address}), plain)
		clients.Objects = nil
		for _, c := range snippet.BaseURLs(address) {
			clients.Add(f.clientLine(c))
		}
	})
	p.add(newProse(words.T("form.known.about")), clients)
	return p
}

// clientLine is a client's name, the base URL to give it, and a button that
// copies that.
func (f *Form) clientLine(c snippet.Client) fyne.CanvasObject {
	name, url := widget.NewLabel(c.Name), widget.NewLabel(c.BaseURL)
	name.Truncation, url.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	url.TextStyle.Monospace, url.Selectable = true, true
	url.SizeName = theme.SizeNameCaptionText
	button := widget.NewButtonWithIcon("", theme.ContentCopyIcon(), func() { fyne.CurrentApp().Clipboard().SetContent(c.BaseURL) })
	button.Importance = widget.LowImportance
	return container.New(beside{}, name, container.NewBorder(nil, nil, nil, button, container.New(middle{}, url)))
}
