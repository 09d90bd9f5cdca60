package forward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

// parsed returns the request that raw is, as a server reads it.
func parsed(t *testing.T, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return r
}

func TestRemoveHopByHop(t *testing.T) {
	for name, tt := range map[string]struct{ in, want http.Header }{
		"fixed list": {
			http.Header{"Connection": {"close"}, "Keep-Alive": {"1"}, "Proxy-Connection": {"x"}, "Proxy-Authorization": {"x"}, "Transfer-Encoding": {"x"}, "Upgrade": {"x"}, "A": {"1"}},
			http.Header{"A": {"1"}},
		},
		"named": {
			http.Header{"Connection": {"x-one, X-Two", ",,X-THREE ,"}, "X-One": {"1"}, "X-Two": {"2"}, "X-Three": {"3"}, "X-Four": {"4"}},
			http.Header{"X-Four": {"4"}},
		},
		"framing and routing stay": {
			http.Header{"Connection": {"Content-Length, Host, Trailer, Max-Forwards"}, "Content-Length": {"5"}, "Trailer": {"X"}, "Max-Forwards": {"3"}},
			http.Header{"Content-Length": {"5"}, "Trailer": {"X"}, "Max-Forwards": {"3"}},
		},
		"codings are the hop's": {http.Header{"Te": {"gzip, trailers"}}, http.Header{}},
	} {
		removeHopByHop(tt.in, tt.in["Connection"])
		if fmt.Sprint(tt.in) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.in, tt.want)
		}
	}
}

func TestTarget(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/": "h:80", "https://h/": "h:443", "http://h:81/": "h:81", "http://[::1]/": "[::1]:80", "http://h:/": "h:80",
	} {
		if got := target(parsed(t, "GET "+url+" HTTP/1.1\r\nHost: x\r\n\r\n")); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// TestOpaque asks that the request line goes out as it came in, direct and in
// absolute form.
func TestOpaque(t *testing.T) {
	for _, tt := range []struct{ method, url, direct, absolute string }{
		{"GET", "http://h/a/b?c=d", "/a/b?c=d", "http://h/a/b?c=d"},
		{"GET", "http://h", "/", "http://h/"},
		{"GET", "http://h?q", "/?q", "http://h/?q"},
		{"GET", "http://h/a|b%7E\"?x=\"|", "/a|b%7E\"?x=\"|", "http://h/a|b%7E\"?x=\"|"},
		{"GET", "http://h//two", "//two", "http://h//two"},
		{"OPTIONS", "http://h", "*", "http://h"},
		{"OPTIONS", "http://h/", "/", "http://h/"},
	} {
		for absolute, want := range map[bool]string{false: tt.direct, true: tt.absolute} {
			r := parsed(t, tt.method+" "+tt.url+" HTTP/1.1\r\nHost: x\r\n\r\n")
			r.URL.Opaque = opaque(r, absolute)
			r.Host, r.RequestURI = r.URL.Host, ""
			var sent strings.Builder
			write := r.Write
			if absolute {
				write = r.WriteProxy
			}
			if err := write(&sent); err != nil {
				t.Fatal(err)
			}
			line, _, _ := strings.Cut(sent.String(), "\r\n")
			if got := strings.TrimSuffix(strings.TrimPrefix(line, tt.method+" "), " HTTP/1.1"); got != want {
				t.Errorf("%s %s, absolute %v: %q, want %q", tt.method, tt.url, absolute, got, want)
			}
		}
	}
}

func TestMaxForwards(t *testing.T) {
	for _, tt := range []struct {
		method, value string
		n             int
		ok            bool
	}{
		{"TRACE", "0", 0, true},
		{"OPTIONS", " 5 ", 5, true},
		{"GET", "0", 0, false},
		{"TRACE", "-1", -1, false},
		{"TRACE", "x", 0, false},
		{"TRACE", "", 0, false},
	} {
		r := parsed(t, tt.method+" http://h/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: "+tt.value+"\r\n\r\n")
		if n, ok := maxForwards(r); ok != tt.ok || ok && n != tt.n {
			t.Errorf("%s %q: %d, %v", tt.method, tt.value, n, ok)
		}
	}
}

func TestReflect(t *testing.T) {
	r := parsed(t, "TRACE http://h/x HTTP/1.1\r\nHost: h\r\nB: 2\r\nAuthorization: secret\r\nCookie: secret\r\nProxy-Authorization: secret\r\nA: 1\r\n\r\n")
	want := "TRACE http://h/x HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n"
	if got := string(reflect(r)); got != want {
		t.Errorf("reflected %q, want %q", got, want)
	}
}

type timeoutError struct{ error }

func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return false }

