package main

import (
	"os"
	"slices"
	"strings"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/snippet"
)

// proxyVariables point programs to a proxy.
var proxyVariables = snippet.ProxyVariables()

// ourVariables are for us or set anew: no command inherits them.
var ourVariables = []string{
	snippet.NodeVariable, settings.EnvListenPassword, settings.EnvUpstreamPassword,
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
	for _, name := range snippet.ExemptVariables {
		kept = append(kept, name+"="+exempt)
	}
	return append(kept, snippet.NodeVariable+"=1")
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
