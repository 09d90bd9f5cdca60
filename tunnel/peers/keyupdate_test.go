//go:build peers && linux

package peers

import (
	"crypto/tls"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asking is an openssl s_client, which does what no other client does on command.
type asking struct {
	*process
	in io.WriteCloser
}

// openssl connects through sgauge and returns once the hands are shaken.
func openssl(t *testing.T, g *gauge, o secretOrigin, keys string, more ...string) asking {
	t.Helper()
	args := append([]string{"s_client", "-proxy", g.addr, "-connect", o.host, "-servername", "localhost", "-CAfile", o.ca, "-keylogfile", keys}, more...)
	cmd := exec.Command(need(t, "openssl", "openssl"), args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	a := asking{start(t, cmd), in}
	a.until(t, "Verify return code: 0 (ok)")
	return a
}

// until waits for the program to say something.
func (a asking) until(t *testing.T, word string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if strings.Contains(a.stdout.String()+a.stderr.String(), word) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("openssl has not said %q", word)
		}
	}
}

func (a asking) say(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(a.in, text); err != nil {
		t.Fatal(err)
	}
}

const secretRequest = "GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// TestKeyUpdate: both sides change their keys, before the request and within the
// answer.
func TestKeyUpdate(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, uint16) secretOrigin{"go": goSecret, "nginx": nginxSecret} {
		t.Run(name, func(t *testing.T) {
			o := begin(t, tls.VersionTLS13)
			keys := filepath.Join(t.TempDir(), "keys.log")
			g := serve(t, peer{}, "--keylog", keys)
			a := openssl(t, g, o, keys)
			a.say(t, "K\n") // and asks the server to do the same
			a.until(t, "KEYUPDATE")
			a.say(t, secretRequest)
			a.until(t, "event 3")
			a.say(t, "K\n")
			a.until(t, "event 39")
			g.settled(t, 2)
			g.end(syscall.SIGINT)
			opened(t, g.recorded(t), "https://localhost/events", secretEvents)
		})
	}
}

// TestEarlyData: a request that travels before the handshake is over is seen.
func TestEarlyData(t *testing.T) {
	o := nginxSecretWith(t, tls.VersionTLS13, "ssl_early_data on;")
	dir := t.TempDir()
	keys, session := filepath.Join(dir, "keys.log"), filepath.Join(dir, "session.pem")
	g := serve(t, peer{}, "--keylog", keys)
	a := openssl(t, g, o, keys, "-sess_out", session)
	a.say(t, strings.Replace(secretRequest, "/events", "/", 1))
	a.until(t, "doctype")
	a.wait(t)
	request := writeFile(t, dir, "request", secretRequest)
	b := openssl(t, g, o, keys, "-sess_in", session, "-early_data", request)
	b.until(t, "Early data was accepted")
	b.until(t, "event 39")
	g.settled(t, 4)
	g.end(syscall.SIGINT)
	opened(t, g.recorded(t), "https://localhost/events", secretEvents)
}
