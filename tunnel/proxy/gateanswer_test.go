package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// answerTo is what alters the response to a request for target.
func answerTo(t *testing.T, target string) gateAnswer {
	t.Helper()
	p, err := New(Config{Recorder: panicky{}, Targets: map[string]string{"lab": "https://h:8443/base/", "plain": "http://h"}})
	if err != nil {
		t.Fatal(err)
	}
	g, status, why := p.parseGate(target)
	if status != 0 {
		t.Fatal(why)
	}
	u, err := url.Parse(g.url())
	if err != nil {
		t.Fatal(err)
	}
	return gateAnswer{gate: g, target: u, host: "localhost:1889", redirects: true}
}

func TestGatewayLocation(t *testing.T) {
	const ours = "http://localhost:1889"
	for _, tt := range []struct{ target, location, want string }{
		{"/https/h/a/b", "https://h/c?d=%2F#e", ours + "/https/h/c?d=%2F#e"},
		{"/https/h/a/b", "https://H:443", ours + "/https/h/"},
		{"/https/h/a/b", "HTTPS://h?x", ours + "/https/h/?x"},
		{"/https/h:443/a", "https://h/c", ours + "/https/h:443/c"},
		{"/https/h/a/b", "/c//d%20", "/https/h/c//d%20"},
		{"/https/h/a/b", "//h/c", ours + "/https/h/c"},
		{"/https/h/a/b", "c?u=../x", "/https/h/a/c?u=../x"},
		{"/https/h", "c", "/https/h/c"},
		{"/lab", "c", "/https/h:8443/c"},
		{"/https/h/a/b", "./c:d", "/https/h/a/c:d"},
		{"/https/h/a/b", "?x", "?x"},
		{"/https/h/a/b", "#x", "#x"},
		{"/https/h/a/b", "", ""},
		{"/https/h/a/b", "../../../c?x", "/https/h/c?x"},
		// Another party gets none of the credentials meant for the first.
		{"/https/h/a", "https://other/c", ours + "/redirected/https/other/c"},
		{"/https/h/a", "//other/c", ours + "/redirected/https/other/c"},
		{"/https/h/a", "https://h:444/c", ours + "/redirected/https/h:444/c"},
		{"/https/h/a", "http://h/c", ours + "/redirected/http/h/c"},
		{"/https/h/a", "http://[::1]:8/c", ours + "/redirected/http/[::1]:8/c"},
		{"/http/h/a", "https://h/a", ours + "/https/h/a"},
		{"/http/h:8080/a", "https://h/a", ours + "/redirected/https/h/a"},
		{"/http/h/a", "https://h:8443/a", ours + "/redirected/https/h:8443/a"},
		{"/redirected/https/h/a", "/b", "/redirected/https/h/b"},
		{"/redirected/https/h/a", "../../b", "/redirected/https/h/b"},
		{"/redirected/https/h/a", "https://h/b", ours + "/redirected/https/h/b"},
		{"/redirected/https/h/a", "https://first/b", ours + "/redirected/https/first/b"},
		{"/redirected/http/h/a", "https://h/a", ours + "/redirected/https/h/a"},
		// Under a name.
		{"/lab/v1", "/base/v2", "/lab/v2"},
		{"/lab/v1", "/base", "/lab"},
		{"/lab/v1", "https://h:8443/base?x", ours + "/lab?x"},
		{"/lab/v1", "/basement", "/https/h:8443/basement"},
		{"/lab/v1", "https://h:8443/", ours + "/https/h:8443/"},
		{"/plain/v1", "/v2", "/plain/v2"},
		{"/plain/v1", "https://h/v2", ours + "/https/h/v2"},
		// Not ours to change.
		{"/https/h/a", "mailto:x@y", "mailto:x@y"},
		{"/https/h/a", "myapp://callback?code=1", "myapp://callback?code=1"},
		{"/https/h/a", "https://u:p@h/", "https://u:p@h/"},
		{"/https/h/a", "https://", "https://"},
		{"/https/h/a", "https://../x", "https://../x"},
		// Nothing climbs out of the prefix, where other origins are.
		{"/https/h/a", "/../evil/x", "/https/h/evil/x"},
		{"/https/h/a", "/a/../../evil/", "/https/h/evil/"},
		{"/https/h/a", "/%2E%2e/%2e./evil?../x", "/https/h/evil?../x"},
		{"/https/h/a", "/.\t./\t../evil", "/https/h/evil"},
		{"/https/h/a", `/..\..\evil`, "/https/h/..%5C..%5Cevil"},
		{"/https/h/a", `\\evil/x`, "/https/h/%5C%5Cevil/x"},
		{"/https/%5B::1%5d/a", "https://[::1]/b", ours + "/https/%5B::1%5d/b"},
		{"/https/h/a", "  /b ", "/https/h/b"},
		{"/https/h/a", "/\xd6\xd0", "/https/h/\xd6\xd0"},
		{"/https/h/a/b", "%2e%2e/%2e%2e/evil", "/https/h/evil"},
		{"/https/h/a/b", "./c/.", "/https/h/a/c/"},
		{"/https/h/a?x/y", "./c", "/https/h/c"},
		{"/https/h/a", "https:../../evil", "/https/h/evil"},
		{"/https/h/a", "https:/b", "/https/h/b"},
		{"/https/h/a", "https://h/../evil", ours + "/https/h/evil"},
		{"/https/h/a", "https://other/../../x", ours + "/redirected/https/other/x"},
		{"/lab/v1", "/base/../../x", "/https/h:8443/x"},
		{"/lab/v1", "../../x", "/https/h:8443/x"},
		{"/https/h/a", "https://h:x/", "https://h:x/"},
	} {
		if got := answerTo(t, tt.target).location(tt.location); got != tt.want {
			t.Errorf("%s, Location %q: got %q, want %q", tt.target, tt.location, got, tt.want)
		}
	}
}

