package form

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// world is a form over a real store, with everything around it in memory. What
// the form does beside the user interface is done at once.
type world struct {
	t      *testing.T
	form   *Form
	window fyne.Window
	store  *settings.Store
	path   string
	ring   memory
	probe  *probe
	login  *login
	ca     *authority
	// changed counts the calls of PasswordChanged.
	changed int
}

func newWorld(t *testing.T, language string) *world {
	t.Helper()
	return newWorldWith(t, language, nil)
}

// newWorldWith lets secrets be others than a keyring that works.
func newWorldWith(t *testing.T, language string, secrets settings.Secrets) *world {
	t.Helper()
	test.NewTempApp(t)
	if err := words.Use(language); err != nil {
		t.Fatal(err)
	}
	t.Setenv(settings.EnvListenPassword, "")
	t.Setenv(settings.EnvUpstreamPassword, "")
	w := &world{t: t, path: filepath.Join(t.TempDir(), "settings.json"), ring: memory{}, probe: &probe{}, login: &login{}, ca: &authority{}}
	if secrets == nil {
		secrets = w.ring
	}
	store, problems, err := settings.Open(w.path, nil)
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	w.store, w.window = store, test.NewTempWindow(t, nil)
	w.form = newForm(w.window, Config{
		Store: store, Secrets: secrets, Prober: w.probe, Autostart: w.login, Authority: w.ca, PasswordChanged: func() { w.changed++ },
	}, func(work func()) { work() })
	w.form.addresses = func() []string { return []string{"192.168.1.5"} }
	w.window.SetContent(w.form.Content())
	w.window.Resize(fyne.NewSize(820, 620))
	t.Cleanup(w.form.Close)
	return w
}

// enter types text into a field in place of what stands there, letter by letter.
func (w *world) enter(name, text string) {
	w.t.Helper()
	entry := w.form.entries[name]
	entry.SetText("")
	test.Type(entry, text)
}

// password types one of the passwords.
func (w *world) password(which int, text string) {
	w.t.Helper()
	entry := find[*widget.Entry](w.form.rows[passwordFields[which]].object)
	test.Type(entry, text)
}

// tap clicks the switch of a field.
func (w *world) tap(name string) {
	w.t.Helper()
	test.Tap(find[*widget.Check](w.form.rows[name].object))
}

func (w *world) wantNote(name, part string, t tone) {
	w.t.Helper()
	n := w.form.rows[name].note
	if !strings.Contains(n.text, part) || n.tone != t {
		w.t.Errorf("beneath %s: %q in tone %d, want %q in tone %d", name, n.text, n.tone, part, t)
	}
}

func (w *world) wantFooter(part string, canApply bool) {
	w.t.Helper()
	b := w.form.footer
	if got := b.text.text; !strings.Contains(got, part) {
		w.t.Errorf("the footer says %q, want %q", got, part)
	}
	if b.apply.Disabled() == canApply {
		w.t.Errorf("Apply can be pressed: %t, want %t", !b.apply.Disabled(), canApply)
	}
}

// find returns the first object of a kind.
func find[T fyne.CanvasObject](o fyne.CanvasObject) T {
	if found, ok := o.(T); ok {
		return found
	}
	var none T
	if c, ok := o.(*fyne.Container); ok {
		for _, child := range c.Objects {
			if found := find[T](child); !reflect.ValueOf(&found).Elem().IsNil() {
				return found
			}
		}
	}
	return none
}

// memory is a keyring of one test. A nil one does not answer.
type memory map[string]string

func (m memory) Get(account string) (string, error) {
	if m == nil {
		return "", settings.ErrNoKeyring
	}
	if p, ok := m[account]; ok {
		return p, nil
	}
	return "", settings.ErrNoSecret
}

func (m memory) Set(account, password string) error {
	if m == nil {
		return settings.ErrNoKeyring
	}
	m[account] = password
	return nil
}

func (m memory) Delete(account string) error {
	delete(m, account)
	return nil
}

// probe answers with what it is given.
type probe struct {
	path tunnel.PathTest
	self tunnel.SelfTest
	// asked are the upstreams that were to be tested.
	asked []string
	// during is called while a test runs.
	during func(context.Context)
}

