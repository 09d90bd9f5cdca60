package tray

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"streamgauge/assets"
	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/words"
)

// panel is a tray that writes down what it is given.
type panel struct {
	menus []*fyne.Menu
	icons []string
}

func (p *panel) SetSystemTrayMenu(m *fyne.Menu)       { p.menus = append(p.menus, m) }
func (p *panel) SetSystemTrayIcon(icon fyne.Resource) { p.icons = append(p.icons, icon.Name()) }

func (p *panel) menu() *fyne.Menu { return p.menus[len(p.menus)-1] }

// text is the menu as it reads: a tick, the label, a line between groups.
func (p *panel) text() string {
	var lines []string
	for _, item := range p.menu().Items {
		switch {
		case item.IsSeparator:
			lines = append(lines, "--")
		case item.Checked:
			lines = append(lines, "* "+item.Label)
		default:
			lines = append(lines, "  "+item.Label)
		}
	}
	return strings.Join(lines, "\n")
}

func (p *panel) click(t *testing.T, part string) {
	t.Helper()
	for _, item := range p.menu().Items {
		if strings.Contains(item.Label, part) {
			item.Action()
			return
		}
	}
	t.Fatalf("no entry with %q in\n%s", part, p.text())
}

// newTray returns a tray that writes its actions down.
func newTray(t *testing.T, language string) (tray *Tray, shown *panel, done *[]string) {
	t.Helper()
	test.NewTempApp(t)
	if err := words.Use(language); err != nil {
		t.Fatal(err)
	}
	shown, done = &panel{}, &[]string{}
	did := func(what string) { *done = append(*done, what) }
	return New(shown, Actions{
		SetOn: func(on bool) {
			if on {
				did("on")
			} else {
				did("off")
			}
		},
		SetUpstream:  func(up string) { did("upstream " + up) },
		Copy:         func(text string) { did("copy " + text) },
		OpenExchange: func(id string) { did("exchange " + id) },
		Open:         func() { did("open") },
		Settings:     func() { did("settings") },
		Quit:         func() { did("quit") },
	}), shown, done
}

func busy() View {
	return View{
		State:     tunnel.State{On: true, Address: "127.0.0.1:1889", Upstream: "socks5://127.0.0.1:1080"},
		Upstreams: []string{"direct", "socks5://127.0.0.1:1080", "http://proxy.example:3128"},
		Blocks:    []Block{{"bash, zsh", "export …"}, {"PowerShell", "$env:…"}},
		Latest: []Latest{
			{ID: "a", Host: "api.example.com", Label: verdict.BufferedWhole, Layer: "nginx"},
			{ID: "b", Host: "127.0.0.1:11434", Label: verdict.Incremental},
			{ID: "c", Host: "nobody.example"},
			{ID: "d", Host: strings.Repeat("long", 20), Label: verdict.TooShort},
			{ID: "e", Host: "fourth.example", Label: verdict.Stalled},
		},
	}
}

func TestMenu(t *testing.T) {
	for language, want := range map[string]string{
		words.English: `
* Proxy is on: 127.0.0.1:1889
--
  Upstream: direct
* Upstream: socks5://127.0.0.1:1080 (in use)
  Upstream: http://proxy.example:3128
--
  Copy environment for bash, zsh
  Copy environment for PowerShell
--
  ✗ Buffered whole · api.example.com (nginx?)
  ✓ Incremental · 127.0.0.1:11434
  ? Too short to tell · longlonglonglonglonglonglonglonglonglon…
--
  Open Streamgauge
  Settings…
--
  Quit Streamgauge`,
		words.Chinese: `
* 代理已开启：127.0.0.1:1889
--
  上游：直连
* 上游：socks5://127.0.0.1:1080（使用中）
  上游：http://proxy.example:3128
--
  复制环境变量（bash, zsh）
  复制环境变量（PowerShell）
--
  ✗ 整体缓冲 · api.example.com（nginx？）
  ✓ 逐块到达 · 127.0.0.1:11434
  ? 过短，无法判断 · longlonglonglonglonglonglonglonglonglon…
--
  打开 Streamgauge
  设置…
--
  退出 Streamgauge`,
	} {
		tray, shown, _ := newTray(t, language)
		tray.Show(busy())
		if got := "\n" + shown.text(); got != want {
			t.Errorf("%s: menu reads%s\nwant%s", language, got, want)
		}
		last := shown.menu().Items[len(shown.menu().Items)-1]
		if !last.IsQuit || last.Action == nil {
			t.Errorf("%s: the last entry does not say that it quits: Fyne would add another", language)
		}
	}
}

func TestMenuOff(t *testing.T) {
	tray, shown, _ := newTray(t, words.English)
	tray.Show(View{Upstreams: []string{"direct"}, State: tunnel.State{Upstream: "direct"}})
	if got := shown.text(); !strings.HasPrefix(got, "  Proxy is off\n--\n* Upstream: direct (in use)\n--\n  Open") {
		t.Errorf("menu reads\n%s", got)
	}
	tray.Show(View{State: tunnel.State{Address: "127.0.0.1:1889", Err: errors.New("in use")}})
	if got := shown.text(); !strings.HasPrefix(got, "  Proxy is off: cannot listen on 127.0.0.1:1889\n") {
		t.Errorf("menu reads\n%s", got)
	}
}

