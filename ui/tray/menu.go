package tray

import (
	"runtime"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/words"
)

// maxLatest is how many exchanges the menu names.
const maxLatest = 3

// entry is one line of the menu; the zero value is a line between groups.
type entry struct {
	label  string
	ticked bool
	quit   bool
	// subject is what the action is about, so that a menu that reads the same but
	// does something else is made anew.
	subject string
	action  func()
}

// reads reports whether two entries say and do the same.
func (e entry) reads(other entry) bool {
	return e.label == other.label && e.ticked == other.ticked && e.quit == other.quit && e.subject == other.subject
}

func (e entry) item() *fyne.MenuItem {
	if e.label == "" {
		return fyne.NewMenuItemSeparator()
	}
	item := fyne.NewMenuItem(plain(e.label, runtime.GOOS), e.action)
	item.Checked, item.IsQuit = e.ticked, e.quit
	return item
}

// plain doubles the character that marks the next one as a shortcut in the menus
// of the system: host names have underscores.
func plain(label, system string) string {
	switch system {
	case "windows":
		return strings.ReplaceAll(label, "&", "&&")
	case "darwin":
		return label
	}
	return strings.ReplaceAll(label, "_", "__")
}

// entries is the whole menu.
func (t *Tray) entries(v View) []entry {
	groups := [][]entry{
		{t.proxy(v.State)},
		t.upstreams(v), t.blocks(v.Blocks), t.latest(v.Latest),
		{
			{label: words.T("tray.open"), action: t.actions.Open},
			{label: words.T("tray.settings"), action: t.actions.Settings},
		},
		// Fyne adds a Quit of its own unless the last one says that it is one.
		{{label: words.T("tray.quit"), quit: true, action: t.actions.Quit}},
	}
	var all []entry
	for _, group := range groups {
		if len(group) > 0 && len(all) > 0 {
			all = append(all, entry{})
		}
		all = append(all, group...)
	}
	return all
}

func (t *Tray) proxy(s tunnel.State) entry {
	e := entry{ticked: s.On, action: func() { t.actions.SetOn(!s.On) }}
	switch {
	case s.On:
		e.label = words.T("tray.proxy.on", words.Values{"Address": s.Address})
	case s.Err != nil:
		e.label = words.T("tray.proxy.failed", words.Values{"Address": s.Address})
	default:
		e.label = words.T("tray.proxy.off")
	}
	return e
}

func (t *Tray) upstreams(v View) []entry {
	inUse := slices.IndexFunc(v.Upstreams, func(up string) bool {
		parsed, err := tunnel.ParseUpstream(up) // which may have a user name
		return err == nil && parsed.String() == v.State.Upstream
	})
	var all []entry
	for i, up := range v.Upstreams {
		e := entry{subject: up, action: func() { t.actions.SetUpstream(up) }}
		e.label = up
		if up == "direct" {
			e.label = words.T("tray.direct")
		}
		if e.ticked = i == inUse; e.ticked {
			key := "tray.upstream.used"
			if v.State.On && v.State.Health.Err != nil {
				key = "tray.upstream.down"
			}
			e.label = words.T(key, words.Values{"Upstream": e.label})
		} else {
			e.label = words.T("tray.upstream.other", words.Values{"Upstream": e.label})
		}
		all = append(all, e)
	}
	return all
}

func (t *Tray) blocks(blocks []Block) []entry {
	var all []entry
	for _, b := range blocks {
		all = append(all, entry{
			label: words.T("tray.copy", words.Values{"Name": b.Name}), subject: b.Text,
			action: func() { t.actions.Copy(b.Text) },
		})
	}
	return all
}

// marks are the signs of the labels, those of the terminal program: menus show
// text alone.
var marks = map[verdict.Label]string{
	verdict.Incremental: "✓", verdict.Bursty: "≈", verdict.Coalesced: "≡", verdict.Stalled: "‖",
	verdict.BufferedWhole: "✗", verdict.Truncated: "!", verdict.NotAStream: "–", verdict.TooShort: "?",
}

func (t *Tray) latest(latest []Latest) []entry {
	var all []entry
	for _, l := range latest {
		if l.Label == verdict.None || len(all) == maxLatest {
			continue
		}
		values := words.Values{
			"Verdict": marks[l.Label] + " " + words.T("verdict.label."+string(l.Label)), "Host": shorten(l.Host), "Layer": l.Layer,
		}
		e := entry{subject: l.ID, action: func() { t.actions.OpenExchange(l.ID) }}
		if l.Layer == "" {
			e.label = words.T("tray.latest", values)
		} else {
			e.label = words.T("tray.latest.suspect", values)
		}
		all = append(all, e)
	}
	return all
}

// shorten keeps a menu from growing as wide as the screen.
func shorten(host string) string {
	const widest = 40 // characters
	if r := []rune(host); len(r) > widest {
		return string(r[:widest-1]) + "…"
	}
	return host
}
