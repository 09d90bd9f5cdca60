package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// canary is in every secret below and may be in nothing that leaves.
const canary = "c4NaRy7Secret"

// shaped are secrets known by their form.
var shaped = []string{
	"sk-" + canary, "sk-proj-" + canary + "_x-1", "sk-ant-api03-" + canary, "sk_live_" + canary,
	"eyJ" + canary + ".eyJ" + canary + "." + canary, "ghp_" + canary, "github_pat_" + canary, "glpat-" + canary,
	"AKIAC4NARY7SECRET", "AIza" + canary + "0123456789", "ya29." + canary, "xoxb-" + canary, "hf_" + canary,
	"gsk_" + canary, "xai-" + canary, "npm_" + canary, "SG." + canary + "." + canary, "bot123456:" + canary + "_0123456789",
	"https://hooks.slack.com/services/T0A/B0B/" + canary,
}

// leaks are places where credentials stand, as one request field each.
func leaks() map[string]tunnel.Exchange {
	places := make(map[string]tunnel.Exchange)
	header := func(name, value string) {
		h := []tunnel.Header{{Name: name, Value: value}}
		places["request header "+name+": "+value] = tunnel.Exchange{RequestHeaders: h}
		places["response header "+name+": "+value] = tunnel.Exchange{ResponseHeaders: h}
	}
	for _, name := range []string{
		"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api-Key", "x-goog-api-key",
		"Ocp-Apim-Subscription-Key", "X-Auth-Token", "X-Amz-Security-Token", "X-CSRF-Token", "X-Client-Secret", "AUTHORIZATION",
		"X-Vault-Token", "PRIVATE-TOKEN", "X-Hub-Signature-256", "X-Access-Key", "X-Session-Id", "Authentication-Info", "X-Auth",
	} {
		header(name, canary)
		header(name, "a="+canary+"; b="+canary)
	}
	header("Authorization", "Bearer "+canary)
	header("Authorization", "Custom "+canary)
	header("Authorization", `Digest username="u", response="`+canary+`"`)
	header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/"+canary+", Signature="+canary)
	header("X-Forwarded-Authorization", "Basic "+canary)
	header("X-Note", "sent Bearer "+canary)
	header("X-Note", "Basic dTpj"+canary+"==")
	header("Location", "/callback?code="+canary+"&state=1")
	header("Location", "https://h/cb#access_token="+canary+"&token_type=bearer")
	header("Location", "https://user:"+canary+"@h/")
	header("Location", "//user:"+canary+"@h/")
	header("Referer", "https://h/p?key="+canary)
	header("Referer", "https://h/login?next=https%3A%2F%2Fh%2F%3Ftoken%3D"+canary)
	header("Link", `<https://h/next?sig=`+canary+`>; rel="next"`)
	header("Refresh", "0; url=https://h/?api_key="+canary)
	header("Content-Location", "/v1?signature="+canary)
	header("X-Original-URL", "/v1?secret="+canary)
	header("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key."+canary+", openai-beta.realtime-v1")
	header("Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io."+canary+", base64.binary.k8s.io")
	header("Sec-WebSocket-Protocol", "access_token, "+canary)
	header("Sec-WebSocket-Protocol", "graphql-ws,"+canary+canary+canary)
	for _, key := range []string{
		"key", "api_key", "apikey", "apiKey", "api-key", "token", "access_token", "refresh_token", "id_token", "sig", "signature",
		"code", "client_secret", "password", "passwd", "pwd", "auth", "X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature",
		"sessionid", "jwt", "SAMLResponse", "AWSAccessKeyId", "code_verifier", "api%5Fkey", "KEY", "user[token]", "subscription-key",
	} {
		places["query "+key] = tunnel.Exchange{URL: "http://h/p?a=1&" + key + "=" + canary + "&z=1"}
		places["first query "+key] = tunnel.Exchange{URL: "/p?" + key + "=" + canary}
		places["gateway query "+key] = tunnel.Exchange{URL: "/https/h/p?" + key + "=" + canary}
	}
	for _, text := range shaped {
		places["path "+text] = tunnel.Exchange{URL: "https://h/v1/" + text + "/x"}
		places["query value "+text] = tunnel.Exchange{URL: "https://h/v1?q=" + text}
		places["escaped query value "+text] = tunnel.Exchange{URL: "https://h/v1?q=" + strings.ReplaceAll(strings.ReplaceAll(text, "-", "%2D"), "_", "%5F")}
		places["escaped path "+text] = tunnel.Exchange{URL: "https://h/" + strings.ReplaceAll(strings.ReplaceAll(text, "-", "%2D"), "_", "%5F")}
		places["error "+text] = tunnel.Exchange{Error: "origin said: bad credential " + text + " given"}
		header("X-Other", text)
		header("X-Other", "before "+text+", after")
	}
	for name, target := range map[string]string{
		"userinfo":           "http://user:" + canary + "@h/p",
		"userinfo, no user":  "http://:" + canary + "@h/p",
		"userinfo, no word":  "http://" + canary + "@h/p",
		"userinfo with at":   "http://user:x@" + canary + "@h/p",
		"userinfo, gateway":  "/https/user:" + canary + "@h/p",
		"userinfo, CONNECT":  "user:" + canary + "@h:443",
		"userinfo in query":  "http://h/?u=http%3A%2F%2Fuser%3A" + canary + "%40h",
		"path parameter":     "http://h/p;token=" + canary + "/q",
		"nested three deep":  "http://h/?a=http%3A%2F%2Fh%2F%3Fb%3Dhttp%253A%252F%252Fh%252F%253Ftoken%253D" + canary,
		"semicolons":         "http://h/?a=1;token=" + canary,
		"discord webhook":    "https://discord.com/api/webhooks/123456/" + canary,
		"fragment":           "http://h/#id_token=" + canary,
		"after a bad escape": "http://h/?x=%zz&token=" + canary,
	} {
		places[name] = tunnel.Exchange{URL: target}
	}
	places["host"] = tunnel.Exchange{Host: "user:" + canary + "@h:80"}
	places["upstream"] = tunnel.Exchange{Upstream: "socks5://user:" + canary + "@h:1080"}
	for _, text := range []string{
		"dial http://user:" + canary + "@h:3128: refused",
		"Get \"https://h/p?token=" + canary + "\": EOF",
		"upstream said: Proxy-Authorization: Basic " + canary,
		"bad head Cookie: a=b; c=" + canary,
		"invalid header X-Api-Key: " + canary,
		`body {"api_key":"` + canary + `"}`,
		"password=" + canary,
		"password: " + canary,
		"bearer " + canary + " expired",
	} {
		places["error "+text] = tunnel.Exchange{Error: text}
	}
	return places
}