func TestExplain(t *testing.T) {
	r := parsed(t, "GET http://h/ HTTP/1.1\r\nHost: x\r\n\r\n")
	known := &tunnel.Failure{Step: tunnel.StepLookup, Cause: tunnel.ErrNameNotFound}
	for name, tt := range map[string]struct{ err, cause error }{
		"known":       {&net.OpError{Op: "proxyconnect", Err: known}, tunnel.ErrNameNotFound},
		"eof":         {io.EOF, tunnel.ErrClosed},
		"half a head": {fmt.Errorf("transport connection broken: %w", io.ErrUnexpectedEOF), tunnel.ErrClosed},
		"reset":       {&net.OpError{Err: syscall.ECONNRESET}, tunnel.ErrClosed},
		"idle":        {errors.New("http: server closed idle connection"), tunnel.ErrClosed},
		"timeout":     {timeoutError{errors.New("slow")}, tunnel.ErrTimeout},
		"malformed":   {errors.New(`malformed HTTP response "x"`), tunnel.ErrBadResponse},
	} {
		if got := explain(tt.err, r, nil); !errors.Is(got, tt.cause) {
			t.Errorf("%s: %v, want %v", name, got, tt.cause)
		}
	}
	broken := tap.NewRequestBody(io.NopCloser(brokenUpload{}), tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil))
	_, _ = broken.Read(make([]byte, 1))
	if got := explain(io.EOF, r, broken); !strings.Contains(got.Error(), "read client") {
		t.Errorf("a broken upload is explained as %v", got)
	}
}

// brokenUpload is an upload that breaks off.
type brokenUpload struct{}

func (brokenUpload) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestViaProxy(t *testing.T) {
	r := parsed(t, "GET http://h/ HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := viaProxy(r); got != nil || err != nil {
		t.Errorf("without an upstream: %v, %v", got, err)
	}
	up := tunnel.Upstream{Scheme: tunnel.HTTP, Host: "up", Port: 1, User: "u", Password: "p"}
	r = r.WithContext(context.WithValue(t.Context(), upstreamKey{}, up))
	if got, err := viaProxy(r); err != nil || got.String() != "http://u:p@upstream.invalid" {
		t.Errorf("with one: %v, %v", got, err)
	}
	var path Path
	dialled := ""
	path.Dial = func(_ context.Context, addr string) (tap.Link, error) {
		dialled = addr
		return tap.Link{}, io.EOF
	}
	path.DialProxy = func(context.Context) (tap.Link, error) { dialled = "upstream"; return tap.Link{}, io.EOF }
	for addr, want := range map[string]string{upstreamHost + ":80": "upstream", "h:80": "h:80"} {
		if _, err := dialPlain(t.Context(), path, addr); err != io.EOF || dialled != want {
			t.Errorf("%s: dialled %s, %v; want %s", addr, dialled, err, want)
		}
	}
}

func TestUpgradeWanted(t *testing.T) {
	for name, tt := range map[string]struct{ version, fields, want string }{
		"websocket":         {"1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
		"several":           {"1.1", "Connection: upgrade\r\nUpgrade: a/1\r\nUpgrade: b\r\n", "a/1, b"},
		"without the token": {"1.1", "Connection: keep-alive\r\nUpgrade: websocket\r\n", ""},
		"nothing named":     {"1.1", "Connection: upgrade\r\n", ""},
		"HTTP/1.0":          {"1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", ""},
	} {
		r := parsed(t, "GET http://h/ HTTP/"+tt.version+"\r\nHost: h\r\n"+tt.fields+"\r\n")
		if got := upgradeWanted(r); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
