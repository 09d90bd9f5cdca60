package snippet

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// TestShellsTakeEnvironment pastes each block into its shell, over an environment
// that says otherwise, and asks what a program started there gets.
func TestShellsTakeEnvironment(t *testing.T) {
	var extra []Variable
	for i, text := range hostile {
		extra = append(extra, Variable{Name: "EXTRA_" + string(rune('A'+i/26)) + string(rune('A'+i%26)), Value: text})
	}
	env := Env{Listen: "127.0.0.1:1889", User: "ann", Password: "p'a$s w%rd", NoProxy: "intra.example,10.0.0.0/8", Extra: extra}
	for program, shell := range map[string]Shell{"sh": Bash, "bash": Bash, "zsh": Bash, "fish": Fish, "pwsh": PowerShell} {
		t.Run(program, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), shellOf(t, program))
			cmd.Dir = t.TempDir()
			cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + cmd.Dir, "NO_PROXY=old", "HTTP_PROXY=old"}
			cmd.Stdin = strings.NewReader(Environment(shell, env).Text + "\nenv\n")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Split(string(out), "\n")
			want := []string{"NODE_USE_ENV_PROXY=1", "NO_PROXY=intra.example,10.0.0.0/8", "no_proxy=intra.example,10.0.0.0/8"}
			for _, name := range ProxyVariables() {
				want = append(want, name+"=http://ann:p%27a$s%20w%25rd@127.0.0.1:1889")
			}
			for _, v := range extra {
				want = append(want, v.Name+"="+oneLine(v.Value))
			}
			for _, entry := range want {
				if !slices.Contains(got, entry) {
					t.Errorf("the environment lacks %q", entry)
				}
			}
		})
	}
}

