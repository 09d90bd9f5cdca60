package settings

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"streamgauge/tunnel"
)

// reservedTargets mean something else at the beginning of the gateway's paths.
var reservedTargets = []string{"http", "https", "redirected"}

// maxTarget is the longest name of a target in bytes.
const maxTarget = 63

// checkTargets returns what is wrong with each entry, in the order of the names.
func (s Settings) checkTargets() []*FieldError {
	var all []*FieldError
	for _, name := range slices.Sorted(maps.Keys(s.Targets)) {
		e := checkTargetName(name)
		if e == nil {
			e = s.checkTargetURL(name)
		}
		if e != nil {
			all = append(all, e)
		}
	}
	return all
}

func checkTargetName(name string) *FieldError {
	e := &FieldError{Field: "targets", Value: shorten(name), Code: "target_name", Values: map[string]string{"Name": shorten(name)}}
	switch {
	case slices.Contains(reservedTargets, name):
		e.Code, e.Problem = "target_reserved", "has a name that means something else in the gateway's addresses"
		e.Remedy = "choose a name other than " + strings.Join(reservedTargets, ", ")
	case name == "" || len(name) > maxTarget || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.Trim(name, "._-") != name:
		e.Problem = "has a name that cannot stand in an address"
		e.Remedy = "write small letters, digits and between them . _ -, at most " + strconv.Itoa(maxTarget)
	default:
		return nil
	}
	return e
}

func (s Settings) checkTargetURL(name string) *FieldError {
	base := s.Targets[name]
	shown := base
	if strings.ContainsAny(base, "@?#") { // it may hold a password or a key
		shown = ""
	}
	e := &FieldError{Field: "targets", Value: shorten(shown), Code: "target_url", Values: map[string]string{"Name": name}}
	e.Remedy = "write http:// or https://, a host and if need be :PORT and a path, e.g. https://api.example/v1"
	u, err := url.Parse(base)
	switch {
	case strings.Contains(base, "@"):
		e.Code, e.Problem = "target_user", "has a user name or password in the base URL of "+name
		e.Remedy = "leave it out; the program sends its own credentials"
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.ContainsFunc(base, isControl):
		e.Problem = "has no proper base URL for " + name
	case u.Port() != "" && !isPort(u.Port(), false):
		e.Problem = "has no port from 1 to 65535 in the base URL of " + name
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(base, "#"):
		e.Problem = "has a query in the base URL of " + name
	case leadsBack(s.Listen, endOf(u)):
		e.Code, e.Problem = "target_self", "has the address this proxy listens on itself for "+name
		e.Remedy = "write where the requests are to go in the end"
	default:
		return nil
	}
	return e
}

// endOf is where u leads, in the words of upstreams.
func endOf(u *url.URL) tunnel.Upstream {
	up := tunnel.Upstream{Scheme: tunnel.HTTP, Host: u.Hostname(), Port: 80}
	if u.Scheme == "https" {
		up.Port = 443
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		up.Port = uint16(n)
	}
	return up
}
