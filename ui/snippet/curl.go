package snippet

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
)

// CurlOptions say how [Curl] writes.
type CurlOptions struct {
	// Proxy is the proxy to send the request through, as host:port; empty: none
	// but what curl finds in its environment.
	Proxy string
	// Secrets leaves credentials as they were. Without it they are masked.
	Secrets bool
}

// BodyFile is the name that a command of [Curl] reads the request's body from:
// bodies are not recorded.
const BodyFile = "request-body"

// Curl returns the command that sends the request of ex again, for sh, bash and
// zsh. It is empty for a tunnel, whose requests nobody saw.
func Curl(ex tunnel.Exchange, o CurlOptions) string {
	if !strings.HasPrefix(ex.URL, "http://") && !strings.HasPrefix(ex.URL, "https://") {
		return ""
	}
	if !o.Secrets {
		ex = recording.Redact(ex)
	}
	// --globoff and --path-as-is: brackets and dots go out as they came in.
	command := []string{"curl -N --globoff --path-as-is"}
	if o.Proxy != "" {
		command[0] += " -x " + quotePOSIX("http://"+o.Proxy)
	}
	command[0] += method(ex) + " --url " + quotePOSIX(escaped(ex.URL))
	for _, h := range ex.RequestHeaders {
		if field := headerField(h); field != "" {
			command = append(command, "-H "+quotePOSIX(field))
		}
		if strings.EqualFold(h.Name, "Accept-Encoding") {
			command = append(command, "--compressed")
		}
	}
	if ex.Totals.RequestBytes > 0 {
		command = append(command, "--data-binary @"+BodyFile)
	}
	return strings.Join(command, " \\\n  ")
}

// method names what curl would not take by itself.
func method(ex tunnel.Exchange) string {
	body := ex.Totals.RequestBytes > 0
	switch {
	case ex.Method == http.MethodHead && !body:
		return " --head"
	case ex.Method == http.MethodGet && !body, ex.Method == http.MethodPost && body, !isToken(ex.Method):
		return ""
	}
	return " -X " + quotePOSIX(ex.Method)
}

// headerField returns what to give to -H: empty for fields that curl or the
// connection decides, and for what is no field. A value that would be read from
// a file, for a name with an at sign, is none.
func headerField(h tunnel.Header) string {
	switch name := http.CanonicalHeaderKey(h.Name); {
	case !isToken(h.Name), name == "Host", name == "Content-Length", name == "Transfer-Encoding", name == "Connection",
		name == "Keep-Alive", name == "Te", name == "Expect", strings.HasPrefix(name, "Proxy-"):
		return ""
	}
	value := strings.TrimSpace(oneLine(h.Value))
	if value == "" {
		return h.Name + ";" // how curl is told to send it empty
	}
	return h.Name + ": " + value
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

// escaped percent-encodes what is not to be seen and has no place in a URL: the
// request stays the same, and the terminal unharmed.
func escaped(target string) string {
	var b strings.Builder
	for len(target) > 0 {
		r, size := utf8.DecodeRuneInString(target)
		if r == utf8.RuneError && size == 1 || r == ' ' || !unicode.IsPrint(r) {
			for _, c := range []byte(target[:size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(target[:size])
		}
		target = target[size:]
	}
	return b.String()
}
