package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
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

// secretFields are header fields that hold nothing but a secret.
var secretFields = []string{
	"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api-Key", "x-goog-api-key",
	"Ocp-Apim-Subscription-Key", "X-Auth-Token", "X-Amz-Security-Token", "X-CSRF-Token", "X-Client-Secret", "AUTHORIZATION",
	"X-Vault-Token", "PRIVATE-TOKEN", "X-Hub-Signature-256", "X-Access-Key", "X-Session-Id", "Authentication-Info", "X-Auth",
}

// secretHeaders hold a secret somewhere in their value.
var secretHeaders = []tunnel.Header{
	{Name: "Authorization", Value: "Bearer " + canary},
	{Name: "Authorization", Value: "Custom " + canary},
	{Name: "Authorization", Value: `Digest username="u", response="` + canary + `"`},
	{Name: "Authorization", Value: "AWS4-HMAC-SHA256 Credential=AKIA/" + canary + ", Signature=" + canary},
	{Name: "X-Forwarded-Authorization", Value: "Basic " + canary},
	{Name: "X-Note", Value: "sent Bearer " + canary},
	{Name: "X-Note", Value: "Basic dTpj" + canary + "=="},
	{Name: "Location", Value: "/callback?code=" + canary + "&state=1"},
	{Name: "Location", Value: "https://h/cb#access_token=" + canary + "&token_type=bearer"},
	{Name: "Location", Value: "https://user:" + canary + "@h/"},
	{Name: "Location", Value: "//user:" + canary + "@h/"},
	{Name: "Referer", Value: "https://h/p?key=" + canary},
	{Name: "Referer", Value: "https://h/login?next=https%3A%2F%2Fh%2F%3Ftoken%3D" + canary},
	{Name: "Link", Value: `<https://h/next?sig=` + canary + `>; rel="next"`},
	{Name: "Refresh", Value: "0; url=https://h/?api_key=" + canary},
	{Name: "Content-Location", Value: "/v1?signature=" + canary},
	{Name: "X-Original-URL", Value: "/v1?secret=" + canary},
	{Name: "Sec-WebSocket-Protocol", Value: "realtime, openai-insecure-api-key." + canary + ", openai-beta.realtime-v1"},
	{Name: "Sec-WebSocket-Protocol", Value: "base64url.bearer.authorization.k8s.io." + canary + ", base64.binary.k8s.io"},
	{Name: "Sec-WebSocket-Protocol", Value: "access_token, " + canary},
	{Name: "Sec-WebSocket-Protocol", Value: "graphql-ws," + canary + canary + canary},
}

// secretKeys are keys of a query whose value is a secret.
var secretKeys = []string{
	"key", "api_key", "apikey", "apiKey", "api-key", "token", "access_token", "refresh_token", "id_token", "sig", "signature",
	"code", "client_secret", "password", "passwd", "pwd", "auth", "X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature",
	"sessionid", "jwt", "SAMLResponse", "AWSAccessKeyId", "code_verifier", "api%5Fkey", "KEY", "user[token]", "subscription-key",
}

