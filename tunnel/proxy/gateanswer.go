package proxy

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// gateAnswer changes what of a response would not make sense to a client that
// took our address for the origin's, and nothing else:
//
//   - Location leads through us again.
//   - Set-Cookie loses Domain and Secure, with which clients would not send the
//     cookie back to http://127.0.0.1, and its Path gets our prefix, so that the
//     origins do not see one another's.
//   - Pages are put into a sandbox for browsers, which would take them for pages
//     of ours and let them use the gateway.
type gateAnswer struct {
	gate
	target  *url.URL // what was asked for
	host    string   // ours, as the client called it
	browser bool     // the client is one
	// redirects says that a client follows Location by itself. Of other responses
	// it names a resource, to which a program may well mean to show credentials.
	redirects bool
}

// alter changes resp for the client.
func (a gateAnswer) alter(resp *http.Response) {
	a.redirects = resp.StatusCode >= 300 && resp.StatusCode < 400
	for i, location := range resp.Header["Location"] {
		resp.Header["Location"][i] = a.location(location)
	}
	for i, cookie := range resp.Header["Set-Cookie"] {
		resp.Header["Set-Cookie"][i] = a.cookie(cookie)
	}
	if a.browser && isDocument(resp.Header["Content-Type"]) {
		resp.Header.Add("Content-Security-Policy", "sandbox")
	}
}

// location returns where a redirect leads, through us. What leads out of http
// stays, as does what names a user, since that is for the client to send, and the
// address of another origin that is not to be followed at once.
func (a gateAnswer) location(to string) string {
	to = tidy(to)
	scheme, rest, _ := strings.Cut(to, ":")
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
	switch {
	case strings.HasPrefix(to, "//"): // RFC 3986 §4.2: the scheme is that of the target
		return a.absolute(a.target.Scheme, to[2:])
	case strings.HasPrefix(to, "/"):
		return a.away() + a.place(withoutDots(to))
	case web && strings.HasPrefix(rest, "//"):
		return a.absolute(strings.ToLower(scheme), rest[2:])
	case web: // no address; some clients take it for a relative one (RFC 3986 §5.4.2)
		return a.location(rest)
	}
	return a.relative(to)
}

// absolute is location for scheme://rest.
func (a gateAnswer) absolute(scheme, rest string) string {
	to := scheme + "://" + rest
	authority, path := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	u, err := url.Parse(to)
	if err != nil || u.Hostname() == "" || !isAuthority(authority) {
		return to
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	path = withoutDots(path)
	ours := "http://" + a.host
	switch {
	case origin(u) == origin(a.target):
		return ours + a.away() + a.place(path)
	case a.upgrades(u):
		return ours + a.away() + "/https/" + authority + path
	case !a.redirects:
		return to
	}
	return ours + "/" + awayName + "/" + scheme + "/" + authority + path
}

// isAuthority reports whether s, host:port, passes through a path unchanged. With
// user information, or letters beyond ASCII, it does not, nor do mere dots.
func isAuthority(s string) bool {
	return strings.Trim(s, ".") != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]") == ""
}

// relative is location for what begins with neither scheme nor slash. It cannot
// be left to the client: where the origin has its root, dots would climb out of
// our prefix and into another's, and so does a name if the prefix is all there is.
func (a gateAnswer) relative(to string) string {
	path, tail := splitPath(to)
	if scheme, _, found := strings.Cut(path, ":"); path == "" || found && !strings.Contains(scheme, "/") {
		return to // the same path, or no address of the web
	}
	asked, _ := splitPath(strings.TrimPrefix(a.url(), a.origin))
	directory := asked[:strings.LastIndexByte(asked, '/')+1]
	return a.away() + a.place(withoutDots(directory+path)) + tail
}

// tidy does to a reference what browsers do before they look at it (WHATWG URL
// §4.4), so that nothing is hidden from us. A backslash, which they take for a
// slash, is made an ordinary character of the path.
func tidy(to string) string {
	to = hidden.Replace(strings.TrimFunc(to, func(r rune) bool { return r <= ' ' }))
	path, tail := splitPath(to)
	return strings.ReplaceAll(path, `\`, "%5C") + tail
}

var hidden = strings.NewReplacer("\t", "", "\r", "", "\n", "")

// splitPath cuts a reference where its query or fragment begins.
func splitPath(to string) (path, tail string) {
	if end := strings.IndexAny(to, "?#"); end >= 0 {
		return to[:end], to[end:]
	}
	return to, ""
}

// withoutDots removes the segments . and .. from a path that begins with a slash
// (RFC 3986 §5.2.4), in every spelling that a client takes for them. What follows
// the path stays.
func withoutDots(to string) string {
	path, tail := splitPath(to)
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, segment := range segments {
		plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		if plain != "." && plain != ".." {
			kept = append(kept, segment)
			continue
		}
		if plain == ".." && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/") + tail
}

// away is what to put before a prefix so that the credentials that were once
// kept back stay so.
func (a gateAnswer) away() string {
	if a.gate.away {
		return "/" + awayName
	}
	return ""
}

// upgrades reports whether u is the same host in https, which a request to its
// http is redirected to before anything else: that is no other party.
func (a gateAnswer) upgrades(u *url.URL) bool {
	return a.target.Scheme == "http" && strings.EqualFold(u.Scheme, "https") &&
		strings.EqualFold(u.Hostname(), a.target.Hostname()) && port(a.target) == "80" && port(u) == "443"
}

// place returns our path for a path of the origin. What lies outside a named
// target's own path is reached by the origin's address.
func (g gate) place(path string) string {
	if rest, ok := strings.CutPrefix(path, g.path); ok && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) {
		return g.prefix + rest
	}
	return "/" + strings.Replace(g.origin, "://", "/", 1) + path
}

// origin is scheme, host and port of u, fit to compare (RFC 6454 §4).
func origin(u *url.URL) string {
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port(u))
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// cookie returns a Set-Cookie line that the client stores and sends back here.
func (a gateAnswer) cookie(line string) string {
	parts := strings.Split(line, ";")
	kept := parts[:1] // name and value, as they are
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "domain", "secure", "partitioned":
			continue
		case "samesite":
			if strings.EqualFold(value, "none") { // only with Secure
				continue
			}
		case "path":
			if strings.HasPrefix(value, "/") { // else RFC 6265 §5.2.4 ignores it
				part = " Path=" + a.cookiePath(value)
			}
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, ";")
}

// cookiePath returns our path for a cookie's. A path that the prefix lies in
// covers all of the prefix, and no more of ours.
func (a gateAnswer) cookiePath(path string) string {
	if path == "/" || strings.HasPrefix(a.path+"/", strings.TrimRight(path, "/")+"/") {
		return a.prefix
	}
	return a.place(path)
}

// isDocument reports whether a browser might run what is in a response.
func isDocument(contentType []string) bool {
	if len(contentType) == 0 {
		return true // it guesses
	}
	kind, _, err := mime.ParseMediaType(contentType[0])
	return err != nil || len(contentType) > 1 || kind == "text/html" || strings.HasSuffix(kind, "xml")
}
