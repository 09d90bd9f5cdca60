//go:build peers && linux

package peers

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gauge is a running sgauge serve.
type gauge struct {
	*process
	addr   string // host:port to use as a proxy
	record string // the file that it writes
	up     peer   // whose password must not be seen
}

// serve starts sgauge chained through up, or direct if up is the zero peer, with
// more flags.
func serve(t *testing.T, up peer, flags ...string) *gauge {
	t.Helper()
	g := &gauge{record: filepath.Join(t.TempDir(), "record.ndjson"), up: up}
	cmd := exec.Command(sgauge, "serve", "--listen", "127.0.0.1:0", "--record", g.record)
	cmd.Args = append(append(cmd.Args, up.flags()...), flags...)
	cmd.Env = append(cleanEnv(t), up.environment()...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = in
	g.process = start(t, cmd)
	in.Close()
	lines := make(chan string, 1)
	go func() {
		defer out.Close()
		reader := bufio.NewReader(out)
		first, _ := reader.ReadString('\n') // an early end is reported below
		lines <- first
		_, _ = reader.WriteTo(&g.stdout)
	}()
	select {
	case line := <-lines:
		addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			t.Fatalf("first line of serve = %q, want listening on ADDRESS", line)
		}
		g.addr = addr
	case <-time.After(patience):
		t.Fatal("serve does not say where it listens")
	}
	return g
}

// cleanEnv is an environment that holds nothing of the machine's own proxies
// and nothing of the user's settings.
func cleanEnv(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home}
}

// finish ends serve as a terminal would, once it has recorded n exchanges, and
// returns them.
func (g *gauge) finish(t *testing.T, n int) []exchange {
	t.Helper()
	g.settled(t, n)
	g.unseen(t, "the command line", commandLine(t, g.cmd.Process.Pid))
	g.end(syscall.SIGINT)
	if code := g.cmd.ProcessState.ExitCode(); code != 0 && code != 130 {
		t.Errorf("serve ended with %d after an interrupt, want 0 or 130", code)
	}
	return g.recorded(t)
}

// recorded reads what a gauge that has ended recorded, after looking for the
// upstream's password in all that it said.
func (g *gauge) recorded(t *testing.T) []exchange {
	t.Helper()
	text, err := os.ReadFile(g.record)
	if err != nil {
		t.Fatal(err)
	}
	g.unseen(t, "stdout", g.stdout.String())
	g.unseen(t, "stderr", g.stderr.String())
	g.unseen(t, "the recording", string(text))
	return parse(t, text)
}

// unseen wants the upstream's password not to stand in a text.
func (g *gauge) unseen(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range g.up.secrets() {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the upstream's password", where)
		}
	}
}

// secrets are the ways in which the password could be written.
func (p peer) secrets() []string {
	if p.password == "" {
		return nil
	}
	return []string{p.password, base64.StdEncoding.EncodeToString([]byte(p.user + ":" + p.password))}
}

// exchange is a line of a recording, as far as it is looked at here. It is
// declared anew on purpose: this is the format that others read.
type exchange struct {
	Start    time.Time
	Kind     string
	Method   string
	URL      string
	Protocol string
	Host     string
	Client   string
	Upstream string
	Status   int
	Phases   map[string]int64 `json:"phases_us"`
	Chunks   [][4]int64       // at_us, bytes, units, blocked_us
	Units    [][3]any         // at_us, bytes, kind
	Bytes    int64
	End      string
	Error    string
	Verdict  struct{ Label string }
	Answer   struct {
		API, Model, Finish string
		Numbers            struct {
			TTFT int64 `json:"ttft_us"`
			ICL  struct {
				N             int
				P50, P95, Max int64
			} `json:"icl_us"`
		}
	}
}

func parse(t *testing.T, text []byte) []exchange {
	t.Helper()
	var found []exchange
	for line := range bytes.Lines(text) {
		var ex exchange
		if err := json.Unmarshal(line, &ex); err != nil {
			t.Fatalf("recording: %v in %.200q", err, line)
		}
		found = append(found, ex)
	}
	return found
}

// only returns the one exchange for which the test holds.
func only(t *testing.T, all []exchange, what string, is func(exchange) bool) exchange {
	t.Helper()
	var found []exchange
	for _, ex := range all {
		if is(ex) {
			found = append(found, ex)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %d recorded exchanges are %s, want 1", len(found), len(all), what)
	}
	return found[0]
}

// units is how many the chunks completed.
func (ex exchange) units() (n int64) {
	for _, chunk := range ex.Chunks {
		n += chunk[2]
	}
	return n
}

// borders are the numbers of bytes that had come after each chunk.
func (ex exchange) borders() map[int64]bool {
	borders, sum := map[int64]bool{}, int64(0)
	for _, chunk := range ex.Chunks {
		sum += chunk[1]
		borders[sum] = true
	}
	return borders
}

// settled waits until the file holds n exchanges: an exchange is written when it
// ends, a moment after its client has the last byte.
func (g *gauge) settled(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(g.record)
		if err == nil && bytes.Count(text, []byte("\n")) >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%d exchanges recorded, want %d (%v)", bytes.Count(text, []byte("\n")), n, err)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// flags are the arguments that chain sgauge through the peer.
func (p peer) flags() []string {
	if p.scheme == "" {
		return p.args
	}
	named := p.String()
	if p.user != "" {
		named = p.scheme + "://" + p.user + "@" + address(p.port)
	}
	return append([]string{"--upstream", named, "--proxy-loopback"}, p.args...)
}

// String is the path as recordings name it: without a user or a password.
func (p peer) String() string {
	if p.scheme == "" {
		return "direct"
	}
	return p.scheme + "://" + address(p.port)
}

func (p peer) environment() []string {
	return append(slices.Clone(p.env), "SGAUGE_UPSTREAM_PASSWORD="+p.password)
}
