package main

import (
	"os"
	"slices"
	"strings"

	"streamgauge/settings"
	"streamgauge/tunnel"
)

// proxyVariables point programs to a proxy. Most read the one case, some the
// other, some both.
var proxyVariables = []string{
	"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
}

// ourVariables are for us or set anew: no command inherits them.
var ourVariables = []string{
	"NODE_USE_ENV_PROXY", settings.EnvListenPassword, settings.EnvUpstreamPassword,
}

// childEnvironment returns environ with everything in it that points a program
// to the proxy at url, and without our passwords. What the user exempted stays
// exempt, in both spellings.
func childEnvironment(environ []string, url string) []string {
	var exempt string
	kept := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		if strings.EqualFold(name, "no_proxy") {
			if value != "" {
				exempt = value
			}
			return true
		}
		return slices.Contains(proxyVariables, name) || slices.Contains(ourVariables, name)
	})
	for _, name := range proxyVariables {
		kept = append(kept, name+"="+url)
	}
	// Node looks at the variables only when told to.
	return append(kept, "no_proxy="+exempt, "NO_PROXY="+exempt, "NODE_USE_ENV_PROXY=1")
}

// proxyInEnvironment returns the first variable that points to a proxy we can
// chain through, and the proxy without its password.
func proxyInEnvironment() (variable, upstream string) {
	for _, name := range proxyVariables {
		value := os.Getenv(name)
		if value != "" && !strings.Contains(value, "://") {
			value = "http://" + value
		}
		if up, err := tunnel.ParseUpstream(value); err == nil && !up.IsDirect() {
			clean, _ := settings.SplitPassword(value)
			return name, clean
		}
	}
	return "", ""
}
