package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"streamgauge/tunnel"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/snippet"
	"streamgauge/ui/words"
)

// sizes depend on the fonts of the system where a text is Chinese, and times on
// when the test ran.
var (
	sizes = regexp.MustCompile(` (size|pos|backgroundColor|cornerRadius)="[^"]*"`)
	times = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d\d\d`)
)

// master compares the structure of the window with a file in testdata. With
// UPDATE_MASTERS set it writes the file.
func (w *world) master(name string) {
	w.t.Helper()
	got := times.ReplaceAllString(sizes.ReplaceAllString(test.RenderToMarkup(w.window.fyne.Canvas()), ""), "TIME")
	file := filepath.Join("testdata", name+".xml")
	if os.Getenv("UPDATE_MASTERS") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if got != string(want) {
		w.t.Errorf("%s is not as its master; the first difference:\n%s", name, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one is longer"
}

// TestMasters keeps the structure of the main views in both languages.
func TestMasters(t *testing.T) {
	for _, language := range []string{words.English, words.Chinese} {
		t.Run(language, func(t *testing.T) {
			if language == words.Chinese && !look.HasChinese() {
				t.Skip("this system has no font with Chinese characters: lines break elsewhere")
			}
			w := newWorld(t, language, look.Light)
			w.show()
			w.settle(0)
			w.master("empty-" + language)
			ids := populate(w.journal)
			live, _ := w.journal.Exchange(ids["running"])
			for _, running := range w.journal.Running() {
				running.Mark(tunnel.Ended, 4*time.Second)
				running.Finish(tunnel.ClientClosed, "")
			}
			w.pump(func() bool { return w.window.frame.Running == 0 && w.window.frame.Total == len(ids) && live.ID != "" })
			w.seen()
			w.master("table-" + language)
			w.open(ids["lump"], 5)
			w.master("verdict-" + language)
			w.open(ids["tunnel"], 3)
			w.master("headers-" + language)
		})
	}
}

func newShownWorld(t *testing.T) (*world, map[string]string) {
	w := newWorld(t, words.English, look.Light)
	w.show()
	ids := populate(w.journal)
	w.settle(len(ids))
	return w, ids
}

func TestFilterTyped(t *testing.T) {
	w, ids := newShownWorld(t)
	w.window.table.TypedRune('/')
	if w.window.fyne.Canvas().Focused() != fyne.Focusable(w.window.tools.filter) {
		t.Fatal("a slash in the table does not lead to the filter")
	}
	test.Type(w.window.tools.filter, "label:stalled")
	w.pump(func() bool {
		return len(w.window.frame.Rows) == 1 && w.window.frame.Rows[0].Exchange.ID == ids["stall"]
	})
	if got := w.window.footer.counts.Text; !strings.HasPrefix(got, "1 of 12") {
		t.Errorf("the footer says %q", got)
	}
	w.window.tools.filter.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	w.pump(func() bool { return len(w.window.frame.Rows) == len(ids) })
	if w.window.fyne.Canvas().Focused() != fyne.Focusable(w.window.table) {
		t.Errorf("Escape does not lead back to the table")
	}
}

func TestPauseAndClear(t *testing.T) {
	w, ids := newShownWorld(t)
	test.Tap(w.window.tools.pause)
	w.pump(func() bool { return w.window.tools.pause.Text == words.T("window.tool.resume") })
	record(w.journal, sample{Exchange: tunnel.Exchange{URL: "http://late.test/", Host: "late.test:80"}})
	w.window.setFilter(" ") // a frame is made nevertheless
	w.quiet()
	if w.window.frame.Total != len(ids) {
		t.Errorf("paused, an exchange arrives in the table")
	}
	test.Tap(w.window.tools.pause)
	w.settle(len(ids) + 1)
	w.open(ids["good"], 0)
	test.Tap(w.window.tools.clear)
	w.settle(1) // the one that runs
	if w.window.session.chosen != "" || w.window.side.pane.Object.Visible() {
		t.Errorf("after clearing an exchange is still shown")
	}
}

// quiet takes what is handed over until nothing more comes for a while.
func (w *world) quiet() {
	for {
		select {
		case f := <-w.handed:
			f()
		case <-time.After(300 * time.Millisecond):
			return
		}
	}
}

func TestHiddenWindowGetsNoFrames(t *testing.T) {
	w, _ := newShownWorld(t)
	w.window.Hide()
	w.quiet()
	at := w.window.frame.At
	record(w.journal, sample{Exchange: tunnel.Exchange{URL: "http://late.test/", Host: "late.test:80"}})
	w.quiet()
	if w.window.frame.At != at {
		t.Errorf("a hidden window is given a frame")
	}
	w.window.Show()
	w.settle(13)
}

func TestChoiceSurvivesLanguageAndTheme(t *testing.T) {
	w, ids := newShownWorld(t)
	w.open(ids["lump"], 5)
	w.window.table.Tick([]string{ids["good"]})
	w.window.setFilter("a")
	if err := w.window.SetLanguage(words.Chinese); err != nil {
		t.Fatal(err)
	}
	w.window.SetTheme(look.Dark)
	w.quiet()
	if got := w.window.table.Chosen(); got != ids["lump"] || !w.window.side.pane.Object.Visible() {
		t.Errorf("chosen is %q, want %q, and shown", got, ids["lump"])
	}
	if got := w.window.table.Ticked(); !slices.Equal(got, []string{ids["good"]}) {
		t.Errorf("ticked are %v", got)
	}
	if w.window.tools.filter.Text != "a" || w.window.tools.pause.Text != "暂停" {
		t.Errorf("the filter reads %q, the tool %q", w.window.tools.filter.Text, w.window.tools.pause.Text)
	}
}

func TestCopying(t *testing.T) {
	w, ids := newShownWorld(t)
	clip := func() string { return w.app.Clipboard().Content() }
	w.window.copyEnvironment(snippet.Bash)
	if !strings.Contains(clip(), "127.0.0.1:1889") || w.window.footer.said.Text == "" {
		t.Errorf("copied is %q, said %q", clip(), w.window.footer.said.Text)
	}
	w.window.table.Choose(ids["good"])
	w.window.table.TypedShortcut(&fyne.ShortcutCopy{})
	if !strings.HasPrefix(clip(), "curl") || strings.Contains(clip(), "sk-abcdefghijklmnop") {
		t.Errorf("copied is %q", clip())
	}
	w.window.copyRequest(ids["tunnel"])
	if !strings.HasPrefix(clip(), "curl") || !strings.Contains(w.window.footer.said.Text, "tunnel") {
		t.Errorf("a tunnel is copied as %q, said %q", clip(), w.window.footer.said.Text)
	}
	menu := w.window.copyMenu()
	menu.Items[len(menu.Items)-1].ChildMenu.Items[0].ChildMenu.Items[0].Action()
	if !strings.HasPrefix(clip(), "http://127.0.0.1:1889/") {
		t.Errorf("the base URL is %q", clip())
	}
}

func TestRowMenu(t *testing.T) {
	w, ids := newShownWorld(t)
	w.window.showRowMenu(ids["tunnel"], fyne.NewPos(200, 200))
	if w.window.fyne.Canvas().Overlays().Top() == nil {
		t.Fatal("no menu")
	}
	w.dismiss()
	w.window.showRowMenu("gone", fyne.NewPos(200, 200))
	if w.window.fyne.Canvas().Overlays().Top() != nil {
		t.Errorf("a menu for an exchange that is no longer kept")
	}
}

func TestCompareNeedsTwo(t *testing.T) {
	w, ids := newShownWorld(t)
	test.Tap(w.window.tools.comparer)
	if w.window.session.compare || w.window.footer.said.Text == "" {
		t.Errorf("comparing nothing begins, or nobody says how")
	}
	w.window.table.Tick([]string{ids["good"], ids["lump"], ids["blocks"]})
	test.Tap(w.window.tools.comparer)
	w.pump(func() bool { return len(w.window.frame.Open) == 3 })
	if !w.window.side.compare.object.Visible() || w.window.side.pane.Object.Visible() {
		t.Errorf("the comparison is not shown")
	}
	var many []string
	for _, id := range ids {
		many = append(many, id)
	}
	test.Tap(w.window.tools.comparer)
	w.window.table.Tick(many)
	test.Tap(w.window.tools.comparer)
	w.pump(func() bool { return len(w.window.frame.Open) == plot.MostCompared })
	w.window.table.Tick(nil)
	if w.window.side.compare.object.Visible() {
		t.Errorf("nothing is ticked, and yet compared")
	}
}

func TestSwitchFailsInWords(t *testing.T) {
	w, _ := newShownWorld(t)
	w.station.change(func(s *fakeStation) {
		s.err = &tunnel.ListenError{Address: "127.0.0.1:1889", Program: "python3 (4711)", Free: "127.0.0.1:1890", Err: tunnel.ErrListenInUse}
	})
	w.window.header.turn(true)
	w.pump(func() bool { return w.window.header.problem.Visible() })
	if got := w.window.header.problem.Text(); !strings.Contains(got, "python3 (4711)") || !strings.Contains(got, "127.0.0.1:1890") {
		t.Errorf("the problem reads %q", got)
	}
	w.station.change(func(s *fakeStation) { s.err = nil })
	test.Tap(w.window.header.problem.Buttons()[0])
	w.pump(func() bool { return !w.window.header.problem.Visible() && w.window.header.power.On() })
}

func TestUpstreamIsChosen(t *testing.T) {
	w, _ := newShownWorld(t)
	menu := w.window.header.upstreams()
	if !menu.Items[0].Checked || menu.Items[1].Label != "socks5://127.0.0.1:1080" {
		t.Fatalf("the menu begins with %q, %q", menu.Items[0].Label, menu.Items[1].Label)
	}
	menu.Items[1].Action()
	w.pump(func() bool { return w.window.header.path.Text == "socks5://127.0.0.1:1080" })
	w.station.change(func(s *fakeStation) {
		s.state.Health = tunnel.Health{Checked: time.Now(), Err: &tunnel.Failure{Step: tunnel.StepConnectUpstream, Upstream: tunnel.Upstream{Scheme: tunnel.SOCKS5, Host: "127.0.0.1", Port: 1080}, Cause: tunnel.ErrRefused}}
	})
	w.pump(func() bool { return w.window.header.problem.Visible() })
	if got := w.window.header.problem.Text(); !strings.Contains(got, "refused") {
		t.Errorf("the problem reads %q", got)
	}
}

func TestMalformedUpstreamsAreToldInWords(t *testing.T) {
	newWorld(t, words.Chinese, look.Light)
	for _, text := range []string{"ftp://x:1", "socks5://", "socks5://h:99999", "socks5://h:1/x", "socks4a://u:p@h:1", "http://a:b:c@h:1", ":", "socks5://[::1", "http://:p@h:1"} {
		_, err := tunnel.ParseUpstream(text)
		said := sayUpstream(err)
		if err != nil && (said == nil || strings.HasPrefix(said.Error(), "window.") || said.Error() == err.Error()) {
			t.Errorf("%q: said is %v", text, said)
		}
	}
	if sayUpstream(nil) != nil {
		t.Errorf("a good upstream is refused")
	}
}

func TestDemoThatFails(t *testing.T) {
	w := newWorld(t, words.English, look.Light)
	w.show()
	w.settle(0)
	test.Tap(w.window.teach.demo)
	w.pump(func() bool { return w.window.teach.trouble.Visible() })
	if got := w.window.teach.trouble.Text(); !strings.Contains(got, "o demo here") || w.window.teach.demo.Disabled() {
		t.Errorf("the failure reads %q, the button is disabled: %v", got, w.window.teach.demo.Disabled())
	}
}

func TestReasonsAreInTheLanguage(t *testing.T) {
	newWorld(t, words.Chinese, look.Light)
	refused := &tunnel.Failure{Step: tunnel.StepConnectUpstream, Upstream: tunnel.Upstream{Scheme: tunnel.SOCKS5, Host: "127.0.0.1", Port: 1}, Cause: tunnel.ErrRefused, Sentence: "in English"}
	if got := reason(refused); !strings.Contains(got, "拒绝连接") {
		t.Errorf("a refused connection reads %q", got)
	}
	if got := reason(&tunnel.Failure{Cause: tunnel.ErrUpstreamNeeds}); !strings.Contains(got, "设置") {
		t.Errorf("a missing password reads %q", got)
	}
}