func (p *probe) TestUpstream(ctx context.Context, upstream string) tunnel.PathTest {
	p.asked = append(p.asked, upstream)
	if p.during != nil {
		p.during(ctx)
	}
	return p.path
}

func (p *probe) SelfTest(context.Context) tunnel.SelfTest { return p.self }

// login is the system's list of programs that start at login.
type login struct {
	on  bool
	err error
}

func (l *login) Enabled() (bool, error) { return l.on, nil }

func (l *login) Set(on bool) error {
	if l.err == nil {
		l.on = on
	}
	return l.err
}

// TestEveryFieldHasAPlace: whoever adds a setting adds it to the form.
func TestEveryFieldHasAPlace(t *testing.T) {
	w := newWorld(t, words.English)
	elsewhere := []string{
		"recent_upstreams", // in the list of the upstream
		"decrypt_off",      // in the list of the hosts
	}
	for field := range reflect.TypeFor[settings.Settings]().Fields() {
		name := field.Tag.Get("json")
		if w.form.rows[name] == nil && !slices.Contains(elsewhere, name) {
			t.Errorf("no place in the form for %s", name)
		}
	}
}

// badInput is what a person might type, and a part of what is then said.
var badInput = []struct{ field, text, en, zh string }{
	{fieldListen, "127.0.0.1:99999", "not a number from 0 to 65535", "端口不是"},
	{fieldListen, "1889", "Not an address with a port", "地址:端口"},
	{fieldListen, "myhost:1", "not an IP address", "不是 IP 地址"},
	{fieldUpstream, "ftp://127.0.0.1:1080", "Begin with socks5://", "开头"},
	{fieldUpstream, "127.0.0.1:1080", "Not a URL. Write for example socks5://", "例如 socks5://"},
	{fieldUpstream, "socks5://127.0.0.1:x", "Not a URL", "不是有效的 URL"},
	{fieldUpstream, "socks5://127.0.0.1:70000", "not a number from 1 to 65535", "端口不是"},
	{fieldUpstream, "http://127.0.0.1:1889", "listen on ourselves", "自己的监听地址"},
	{fieldBypass, "intra.example\n10.0.0.300", "10.0.0.300 is neither", "10.0.0.300 既不是"},
	{"connect_timeout", "10", "Not a duration", "不是时长"},
	{"dial_timeout", "1h", "Not between 100ms and 10m", "不在 100ms 到 10m 之间"},
	{"tunnel_idle_timeout", "1ms", "Shorter than 1s", "短于 1s"},
	{"keep_exchanges", "many", "Not a whole number", "不是整数"},
	{"keep_chunks", "1", "Not between 2 and 1000000", "不在 2 到 1000000 之间"},
}

func TestBadInputIsToldBesideTheField(t *testing.T) {
	for _, language := range []string{words.English, words.Chinese} {
		w := newWorld(t, language)
		for _, c := range badInput {
			want := c.en
			if language == words.Chinese {
				want = c.zh
			}
			t.Run(c.field+" "+c.text+" "+language, func(t *testing.T) {
				w.t = t
				w.enter("handshake_timeout", "3s") // right, and to be kept
				w.enter(c.field, c.text)
				w.wantNote(c.field, want, alarm)
				w.form.entries[c.field].OnSubmitted("")
				w.wantFooter("", false)
				if got := w.store.Get(); !reflect.DeepEqual(got, settings.Default()) {
					t.Errorf("the store has %+v, want it untouched", got)
				}
				if _, err := os.Stat(w.path); err == nil {
					t.Error("the settings file was written")
				}
				if got := w.form.entries["handshake_timeout"].Text; got != "3s" {
					t.Errorf("the other field has %q, want what was typed", got)
				}
				w.enter(c.field, w.form.draft.inForce(c.field))
				if n := w.form.rows[c.field].note; n.tone == alarm {
					t.Errorf("after it was put right the note still says %q", n.text)
				}
			})
			w.form.discard()
		}
	}
}

