package page

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

func TestPrefersHTML(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/plain": false, "application/json, */*;q=0.1": false,
		"text/html": true, "text/html,application/xhtml+xml,*/*;q=0.8": true, "TEXT/HTML; q=0.5": true,
		"text/html;q=0": false, "text/html; q=0.0, */*": false, "text/html;level=1": true,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		if got := PrefersHTML(r); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}

// TestWrite asks that nothing hostile in a page becomes markup, and that the
// page forbids what it does not need.
func TestWrite(t *testing.T) {
	p := Page{Status: 502, Title: "<script>1</script>", Text: []string{"a & b"}, Code: "one\ntwo", Detail: `"><img src=x>`, Header: http.Header{"X-More": {"1"}}}
	for accept, want := range map[string]string{
		"text/html": "<h1>&lt;script&gt;1&lt;/script&gt;</h1>\n<p>a &amp; b</p>\n<pre>one\ntwo</pre>\n<p><small>&#34;&gt;&lt;img src=x&gt;</small></p>",
		"*/*":       "<script>1</script>\n\na & b\n\n    one\n    two\n\n(\"><img src=x>)\n",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := httptest.NewRequest(method, "/", nil)
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			p.Write(w, r)
			h := w.Header()
			if w.Code != 502 || h.Get("X-More") != "1" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: status %d, header %v", method, accept, w.Code, h)
			}
			if strings.HasPrefix(h.Get("Content-Type"), "text/html") != strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: type %q with policy %q", accept, h.Get("Content-Type"), h.Get("Content-Security-Policy"))
			}
			body := w.Body.String()
			if method == http.MethodHead {
				if body != "" {
					t.Errorf("HEAD has a body: %q", body)
				}
				continue
			}
			if !strings.Contains(body, want) || h.Get("Content-Length") != fmt.Sprint(len(body)) {
				t.Errorf("%s: length %s, body\n%s\nwant in it\n%s", accept, h.Get("Content-Length"), body, want)
			}
		}
	}
}

func TestFailure(t *testing.T) {
	failure := func(step tunnel.Step, cause error) error {
		return fmt.Errorf("wrapped: %w", &tunnel.Failure{Step: step, Target: "o:80", Cause: cause, Sentence: "What to do."})
	}
	for _, tt := range []struct {
		err    error
		status int
		title  string
		code   string
	}{
		{failure(tunnel.StepPolicy, tunnel.ErrLoop), 508, "leads back", "proxy_loop_detected"},
		{failure(tunnel.StepLookup, tunnel.ErrNameNotFound), 502, "name", "dns_error"},
		{failure(tunnel.StepConnect, tunnel.ErrRefused), 502, "origin could not be reached", "connection_refused"},
		{failure(tunnel.StepConnect, tunnel.ErrTimeout), 504, "origin could not be reached", "connection_timeout"},
		{failure(tunnel.StepConnectUpstream, tunnel.ErrRefused), 502, "upstream could not be reached", "connection_refused"},
		{failure(tunnel.StepUpstreamTLS, tunnel.ErrCertificate), 502, "TLS with the upstream", "tls_certificate_error"},
		{failure(tunnel.StepHandshake, tunnel.ErrUpstreamAuth), 502, "did not carry", "proxy_internal_response"},
		{failure(tunnel.StepTLS, tunnel.ErrCertificate), 502, "TLS with the origin", "tls_certificate_error"},
		{failure(tunnel.StepExchange, tunnel.ErrClosed), 502, "no proper answer", "connection_terminated"},
		{&BadRequest{io.ErrUnexpectedEOF}, 400, "request broke off", "proxy_internal_response"},
		{errors.New("else"), 502, "could not be reached", "proxy_internal_response"},
	} {
		p := Failure(tt.err)
		if p.Status != tt.status || Status(tt.err) != tt.status || !strings.Contains(p.Title, tt.title) {
			t.Errorf("%v: %d %q, want %d %q", tt.err, p.Status, p.Title, tt.status, tt.title)
		}
		if got, want := p.Header.Get("Proxy-Status"), "streamgauge; error="+tt.code; got != want {
			t.Errorf("%v: Proxy-Status %q, want %q", tt.err, got, want)
		}
		if f := (*tunnel.Failure)(nil); errors.As(tt.err, &f) && (len(p.Text) != 1 || p.Text[0] != f.Sentence) {
			t.Errorf("%v: says %q", tt.err, p.Text)
		}
	}
}
