//go:build desktop && linux

package peers

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// desktop is an X server, a session bus, a window manager and a panel.
type desktop struct {
	dir     string
	env     []string
	bus     *dbus.Conn
	started []*exec.Cmd
}

const screenSize = "1400x900x24"

// watcher is where trays and their icons find one another.
const watcher = "org.kde.StatusNotifierWatcher"

func openDesktop(dir string) (*desktop, error) {
	d := &desktop{dir: dir}
	home, runtime := filepath.Join(dir, "home"), filepath.Join(dir, "run")
	for _, made := range []string{home, runtime} {
		if err := os.Mkdir(made, 0o700); err != nil {
			return d, err
		}
	}
	d.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + runtime,
		"LANG=C.UTF-8", "LIBGL_ALWAYS_SOFTWARE=1",
	}
	number, err := d.start("Xvfb", "-displayfd", "1", "-screen", "0", screenSize, "-nolisten", "tcp", "-fbdir", dir)
	if err != nil {
		return d, err
	}
	d.env = append(d.env, "DISPLAY=:"+number)
	address, err := d.start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
	if err != nil {
		return d, err
	}
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+address)
	if d.bus, err = dbus.Connect(address); err != nil {
		return d, fmt.Errorf("connect to the session bus: %w", err)
	}
	for _, name := range []string{"openbox", "xfce4-panel"} {
		if err := d.begin(exec.Command(name), nil); err != nil {
			return d, err
		}
	}
	if !within(patience, d.hasTray) {
		return d, fmt.Errorf("the panel shows no tray within %v", patience)
	}
	return d, nil
}

func (d *desktop) hasTray() bool {
	var owned bool
	err := d.bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, watcher).Store(&owned)
	return err == nil && owned
}

// start begins a server and returns the first line it says.
func (d *desktop) start(name string, args ...string) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer w.Close()
	if err := d.begin(exec.Command(name, args...), w); err != nil {
		return "", err
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n')
		said <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, r) // ends with the server
		r.Close()
	}()
	w.Close()
	select {
	case line := <-said:
		if line != "" {
			return line, nil
		}
	case <-time.After(patience):
	}
	return "", fmt.Errorf("%s does not say where it is", name)
}

func (d *desktop) begin(cmd *exec.Cmd, stdout *os.File) error {
	cmd.Env, cmd.Dir = d.env, d.dir
	if stdout != nil {
		cmd.Stdout = stdout
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	d.started = append(d.started, cmd)
	return nil
}

// close ends what was started, the last first, each with its helpers.
func (d *desktop) close() {
	if d.bus != nil {
		d.bus.Close()
	}
	for _, cmd := range slices.Backward(d.started) {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	}
}

// do runs a command on the desktop and returns what it says.
func (d *desktop) do(name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = d.env, d.dir
	out, _ := cmd.Output() // that nothing was found is an answer too
	return strings.TrimSpace(string(out))
}
