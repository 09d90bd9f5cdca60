package settings

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"streamgauge/tunnel"
)

func (s Settings) checkListen() *FieldError {
	e := &FieldError{Field: "listen", Value: shorten(s.Listen)}
	host, port, err := net.SplitHostPort(s.Listen)
	switch {
	case err != nil:
		e.Code, e.Problem = "listen_form", "is not host:port"
		e.Remedy = "write an address and a port, e.g. " + DefaultListen
	case !isPort(port, true):
		e.Code, e.Problem = "listen_port", "has no port from 0 to 65535"
		e.Remedy = "write the port as a number, e.g. " + DefaultListen
	case host != "" && !isLocalhost(host) && !isAddr(host):
		e.Code, e.Problem = "listen_host", "does not name an IP address"
		e.Remedy = "write the address of an interface of this machine, e.g. " + DefaultListen
	case !isLoopback(host) && s.ListenUser == "":
		e.Code, e.Problem = "listen_open", "is open to other machines without a user name and password"
		e.Remedy = "set listen_user and its password (keyring or " + EnvListenPassword + "), or listen on " + DefaultListen
	default:
		return nil
	}
	return e
}

// leadsBack reports whether an upstream at up would be the proxy that listens
// on listen: the same port under any name this machine has for itself that can
// be told without asking a name server. Names that resolve to us are left to
// the proxy's own check at run time.
func leadsBack(listen string, up tunnel.Upstream) bool {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || up.IsDirect() || port == "0" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || uint16(n) != up.Port {
		return false
	}
	if isLoopback(up.Host) || isUnspecified(up.Host) {
		return isLoopback(host) || isUnspecified(host)
	}
	if isUnspecified(host) {
		return isOwnAddress(up.Host)
	}
	return sameHost(host, up.Host)
}

// isPort reports whether s is a decimal port number.
func isPort(s string, zero bool) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && (n > 0 || zero)
}

func isAddr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLocalhost(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return isLocalhost(host) || err == nil && a.Unmap().IsLoopback()
}

// isUnspecified reports whether host means every interface when listening and
// this machine when dialling.
func isUnspecified(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.Unmap().IsUnspecified()
}

func sameHost(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x.Unmap() == y.Unmap()
	}
	return strings.EqualFold(a, b)
}

// isOwnAddress reports whether host is the address of one of our interfaces.
func isOwnAddress(host string) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && sameHost(prefix.Addr().String(), host) {
			return true
		}
	}
	return false
}
