package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"streamgauge/tunnel/tunneltest"
)

// The scripts in testdata run sgauge as users do, beside them a client, get,
// and an origin at $ORIGIN.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sgauge": main, "get": get})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serving":   serving,
			"interrupt": interrupt,
			"reading":   reading,
			"occupy":    occupy,
			"exits":     exits,
			"mode":      mode,
		},
	})
}

// setup gives a script a home of its own without any proxy, and an origin:
// /sse streams five events, /endless more than anyone waits for, /cut breaks
// off, /json answers at once, /chat is a model's answer.
func setup(env *testscript.Env) error {
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:") // no keyring
	for _, name := range append(proxyVariables, "no_proxy", "NO_PROXY", "NO_COLOR") {
		env.Setenv(name, "")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	origin := &tunneltest.Origin{}
	const pace = 100 * time.Millisecond
	origin.Handle("/sse", tunneltest.Stream{Events: 5, Every: pace})
	origin.Handle("/endless", tunneltest.Stream{Events: 100_000, Every: pace})
	origin.Handle("/cut", tunneltest.Stream{Events: 5, Every: pace, Cut: tunneltest.CutRST, CutAt: 3})
	origin.Handle("/json", tunneltest.Stream{Body: tunneltest.JSONArray, Framing: tunneltest.ContentLength, Pieces: []string{"[]"}})
	origin.Handle("/chat", tunneltest.Stream{Every: pace, Pieces: []string{
		"data: {\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n",
		"data: {\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n",
		"data: {\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
		"data: [DONE]\n\n",
	}})
	served := make(chan error, 1)
	go func() { served <- origin.Serve(ln) }()
	env.Defer(func() {
		ln.Close()
		<-served
	})
	env.Setenv("ORIGIN", ln.Addr().String())
	return nil
}

// get is a client: it fetches a URL through $http_proxy, prints the body, and
// fails if it is not whole.
func get() {
	client, err := through(os.Getenv("http_proxy"))
	if err != nil {
		fatal(err)
	}
	resp, err := client.Get(os.Args[1])
	if err != nil {
		fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		fatal(resp.Status)
	}
}

// through returns a client that uses proxy even for addresses of this machine.
func through(proxy string) (*http.Client, error) {
	u, err := url.Parse(proxy)
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}}, err
}

func fatal(why any) {
	fmt.Fprintln(os.Stderr, "get:", why)
	os.Exit(1)
}

// running holds the *served of each script, by its *testscript.TestScript.
var running sync.Map

// served is a running sgauge serve of a script.
type served struct {
	cmd *exec.Cmd
	// rest receives what it printed after the line with its address, when it
	// has ended; it goes to restFile.
	rest     chan string
	restFile string
}

// serving starts sgauge serve with the given flags, waits for the line that
// tells the address, and sets $http_proxy and $UPSTREAM to it. It is the first
// line of standard output, or with --json of standard error.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	program := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "sgauge")
	cmd := exec.Command(program, append([]string{"serve"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), scriptEnvironment(ts)...)
	s := &served{cmd: cmd, rest: make(chan string, 1), restFile: "serve.out"}
	announced, other, otherFile := cmd.StdoutPipe, &cmd.Stderr, "serve.err"
	if slices.Contains(args, "--json") {
		announced, other, otherFile = cmd.StderrPipe, &cmd.Stdout, "serve.out"
		s.restFile = "serve.err"
	}
	pipe, err := announced()
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(otherFile))
	ts.Check(err)
	defer file.Close()
	*other = file
	ts.Check(cmd.Start())
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	ts.Check(err)
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		ts.Fatalf("first line %q, want listening on ADDRESS", line)
	}
	ts.Setenv("http_proxy", "http://"+addr)
	ts.Setenv("UPSTREAM", addr)
	go func() {
		text, _ := io.ReadAll(out)
		s.rest <- string(text)
	}()
	ts.Defer(func() { _ = cmd.Process.Kill() }) // in case the script did not end it
	running.Store(ts, s)
}

// interrupt sends the running serve an interrupt and waits for its end. What it
// printed is in serve.out and serve.err.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	value, ok := running.LoadAndDelete(ts)
	if !ok {
		ts.Fatalf("nothing is serving")
	}
	s := value.(*served)
	ts.Check(s.cmd.Process.Signal(syscall.SIGINT))
	ts.Check(os.WriteFile(ts.MkAbs(s.restFile), []byte(<-s.rest), 0o644))
	if err := s.cmd.Wait(); (err != nil) != neg {
		ts.Fatalf("serve ended with %v", err)
	}
}

func scriptEnvironment(ts *testscript.TestScript) []string {
	var environ []string
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "http_proxy", "SGAUGE_LISTEN_PASSWORD", "SGAUGE_UPSTREAM_PASSWORD"} {
		environ = append(environ, name+"="+ts.Getenv(name))
	}
	return environ
}

// reading fetches a URL through $http_proxy up to its first line, and keeps it
// open until the script ends.
func reading(ts *testscript.TestScript, neg bool, args []string) {
	client, err := through(ts.Getenv("http_proxy"))
	ts.Check(err)
	resp, err := client.Get(args[0])
	ts.Check(err)
	ts.Defer(func() { resp.Body.Close() })
	_, err = bufio.NewReader(resp.Body).ReadString('\n')
	ts.Check(err)
}

// exits runs a command and checks its exit code: exits CODE COMMAND [ARG]...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", args[1], got, args[0])
	}
}

// occupy takes a port until the script ends and sets $TAKEN to its address.
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	ts.Setenv("TAKEN", ln.Addr().String())
}

// mode checks the permissions of a file.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("mode of %s is %s, want %s", args[1], got, args[0])
	}
}
