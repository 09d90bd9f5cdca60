package tray

import (
	"slices"

	"fyne.io/fyne/v2"

	"streamgauge/assets"
	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/words"
)

// Host is where the icon and the menu are shown.
type Host interface {
	SetSystemTrayMenu(*fyne.Menu)
	SetSystemTrayIcon(fyne.Resource)
}

// Actions are what the entries do. They are called on the goroutine of the user
// interface and must not keep it; none may be nil.
type Actions struct {
	// SetOn switches the proxy.
	SetOn func(on bool)
	// SetUpstream takes another path, one of View.Upstreams.
	SetUpstream func(upstream string)
	// Copy puts the text of a [Block] on the clipboard.
	Copy func(text string)
	// OpenExchange shows the exchange of that ID in the window.
	OpenExchange func(id string)
	// Open shows the window, Settings the form, Quit ends the program.
	Open, Settings, Quit func()
}

// View is what the tray shows. The zero value is a proxy that is off.
type View struct {
	State tunnel.State
	// Upstreams are the paths to choose from, without passwords. Of those that
	// differ in the user name alone the first is taken for the one in force.
	Upstreams []string
	// Blocks are lines to copy, by the shell that takes them.
	Blocks []Block
	// Latest are the exchanges that ended last, the newest first; only the first
	// few are shown. The icon speaks of the first that is a stream.
	Latest []Latest
}

// Block is text for the clipboard under the name of what it is for: "bash, zsh".
type Block struct{ Name, Text string }

// Latest is one exchange that ended.
type Latest struct {
	ID    string
	Host  string
	Label verdict.Label
	// Layer is who is suspected; empty if nobody.
	Layer string
}

// Tray is one icon with its menu. It serves the goroutine of the user interface
// alone.
type Tray struct {
	host    Host
	actions Actions
	icon    assets.TrayState
	shown   []entry
}

// New puts an icon into the tray; nothing is seen before the first [Tray.Show].
func New(host Host, actions Actions) *Tray {
	return &Tray{host: host, actions: actions}
}

// Show makes icon and menu say v in the language in use, and touches neither
// where it says so already.
func (t *Tray) Show(v View) {
	if icon := iconOf(v); icon != t.icon {
		t.icon = icon
		t.host.SetSystemTrayIcon(fyne.NewStaticResource("tray-"+string(icon)+".png", assets.Tray(icon)))
	}
	entries := t.entries(v)
	if slices.EqualFunc(entries, t.shown, entry.reads) {
		return
	}
	t.shown = entries
	items := make([]*fyne.MenuItem, len(entries))
	for i, e := range entries {
		items[i] = e.item()
	}
	t.host.SetSystemTrayMenu(fyne.NewMenu(words.T("tray.title"), items...))
}

// iconOf says the worst that is true.
func iconOf(v View) assets.TrayState {
	switch {
	case !v.State.On:
		return assets.TrayOff
	case v.State.Health.Err != nil:
		return assets.TrayDown
	case lastStreamHeld(v.Latest):
		return assets.TrayBuffered
	}
	return assets.TrayOn
}

// lastStreamHeld reports whether the latest exchange that was a stream came
// joined. What is no stream says nothing about the path.
func lastStreamHeld(latest []Latest) bool {
	for _, l := range latest {
		switch l.Label {
		case verdict.BufferedWhole, verdict.Coalesced:
			return true
		case verdict.None, verdict.NotAStream, verdict.TooShort:
		default:
			return false
		}
	}
	return false
}