// TestGatewayNamesResource asks for the Location of a response that redirects to
// nothing: credentials must not be kept back where a program means to send them.
func TestGatewayNamesResource(t *testing.T) {
	for location, want := range map[string]string{
		"https://other/upload/1": "https://other/upload/1", "//other/upload/1": "https://other/upload/1",
		"https://h/upload/1": "http://localhost:1889/https/h/upload/1", "/upload/1": "/https/h/upload/1",
	} {
		resp := &http.Response{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location}}}
		answerTo(t, "/https/h/a").alter(resp)
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("201 with Location %q: got %q, want %q", location, got, want)
		}
	}
}

func TestGatewayCookie(t *testing.T) {
	for _, tt := range []struct{ target, cookie, want string }{
		{"/https/h/a", "s=1", "s=1"},
		{"/https/h/a", "s=1; Domain=h; Path=/; Secure; HttpOnly; SameSite=None; Partitioned", "s=1; Path=/https/h; HttpOnly"},
		{"/https/h/a", "s=a=b;domain=.h ;SECURE;samesite=Lax;path=/v1/", "s=a=b;samesite=Lax; Path=/https/h/v1/"},
		{"/https/h/a", "s=1; Max-Age=5; Path=x", "s=1; Max-Age=5; Path=x"},
		{"/redirected/https/h/a", "s=1; Path=/", "s=1; Path=/https/h"},
		{"/lab/v1", "s=1; Path=/", "s=1; Path=/lab"},
		{"/lab/v1", "s=1; Path=/base", "s=1; Path=/lab"},
		{"/lab/v1", "s=1; Path=/base/v1", "s=1; Path=/lab/v1"},
		{"/lab/v1", "s=1; Path=/ba", "s=1; Path=/https/h:8443/ba"},
		{"/https/h/a", "", ""},
		{"/https/h/a", ";;Secure;", ";;"},
	} {
		if got := answerTo(t, tt.target).cookie(tt.cookie); got != tt.want {
			t.Errorf("%s, Set-Cookie %q: got %q, want %q", tt.target, tt.cookie, got, tt.want)
		}
	}
}

// TestGatewaySandbox asks that a page cannot speak for us in a browser, and that
// nothing else is touched.
func TestGatewaySandbox(t *testing.T) {
	for kind, want := range map[string]bool{
		"text/html": true, "text/HTML; charset=utf-8": true, "image/svg+xml": true, "application/xhtml+xml": true, "text/xml": true,
		"": true, "no/type/at all": true, "text/event-stream": false, "application/json": false, "text/plain": false,
	} {
		for _, browser := range []bool{true, false} {
			resp := &http.Response{Header: http.Header{"Content-Security-Policy": {"default-src *"}}}
			if kind != "" {
				resp.Header.Set("Content-Type", kind)
			}
			a := answerTo(t, "/https/h/")
			a.browser = browser
			a.alter(resp)
			got := strings.Join(resp.Header["Content-Security-Policy"], "|")
			if got != "default-src *|sandbox" && want && browser || got != "default-src *" && !(want && browser) {
				t.Errorf("%q, browser %v: policy %q", kind, browser, got)
			}
		}
	}
}

// TestGatewaySession lets a client with a cookie jar log in, be redirected within
// the origin, and to another one.
func TestGatewaySession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newGatewayWorld(t, nil)
		w.net.AddHost("other.test", netip.MustParseAddr("10.7.7.7"))
		other := &tunneltest.Origin{}
		other.Handle("*", tunneltest.Stream{Events: 1})
		w.serve("other.test:80", other.Serve)
		redirect := func(fields string) func(net.Conn, *http.Request) {
			return func(conn net.Conn, _ *http.Request) {
				fmt.Fprint(conn, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"+fields+"\r\n")
			}
		}
		const cookie = "session=1; Path=/; Domain=origin.test; Secure; HttpOnly"
		w.origin.HandleRaw("/login", redirect("Set-Cookie: "+cookie+"\r\nLocation: https://origin.test/home\r\n"))
		w.origin.HandleRaw("/home", redirect("Location: http://other.test/end?x=1\r\n"))

		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{DialContext: w.net.Dial, DisableKeepAlives: true}}
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:1889/https/origin.test/login", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer key")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if got := resp.Request.URL.String(); resp.StatusCode != 200 || got != "http://127.0.0.1:1889/redirected/http/other.test/end?x=1" {
			t.Errorf("%d at %s", resp.StatusCode, got)
		}
		home, end := string(w.origin.Visits()[1].Head), string(other.Visits()[0].Head)
		if !strings.Contains(home, "\r\nCookie: session=1\r\n") || !strings.Contains(home, "\r\nAuthorization: Bearer key\r\n") {
			t.Errorf("the same origin got %q", home)
		}
		if strings.Contains(end, "Cookie") || strings.Contains(end, "Authorization") || !strings.HasPrefix(end, "GET /end?x=1 ") {
			t.Errorf("another origin got %q", end)
		}
		first, ok := w.journal.Exchange(w.journal.Snapshot()[0].ID)
		if !ok {
			t.Fatal("nothing was recorded")
		}
		for _, h := range []tunnel.Header{{Name: "Set-Cookie", Value: cookie}, {Name: "Location", Value: "https://origin.test/home"}} {
			if !strings.Contains(fmt.Sprint(first.ResponseHeaders), fmt.Sprint(h)) {
				t.Errorf("recorded %v, want the origin's %v", first.ResponseHeaders, h)
			}
		}
	})
}
