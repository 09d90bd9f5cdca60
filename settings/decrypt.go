package settings

import (
	"strings"
)

// checkDecrypt checks the form of one entry of the hosts to open.
func checkDecrypt(field, entry string) *FieldError {
	e := &FieldError{Field: field, Value: shorten(entry)}
	entry = strings.TrimSpace(entry)
	name, wild := strings.CutPrefix(entry, "*.")
	switch {
	case entry == "":
		e.Code, e.Problem, e.Remedy = "decrypt_empty", "has an empty entry", "remove it"
	case strings.ContainsAny(entry, ", ;\t"):
		e.Code, e.Problem = "decrypt_several", "has several hosts in one entry"
		e.Remedy = `write each as its own text: ["api.example.com", "*.example.org"]`
	case strings.Contains(entry, "://"):
		clean, _ := SplitPassword(entry)
		e.Value = shorten(clean)
		e.Code, e.Problem, e.Remedy = "decrypt_url", "has a URL for an entry", "write the host alone, e.g. api.example.com"
	case entry == "*" || entry == "*.":
		e.Code, e.Problem = "decrypt_all", "would open every connection"
		e.Remedy = "name the hosts: those that are not named keep their own certificates"
	case wild && isAddr(name), !isAddr(strings.Trim(entry, "[]")) && !isHostPattern(entry, name):
		e.Code, e.Problem = "decrypt_form", "has an entry that is neither a host nor *.suffix"
		e.Remedy = "write a host without port, an address, or *.example.com for all hosts under a name"
	default:
		return nil
	}
	return e
}

// isHostPattern reports whether entry, which is name perhaps behind "*.", is a
// host name or a suffix of such.
func isHostPattern(entry, name string) bool {
	return !strings.HasPrefix(name, "*") && !strings.HasPrefix(name, ".") && isNamePattern(name) && !strings.HasPrefix(entry, "..")
}
