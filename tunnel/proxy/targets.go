package proxy

import (
	"fmt"
	"net/url"
	"strings"
)

// checkTargets returns what is wrong with the first target that cannot be used.
func checkTargets(targets map[string]string) error {
	for name, base := range targets {
		u, err := url.Parse(base)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
			return fmt.Errorf("target %q: want http://host/path or https://host/path", name)
		}
	}
	return nil
}

// splitBase returns the two parts of a base URL: scheme://authority, and a path
// that does not end in a slash, mostly none.
func splitBase(target string) (origin, path string) {
	scheme, rest, _ := strings.Cut(target, "://")
	authority, path, found := strings.Cut(rest, "/")
	if path = strings.TrimRight(path, "/"); found && path != "" {
		path = "/" + path
	}
	return scheme + "://" + authority, path
}
