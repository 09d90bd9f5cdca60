package form

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// press clicks the button of that text, wherever it is.
func (w *world) press(text string) {
	w.t.Helper()
	for _, p := range w.form.pages {
		if b := button(p.body, text); b != nil && b.Visible() {
			test.Tap(b)
			return
		}
	}
	w.t.Fatalf("no button %q", text)
}

func button(o fyne.CanvasObject, text string) *widget.Button {
	switch o := o.(type) {
	case *widget.Button:
		if o.Text == text {
			return o
		}
	case *fyne.Container:
		for _, child := range o.Objects {
			if b := button(child, text); b != nil {
				return b
			}
		}
	}
	return nil
}

// told is what the pages say, without fields and notes.
func (w *world) told() string {
	var texts []string
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Label:
			texts = append(texts, o.Text)
		case *canvas.Text:
			texts = append(texts, o.Text)
		case *prose:
			texts = append(texts, o.text)
		case *fyne.Container:
			if o.Visible() {
				for _, child := range o.Objects {
					walk(child)
				}
			}
		}
	}
	for _, p := range w.form.pages {
		walk(p.body)
	}
	return strings.Join(texts, "|")
}

func fullPhases() tunnel.Phases {
	var p tunnel.Phases
	p.Set(tunnel.DNS, 300*time.Microsecond)
	p.Set(tunnel.Connect, 1500*time.Microsecond)
	p.Set(tunnel.Handshake, 4*time.Millisecond)
	p.Set(tunnel.Sent, 4100*time.Microsecond)
	p.Set(tunnel.FirstByte, 140*time.Millisecond)
	return p
}

func TestUpstreamTest(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream tunnel.StreamTest
		en, zh string
	}{
		{
			"passes",
			tunnel.StreamTest{Outcome: tunnel.StreamPasses, Sent: 20, Received: 20, P50: 300 * time.Microsecond, P99: time.Millisecond},
			"Streams pass: 20 of 20 events came one by one, 0.30 ms (p50), 1.00 ms (p99)", "流式正常：20 个事件中有 20 个",
		},
		{"lumps", tunnel.StreamTest{Outcome: tunnel.StreamLumps, Sent: 20, Received: 20}, "come in lumps", "攒成大块"},
		{"cut", tunnel.StreamTest{Outcome: tunnel.StreamCut, Sent: 20, Received: 7, Age: 3 * time.Second}, "Cuts streams after 3.0 s", "3.0 s 后被切断"},
		{"elsewhere", tunnel.StreamTest{Outcome: tunnel.StreamUnreachable}, "cannot reach this machine", "无法访问本机"},
	} {
		for language, want := range map[string]string{words.English: c.en, words.Chinese: c.zh} {
			t.Run(c.name+" "+language, func(t *testing.T) {
				w := newWorld(t, language)
				w.probe.path = tunnel.PathTest{Phases: fullPhases(), Stream: c.stream}
				w.press(words.T("form.test.start"))
				got := w.told()
				for _, part := range []string{"0.30 ms", "1.20 ms", "2.50 ms", "136 ms", want} {
					if !strings.Contains(got, part) {
						t.Errorf("the pages do not say %q", part)
					}
				}
			})
		}
	}
}

func TestUpstreamTestFails(t *testing.T) {
	up := tunnel.Upstream{Scheme: tunnel.SOCKS5, Host: "10.0.0.1", Port: 1080}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&tunnel.Failure{Step: tunnel.StepConnectUpstream, Upstream: up, Cause: tunnel.ErrRefused}, "10.0.0.1:1080 拒绝连接"},
		{&tunnel.Failure{Step: tunnel.StepConnect, Target: "a.example:443", Cause: tunnel.ErrTimeout}, "a.example:443 超时"},
		{&tunnel.Failure{Step: tunnel.StepHandshake, Upstream: up, Sentence: "Something new."}, "Something new."},
		{&settings.SecretError{Account: "upstream x", Err: settings.ErrNoSecret}, "没有保存该上游的密码"},
		{errors.New("odd"), "Odd."},
	} {
		w := newWorld(t, words.Chinese)
		w.probe.path = tunnel.PathTest{Err: c.err}
		w.press("测试上游")
		if got := w.told(); !strings.Contains(got, c.want) {
			t.Errorf("%v: the pages do not say %q", c.err, c.want)
		}
	}
}