// secretPlaces are the other places where credentials stand, one in each.
var secretPlaces = map[string]tunnel.Exchange{
	"userinfo":           {URL: "http://user:" + canary + "@h/p"},
	"userinfo, no user":  {URL: "http://:" + canary + "@h/p"},
	"userinfo, no word":  {URL: "http://" + canary + "@h/p"},
	"userinfo with at":   {URL: "http://user:x@" + canary + "@h/p"},
	"userinfo, gateway":  {URL: "/https/user:" + canary + "@h/p"},
	"userinfo, CONNECT":  {URL: "user:" + canary + "@h:443"},
	"userinfo in query":  {URL: "http://h/?u=http%3A%2F%2Fuser%3A" + canary + "%40h"},
	"path parameter":     {URL: "http://h/p;token=" + canary + "/q"},
	"nested three deep":  {URL: "http://h/?a=http%3A%2F%2Fh%2F%3Fb%3Dhttp%253A%252F%252Fh%252F%253Ftoken%253D" + canary},
	"semicolons":         {URL: "http://h/?a=1;token=" + canary},
	"discord webhook":    {URL: "https://discord.com/api/webhooks/123456/" + canary},
	"fragment":           {URL: "http://h/#id_token=" + canary},
	"after a bad escape": {URL: "http://h/?x=%zz&token=" + canary},
	"host":               {Host: "user:" + canary + "@h:80"},
	"upstream":           {Upstream: "socks5://user:" + canary + "@h:1080"},
	"dial error":         {Error: "dial http://user:" + canary + "@h:3128: refused"},
	"get error":          {Error: "Get \"https://h/p?token=" + canary + "\": EOF"},
	"upstream's error":   {Error: "upstream said: Proxy-Authorization: Basic " + canary},
	"cookie in an error": {Error: "bad head Cookie: a=b; c=" + canary},
	"header in an error": {Error: "invalid header X-Api-Key: " + canary},
	"JSON in an error":   {Error: `body {"api_key":"` + canary + `"}`},
	"password=":          {Error: "password=" + canary},
	"password:":          {Error: "password: " + canary},
	"bearer":             {Error: "bearer " + canary + " expired"},
}

// leaks holds an exchange for each place where a credential can stand.
var leaks = allLeaks()

func allLeaks() map[string]tunnel.Exchange {
	places := maps.Clone(secretPlaces)
	headers := slices.Clone(secretHeaders)
	for _, name := range secretFields {
		headers = append(headers, tunnel.Header{Name: name, Value: canary}, tunnel.Header{Name: name, Value: "a=" + canary + "; b=" + canary})
	}
	for _, key := range secretKeys {
		places["query "+key] = tunnel.Exchange{URL: "http://h/p?a=1&" + key + "=" + canary + "&z=1"}
		places["first query "+key] = tunnel.Exchange{URL: "/p?" + key + "=" + canary}
		places["gateway query "+key] = tunnel.Exchange{URL: "/https/h/p?" + key + "=" + canary}
	}
	escape := strings.NewReplacer("-", "%2D", "_", "%5F")
	for _, text := range shaped {
		places["path "+text] = tunnel.Exchange{URL: "https://h/v1/" + text + "/x"}
		places["query value "+text] = tunnel.Exchange{URL: "https://h/v1?q=" + text}
		places["escaped query value "+text] = tunnel.Exchange{URL: "https://h/v1?q=" + escape.Replace(text)}
		places["escaped path "+text] = tunnel.Exchange{URL: "https://h/" + escape.Replace(text)}
		places["error "+text] = tunnel.Exchange{Error: "origin said: bad credential " + text + " given"}
		headers = append(headers, tunnel.Header{Name: "X-Other", Value: text}, tunnel.Header{Name: "X-Other", Value: "before " + text + ", after"})
	}
	for _, h := range headers {
		places["request header "+h.Name+": "+h.Value] = tunnel.Exchange{RequestHeaders: []tunnel.Header{h}}
		places["response header "+h.Name+": "+h.Value] = tunnel.Exchange{ResponseHeaders: []tunnel.Header{h}}
	}
	return places
}

func TestRedactLeaksNothing(t *testing.T) {
	if len(leaks) < 40 {
		t.Fatalf("only %d places", len(leaks))
	}
	for name, ex := range leaks {
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
	for _, ex := range leaks {
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
	for name, ex := range leaks {
		once, _ := json.Marshal(lineOf(new(Redact(ex))))
		twice, _ := json.Marshal(lineOf(new(Redact(Redact(ex)))))
		if !bytes.Equal(once, twice) {
			t.Errorf("%s: %s became %s", name, once, twice)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, ex := range leaks {
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

func TestRedactText(t *testing.T) {
	const secret = "sk-abcdefghijklmnop1234567890"
	if got := RedactText(`data: {"text":"the key is ` + secret + `"}`); strings.Contains(got, secret) || !strings.Contains(got, Mask) {
		t.Errorf("RedactText leaves %q", got)
	}
	if got := RedactText("data: 你好"); got != "data: 你好" {
		t.Errorf("RedactText changes a harmless text to %q", got)
	}
}
