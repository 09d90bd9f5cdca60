package recording

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"streamgauge/tunnel"
)

// Place is where an exchange went, as short as a person would write it: host
// and path without scheme, default port and user information, letters beyond
// ASCII as letters. Of a tunnel it is the host and port. It is not
// redacted, but can act on no screen; "-" where nothing is known.
func Place(ex *tunnel.Exchange) string {
	u, err := url.Parse(ex.URL)
	if err != nil || u.Host == "" {
		return Visible(cmp.Or(strings.TrimPrefix(ex.URL, "http://"), ex.Host, "-"))
	}
	host := strings.TrimSuffix(u.Host, defaultPorts[u.Scheme])
	path := letters(u.EscapedPath())
	if u.RawQuery != "" {
		path += "?" + letters(u.RawQuery)
	}
	return Visible(host + path)
}

var defaultPorts = map[string]string{"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}

// letters decodes the percent-encoded characters beyond ASCII in s that can be
// printed: /%E8%81%8A becomes /聊. What is encoded within ASCII means something
// by being so and stays.
func letters(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := encodedRune(s)
		if n == 0 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// encodedRune decodes the percent-encoded, printable character beyond ASCII
// that s begins with and returns how many bytes it takes there; 0 if there is
// none.
func encodedRune(s string) (r rune, n int) {
	for n := 3; n <= min(3*utf8.UTFMax, len(s)) && s[n-3] == '%'; n += 3 {
		raw, err := url.PathUnescape(s[:n])
		if err != nil {
			return 0, 0
		}
		if r, size := utf8.DecodeRuneInString(raw); size == len(raw) && size > 1 && unicode.IsPrint(r) {
			return r, n
		}
	}
	return 0, 0
}