// TestQuotePowerShell and the next hold for shells that are not on the machines
// where the tests run.
func TestQuotePowerShell(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "'plain'", "": "''", "it's": "'it''s'", "‘a’‚b‛": "'‘‘a’’‚‚b‛‛'", "$(x)`n\"": "'$(x)`n\"'", "a\nb": "'ab'",
	} {
		if got := quotePowerShell(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestQuoteCmd(t *testing.T) {
	for text, want := range map[string]string{
		"A=http://127.0.0.1:1": `set "A=http://127.0.0.1:1"`, "A=": `set "A="`, "A=b c & del <x> | ^": `set "A=b c & del <x> | ^"`,
		"A=%PATH%": `set A=^%PATH^%`, `A="&b`: `set A=^"^&b`, "A=p%40s": `set A=p^%40s`, "A=a\r\nb": `set "A=ab"`,
	} {
		if got := quoteCmd(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestEnvironmentForCmd(t *testing.T) {
	want := `set "HTTP_PROXY=http://127.0.0.1:1889"
set "HTTPS_PROXY=http://127.0.0.1:1889"
set "ALL_PROXY=http://127.0.0.1:1889"
set "NO_PROXY="
set "NODE_USE_ENV_PROXY=1"
set "SSLKEYLOGFILE=C:\my keys\log"`
	got := Environment(Cmd, Env{Listen: "0.0.0.0:1889", Extra: []Variable{{"SSLKEYLOGFILE", `C:\my keys\log`, FileWrite}}})
	if got.Text != want || got.NeedsListenOn != "" {
		t.Errorf("got %+v, want\n%s", got, want)
	}
}

var containerFiles = []Variable{{"SSL_CERT_FILE", "/home/a,b/ca.pem", FileRead}, {"SSLKEYLOGFILE", `C:\k\keys.log`, FileWrite}}

func TestDocker(t *testing.T) {
	got := Environment(Docker, Env{Listen: "127.0.0.1:1889", System: "linux", Extra: containerFiles})
	want := `docker run --rm -it --add-host=host.docker.internal:host-gateway ` +
		`--mount 'type=bind,"source=/home/a,b/ca.pem",target=/run/streamgauge/ca.pem,readonly' ` +
		`--mount 'type=bind,source=C:\k\keys.log,target=/run/streamgauge/keys.log' ` +
		`-e http_proxy=http://host.docker.internal:1889 -e https_proxy=http://host.docker.internal:1889 ` +
		`-e all_proxy=http://host.docker.internal:1889 -e HTTP_PROXY=http://host.docker.internal:1889 ` +
		`-e HTTPS_PROXY=http://host.docker.internal:1889 -e ALL_PROXY=http://host.docker.internal:1889 ` +
		`-e no_proxy= -e NO_PROXY= -e NODE_USE_ENV_PROXY=1 ` +
		`-e SSL_CERT_FILE=/run/streamgauge/ca.pem -e SSLKEYLOGFILE=/run/streamgauge/keys.log IMAGE`
	if got.Text != want {
		t.Errorf("got\n%s\nwant\n%s", got.Text, want)
	}
}

func TestCompose(t *testing.T) {
	got := Environment(Compose, Env{Listen: "127.0.0.1:1889", User: "a", Password: "$b\"", NoProxy: "db", Extra: containerFiles})
	want := `services:
  SERVICE:
    extra_hosts:
      - "host.docker.internal:host-gateway"
    volumes:
      - type: bind
        source: "/home/a,b/ca.pem"
        target: "/run/streamgauge/ca.pem"
        read_only: true
      - type: bind
        source: "C:\\k\\keys.log"
        target: "/run/streamgauge/keys.log"
    environment:
      http_proxy: "http://a:$$b%22@host.docker.internal:1889"
      https_proxy: "http://a:$$b%22@host.docker.internal:1889"
      all_proxy: "http://a:$$b%22@host.docker.internal:1889"
      HTTP_PROXY: "http://a:$$b%22@host.docker.internal:1889"
      HTTPS_PROXY: "http://a:$$b%22@host.docker.internal:1889"
      ALL_PROXY: "http://a:$$b%22@host.docker.internal:1889"
      no_proxy: "db"
      NO_PROXY: "db"
      NODE_USE_ENV_PROXY: "1"
      SSL_CERT_FILE: "/run/streamgauge/ca.pem"
      SSLKEYLOGFILE: "/run/streamgauge/keys.log"`
	if got.Text != want {
		t.Errorf("got\n%s\nwant\n%s", got.Text, want)
	}
}

func TestNeedsListenOn(t *testing.T) {
	for name, tt := range map[string]struct {
		shell               Shell
		listen, system      string
		needs, url, without string
	}{
		"docker":               {Docker, "127.0.0.1:1889", "linux", "172.17.0.1:1889", "http://host.docker.internal:1889", ""},
		"docker, ipv6":         {Docker, "[::1]:1889", "linux", "172.17.0.1:1889", "http://host.docker.internal:1889", ""},
		"docker on windows":    {Docker, "localhost:1889", "windows", "", "http://host.docker.internal:1889", ""},
		"docker, everywhere":   {Docker, "0.0.0.0:1889", "linux", "", "http://host.docker.internal:1889", ""},
		"docker, bridge":       {Docker, "172.17.0.1:1889", "linux", "", "http://172.17.0.1:1889", "add-host"},
		"compose":              {Compose, "127.0.0.1:1889", "linux", "172.17.0.1:1889", "http://host.docker.internal:1889", ""},
		"compose on macOS":     {Compose, "127.0.0.1:1889", "darwin", "", "http://host.docker.internal:1889", ""},
		"wsl":                  {WSL, "127.0.0.1:1889", "windows", "0.0.0.0:1889", `http://"$windows_host":1889`, ""},
		"wsl, everywhere":      {WSL, ":1889", "windows", "", `http://"$windows_host":1889`, ""},
		"wsl, known address":   {WSL, "192.168.1.7:1889", "windows", "", "http://192.168.1.7:1889", "windows_host"},
		"a shell needs none":   {Bash, "[::]:1889", "linux", "", "http://127.0.0.1:1889", ""},
		"a shell, ipv6 itself": {Bash, "[::1]:1889", "linux", "", "http://[::1]:1889", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := Environment(tt.shell, Env{Listen: tt.listen, System: tt.system})
			if got.NeedsListenOn != tt.needs || !strings.Contains(got.Text, tt.url) {
				t.Errorf("needs %q, want %q; text\n%s\nwant %s", got.NeedsListenOn, tt.needs, got.Text, tt.url)
			}
			if tt.without != "" && strings.Contains(got.Text, tt.without) {
				t.Errorf("%s is not needed in\n%s", tt.without, got.Text)
			}
		})
	}
}

// TestWSL runs the block in bash with an ip command that answers as WSL's does.
func TestWSL(t *testing.T) {
	bash := shellOf(t, "bash")
	block := Environment(WSL, Env{
		Listen: "127.0.0.1:1889", User: "a", Password: "b'c",
		Extra: []Variable{{"SSLKEYLOGFILE", `C:\Users\Ann Lee\keys`, FileWrite}},
	})
	cmd := exec.CommandContext(t.Context(), bash)
	cmd.Stdin = strings.NewReader("ip() { echo default via 172.28.0.1 dev eth0 proto kernel; }\n" + block.Text + "\nenv\n")
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HTTPS_PROXY=http://a:b%27c@172.28.0.1:1889", "SSLKEYLOGFILE=/mnt/c/Users/Ann Lee/keys"} {
		if !slices.Contains(strings.Split(string(out), "\n"), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

func TestBaseURLs(t *testing.T) {
	var got []string
	for _, c := range BaseURLs("127.0.0.1:1889") {
		got = append(got, c.Set(Bash))
		if known := tunnel.KnownTarget(c.Target); known == "" || !strings.HasPrefix(c.Origin, known) {
			t.Errorf("%s: the gateway does not know %s", c.Name, c.Target)
		}
		for _, line := range c.Code {
			if !strings.Contains(line.Text, `"`+c.BaseURL+`"`) {
				t.Errorf("%s: %s lacks the base URL", c.Name, line.Text)
			}
		}
	}
	want := []string{
		"export OPENAI_BASE_URL=http://127.0.0.1:1889/openai/v1",
		"export ANTHROPIC_BASE_URL=http://127.0.0.1:1889/anthropic",
		"export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:1889/gemini",
		"export OPENAI_BASE_URL=http://127.0.0.1:1889/deepseek",
		"export OPENAI_BASE_URL=http://127.0.0.1:1889/dashscope/compatible-mode/v1",
		"export DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:1889/dashscope/api/v1",
		"export OPENAI_BASE_URL=http://127.0.0.1:1889/moonshot/v1",
		"export OLLAMA_HOST=http://127.0.0.1:1889/ollama",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if line := BaseURLs("127.0.0.1:1889")[0].Set(Docker); line != "" {
		t.Errorf("a line for containers: %s", line)
	}
	if got := BaseURLs("0.0.0.0:1")[1].BaseURL; got != "http://127.0.0.1:1/anthropic" {
		t.Errorf("listening everywhere: %s", got)
	}
	if line := BaseURLs("h:1")[0].Set(PowerShell); line != "$env:OPENAI_BASE_URL = 'http://h:1/openai/v1'" {
		t.Errorf("PowerShell: %s", line)
	}
}
