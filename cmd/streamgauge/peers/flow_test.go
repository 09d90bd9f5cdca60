//go:build desktop && linux

package peers

import (
	"bufio"
	"fmt"
	"image"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"streamgauge/tunnel/tunneltest"
)

// TestADayWithIt is what a person does with the program, one thing after the
// other: each step goes on where the one before has left.
func TestADayWithIt(t *testing.T) {
	up, upstream := socks(t)
	a := launch(t, map[string]any{
		"recent_upstreams": []string{upstream}, "proxy_loopback": true,
	})
	for _, step := range []struct {
		name string
		do   func(*testing.T, *app)
	}{
		{"starts", starts},
		{"off refuses, on accepts", switches},
		{"the demo draws both streams", demonstrates},
		{"curl through nginx is drawn as it comes", drawsLive},
		{"the tray changes the upstream", func(t *testing.T, a *app) { changesUpstream(t, a, up, upstream) }},
		{"closing keeps the tray", closes},
		{"hidden it rests", rests},
		{"a second start shows the first", showsAgain},
		{"quitting ends it", quits},
	} {
		t.Run(step.name, func(t *testing.T) {
			a.T = t
			step.do(t, a)
		})
		if t.Failed() {
			break
		}
	}
	a.T = t
}

// socks is an upstream with a memory.
func socks(t *testing.T) (*tunneltest.SOCKS5, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	up := &tunneltest.SOCKS5{}
	ended := make(chan struct{})
	go func() {
		_ = up.Serve(ln)
		close(ended)
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return up, "socks5://" + ln.Addr().String()
}

func starts(t *testing.T, a *app) {
	until(t, "the window", a.shown)
	until(t, "the tray's icon", func() bool {
		item := a.trayItem()
		if item == nil {
			return false
		}
		icon, err := item.GetProperty("org.kde.StatusNotifierItem.IconPixmap")
		pixmaps, ok := icon.Value().([][]any)
		return err == nil && ok && len(pixmaps) > 0
	})
	name, err := a.trayItem().GetProperty("org.kde.StatusNotifierItem.Title")
	if err != nil || name != dbus.MakeVariant(title) {
		t.Errorf("the tray calls it %v, %v; want %s", name, err, title)
	}
	until(t, "the proxy", a.accepts)
	until(t, "the tray saying so", func() bool { return a.says("Proxy is on: " + a.proxy) })
	screen.photograph(t, "empty")
}

func switches(t *testing.T, a *app) {
	a.choose("Proxy is on")
	until(t, "a refused connection", func() bool { return !a.accepts() })
	until(t, "the tray saying so", func() bool { return a.says("Proxy is off") })
	a.choose("Proxy is off")
	until(t, "an accepted connection", a.accepts)
}

// demonstrates clicks the only button beneath the header that asks to be clicked.
func demonstrates(t *testing.T, a *app) {
	area := a.area(title)
	below := area
	below.Min.Y += 100
	var button image.Point
	until(t, "the button of the demo", func() bool {
		at, n := spot(screen.picture(t), below, dark.primary)
		button = at
		return n > 1000
	})
	click(button)
	left := image.Rect(area.Min.X, below.Min.Y, area.Min.X+area.Dx()*55/100, area.Max.Y)
	until(t, "ticks while the streams run", func() bool { return runs(screen.picture(t), left, dark.graph.Good) > 5 })
	until(t, "the verdict of the stream that flows", func() bool { return a.says("✓ ") })
	until(t, "the verdict of the stream that was held", func() bool { return a.says("✗ ") })
	until(t, "both streams in the table", func() bool {
		img := screen.picture(t)
		_, bad := spot(img, left, dark.graph.Bad)
		return runs(img, left, dark.graph.Good) >= 20 && bad > 50
	})
	screen.photograph(t, "demo")
}

// The events of the live stream: those that are there before it is looked at, and
// those whose ticks are timed.
const (
	firstEvents = 3
	timedEvents = 12
)

// drawsLive has curl read a stream through nginx and the proxy, and measures how
// long after curl has an event its tick stands in the graph.
func drawsLive(t *testing.T, a *app) {
	a.shortcut("l") // a clear table
	next := make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 0; ; i++ {
			select {
			case _, more := <-next:
				if !more {
					return
				}
			case <-r.Context().Done():
				return
			}
			fmt.Fprintf(w, "data: event %d\n\n", i)
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(origin.Close) // after curl and nginx
	lines := a.curl("http://" + nginx(t, origin.URL) + "/events")
	const pace = 500 * time.Millisecond
	for range firstEvents {
		next <- struct{}{}
		<-lines
		time.Sleep(pace) // the script
	}
	area := a.area(title)
	rows := image.Rect(area.Min.X, area.Min.Y+100, area.Min.X+area.Dx()*55/100, area.Min.Y+170) // the first
	var row image.Point
	until(t, "the row of a stream that runs", func() bool {
		at, n := spot(screen.picture(t), rows, dark.graph.Flow)
		row = at
		return n > 5
	})
	click(image.Pt(area.Min.X+260, row.Y))
	// The ticks stand side by side beneath the staircase, of which a line of the
	// picture crosses two strokes at most.
	beneath := image.Rect(area.Min.X+area.Dx()*60/100, area.Max.Y-170, area.Max.X, area.Max.Y-30)
	ticks := func() int { return runs(screen.picture(t), beneath, dark.graph.Flow) }
	until(t, "the graph of the stream", func() bool { return ticks() == firstEvents })
	tick := func() time.Duration {
		time.Sleep(pace)
		before := ticks()
		next <- struct{}{}
		<-lines
		came := time.Now()
		until(t, "another tick", func() bool { return ticks() > before })
		return time.Since(came)
	}
	wantSoon(t, tick)
	screen.photograph(t, "live")
	close(next)
	until(t, "the verdict", func() bool { return a.says("✓ ") })
}

// wantSoon asks that half of the ticks stand within 100 ms. Three times, as the
// machine may be busy with something else.
func wantSoon(t *testing.T, tick func() time.Duration) {
	t.Helper()
	const (
		tries  = 3
		wanted = 100 * time.Millisecond
	)
	var late []time.Duration
	for range tries {
		late = nil
		for range timedEvents {
			late = append(late, tick())
		}
		slices.Sort(late)
		t.Logf("tick after arrival: median %v, most %v", late[len(late)/2], late[len(late)-1])
		if late[len(late)/2] <= wanted {
			return
		}
	}
	t.Errorf("ticks appear %v after their arrivals, want half of them within %v", late, wanted)
}

// curl reads a stream through the proxy and returns its events as they come.
func (a *app) curl(url string) <-chan string {
	a.Helper()
	cmd := exec.Command("curl", "-sN", "-x", "http://"+a.proxy, url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		a.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		a.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			if strings.HasPrefix(scanner.Text(), "data:") {
				lines <- scanner.Text()
			}
		}
		close(lines)
	}()
	a.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return lines
}

// nginx passes on to origin without buffering, and returns where.
func nginx(t *testing.T, origin string) string {
	t.Helper()
	dir, at := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
    server { listen %[2]s; location / { proxy_pass %[3]s; proxy_buffering off; proxy_http_version 1.1; } }
}
`, dir, at, origin)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-c", config, "-p", dir)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "nginx", func() bool {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return at
}

func changesUpstream(t *testing.T, a *app, up *tunneltest.SOCKS5, url string) {
	a.choose(url)
	until(t, "the upstream in use", func() bool { return a.says(url + " (in use)") })
	origin := httptest.NewServer(http.NotFoundHandler())
	defer origin.Close()
	for range a.curl(origin.URL) { // to its end
	}
	asked := up.Asked()
	if len(asked) == 0 || "http://"+asked[len(asked)-1].Dest != origin.URL {
		t.Errorf("the upstream was asked %v, want the origin %s", asked, origin.URL)
	}
	a.choose("direct")
	until(t, "no upstream", func() bool { return a.says("direct (in use)") })
}

func closes(t *testing.T, a *app) {
	t.Logf("open and idle: %.1f %% of a core", 100*a.busy(5*time.Second))
	screen.do("xdotool", "windowfocus", "--sync", a.window(title), "key", "alt+F4")
	until(t, "a desktop without the window", func() bool { return !a.shown() })
	if a.trayItem() == nil || !a.accepts() || a.over() {
		t.Error("with its window the program has gone")
	}
}

// rests measures what the hidden program costs, alone and with streams.
func rests(t *testing.T, a *app) {
	const (
		look    = 5 * time.Second
		streams = 20
		allowed = 0.05 // of a core, for hardly more than the toolkit's own rest
	)
	idle := a.busy(look)
	origin := &tunneltest.Origin{}
	origin.Handle("*", tunneltest.Stream{Events: 1 << 12, Every: 50 * time.Millisecond})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() { _ = origin.Serve(ln) }()
	for range streams {
		<-a.curl("http://" + ln.Addr().String() + "/")
	}
	running := a.busy(look)
	t.Logf("hidden: %.1f %% of a core idle, %.1f %% with %d streams of 20 events a second", 100*idle, 100*running, streams)
	if idle > allowed {
		t.Errorf("hidden and idle it takes %.1f %% of a core, want at most %.0f %%", 100*idle, 100*allowed)
	}
}

func showsAgain(t *testing.T, a *app) {
	second := a.command()
	if out, err := second.CombinedOutput(); err != nil {
		t.Errorf("second start: %v, %s", err, out)
	}
	until(t, "the window of the first", a.shown)
}

func quits(t *testing.T, a *app) {
	a.choose("Quit Streamgauge")
	a.wantEnd()
	if a.accepts() {
		t.Error("something still listens")
	}
	if a.said.Len() > 0 {
		t.Errorf("it said %q", a.said.String())
	}
}

// TestMinimized asks that it starts without a window, and ends by a signal.
func TestMinimized(t *testing.T) {
	a := launch(t, nil, "--minimized")
	until(t, "the tray's icon", func() bool { return a.says("Open Streamgauge") })
	until(t, "the proxy", a.accepts)
	if a.shown() {
		t.Error("the window is there")
	}
	a.choose("Open Streamgauge")
	until(t, "the window", a.shown)
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	a.wantEnd()
}

// TestNoTray asks that without a tray the window cannot be lost: it shows although
// told not to, and closing it asks first.
func TestNoTray(t *testing.T) {
	env := append(slices.Clone(screen.env), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere")
	a := launchWith(t, env, nil, "--minimized")
	until(t, "the window", a.shown)
	until(t, "the proxy", a.accepts)
	area := a.area(title)
	header := image.Rect(area.Min.X, area.Min.Y, area.Max.X, area.Min.Y+60)
	bright := func() int {
		_, n := spot(screen.picture(t), header, dark.primary)
		return n
	}
	until(t, "the header", func() bool { return bright() > 1000 })
	screen.do("xdotool", "windowfocus", "--sync", a.window(title), "key", "alt+F4")
	until(t, "a question, over a window that is dimmed", func() bool { return bright() < 100 })
	screen.photograph(t, "question")
	if !a.shown() || a.over() {
		t.Error("the window has gone without a question")
	}
	if err := a.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	a.wantEnd()
}

// TestNoDisplay asks for a sentence in place of a stack trace.
func TestNoDisplay(t *testing.T) {
	for _, display := range []string{"", ":4711"} {
		cmd := exec.Command(program)
		cmd.Env = []string{"HOME=" + t.TempDir(), "DISPLAY=" + display}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "hint:") || strings.Contains(string(out), "goroutine") {
			t.Errorf("DISPLAY=%q: exit code %d, %v, said %q; want 1 and a hint", display, code, err, out)
		}
	}
}

// TestCannotStart asks that who clicked the icon sees why, in a window.
func TestCannotStart(t *testing.T) {
	a := launch(t, map[string]any{"version": 99})
	until(t, "a window with the reason", a.shown)
	screen.photograph(t, "reason")
	if a.accepts() {
		t.Error("the proxy listens, with settings that could not be read")
	}
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the end", a.over)
	if code := a.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(a.said.String(), "version 99") {
		t.Errorf("ended with %d, said %q; want 1 and the reason", code, a.said.String())
	}
}
