package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/forward"
)

// awayName begins the paths of requests that come of a redirect to another
// origin. The client believes that it is still at ours and sends its credentials
// along, which without us it would have kept back: so they are kept back here.
const awayName = "redirected"

// gate is the address of one request to the gateway, taken apart: a prefix that
// stands for an origin, or for a path of it, and what is asked for there.
type gate struct {
	// prefix is the path's beginning as the client wrote it: "/https/h:8443",
	// "/openai".
	prefix string
	// origin is what it stands for, as scheme://authority, and path what of the
	// origin's path it stands for, without a slash at its end; mostly empty.
	origin, path string
	// rest is what follows, as the client wrote it: a path and query, or empty.
	rest string
	// away says that a redirect led here from another origin, named that the
	// target was given a name.
	away, named bool
}

// isGateway reports whether the request target, in origin form, is for the
// gateway: all but our own page is.
func isGateway(target string) bool {
	return strings.HasPrefix(target, "/") && target != "/" && !strings.HasPrefix(target, "/?")
}

// originForm cuts a request target down to its path and query.
func originForm(target string) string {
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute || strings.HasPrefix(target, "/") {
		return target
	}
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:]
	}
	return "/"
}

// parseGate takes a request target in origin form apart. It returns what is
// wrong with it in a sentence, and the status that says so.
func (p *Proxy) parseGate(target string) (g gate, status int, why string) {
	first, rest := segment(target)
	if g.away = first == awayName; g.away {
		first, rest = segment(rest)
	}
	switch base := p.target(first); {
	case first == "http" || first == "https":
		written, rest := segment(rest)
		authority := brackets.Replace(written)
		if !isAuthority(authority) {
			return g, http.StatusBadRequest, "The address names no host: write /" + first + "/HOST/PATH, with :PORT behind the host if it needs one. " +
				"A user name and password cannot stand there."
		}
		g.prefix, g.origin, g.rest = "/"+first+"/"+written, first+"://"+authority, rest
	case base == "":
		return g, http.StatusNotFound, "There is nothing at this address. A base URL here is /https/HOST/PATH, /http/HOST/PATH or /NAME/PATH, with a name that is known."
	default:
		g.named = true
		g.prefix, g.rest = "/"+first, rest
		g.origin, g.path = splitBase(base)
	}
	return g, 0, ""
}

// brackets undoes what some clients do to those of an IPv6 address in a path.
var brackets = strings.NewReplacer("%5B", "[", "%5b", "[", "%5D", "]", "%5d", "]")

// segment cuts the first segment, without its slash, off a path.
func segment(path string) (first, rest string) {
	path = strings.TrimPrefix(path, "/")
	if end := strings.IndexAny(path, "/?"); end >= 0 {
		return path[:end], path[end:]
	}
	return path, ""
}

// target returns the base URL of a named target, or "".
func (p *Proxy) target(name string) string {
	if own := p.config().Targets[name]; own != "" {
		return own
	}
	return tunnel.KnownTarget(name)
}

// url is the address of the target: what is asked of the origin, as written.
func (g gate) url() string {
	path := g.path + g.rest
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return g.origin + path
}

// serveGateway forwards a request that was sent to us as to the origin itself.
func (p *Proxy) serveGateway(w http.ResponseWriter, r *http.Request) {
	g, status, why := p.parseGate(originForm(r.RequestURI))
	if status != 0 {
		refuse(w, r, status, why)
		return
	}
	target, err := url.ParseRequestURI(g.url())
	if err != nil || target.Hostname() == "" {
		refuse(w, r, http.StatusBadRequest, "The address behind /http/ or /https/ is not a proper one.")
		return
	}
	r = r.WithContext(r.Context())
	r.URL, r.RequestURI = target, g.url()
	if g.away {
		r.Header = r.Header.Clone()
		r.Header.Del("Authorization")
		r.Header.Del("Cookie")
	}
	route := p.route.Load()
	forwarder := route.gateway
	if g.named {
		forwarder = route.forwarder // whoever names an address means it
	}
	answer := gateAnswer{gate: g, target: target, host: r.Host, browser: strings.Contains(r.UserAgent(), "Mozilla/")}
	forwarder.Serve(w, r, forward.Entrance{Kind: tunnel.KindGateway, Answer: answer.alter})
}

// translated is the prefix of addresses that stand for IPv4 ones (RFC 6052 §2.1).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// linkLocal reports whether ip is an address of the link alone, where the
// machines of clouds keep what tells their secrets.
func linkLocal(ip netip.Addr) bool {
	if translated.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip.IsLinkLocalUnicast()
}
