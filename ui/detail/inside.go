package detail

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// inside says of a tunnel what can be seen of it, and of what was seen within one
// where it came from.
type inside struct {
	actions Actions
	content *fyne.Container
	moved   func()
	notice  *look.Notice
	said    string // what the notice was made of
}

func newInside(actions Actions) *inside {
	i := &inside{actions: actions, notice: look.NewNotice(theme.ColorNamePrimary)}
	i.notice.Hide()
	i.content = look.Column(0, i.notice)
	return i
}

func (i *inside) show(s *Shown) {
	ex := &s.Exchange
	switch {
	case ex.Tunnel != "":
		i.say(ex.ID+ex.Tunnel, words.T("window.inside.of", words.Values{"Kind": words.T("window.kind." + string(ex.Kind))}),
			look.Action{Text: words.T("window.inside.outer"), Do: func() { i.actions.Choose(ex.Tunnel) }})
	case len(s.Inside) > 0:
		newest := s.Inside[0].Exchange.ID
		i.say(ex.ID+newest, remarked(words.N("window.inside.seen", len(s.Inside)), ex.Remark),
			look.Action{Text: words.T("window.inside.newest"), Do: func() { i.actions.Choose(newest) }})
	case ex.Kind == tunnel.KindTunnel:
		host := recording.Visible(ex.Host)
		i.say(ex.ID, remarked(words.T("window.inside.closed"), ex.Remark), look.Action{Text: words.T("window.inside.how"), Do: func() { i.actions.Inside(host) }})
	default:
		i.said = ""
		if i.notice.Visible() {
			i.notice.Hide()
			i.moved()
		}
	}
}

// remarked adds what is to be known of a tunnel that was to be opened.
func remarked(text string, remark tunnel.Remark) string {
	if remark == "" {
		return text
	}
	return text + " " + words.T("window.remark."+string(remark))
}

func (i *inside) say(of, text string, action look.Action) {
	if of += text; of == i.said {
		return
	}
	i.said = of
	i.notice.Say(text, action)
	i.moved()
}
