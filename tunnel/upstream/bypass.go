package upstream

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"streamgauge/tunnel"
)

// rule is one bypass entry. The meaning of each form is that of NO_PROXY in
// golang.org/x/net/http/httpproxy; that package itself never proxies loopback
// and swallows malformed entries, so it cannot be asked.
type rule struct {
	all    bool
	prefix netip.Prefix // valid for addresses and blocks
	suffix string       // with leading dot, for names
	itself bool         // the name without the dot matches as well
	port   string       // empty: any
}

func parseRule(entry string) (rule, error) {
	text := strings.ToLower(strings.TrimSpace(entry))
	if text == "*" {
		return rule{all: true}, nil
	}
	r, problem := parseBlock(text)
	if problem == "" && !r.prefix.IsValid() {
		r, problem = parseHostRule(text)
	}
	if problem != "" {
		return rule{}, fmt.Errorf("bypass entry %q: %s", entry, problem)
	}
	return r, nil
}

// parseBlock reads CIDR notation and "192.168.*". It returns the zero rule for
// anything else.
func parseBlock(text string) (rule, string) {
	if strings.Contains(text, "://") {
		return rule{}, "want a host, not a URL"
	}
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return rule{}, "not a CIDR block such as 10.0.0.0/8 or fd00::/8"
		}
		return rule{prefix: prefix}, ""
	}
	prefix, _ := parseStars(text)
	return rule{prefix: prefix}, ""
}

// parseStars reads an IPv4 address whose last numbers are replaced by one star
// for all or by one each, e.g. "192.168.*" or "10.1.*.*".
func parseStars(text string) (netip.Prefix, bool) {
	fixed := text
	for strings.HasSuffix(fixed, ".*") {
		fixed = strings.TrimSuffix(fixed, ".*")
	}
	given := strings.Count(fixed, ".") + 1
	if fixed == text || strings.Count(text, ".") > 3 {
		return netip.Prefix{}, false
	}
	ip, err := netip.ParseAddr(fixed + strings.Repeat(".0", 4-given))
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(ip, 8*given), true
}

// parseHostRule reads names and addresses, either with an optional port.
func parseHostRule(text string) (rule, string) {
	host, port, problem := splitPort(text)
	if problem != "" {
		return rule{}, problem
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap().WithZone("")
		return rule{prefix: netip.PrefixFrom(ip, ip.BitLen()), port: port}, ""
	}
	name := plainName(strings.TrimPrefix(host, "*"))
	r := rule{suffix: name, port: port}
	if !strings.HasPrefix(name, ".") {
		r.itself, r.suffix = true, "."+name
	}
	switch bare := r.suffix[1:]; {
	case host == "" || bare == "":
		return rule{}, "names no host"
	case strings.Contains(bare, "*") || (r.itself && strings.HasPrefix(host, "*")):
		return rule{}, "a star may stand alone, before a dot at the start, or for the last numbers of an IPv4 address"
	case len(bare) > maxHost || strings.ContainsFunc(bare, notInHost) || strings.ContainsAny(bare, ",;"):
		return rule{}, "not a host name, address or CIDR block"
	}
	return r, ""
}

// splitPort takes the optional port off. A bare IPv6 address has none.
func splitPort(text string) (host, port, problem string) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"), "", ""
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Sprintf("port %q is not a number from 1 to 65535", port)
	}
	return host, port, ""
}

// matches reports whether the rule covers a host, given as an address if it is
// one and else as a plain name. An empty port matches no rule that has one.
func (r rule) matches(name string, ip netip.Addr, port string) bool {
	switch {
	case r.all:
		return true
	case r.port != "" && r.port != port:
		return false
	case ip.IsValid():
		return r.prefix.IsValid() && r.prefix.Contains(ip)
	case r.suffix == "":
		return false
	}
	return strings.HasSuffix(name, r.suffix) || (r.itself && name == r.suffix[1:])
}

// Via returns the upstream for host, a host or host:port, after the bypass
// rules; the zero value means that it is dialled directly. Names are not
// resolved: a rule for an address covers only hosts written as addresses.
func (d *Dialer) Via(host string) tunnel.Upstream {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return d.via(name, port)
}

func (d *Dialer) via(host, port string) tunnel.Upstream {
	name := plainName(host)
	ip, err := netip.ParseAddr(name)
	if err == nil {
		ip = ip.Unmap().WithZone("")
	}
	if !d.cfg.ProxyLoopback && (ip.IsLoopback() || underLocalhost(name)) {
		return tunnel.Upstream{}
	}
	for _, r := range d.bypass {
		if r.matches(name, ip, port) {
			return tunnel.Upstream{}
		}
	}
	return d.cfg.Upstream
}