func TestRedactLeaksNothing(t *testing.T) {
	places := leaks()
	if len(places) < 40 {
		t.Fatalf("only %d places", len(places))
	}
	for name, ex := range places {
		got := fmt.Sprintf("%+v", Redact(ex))
		if strings.Contains(strings.ToUpper(got), strings.ToUpper(canary)) {
			t.Errorf("%s: leaks in %s", name, got)
		}
		if !strings.Contains(got, Mask) {
			t.Errorf("%s: nothing is masked in %s", name, got)
		}
	}
}

// TestExportsLeakNothing puts each place through each format.
func TestExportsLeakNothing(t *testing.T) {
	var all []tunnel.Exchange
	for _, ex := range leaks() {
		ex.Kind, ex.Start, ex.End = tunnel.KindHTTP, time.Unix(0, 0), tunnel.Complete
		all = append(all, ex)
	}
	for _, format := range formats {
		var b bytes.Buffer
		if err := Export(&b, format, Each(all)); err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(strings.ToUpper(b.String()), strings.ToUpper(canary)); i >= 0 {
			t.Errorf("%s leaks: …%s…", format, b.String()[max(i-80, 0):i])
		}
		b.Reset()
		if err := ExportUnredacted(&b, format, Each(all)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), canary) {
			t.Errorf("%s unredacted holds no secret", format)
		}
	}
}