// What is tested is what stands there, with the password that was typed; what
// cannot be an upstream is not tried.
func TestUpstreamTestTakesTheFields(t *testing.T) {
	w := newWorld(t, words.English)
	w.enter(fieldUpstream, "socks5://")
	w.press("Test upstream")
	if len(w.probe.asked) != 0 {
		t.Errorf("tested %q", w.probe.asked)
	}
	w.enter(fieldUpstream, "socks5://10.0.0.1:1080")
	w.enter(fieldUpstreamUser, "ann")
	w.password(upstreamPassword, "p@ss")
	w.press("Test upstream")
	if got, want := w.probe.asked, "socks5://ann:p%40ss@10.0.0.1:1080"; len(got) != 1 || got[0] != want {
		t.Errorf("tested %q, want %q", got, want)
	}
	if got := w.store.Get().Upstream; got != "direct" {
		t.Errorf("upstream %q, want the test to change nothing", got)
	}
	if w.form.upstream.result == nil {
		t.Error("the test has no result")
	}
	w.enter(fieldUpstream, "socks5://10.0.0.2:1080")
	if w.form.upstream.result != nil {
		t.Error("the result of another upstream still stands there")
	}
}

func TestTestIsCancelled(t *testing.T) {
	w := newWorld(t, words.English)
	w.probe.path.Stream = tunnel.StreamTest{Outcome: tunnel.StreamPasses}
	w.probe.during = func(ctx context.Context) {
		if button(w.form.pages[1].body, "Test upstream").Visible() {
			t.Error("it can be started twice")
		}
		w.press("Cancel")
		<-ctx.Done()
	}
	w.press("Test upstream")
	if got := w.told(); strings.Contains(got, "Streams pass") {
		t.Errorf("a cancelled test has a result: %q", got)
	}
	if !button(w.form.pages[1].body, "Test upstream").Visible() {
		t.Error("it cannot be started again")
	}
}

func TestClosingEndsTests(t *testing.T) {
	w := newWorld(t, words.English)
	w.probe.during = func(ctx context.Context) {
		w.form.Close()
		if ctx.Err() == nil {
			t.Error("the test goes on after the form was closed")
		}
	}
	w.press("Test upstream")
}

func TestSelfTest(t *testing.T) {
	for _, c := range []struct {
		result tunnel.SelfTest
		want   string
	}{
		{tunnel.SelfTest{Events: 200, P50: 120 * time.Microsecond, P99: 310 * time.Microsecond}, "We add 0.12 ms (p50), 0.31 ms (p99) to an event, over 200 events. None"},
		{tunnel.SelfTest{Events: 200, Joined: 3}, "3 came joined"},
		{tunnel.SelfTest{Err: errors.New("switch on: no address")}, "could not be run: Switch on: no address."},
	} {
		w := newWorld(t, words.English)
		w.probe.self = c.result
		w.press("Measure our own delay")
		if got := w.told(); !strings.Contains(got, c.want) {
			t.Errorf("the pages do not say %q", c.want)
		}
	}
}

func TestStartAtLogin(t *testing.T) {
	w := newWorld(t, words.English)
	w.tap("start_at_login")
	if !w.login.on || !w.store.Get().StartAtLogin {
		t.Errorf("system %t, settings %t; want both on", w.login.on, w.store.Get().StartAtLogin)
	}
	w.login.err = errors.New("write autostart: read-only")
	w.tap("start_at_login")
	w.wantNote("start_at_login", "Not done: write autostart: read-only", alarm)
	if !find[*widget.Check](w.form.rows["start_at_login"].object).Checked || !w.store.Get().StartAtLogin {
		t.Error("it is shown or stored as off, though the system has it on")
	}
}
