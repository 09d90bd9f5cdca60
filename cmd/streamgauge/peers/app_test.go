//go:build desktop && linux

package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// app is the program while it runs.
type app struct {
	*testing.T
	cmd      *exec.Cmd
	said     bytes.Buffer
	ended    chan struct{}
	settings string
	proxy    string // host:port it is to listen on
	env      []string
}

// launch starts the program with settings of its own on a free port.
func launch(t *testing.T, fields map[string]any, args ...string) *app {
	t.Helper()
	return launchWith(t, screen.env, fields, args...)
}

// launchWith is launch in another environment.
func launchWith(t *testing.T, env []string, fields map[string]any, args ...string) *app {
	t.Helper()
	a := &app{
		T: t, ended: make(chan struct{}), settings: filepath.Join(t.TempDir(), "settings.json"), proxy: freeAddress(t), env: env,
	}
	all := map[string]any{"listen": a.proxy, "language": "en", "theme": "dark"}
	maps.Copy(all, fields)
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.settings, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a.cmd = a.command(args...)
	a.cmd.Stdout, a.cmd.Stderr = &a.said, &a.said
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = a.cmd.Wait()
		close(a.ended)
	}()
	t.Cleanup(func() {
		_ = a.cmd.Process.Signal(syscall.SIGTERM)
		if !within(patience, a.over) {
			_ = a.cmd.Process.Kill()
			<-a.ended
		}
		if t.Failed() {
			t.Logf("the program said:\n%s", a.said.String())
		}
	})
	return a
}

func (a *app) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, append([]string{"--settings", a.settings}, args...)...)
	cmd.Env = a.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (a *app) over() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// wantEnd waits for the program to end, and wants exit code 0.
func (a *app) wantEnd() {
	a.Helper()
	until(a.T, "the end of the program", a.over)
	if code := a.cmd.ProcessState.ExitCode(); code != 0 {
		a.Errorf("ended with %d, want 0", code)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// accepts reports whether the proxy takes connections.
func (a *app) accepts() bool {
	conn, err := net.Dial("tcp", a.proxy)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// window is the number of the program's visible window of that title, or "".
func (a *app) window(title string) string {
	found := screen.do("xdotool", "search", "--all", "--onlyvisible", "--pid", strconv.Itoa(a.cmd.Process.Pid), "--name", "^"+title+"$")
	first, _, _ := strings.Cut(found, "\n")
	return first
}

const title = "Streamgauge"

func (a *app) shown() bool { return a.window(title) != "" }

// area is where the window lies on the screen, without its frame.
func (a *app) area(title string) image.Rectangle {
	a.Helper()
	var x, y, width, height int
	until(a.T, "a window called "+title, func() bool {
		found := 0
		for line := range strings.Lines(screen.do("xwininfo", "-id", a.window(title))) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			into, known := map[string]*int{
				"Absolute upper-left X": &x, "Absolute upper-left Y": &y, "Width": &width, "Height": &height,
			}[name]
			if n, err := strconv.Atoi(strings.TrimSpace(value)); known && err == nil {
				*into = n
				found++
			}
		}
		return found == 4
	})
	return image.Rect(x, y, x+width, y+height)
}

func click(at image.Point) {
	screen.do("xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", "1")
}

// shortcut presses Control and a key in the window.
func (a *app) shortcut(key string) {
	screen.do("xdotool", "windowfocus", "--sync", a.window(title), "key", "--clearmodifiers", "ctrl+"+key)
}

// busy is how much of one core the program used for as long as d.
func (a *app) busy(d time.Duration) float64 {
	a.Helper()
	began, before := time.Now(), a.processorTime()
	time.Sleep(d)
	return float64(a.processorTime()-before) / float64(time.Since(began))
}

// processorTime is what the program has used so far: proc(5), /proc/pid/stat.
func (a *app) processorTime() time.Duration {
	a.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	if err != nil {
		a.Fatal(err)
	}
	const (
		utime, stime = 11, 12 // counted from behind the name
		tick         = 10 * time.Millisecond
	)
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[utime])
	system, _ := strconv.Atoi(fields[stime])
	return time.Duration(user+system) * tick
}