func TestApply(t *testing.T) {
	w := newWorld(t, words.English)
	w.wantFooter("All settings are in force", false)
	w.enter(fieldListen, "127.0.0.1:1890")
	w.enter(fieldUpstream, "socks5://127.0.0.1:1080")
	w.enter(fieldBypass, "intra.example, 10.0.0.0/8，192.168.*")
	w.enter("connect_timeout", "2s")
	w.wantFooter("Not in force yet: Address, Upstream proxy, Dialled directly, Connect within", true)
	if !w.form.Pending() {
		t.Error("nothing is pending")
	}
	test.Tap(w.form.footer.apply)
	want := settings.Default()
	want.Listen, want.Upstream, want.ConnectTimeout = "127.0.0.1:1890", "socks5://127.0.0.1:1080", settings.Duration(2*time.Second)
	want.Bypass = []string{"intra.example", "10.0.0.0/8", "192.168.*"}
	if got := w.store.Get(); !reflect.DeepEqual(got, want) {
		t.Errorf("the store has %+v\nwant %+v", got, want)
	}
	w.wantFooter("All settings are in force", false)
	if got, want := w.form.entries[fieldBypass].Text, "intra.example\n10.0.0.0/8\n192.168.*"; got != want {
		t.Errorf("the list reads %q, want %q", got, want)
	}
}

func TestDiscard(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListen, "nonsense")
	w.password(listenPassword, "secret")
	test.Tap(w.form.footer.discard)
	w.wantFooter("All settings are in force", false)
	if got := w.form.entries[fieldListen].Text; got != settings.DefaultListen {
		t.Errorf("the address reads %q, want what is in force", got)
	}
}

// A switch acts at once and takes nothing along that was typed elsewhere.
func TestSwitchActsAtOnce(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListen, "nonsense")
	w.tap("close_to_tray")
	if w.store.Get().CloseToTray {
		t.Error("the switch did not reach the store")
	}
	if got := w.form.entries[fieldListen].Text; got != "nonsense" {
		t.Errorf("the address reads %q, want what was typed", got)
	}
	choice := find[*widget.RadioGroup](w.form.rows["theme"].object)
	choice.SetSelected("Dark")
	if got := w.store.Get().Theme; got != settings.Dark {
		t.Errorf("theme %q, want dark", got)
	}
}

func TestChangesFromElsewhere(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter("keep_chunks", "30000")
	err := w.store.Update(func(s *settings.Settings) { s.Upstream, s.KeepChunks, s.CloseToTray = "http://a:1", 7, false })
	if err != nil {
		t.Fatal(err)
	}
	if got := w.form.entries[fieldUpstream].Text; got != "http://a:1" {
		t.Errorf("the upstream reads %q, want what is in force now", got)
	}
	if got := w.form.entries["keep_chunks"].Text; got != "30000" {
		t.Errorf("the chunks read %q, want what was typed", got)
	}
	if find[*widget.Check](w.form.rows["close_to_tray"].object).Checked {
		t.Error("the switch did not follow the store")
	}
}

func TestRelabelKeepsWhatWasTyped(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldListen, "127.0.0.1:99999")
	w.password(listenPassword, "secret")
	w.form.Open(fieldUpstream)
	if err := words.Use(words.Chinese); err != nil {
		t.Fatal(err)
	}
	w.form.Relabel()
	w.wantNote(fieldListen, "端口不是", alarm)
	if got := w.form.entries[fieldListen].Text; got != "127.0.0.1:99999" {
		t.Errorf("the address reads %q, want what was typed", got)
	}
	if got := find[*widget.Entry](w.form.rows["listen_password"].object).Text; got != "secret" {
		t.Errorf("the password reads %q, want what was typed", got)
	}
	if !w.form.pages[1].view.Visible() || w.form.pages[0].view.Visible() {
		t.Error("another page is shown than before")
	}
}

func TestNothingListens(t *testing.T) {
	w := newWorld(t, words.Chinese)
	w.form.ShowState(tunnel.State{Err: tunnel.ErrRefused})
	w.wantNote(fieldListen, "监听失败", alarm)
	w.form.ShowState(tunnel.State{On: true})
	w.wantNote(fieldListen, "主机和端口", quiet)
}
