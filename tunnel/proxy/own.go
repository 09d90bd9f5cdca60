package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"streamgauge/tunnel/page"
)

// serveOwn answers requests to the proxy itself, for its page or the gateway. They may come from a web page
// of anybody's, which a browser lets send requests to this machine; so the page
// must have been asked for by one of our own names (else a name of the
// attacker's was pointed at us), and not from a foreign page.
func (p *Proxy) serveOwn(w http.ResponseWriter, r *http.Request) {
	switch {
	case !loopbackClient(r.RemoteAddr):
		refuse(w, r, http.StatusForbidden, "This page and the gateway are for their own machine only.")
	case !p.ownHost(r.Host):
		refuse(w, r, http.StatusMisdirectedRequest,
			"This is a proxy. The request names a host but was not sent as to a proxy: its first line must hold the whole address.")
	case p.foreign(r):
		refuse(w, r, http.StatusForbidden, "Other web pages may not use this address.")
	case isGateway(originForm(r.RequestURI)) && !p.authorized(r):
		askForCredentials(w, r)
	case isGateway(originForm(r.RequestURI)):
		p.serveGateway(w, r)
	case r.URL.Path != "/":
		refuse(w, r, http.StatusNotFound, "There is nothing at this address.")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, "This page can only be read.")
	default:
		reply(w, r, p.help(r.Host))
	}
}

func refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	reply(w, r, page.Page{Status: status, Title: http.StatusText(status), Text: []string{why}})
}

func (p *Proxy) help(host string) page.Page {
	return page.Page{
		Status: http.StatusOK,
		Title:  "Streamgauge is running",
		Text: []string{
			"Point a program here and every response is timed, piece by piece. For most command line programs these lines will do:",
		},
		Code: fmt.Sprintf("export HTTP_PROXY=http://%[1]s HTTPS_PROXY=http://%[1]s ALL_PROXY=http://%[1]s\n"+
			"export http_proxy=http://%[1]s https_proxy=http://%[1]s all_proxy=http://%[1]s\n"+
			"export NODE_USE_ENV_PROXY=1\n\n"+
			"curl -N -x http://%[1]s http://example.com/\n"+
			"curl -N --socks5-hostname %[1]s https://example.com/\n\n"+
			"# as a base URL, for what is inside https as well:\n"+
			"export OPENAI_BASE_URL=http://%[1]s/openai/v1\n"+
			"curl -N http://%[1]s/https/example.com/", host),
	}
}

// own is where the proxy listens, while it does.
func (p *Proxy) own() (netip.AddrPort, bool) {
	ln := p.listener.Load()
	if ln == nil {
		return netip.AddrPort{}, false
	}
	return addrPort((*ln).Addr())
}

// ownHost reports whether a Host field names this listener: its address, any
// loopback address, or localhost, with its port or none.
func (p *Proxy) ownHost(host string) bool {
	own, ok := p.own()
	if !ok {
		return false
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	if port != "" && port != fmt.Sprint(own.Port()) {
		return false
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return strings.EqualFold(name, "localhost")
	}
	return ip.IsLoopback() || ip == own.Addr()
}

// foreign reports whether r was caused by a page of another origin (Fetch
// Metadata, and RFC 6454 §7). Every value counts: a second line is a trick.
func (p *Proxy) foreign(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			return true
		}
	}
	return slices.ContainsFunc(r.Header.Values("Origin"), func(origin string) bool { return !p.ownOrigin(origin) })
}

// ownOrigin reports whether an Origin field names this listener. Without a port
// it names another server, at port 80 (RFC 6454 §4).
func (p *Proxy) ownOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" {
		return false
	}
	if u.Port() == "" {
		return p.ownHost(net.JoinHostPort(u.Hostname(), "80"))
	}
	return p.ownHost(u.Host)
}

func loopbackClient(remote string) bool {
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

// isSelf reports whether a connection to addr would come back to this listener:
// its port at a loopback address or at any address of this machine.
func (p *Proxy) isSelf(addr netip.AddrPort) bool {
	own, ok := p.own()
	if !ok || own.Port() != addr.Port() {
		return false
	}
	ip := addr.Addr()
	return ip.IsLoopback() || ip == own.Addr() || ofThisMachine(ip)
}

func ofThisMachine(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

func addrPort(a net.Addr) (netip.AddrPort, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	addr := tcp.AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), true
}
