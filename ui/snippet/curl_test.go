package snippet

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// hostile are texts that a shell, a terminal or curl would act on.
var hostile = []string{
	"$(touch pwned)", "`touch pwned`", "';touch pwned;'", "'; touch pwned #", `"; touch pwned; "`, "&& touch pwned",
	"| touch pwned", "> pwned", "$IFS", "${HOME}", "~root", "!!", "!touch", `\`, `\'`, `'\''`, `a\`, "a'b\"c", "*", "?a[b]{c,d}",
	"-o pwned", "--output=pwned", "@/etc/passwd", "\r\ntouch pwned", "\n touch pwned\n", "\x1b[2J", "\x03touch pwned\r", "\x00",
	"\u202epwned", "\u2028touch", "\xff\xfe", "%0a%27", "a b", "^pwned^", "=ls", "#", "日本", "<(touch pwned)", ";", "(touch pwned)",
}

// stub is a curl that writes its arguments down, one a line, and no more.
func stub(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >> \"$OUT\"\n"
	if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shellOf returns the path of a shell, or skips the test.
func shellOf(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine", name)
	}
	return path
}

// TestCurlRunsAsWritten runs each command with a stub curl and asks that the
// hostile text came as one argument, and that nothing else ran.
func TestCurlRunsAsWritten(t *testing.T) {
	for _, shell := range []string{"sh", "bash", "zsh"} {
		t.Run(shell, func(t *testing.T) {
			path := shellOf(t, shell)
			bin := stub(t)
			for _, text := range hostile {
				ex := tunnel.Exchange{
					Method: "POST", URL: "https://h/" + text + "?q=" + text,
					RequestHeaders: []tunnel.Header{{Name: "X-Text", Value: text}, {Name: text, Value: "v"}},
				}
				got, stray := runCommand(t, path, bin, Curl(ex, CurlOptions{Proxy: "127.0.0.1:1889"}))
				clean := strings.TrimSpace(oneLine(text))
				field := "X-Text: " + clean
				if clean == "" {
					field = "X-Text;"
				}
				if !slices.Contains(got, field) || !slices.Contains(got, escaped(ex.URL)) {
					t.Errorf("%q: arguments %q lack %q or the URL", text, got, field)
				}
				if len(stray) > 0 {
					t.Errorf("%q: it made %v", text, stray)
				}
			}
		})
	}
}

// runCommand returns the arguments that curl was given, and the files that
// appeared beside.
func runCommand(t *testing.T, shell, bin, command string) (arguments, stray []string) {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.CommandContext(t.Context(), shell)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(command + "\n")
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "OUT=" + out, "HOME=" + dir}
	if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("%s: %v, %s", command, err, said)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		stray = append(stray, entry.Name())
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), stray
}

func TestCurl(t *testing.T) {
	ex := tunnel.Exchange{
		Method: "POST", URL: "https://api.example/v1?key=sEcReT0123&n=1",
		RequestHeaders: []tunnel.Header{
			{Name: "Accept-Encoding", Value: "gzip"},
			{Name: "Authorization", Value: "Bearer sk-abcdef0123456789"},
			{Name: "Connection", Value: "keep-alive"},
			{Name: "Content-Length", Value: "12"},
			{Name: "X-Empty", Value: ""},
		},
		Totals: tunnel.Totals{RequestBytes: 12},
	}
	masked := `curl -N --globoff --path-as-is --url 'https://api.example/v1?key=REDACTED&n=1' \
  -H 'Accept-Encoding: gzip' \
  --compressed \
  -H 'Authorization: Bearer REDACTED' \
  -H 'X-Empty;' \
  --data-binary @request-body`
	if got := Curl(ex, CurlOptions{}); got != masked {
		t.Errorf("got\n%s\nwant\n%s", got, masked)
	}
	whole := Curl(ex, CurlOptions{Secrets: true})
	if !strings.Contains(whole, "key=sEcReT0123") || !strings.Contains(whole, "Bearer sk-abcdef0123456789") {
		t.Errorf("asked for whole, got\n%s", whole)
	}
	for method, want := range map[string]string{
		"GET": "curl -N --globoff --path-as-is --url http://h/", "HEAD": "curl -N --globoff --path-as-is --head --url http://h/",
		"DELETE":  "curl -N --globoff --path-as-is -X DELETE --url http://h/",
		"GET ;rm": "curl -N --globoff --path-as-is --url http://h/",
	} {
		if got := Curl(tunnel.Exchange{Method: method, URL: "http://h/"}, CurlOptions{}); got != want {
			t.Errorf("%s: got %s, want %s", method, got, want)
		}
	}
	if got := Curl(tunnel.Exchange{Method: "CONNECT", URL: "h:443"}, CurlOptions{}); got != "" {
		t.Errorf("a tunnel gave %s", got)
	}
}