// TestRedactKeepsTheRest: what is no credential must stay, or the recording is
// worth nothing.
func TestRedactKeepsTheRest(t *testing.T) {
	for _, h := range []tunnel.Header{
		{Name: "Content-Type", Value: "text/event-stream; charset=utf-8"},
		{Name: "Server", Value: "nginx/1.22.1"},
		{Name: "Date", Value: "Mon, 02 Jan 2006 15:04:05 GMT"},
		{Name: "X-Request-Id", Value: "req_011CQ"},
		{Name: "Location", Value: "https://h:8443/path?page=2&q=a%20b#top"},
		{Name: "Access-Control-Allow-Credentials", Value: "true"},
		{Name: "Access-Control-Allow-Headers", Value: "authorization, x-api-key"},
		{Name: "WWW-Authenticate", Value: `Bearer realm="example", error="invalid_token"`},
		{Name: "Sec-WebSocket-Protocol", Value: "graphql-transport-ws, mqtt"},
		{Name: "Sec-WebSocket-Key", Value: "dGhlIHNhbXBsZSBub25jZQ=="},
		{Name: "X-Ratelimit-Remaining-Tokens", Value: "149984"},
		{Name: "Via", Value: "1.1 varnish, 1.1 task-manager-tools-12345"},
		{Name: "Accept-Encoding", Value: "gzip, br"},
		{Name: "Alt-Svc", Value: `h3=":443"; ma=86400`},
		{Name: "Cache-Control", Value: "max-age=0, no-transform"},
	} {
		ex := Redact(tunnel.Exchange{RequestHeaders: []tunnel.Header{h}})
		if got := ex.RequestHeaders[0].Value; got != h.Value {
			t.Errorf("%s: %q became %q", h.Name, h.Value, got)
		}
	}
	for _, target := range []string{
		"https://api.example.com/v1/chat/completions", "http://h/?q=hello%20world&page=3", "h:443", "/https/h/v1/models",
		"http://h/?email=a@b.example", "http://[::1]:8080/x", "http://h/%E4%BD%A0?lang=%E4%BD%A0",
	} {
		if got := Redact(tunnel.Exchange{URL: target}).URL; got != target {
			t.Errorf("URL %q became %q", target, got)
		}
	}
	for _, text := range []string{
		"reach api.example.com:443 through socks5://127.0.0.1:1080: connection refused",
		"unexpected status code: 502", "origin closed after 12 of 30 bytes", "bearer authentication is needed",
	} {
		if got := Redact(tunnel.Exchange{Error: text}).Error; got != text {
			t.Errorf("error %q became %q", text, got)
		}
	}
}

func TestRedactShowsWhatWasThere(t *testing.T) {
	ex := Redact(tunnel.Exchange{
		URL:            "https://u:p@h/v1?a=1&api_key=abc&b=2",
		RequestHeaders: []tunnel.Header{{Name: "Authorization", Value: "Bearer abc"}, {Name: "Cookie", Value: "a=b"}},
	})
	if want := "https://REDACTED@h/v1?a=1&api_key=REDACTED&b=2"; ex.URL != want {
		t.Errorf("URL = %q, want %q", ex.URL, want)
	}
	want := []tunnel.Header{{Name: "Authorization", Value: "Bearer REDACTED"}, {Name: "Cookie", Value: "REDACTED"}}
	if !slices.Equal(ex.RequestHeaders, want) {
		t.Errorf("headers = %v, want %v", ex.RequestHeaders, want)
	}
}

func TestRedactLeavesOriginalAlone(t *testing.T) {
	headers := []tunnel.Header{{Name: "Cookie", Value: canary}}
	Redact(tunnel.Exchange{RequestHeaders: headers})
	if headers[0].Value != canary {
		t.Error("Redact changed the exchange it was given")
	}
}

func TestRedactTwiceIsRedactOnce(t *testing.T) {
	for name, ex := range leaks() {
		once, _ := json.Marshal(lineOf(new(Redact(ex))))
		twice, _ := json.Marshal(lineOf(new(Redact(Redact(ex)))))
		if !bytes.Equal(once, twice) {
			t.Errorf("%s: %s became %s", name, once, twice)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, ex := range leaks() {
		f.Add(ex.URL, ex.Error)
	}
	f.Fuzz(func(t *testing.T, target, text string) {
		if len(target)+len(text) > 1<<12 {
			t.Skip()
		}
		ex := Redact(tunnel.Exchange{URL: target + "&token=" + canary, Error: text})
		if strings.Contains(ex.URL, "token="+canary) {
			t.Errorf("URL %q leaks", ex.URL)
		}
	})
}
