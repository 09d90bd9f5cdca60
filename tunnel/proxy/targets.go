package proxy

import (
	"fmt"
	"net/url"
	"strings"
)

// namedTargets are the names that the gateway knows by itself. What the user
// calls so wins.
var namedTargets = map[string]string{
	"openai":    "https://api.openai.com",
	"anthropic": "https://api.anthropic.com",
	"gemini":    "https://generativelanguage.googleapis.com",
	"deepseek":  "https://api.deepseek.com",
	"dashscope": "https://dashscope.aliyuncs.com",
	"moonshot":  "https://api.moonshot.cn",
	"ollama":    "http://127.0.0.1:11434",
}

// Target returns the base URL of a target that the gateway knows by name without
// being told, or "".
func Target(name string) string { return namedTargets[name] }

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