func TestActions(t *testing.T) {
	tray, shown, done := newTray(t, words.English)
	v := busy()
	tray.Show(v)
	for _, part := range []string{"Proxy is on", "direct", "PowerShell", "api.example.com", "Open", "Settings", "Quit"} {
		shown.click(t, part)
	}
	v.State.On = false
	tray.Show(v)
	shown.click(t, "Proxy is off")
	want := []string{"off", "upstream direct", "copy $env:…", "exchange a", "open", "settings", "quit", "on"}
	if !slices.Equal(*done, want) {
		t.Errorf("done %q, want %q", *done, want)
	}
}

// An open menu closes when it is rebuilt, so nothing may do that without need.
func TestMenuIsRebuiltOnlyWhenItReadsDifferently(t *testing.T) {
	tray, shown, done := newTray(t, words.English)
	v := busy()
	tray.Show(v)
	v.State.Health = tunnel.Health{Checked: time.Unix(1, 0), Latency: 12 * time.Millisecond}
	v.Latest = append(slices.Clone(v.Latest), Latest{ID: "f", Host: "sixth.example", Label: verdict.Bursty})
	tray.Show(v)
	if len(shown.menus) != 1 || len(shown.icons) != 1 {
		t.Errorf("%d menus and %d icons for what reads the same, want one each", len(shown.menus), len(shown.icons))
	}
	v.Latest[0].ID = "z" // the same words about another exchange
	tray.Show(v)
	shown.click(t, "api.example.com")
	if len(shown.menus) != 2 || !slices.Equal(*done, []string{"exchange z"}) {
		t.Errorf("%d menus, done %q; want the entry to open the newer exchange", len(shown.menus), *done)
	}
	if err := words.Use(words.Chinese); err != nil {
		t.Fatal(err)
	}
	tray.Show(v)
	if got := shown.text(); !strings.Contains(got, "代理已开启") {
		t.Errorf("after the language changed the menu reads\n%s", got)
	}
}

func TestIcon(t *testing.T) {
	down := tunnel.Health{Err: errors.New("refused")}
	for _, c := range []struct {
		name   string
		state  tunnel.State
		labels []verdict.Label
		want   assets.TrayState
	}{
		{"off", tunnel.State{}, nil, assets.TrayOff},
		{"off, and the upstream down", tunnel.State{Health: down}, nil, assets.TrayOff},
		{"on", tunnel.State{On: true}, nil, assets.TrayOn},
		{"down", tunnel.State{On: true, Health: down}, []verdict.Label{verdict.BufferedWhole}, assets.TrayDown},
		{"held back", tunnel.State{On: true}, []verdict.Label{verdict.BufferedWhole, verdict.Incremental}, assets.TrayBuffered},
		{"joined", tunnel.State{On: true}, []verdict.Label{verdict.Coalesced}, assets.TrayBuffered},
		{"flows", tunnel.State{On: true}, []verdict.Label{verdict.Incremental, verdict.BufferedWhole}, assets.TrayOn},
		{
			"held back before what is no stream",
			tunnel.State{On: true},
			[]verdict.Label{verdict.NotAStream, verdict.TooShort, verdict.None, verdict.BufferedWhole},
			assets.TrayBuffered,
		},
	} {
		var v View
		v.State = c.state
		for _, l := range c.labels {
			v.Latest = append(v.Latest, Latest{Label: l})
		}
		if got := iconOf(v); got != c.want {
			t.Errorf("%s: icon %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUpstreamWithUser(t *testing.T) {
	tray, shown, done := newTray(t, words.English)
	tray.Show(View{
		State:     tunnel.State{Upstream: "socks5://h:1"},
		Upstreams: []string{"direct", "socks5://ann@h:1", "socks5://bob@h:1"},
	})
	if got, want := shown.text(), "* Upstream: socks5://ann@h:1 (in use)\n  Upstream: socks5://bob@h:1\n"; !strings.Contains(got, want) {
		t.Errorf("menu reads\n%s\nwant in it\n%s", got, want)
	}
	shown.click(t, "bob")
	if want := []string{"upstream socks5://bob@h:1"}; !slices.Equal(*done, want) {
		t.Errorf("done %q, want %q: the user name is needed", *done, want)
	}
}

func TestUpstreamDownIsSaid(t *testing.T) {
	tray, shown, _ := newTray(t, words.Chinese)
	v := busy()
	v.State.Health.Err = errors.New("refused")
	tray.Show(v)
	if got := shown.text(); !strings.Contains(got, "* 上游：socks5://127.0.0.1:1080（无法连接）") {
		t.Errorf("menu reads\n%s", got)
	}
	if got, want := shown.icons, []string{"tray-down.png"}; !slices.Equal(got, want) {
		t.Errorf("icons %q, want %q", got, want)
	}
}

func TestShortcutMarksAreDoubled(t *testing.T) {
	for system, want := range map[string]string{"linux": "a__b&c", "windows": "a_b&&c", "darwin": "a_b&c"} {
		if got := plain("a_b&c", system); got != want {
			t.Errorf("%s: %q, want %q", system, got, want)
		}
	}
}

func TestEveryLabelHasItsMark(t *testing.T) {
	for _, label := range verdict.Labels() {
		if marks[label] == "" {
			t.Errorf("%s has no mark", label)
		}
	}
}
