package recording

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What secrets look like in running text. All are linear in the length of the
// text, as Go's regular expressions are.
var (
	// userInfo is that of a URL; the gateway's paths have /https/ for https://.
	userInfo = regexp.MustCompile(`(//|/https?/)[^/?#\s"<>\\]*@`)
	// parameter is name=value as in queries, fragments, path parameters, forms
	// and log lines.
	parameter = regexp.MustCompile(`([A-Za-z0-9_.\-%\[\]$~]+)=("?)([^&;#\s"'<>]+)`)
	// field is a head line quoted in text, masked to the end of its line.
	field = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|(?:set-)?cookie2?)(["']?\s*:\s*)[^\r\n]+`)
	// pair is a name: value as in JSON or a log line.
	pair = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_-]*)(["']?\s*:\s+["']?|["']?\s*:\s*["'])([^\s"',;}]+)`)
	// credentials are those of an Authorization value.
	credentials = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate|ntlm|token)((?:\s|%20|\+)+)([A-Za-z0-9._~+/=:-]{6,})`)
	// keys are the formats in which well-known issuers make theirs.
	keys = regexp.MustCompile(`(\b|_)(?:` + strings.Join([]string{
		`sk-[A-Za-z0-9_-]{6,}`, `(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{6,}`, // model APIs, payment
		`eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*`, // JSON Web Token
		`gh[pousr]_[A-Za-z0-9]{10,}`, `github_pat_[A-Za-z0-9_]{10,}`, `glpat-[A-Za-z0-9_-]{10,}`,
		`(?:AKIA|ASIA)[A-Z0-9]{12,}`, `AIza[A-Za-z0-9_-]{20,}`, `ya29\.[A-Za-z0-9_-]{10,}`, // clouds
		`xox[abeoprs]-[A-Za-z0-9-]{8,}`, `hf_[A-Za-z0-9]{10,}`, `gsk_[A-Za-z0-9]{10,}`, `r8_[A-Za-z0-9]{10,}`,
		`xai-[A-Za-z0-9]{10,}`, `npm_[A-Za-z0-9]{10,}`, `pypi-[A-Za-z0-9_-]{10,}`, `SG\.[A-Za-z0-9_.-]{16,}`,
		`bot[0-9]{6,}:[A-Za-z0-9_-]{20,}`, `AGE-SECRET-KEY-1[A-Z0-9]+`,
	}, "|") + `)`)
	// webhook is a path whose last part is the secret.
	webhook = regexp.MustCompile(`(/services/T\w+/B\w+/|/webhooks/[0-9]+/)[\w-]+`)
)

// deepest is how many layers of values within values are opened: a URL that
// carries a URL that carries one.
const deepest = 3

// redactText masks what looks like a credential anywhere in s, opening values up
// to the deepest layer; depth is the one it stands in.
func redactText(s string, depth int) string {
	if s == "" {
		return s
	}
	// Every expression has a part that it cannot match without, and looking for
	// that is far cheaper: most text has none of them.
	lower := strings.ToLower(s)
	if strings.IndexByte(s, '@') >= 0 {
		s = userInfo.ReplaceAllString(s, "${1}"+Mask+"@")
	}
	if containsAnyOf(lower, fieldMarks) {
		s = field.ReplaceAllString(s, "${1}${2}"+Mask)
	}
	if containsAnyOf(lower, credentialMarks) {
		s = credentials.ReplaceAllStringFunc(s, maskRandom)
	}
	if strings.IndexByte(s, '=') >= 0 {
		s = replace(parameter, s, func(m []string) string {
			return m[1] + "=" + m[2] + redactValue(m[1], m[3], depth)
		})
	}
	if hasPair(s) {
		s = replace(pair, s, maskPair)
	}
	if containsAnyOf(s, keyMarks) {
		s = keys.ReplaceAllString(s, "${1}"+Mask)
	}
	if containsAnyOf(s, webhookMarks) {
		s = webhook.ReplaceAllString(s, "${1}"+Mask)
	}
	return s
}

// Parts without which the expression of that name does not match; the first two
// in lower case.
var (
	fieldMarks      = []string{"authorization", "cookie"}
	credentialMarks = []string{"bearer", "basic", "negotiate", "ntlm", "token"}
	webhookMarks    = []string{"/services/T", "/webhooks/"}
)

// hasPair reports whether a colon is followed by white space or a quote, as in
// every match of pair.
func hasPair(s string) bool {
	for {
		colon := strings.IndexByte(s, ':')
		if colon < 0 || colon == len(s)-1 {
			return false
		}
		if s = s[colon+1:]; strings.IndexByte(" \t\r\n\f\v\"'", s[0]) >= 0 {
			return true
		}
	}
}

// keyMarks holds a part of every format in keys.
var keyMarks = []string{
	"sk-", "_live_", "_test_", "eyJ", "gh", "github_pat_", "glpat-", "AKIA", "ASIA", "AIza", "ya29.", "xox", "hf_", "gsk_", "r8_",
	"xai-", "npm_", "pypi-", "SG.", "bot", "AGE-SECRET-KEY",
}

func containsAnyOf(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

func maskPair(m []string) string {
	if !isSecretName(strings.ToLower(m[1])) || plainNumber.MatchString(m[3]) {
		return m[0] // "status code: 502" too is worth reading
	}
	return m[1] + m[2] + Mask
}

// replace is ReplaceAllStringFunc with the submatches.
func replace(re *regexp.Regexp, s string, f func(m []string) string) string {
	return re.ReplaceAllStringFunc(s, func(match string) string {
		return f(re.FindStringSubmatch(match))
	})
}

// redactValue masks the value of a query key: whole if the key's name says so,
// else what is secret within it.
func redactValue(name, value string, depth int) string {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	if isSecretName(strings.ToLower(name)) {
		return Mask
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		plain = value
	}
	if plain == value && !strings.Contains(value, "=") {
		return value
	}
	if depth >= deepest {
		return Mask // nobody nests this deep to be read
	}
	masked := redactText(plain, depth+1)
	switch {
	case masked == plain:
		return value
	case plain == value:
		return masked
	}
	return url.QueryEscape(masked)
}

// maskRandom masks what follows a scheme's name unless it reads like a word, so
// that "bearer authentication is needed" and a challenge's realm stay legible.
func maskRandom(match string) string {
	m := credentials.FindStringSubmatch(match)
	if value := m[3]; len(value) < 20 && !strings.ContainsAny(value, "0123456789") && strings.ToLower(value[1:]) == value[1:] {
		return match
	}
	return m[1] + m[2] + Mask
}
