//go:build peers && linux

package peers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that a test has started and ends again.
type process struct {
	cmd    *exec.Cmd
	stdout syncBuffer
	stderr syncBuffer
	ended  chan struct{} // closed when the program has been waited for
}

// start runs a program in a process group of its own, so that its helpers end
// with it, and ends it when the test does, even if the test itself is killed.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.stdout
	}
	cmd.Stderr = &p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said:\n%s%s", cmd.Path, tail(p.stdout.String()), tail(p.stderr.String()))
		}
	})
	return p
}

// end sends the program a signal and waits until it is gone; a program that
// does not go is killed, with its helpers.
func (p *process) end(signal syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Process.Signal(signal) // it may have gone in between
	}
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the group may be empty
	<-p.ended
}

// wait waits for a program that ends by itself, and wants exit code 0.
func (p *process) wait(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%s has not ended", p.cmd.Path)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("%s ended with %d, want 0", p.cmd.Path, code)
	}
}

// daemon starts a server and waits until it accepts connections on port.
func daemon(t *testing.T, port int, name string, args ...string) *process {
	t.Helper()
	p := start(t, exec.Command(name, args...))
	deadline := time.Now().Add(patience)
	for {
		conn, err := net.Dial("tcp", address(port))
		if err == nil {
			conn.Close()
			return p
		}
		select {
		case <-p.ended:
			t.Fatalf("%s ended before it listened", name)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen on %s: %v", name, address(port), err)
		}
	}
}

// freePort returns a port that nobody listens on, below those that the system
// gives to outgoing connections, so that none of them takes it meanwhile.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		if listener, err := net.Listen("tcp", address(port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no free port between 20000 and 32000")
	return 0
}

func address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// commandLine is what any user of the machine can see of a process.
func commandLine(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
}

// syncBuffer is a buffer that may be read while a program writes to it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tail keeps the end of a long text.
func tail(s string) string {
	const kept = 4 << 10 // bytes
	return s[max(0, len(s)-kept):]
}
