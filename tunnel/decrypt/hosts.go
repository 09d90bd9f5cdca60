package decrypt

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Hosts is a list of hosts to open. The zero value is empty.
type Hosts struct {
	exact    map[string]bool
	suffixes []string // each with its dot: ".example.com"
}

// ParseHosts reads entries: a name, an address, or "*.suffix" for all names
// under one, which itself is not meant. Names may be written in any script.
func ParseHosts(entries []string) (Hosts, error) {
	h := Hosts{exact: map[string]bool{}}
	for _, entry := range entries {
		suffix, wild := strings.CutPrefix(strings.TrimSpace(entry), "*.")
		name, ok := canonical(suffix)
		if _, err := netip.ParseAddr(name); wild && err == nil {
			ok = false
		}
		switch {
		case !ok:
			return Hosts{}, fmt.Errorf("host %q: want a name, an address or *.name", entry)
		case wild:
			h.suffixes = append(h.suffixes, "."+name)
		default:
			h.exact[name] = true
		}
	}
	return h, nil
}

// Empty reports whether nothing is listed.
func (h Hosts) Empty() bool { return len(h.exact)+len(h.suffixes) == 0 }

// Has reports whether a host is listed.
func (h Hosts) Has(host string) bool {
	name, ok := canonical(host)
	if !ok {
		return false
	}
	under := func(suffix string) bool { return strings.HasSuffix(name, suffix) && len(name) > len(suffix) }
	return h.exact[name] || slices.ContainsFunc(h.suffixes, under)
}

// names lists names and addresses, those of suffixes without star and dot.
func (h Hosts) names() []string {
	names := slices.Sorted(maps.Keys(h.exact))
	for _, suffix := range h.suffixes {
		names = append(names, suffix[1:])
	}
	return names
}

// canonical spells a host as certificates do: lower case, ASCII, no dot at the
// end, no brackets, no zone.
func canonical(host string) (string, bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.Unmap().WithZone("").String(), true
	}
	if host == "" || strings.ContainsAny(host, ":/*@ \t") {
		return "", false
	}
	if isASCII(host) {
		return host, true // idna would refuse an underscore
	}
	name, err := idna.Lookup.ToASCII(host)
	return name, err == nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
