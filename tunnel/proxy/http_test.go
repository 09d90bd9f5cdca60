package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// answer is what a client of the proxy saw.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of the body
	closed bool  // the proxy ended the connection behind it
}

// exchange sends raw bytes and reads one answer to a request of that method,
// waiting ten virtual minutes at most.
func (w *world) exchange(method, raw string) answer {
	w.t.Helper()
	conn, r := w.ask(raw)
	return readAnswer(w.t, conn, r, method)
}

func readAnswer(t *testing.T, conn net.Conn, r *bufio.Reader, method string) answer {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Minute))
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return answer{err: err, closed: true}
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	body, err := io.ReadAll(resp.Body)
	a.body, a.err = string(body), err
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = r.ReadByte()
	a.closed = err == io.EOF
	return a
}

// TestMalformedRequests asks that nothing doubtful reaches an origin.
func TestMalformedRequests(t *testing.T) {
	const host = "Host: origin.test\r\n"
	long := strings.Repeat("a", 300<<10)
	for name, tt := range map[string]struct {
		raw  string
		want int
	}{
		"no version":             {"GET http://origin.test/\r\n" + host + "\r\n", 400},
		"bad version":            {"GET http://origin.test/ HTTP/9.9\r\n" + host + "\r\n", 505},
		"space in target":        {"GET http://origin.test/a b HTTP/1.1\r\n" + host + "\r\n", 400},
		"space before colon":     {"GET http://origin.test/ HTTP/1.1\r\n" + host + "X : y\r\n\r\n", 400},
		"header without colon":   {"GET http://origin.test/ HTTP/1.1\r\n" + host + "nonsense\r\n\r\n", 400},
		"control in value":       {"GET http://origin.test/ HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", 400},
		"bad method":             {"G@T http://origin.test/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"two hosts":              {"GET http://origin.test/ HTTP/1.1\r\n" + host + host + "\r\n", 400},
		"no host in 1.1":         {"GET /x HTTP/1.1\r\n\r\n", 400},
		"two lengths":            {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		"length not a number":    {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na", 400},
		"negative length":        {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
		"unknown coding":         {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
		"coding not last":        {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n", 501},
		"two codings":            {"POST http://origin.test/ HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
		"head too long":          {"GET http://origin.test/ HTTP/1.1\r\n" + host + "X: " + long + "\r\n\r\n", 431},
		"target too long":        {"GET http://origin.test/" + long + " HTTP/1.1\r\n" + host + "\r\n", 431},
		"no host in target":      {"GET http:///x HTTP/1.1\r\n" + host + "\r\n", 400},
		"other scheme":           {"GET ftp://origin.test/ HTTP/1.1\r\n" + host + "\r\n", 501},
		"connect without port":   {"CONNECT origin.test HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect port 0":         {"CONNECT origin.test:0 HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect port too large": {"CONNECT origin.test:65536 HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect with path":      {"CONNECT origin.test:80/x HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect with user":      {"CONNECT u:p@origin.test:80 HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect with query":     {"CONNECT origin.test:80? HTTP/1.1\r\n" + host + "\r\n", 400},
		"connect absolute":       {"CONNECT http://origin.test:80 HTTP/1.1\r\n" + host + "\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				got := w.exchange("GET", tt.raw)
				if got.status != tt.want {
					t.Errorf("status %d (%v), want %d", got.status, got.err, tt.want)
				}
				if visits := w.origin.Visits(); len(visits) > 0 {
					t.Errorf("the origin was asked: %q", visits[0].Head)
				}
				if tt.want == 400 && !got.closed {
					t.Error("the connection stays open behind a malformed request")
				}
			})
		})
	}
}

// TestRequestHead asks what of a request reaches the origin.
func TestRequestHead(t *testing.T) {
	for name, tt := range map[string]struct {
		request       string
		has, hasNot   []string
		first, target string
	}{
		"hop by hop": {
			request: "GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n" +
				"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers, deflate\r\nUpgrade: h2c\r\nX-Stays: 1\r\n\r\n",
			has:    []string{"X-Stays: 1\r\n", "Te: trailers\r\n"},
			hasNot: []string{"X-Hop", "Keep-Alive", "Proxy-", "deflate", "Upgrade", "User-Agent", "Accept-Encoding", "Via"},
			first:  "GET / HTTP/1.1\r\n",
		},
		"host follows target": {
			request: "GET http://origin.test/ HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n",
			has:     []string{"Host: origin.test\r\n"}, hasNot: []string{"elsewhere"},
		},
		"framing is not a hop's": {
			request: "POST http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nhi",
			has:     []string{"Content-Length: 2\r\n"},
		},
		"target as written": {
			request: "GET http://origin.test/a|b/%7e/%2F?q=\"x\"&y=| HTTP/1.1\r\nHost: origin.test\r\n\r\n",
			first:   "GET /a|b/%7e/%2F?q=\"x\"&y=| HTTP/1.1\r\n",
		},
		"two slashes":   {request: "GET http://origin.test//x HTTP/1.1\r\nHost: o\r\n\r\n", first: "GET //x HTTP/1.1\r\n"},
		"empty path":    {request: "GET http://origin.test HTTP/1.1\r\nHost: o\r\n\r\n", first: "GET / HTTP/1.1\r\n"},
		"empty query":   {request: "GET http://origin.test/? HTTP/1.1\r\nHost: o\r\n\r\n", first: "GET /? HTTP/1.1\r\n"},
		"options":       {request: "OPTIONS http://origin.test HTTP/1.1\r\nHost: o\r\n\r\n", first: "OPTIONS * HTTP/1.1\r\n"},
		"options query": {request: "OPTIONS http://origin.test?x HTTP/1.1\r\nHost: o\r\n\r\n", first: "OPTIONS /?x HTTP/1.1\r\n"},
		"fragment":      {request: "GET http://origin.test/x#y HTTP/1.1\r\nHost: o\r\n\r\n", first: "GET /x HTTP/1.1\r\n"},
		"max-forwards":  {request: "TRACE http://origin.test/ HTTP/1.1\r\nHost: o\r\nMax-Forwards: 3\r\n\r\n", has: []string{"Max-Forwards: 2\r\n"}},
		"user's agent":  {request: "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nUser-Agent: mine\r\n\r\n", has: []string{"User-Agent: mine\r\n"}},
		"old client":    {request: "GET http://origin.test/ HTTP/1.0\r\n\r\n", first: "GET / HTTP/1.1\r\n", has: []string{"Host: origin.test\r\n"}},
		"user in URL":   {request: "GET http://u:p@origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n", hasNot: []string{"u:p", "Authorization"}},
		"empty agent":   {request: "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nUser-Agent:\r\n\r\n", has: []string{"User-agent: \r\n"}},
		"own encodings": {request: "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nAccept-Encoding: br\r\n\r\n", has: []string{"Accept-Encoding: br\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.Handle("*", tunneltest.Stream{Events: 1})
				if got := w.exchange("GET", tt.request); got.status != 200 {
					t.Fatalf("status %d, %v", got.status, got.err)
				}
				head := string(w.origin.Visits()[0].Head)
				if !strings.HasPrefix(head, tt.first) {
					t.Errorf("request line %q, want %q", head, tt.first)
				}
				for _, want := range tt.has {
					if !strings.Contains(head, want) {
						t.Errorf("%q is missing in %q", want, head)
					}
				}
				for _, not := range tt.hasNot {
					if strings.Contains(head, not) {
						t.Errorf("%q is in %q", not, head)
					}
				}
			})
		})
	}
}

// TestBrokenOrigins asks that an answer which breaks off never ends cleanly for
// the client, and is recorded as broken.
func TestBrokenOrigins(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	for name, tt := range map[string]struct {
		script tunneltest.Script
		status int        // 0: the head is out, and the body must break
		end    tunnel.End // as recorded
	}{
		"chunk cut":      {script: steps(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", tunneltest.FIN), end: tunnel.Truncated},
		"between chunks": {script: steps(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", tunneltest.FIN), end: tunnel.Truncated},
		"chunk reset":    {script: steps(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", tunneltest.RST), end: tunnel.Truncated},
		"bad size line":  {script: steps(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", tunneltest.Stay), end: tunnel.Truncated},
		"no last CRLF":   {script: steps(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", tunneltest.FIN), end: tunnel.Truncated},
		"short length":   {script: steps(ok+"Content-Length: 10\r\n\r\nhello", tunneltest.FIN), end: tunnel.Truncated},
		"length reset":   {script: steps(ok+"Content-Length: 10\r\n\r\nhello", tunneltest.RST), end: tunnel.Truncated},
		"close reset":    {script: steps(ok+"\r\nhello", tunneltest.RST), end: tunnel.Truncated},
		"nothing":        {script: steps("", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"reset at once":  {script: steps("", tunneltest.RST), status: 502, end: tunnel.Failed},
		"half a head":    {script: steps("HTTP/1.1 200 OK\r\nContent-", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"not HTTP":       {script: steps("SSH-2.0-OpenSSH\r\n", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"bad status":     {script: steps("HTTP/1.1 2000 OK\r\n\r\n", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"two lengths":    {script: steps(ok+"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"unknown coding": {script: steps(ok+"Transfer-Encoding: gzip\r\n\r\nhello", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"head too long":  {script: steps(ok+"X: "+strings.Repeat("a", 2<<20)+"\r\n\r\n", tunneltest.FIN), status: 502, end: tunnel.Failed},
		"unasked switch": {script: steps("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", tunneltest.Stay), status: 502, end: tunnel.Failed},
		"too many 1xx":   {script: steps(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 101)+ok+"Content-Length: 0\r\n\r\n", tunneltest.Stay), status: 502, end: tunnel.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.HandleScript("/", tt.script)
				conn, r := w.ask("GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n")
				for {
					peeked, _ := r.Peek(12)
					if !strings.HasSuffix(string(peeked), "103") {
						break
					}
					if _, err := http.ReadResponse(r, nil); err != nil {
						t.Fatal(err)
					}
				}
				got := readAnswer(t, conn, r, "GET")
				if tt.status == 0 && (got.status != 200 || got.err == nil) {
					t.Errorf("status %d with body %q ends with %v, want 200 and a broken body", got.status, got.body, got.err)
				}
				if tt.status != 0 && (got.status != tt.status || got.err != nil || got.body == "") {
					t.Errorf("status %d, body %q, %v; want a page with %d", got.status, got.body, got.err, tt.status)
				}
				if ex := w.last(); ex.End != tt.end || ex.Error == "" {
					t.Errorf("recorded end %q (%q), want %q", ex.End, ex.Error, tt.end)
				}
			})
		})
	}
}

func steps(data string, then tunneltest.Action) tunneltest.Script {
	return tunneltest.Script{{Data: []byte(data), Do: then}}
}

// TestResponseHead asks what of a response reaches the client.
func TestResponseHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.HandleScript("/", steps("HTTP/1.1 299 Odd\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: Basic\r\n"+
			"X-Stays: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nhello", tunneltest.Stay))
		got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n")
		if got.status != 299 || got.body != "hello" || got.closed {
			t.Errorf("status %d, body %q, closed %v", got.status, got.body, got.closed)
		}
		want := http.Header{"X-Stays": {"1"}, "Set-Cookie": {"a=1", "b=2"}, "Content-Length": {"5"}}
		for name := range got.header {
			if strings.Join(got.header[name], "|") != strings.Join(want[name], "|") {
				t.Errorf("%s: %q, want %q", name, got.header[name], want[name])
			}
		}
		if len(got.header) != len(want) {
			t.Errorf("header %v, want %v", got.header, want)
		}
	})
}

// TestBodiless asks for the head alone where there is no body, and that the
// connection can be used again.
func TestBodiless(t *testing.T) {
	for name, tt := range map[string]struct{ method, head string }{
		"head with length":  {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
		"head with chunked": {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"no content":        {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
		"not modified":      {"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"},
		"empty":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"empty chunked":     {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.HandleScript("/", steps(tt.head, tunneltest.Stay))
				conn, r := w.ask("")
				for range 2 {
					if _, err := io.WriteString(conn, tt.method+" http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n"); err != nil {
						t.Fatal(err)
					}
					resp, err := http.ReadResponse(r, &http.Request{Method: tt.method})
					if err != nil {
						t.Fatal(err)
					}
					if body, err := io.ReadAll(resp.Body); err != nil || len(body) > 0 {
						t.Errorf("body %q, %v", body, err)
					}
				}
				if ex := w.last(); ex.End != tunnel.Complete || len(ex.Chunks) != 0 {
					t.Errorf("recorded end %q with %d chunks", ex.End, len(ex.Chunks))
				}
			})
		})
	}
}
