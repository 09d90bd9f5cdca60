package recording

import (
	"net/url"
	"regexp"
	"strings"

	"streamgauge/tunnel"
)

// Mask stands where a credential was. It needs no escaping in URLs, headers,
// CSV and JSON.
const Mask = "REDACTED"

// Redact returns ex, its body as it is, with its credentials masked: header fields and query values
// by their names, user information of URLs, and whatever looks like a key
// wherever it stands, the error text included. The slices of ex are not changed.
func Redact(ex tunnel.Exchange) tunnel.Exchange {
	ex.URL = redactURL(ex.URL)
	ex.Host = redactAuthority(redactText(ex.Host, 0))
	ex.Upstream = redactURL(ex.Upstream)
	ex.Error = redactText(ex.Error, 0)
	ex.Answer.Model = redactText(ex.Answer.Model, 0)
	ex.Answer.Finish = redactText(ex.Answer.Finish, 0)
	ex.RequestHeaders = redactHeaders(ex.RequestHeaders)
	ex.ResponseHeaders = redactHeaders(ex.ResponseHeaders)
	return ex
}

func redactHeaders(headers []tunnel.Header) []tunnel.Header {
	if headers == nil {
		return nil
	}
	masked := make([]tunnel.Header, len(headers))
	for i, h := range headers {
		masked[i] = tunnel.Header{Name: h.Name, Value: redactHeader(h.Name, h.Value)}
	}
	return masked
}

func redactHeader(name, value string) string {
	name = strings.ToLower(name)
	switch {
	case name == "authorization" || name == "proxy-authorization":
		return maskCredentials(value)
	case name == "sec-websocket-protocol":
		return maskSubprotocols(value)
	case isHarmless(name) || isRateLimit(name, value) || !isSecretName(name):
		return redactText(value, 0)
	}
	return Mask
}

// isHarmless excepts fields whose names only sound like secrets.
func isHarmless(name string) bool {
	return strings.HasPrefix(name, "access-control-") || strings.HasPrefix(name, "sec-websocket-") ||
		name == "www-authenticate" || name == "proxy-authenticate"
}

var plainNumber = regexp.MustCompile(`^[0-9]{1,12}$`)

// isRateLimit excepts the counters of model APIs: how many tokens are left.
func isRateLimit(name, value string) bool {
	return strings.Contains(name, "ratelimit") && plainNumber.MatchString(value)
}

// maskCredentials keeps the scheme of an Authorization value, if it is one.
func maskCredentials(value string) string {
	scheme, rest, found := strings.Cut(strings.TrimSpace(value), " ")
	if !found || rest == "" {
		return Mask
	}
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "negotiate", "ntlm", "token", "aws4-hmac-sha256":
		return scheme + " " + Mask
	}
	return Mask
}

// longestSubprotocol is how long the name of a real subprotocol may be; browsers
// cannot set Authorization on a WebSocket and put the key here instead.
const longestSubprotocol = 32

func maskSubprotocols(value string) string {
	items := strings.Split(value, ",")
	secretFollows := false
	for i, item := range items {
		name := strings.TrimSpace(item)
		masked := redactText(name, 0)
		if secretFollows || len(masked) > longestSubprotocol {
			masked = Mask
		}
		secretFollows = isSecretName(strings.ToLower(name)) || strings.EqualFold(name, "bearer")
		if before, _, dotted := strings.Cut(name, "."); dotted && secretFollows && masked == name {
			masked = before + "." + Mask
		}
		items[i] = strings.Replace(item, name, masked, 1)
	}
	return strings.Join(items, ",")
}

var secretParts = []string{
	"token", "secret", "passw", "passphrase", "pwd", "apikey", "api-key", "api_key", "cookie",
	"credential", "authorization", "signature", "session", "jwt", "saml", "assertion", "authentication",
	"x-auth", "access-key", "access_key", "accesskey",
}

var secretNames = map[string]bool{
	"key": true, "sig": true, "code": true, "auth": true, "pass": true, "sid": true, "otp": true, "pin": true,
	"code_verifier": true, "hmac": true, "sign": true, "ticket": true, "accesskeyid": true,
}

// isSecretName reports whether a field or query key of that name, in lower
// case, holds a secret.
func isSecretName(name string) bool {
	if secretNames[name] || strings.HasSuffix(name, "key") {
		return true
	}
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// redactURL masks within a request target: what [redactText] finds, user
// information without a scheme before it, and keys escaped within the path.
func redactURL(target string) string {
	target = redactText(target, 0)
	if !strings.Contains(target, "//") && !strings.HasPrefix(target, "/") {
		target = redactAuthority(target)
	}
	path, query, found := strings.Cut(target, "?")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == segment {
			continue
		}
		if masked := redactText(plain, 1); masked != plain {
			segments[i] = url.PathEscape(masked)
		}
	}
	if path = strings.Join(segments, "/"); found {
		return path + "?" + query
	}
	return path
}

// redactAuthority masks the user information of user:password@host:port.
func redactAuthority(s string) string {
	end := strings.IndexAny(s, "/?#")
	if end < 0 {
		end = len(s)
	}
	if at := strings.LastIndexByte(s[:end], '@'); at >= 0 {
		return Mask + s[at:]
	}
	return s
}

// RedactText masks whatever looks like a credential in a text that is to be shown:
// a piece of a body, a line of a stream.
func RedactText(s string) string { return redactText(s, 0) }
