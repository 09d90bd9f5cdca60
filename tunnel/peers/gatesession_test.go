//go:build peers && linux

package peers

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pythonSession follows redirects with a cookie jar.
const pythonSession = `
import sys, urllib.request, http.cookiejar
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
    urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer key"})
print(opener.open(request).read().decode(), end="")
`

// TestGatewaySession: a login that sets a cookie, a redirect that needs it, and a
// redirect to another origin, which is shown neither cookie nor key.
func TestGatewaySession(t *testing.T) {
	curl := need(t, "curl", "curl")
	dir := t.TempDir()
	for name, program := range map[string][]string{
		"curl": {
			curl, "-sS", "--noproxy", "*", "-L", "-c", filepath.Join(dir, "jar"), "-b", filepath.Join(dir, "jar"), "-H", "Authorization: Bearer key",
		},
		"python": {need(t, "python3", "python3"), writeFile(t, dir, "session.py", pythonSession)},
	} {
		t.Run(name, func(t *testing.T) {
			a, config := secured(t)
			var other string
			mux := http.NewServeMux()
			mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/", Domain: "localhost", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
				http.Redirect(w, r, "/home", http.StatusFound)
			})
			mux.HandleFunc("/home", func(w http.ResponseWriter, r *http.Request) {
				if cookie, err := r.Cookie("session"); err != nil || cookie.Value != "1" || r.Header.Get("Authorization") == "" {
					http.Error(w, "not logged in", http.StatusForbidden)
					return
				}
				http.Redirect(w, r, "https://"+other+"/end?x=%2F", http.StatusFound)
			})
			mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%s %q %q", r.URL.RawQuery, r.Header.Get("Cookie"), r.Header.Get("Authorization"))
			})
			origins := [2]string{}
			for i := range origins {
				server := httptest.NewUnstartedServer(mux)
				server.TLS = config.Clone()
				server.StartTLS()
				t.Cleanup(server.Close)
				origins[i] = local(server.Listener.Addr().String())
			}
			other = origins[1]
			g := serve(t, peer{}.trusting(t, a))
			out, err := exec.Command(program[0], append(program[1:], "http://"+g.addr+"/https/"+origins[0]+"/login")...).Output()
			if want := `x=%2F "" ""`; err != nil || string(out) != want {
				t.Errorf("got %q, %v; want %q", out, err, want)
			}
			ex := only(t, g.finish(t, 3), "at the end", func(ex exchange) bool { return ex.Host == other })
			if ex.Kind != "gateway" || ex.URL != "https://"+other+"/end?x=%2F" {
				t.Errorf("recorded %s %s", ex.Kind, ex.URL)
			}
		})
	}
}

// TestGatewayAbort: when curl is ended within a stream, the origin sees it.
func TestGatewayAbort(t *testing.T) {
	a, config := secured(t)
	began, left := make(chan struct{}), make(chan time.Time, 1)
	var once sync.Once
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		once.Do(func() { close(began) })
		<-r.Context().Done()
		left <- time.Now()
	}))
	server.TLS = config
	server.StartTLS()
	defer server.Close()
	g := serve(t, peer{}.trusting(t, a))
	client := start(t, exec.Command(need(t, "curl", "curl"), "-sS", "-N", "--noproxy", "*", "http://"+g.addr+"/https/"+local(server.Listener.Addr().String())+"/"))
	<-began
	gone := time.Now()
	client.end(syscall.SIGKILL)
	select {
	case at := <-left:
		if took := at.Sub(gone); took > time.Second {
			t.Errorf("the origin saw it after %v", took)
		}
	case <-time.After(patience):
		t.Error("the origin never saw it")
	}
	if ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true }); ex.End != "client_closed" {
		t.Errorf("recorded as %s", ex.End)
	}
}

// TestGatewayWebSocket: Node's own WebSocket speaks ws to us, and the origin has
// it in TLS.
func TestGatewayWebSocket(t *testing.T) {
	node := newNode(t, 22)
	a, config := secured(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(echoOnce))
	server.TLS = config
	server.StartTLS()
	defer server.Close()
	g := serve(t, peer{}.trusting(t, a))
	host := local(server.Listener.Addr().String())
	script := writeFile(t, t.TempDir(), "ws.js", `
const socket = new WebSocket(process.argv[2]);
socket.onopen = () => socket.send("hello");
socket.onmessage = (message) => { console.log(message.data); socket.close(1000); };
socket.onclose = (event) => console.log(event.code);
socket.onerror = (event) => console.log("error", event.message);
`)
	out, err := exec.Command(node, script, "ws://"+g.addr+"/https/"+host+"/ws").Output()
	if want := "hello\n1000\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
	ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
	if ex.Kind != "websocket" || ex.URL != "https://"+host+"/ws" || ex.Status != http.StatusSwitchingProtocols {
		t.Errorf("recorded %s %s %d", ex.Kind, ex.URL, ex.Status)
	}
}

// echoOnce accepts a WebSocket, sends the payload of its first frame back, which
// must be short, and answers its close (RFC 6455 §4.2.2, §5.2).
func echoOnce(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	for range 2 {
		if !answerFrame(conn, buffered.Reader) {
			return
		}
	}
}

// answerFrame reads a masked frame and sends it back unmasked.
func answerFrame(conn net.Conn, r *bufio.Reader) bool {
	head, err := r.Peek(6)
	if err != nil {
		return false
	}
	frame := make([]byte, 6+int(head[1]&0x7f))
	for i := range frame {
		if frame[i], err = r.ReadByte(); err != nil {
			return false
		}
	}
	payload := frame[6:]
	for i := range payload {
		payload[i] ^= frame[2+i%4]
	}
	_, err = conn.Write(append([]byte{frame[0], byte(len(payload))}, payload...))
	return err == nil
}
