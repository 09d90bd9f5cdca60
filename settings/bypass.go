package settings

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// The bounds of names, RFC 1035 §2.3.4, in bytes.
const (
	maxName  = 253
	maxLabel = 63
)

// checkBypass checks the form of one entry. What the entries match is decided
// by the dialer; checking their form here, rather than with a function handed
// in, lets every caller of Validate say the same without having to remember it.
func checkBypass(entry string) *FieldError {
	e := &FieldError{Field: "bypass", Value: shorten(entry)}
	entry = strings.TrimSpace(entry)
	switch {
	case entry == "":
		e.Code, e.Problem, e.Remedy = "bypass_empty", "has an empty entry", "remove it"
	case strings.ContainsAny(entry, ", ;\t"):
		e.Code, e.Problem = "bypass_several", "has several destinations in one entry"
		e.Remedy = `write each as its own text: ["intra.example", "10.0.0.0/8"]`
	case strings.Contains(entry, "://"):
		clean, _ := SplitPassword(entry)
		e.Value = shorten(clean)
		e.Code, e.Problem, e.Remedy = "bypass_url", "has a URL for an entry", "write the host alone, e.g. intra.example"
	case strings.EqualFold(entry, "<local>"):
		e.Code, e.Problem = "bypass_local", "has the Windows entry <local>, which means nothing here"
		e.Remedy = "remove it: names of this machine are governed by proxy_loopback"
	case !isBypass(entry):
		e.Code, e.Problem = "bypass_form", "has an entry that is neither a name nor an address"
		e.Remedy = "write a name, .suffix, *.suffix, an address, address/bits, 192.168.* or *"
	default:
		return nil
	}
	return e
}

// isBypass reports whether entry has one of the forms described at
// [Settings.Bypass].
func isBypass(entry string) bool {
	if entry == "*" || isAddrPattern(entry) {
		return true
	}
	if _, err := netip.ParsePrefix(entry); err == nil {
		return true
	}
	host := entry
	if h, port, err := net.SplitHostPort(entry); err == nil {
		if !isPort(port, false) {
			return false
		}
		host = h
	} else if strings.HasPrefix(entry, "[") && strings.HasSuffix(entry, "]") {
		host = entry[1 : len(entry)-1]
		return isAddr(host) && strings.Contains(host, ":")
	}
	return isAddr(host) || isNamePattern(host)
}

// isAddrPattern reports whether s is a dotted IPv4 address whose last parts are
// stars: 10.*, 192.168.*, 192.168.*.*.
func isAddrPattern(s string) bool {
	parts := strings.Split(s, ".")
	numbers, stars := 0, 0
	for _, p := range parts {
		if p == "*" {
			stars++
			continue
		}
		if _, err := strconv.ParseUint(p, 10, 8); err != nil || stars > 0 {
			return false
		}
		numbers++
	}
	return numbers > 0 && stars > 0 && len(parts) <= 4
}

// isNamePattern reports whether s is a host name, perhaps behind a dot or "*.".
// Non-ASCII letters are left to the dialer, which converts them.
func isNamePattern(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "*"), ".")
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > maxName || allDigits(s) {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, notInName) {
			return false
		}
	}
	return true
}

// allDigits reports whether s could only be a mistyped IPv4 address.
func allDigits(s string) bool { return strings.Trim(s, "0123456789.") == "" }

func notInName(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r > 0x9f:
		return false
	}
	return true
}
