package tunneltest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// DefaultBuffer is how many bytes each direction of a connection holds, in bytes.
const DefaultBuffer = 64 << 10

const firstEphemeral = 49152 // RFC 6335 §6: the dynamic ports begin here

var (
	// firstFake begins the addresses given to names: RFC 2544's range for
	// benchmarks, which is neither private nor anybody's.
	firstFake = netip.MustParseAddr("198.18.0.1")
	// dialFrom is where connections to those addresses come from.
	dialFrom  = netip.MustParseAddr("198.19.255.1")
	loopback4 = netip.MustParseAddr("127.0.0.1")
	loopback6 = netip.IPv6Loopback()
)

// Network is TCP and DNS in memory, without the operating system: listeners,
// dials and names that only its users see. All methods may be called
// concurrently. Create it with [NewNetwork], inside the synctest bubble that
// uses it.
type Network struct {
	// Buffer is how many bytes each direction of a new connection holds, so
	// that a small one shows what a slow reader does. Zero means
	// [DefaultBuffer]. Set it before the first Dial.
	Buffer int

	mu        sync.Mutex // guards all below
	hosts     map[string][]netip.Addr
	listeners map[netip.AddrPort]*listener
	paths     map[string]path // by the address dialled or the name looked up
	dialled   []string
	lastFake  netip.Addr
	lastPort  uint16
}

// path is what befalls those who dial an address or look a name up.
type path struct {
	delay time.Duration
	hole  bool
}

// NewNetwork returns an empty network in which only localhost has an address.
func NewNetwork() *Network {
	return &Network{
		hosts:     map[string][]netip.Addr{"localhost": {loopback4}},
		listeners: map[netip.AddrPort]*listener{},
		paths:     map[string]path{},
		lastFake:  firstFake.Prev(),
		lastPort:  firstEphemeral - 1,
	}
}

// AddHost gives a name its addresses; with none given, an address of its own.
// It returns the first.
func (n *Network) AddHost(host string, addrs ...netip.Addr) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	host = canonical(host)
	if len(addrs) > 0 {
		n.hosts[host] = slices.Clone(addrs)
	}
	return n.addressOf(host)
}

// addressOf returns the address of a name or literal, giving a new name one.
func (n *Network) addressOf(host string) netip.Addr {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr
	}
	if known := n.hosts[host]; len(known) > 0 {
		return known[0]
	}
	n.lastFake = n.lastFake.Next()
	n.hosts[host] = []netip.Addr{n.lastFake}
	return n.lastFake
}

// Delay makes dials of addr ("host:port", as it will be dialled) take d before
// they are answered.
func (n *Network) Delay(addr string, d time.Duration) {
	n.setPath(addr, path{delay: d})
}

// DelayLookup makes lookups of host take d.
func (n *Network) DelayLookup(host string, d time.Duration) {
	n.setPath(canonical(host), path{delay: d})
}

// BlackHole makes dials of addr ("host:port", as it will be dialled) wait until
// their context ends, as behind a firewall that drops packets.
func (n *Network) BlackHole(addr string) {
	n.setPath(addr, path{hole: true})
}

func (n *Network) setPath(key string, p path) {
	n.mu.Lock()
	n.paths[key] = p
	n.mu.Unlock()
}

// Dialled returns the addresses given to Dial so far, in order.
func (n *Network) Dialled() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.dialled)
}

// Lookup resolves host. An unknown name gives a *net.DNSError with IsNotFound.
func (n *Network) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	name := canonical(host)
	n.mu.Lock()
	addrs, p := slices.Clone(n.hosts[name]), n.paths[name]
	n.mu.Unlock()
	if err := p.travel(ctx); err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsTimeout: errors.Is(err, context.DeadlineExceeded), UnwrapErr: err}
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

// Listen opens addr: "name:port" (an unknown name gets an address),
// "address:port", or ":port" for all addresses of this machine; port 0 picks
// one. The listener's connections are [*Conn].
func (n *Network) Listen(addr string) (net.Listener, error) {
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, opError("listen", nil, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at := netip.IPv6Unspecified()
	if host != "" {
		at = n.addressOf(canonical(host))
	}
	if port == 0 {
		port = n.freePort(at)
	}
	key := netip.AddrPortFrom(at, port)
	if n.listeners[key] != nil {
		return nil, opError("listen", net.TCPAddrFromAddrPort(key), syscall.EADDRINUSE)
	}
	l := newListener(net.TCPAddrFromAddrPort(key), func() { n.forget(key) })
	n.listeners[key] = l
	return l, nil
}

func (n *Network) forget(key netip.AddrPort) {
	n.mu.Lock()
	delete(n.listeners, key)
	n.mu.Unlock()
}

// freePort counts on from the last one given, as an operating system does.
func (n *Network) freePort(at netip.Addr) uint16 {
	for {
		n.lastPort = max(n.lastPort+1, firstEphemeral) // 65535 wraps to 0
		if n.listeners[netip.AddrPortFrom(at, n.lastPort)] == nil {
			return n.lastPort
		}
	}
}

// Dial connects to "host:port". It fails as package net does: a
// *net.OpError around a *net.DNSError, syscall.ECONNREFUSED or the context's
// error. The connection is a [*Conn].
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, opError("dial", nil, net.UnknownNetworkError(network))
	}
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, opError("dial", nil, err)
	}
	n.mu.Lock()
	n.dialled = append(n.dialled, addr)
	p := n.paths[addr]
	n.mu.Unlock()
	addrs, err := n.Lookup(ctx, host)
	if err != nil {
		return nil, opError("dial", nil, err)
	}
	first := net.TCPAddrFromAddrPort(netip.AddrPortFrom(addrs[0], port))
	if err := p.travel(ctx); err != nil {
		return nil, opError("dial", first, err)
	}
	for _, at := range addrs {
		if conn := n.connect(netip.AddrPortFrom(at, port)); conn != nil {
			return conn, nil
		}
	}
	return nil, opError("dial", first, syscall.ECONNREFUSED)
}

// connect returns nil if nobody listens at to.
func (n *Network) connect(to netip.AddrPort) net.Conn {
	if to.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(loopback4, to.Port())
	}
	n.mu.Lock()
	l := n.listenerAt(to)
	from := netip.AddrPortFrom(sourceFor(to.Addr()), n.freePort(sourceFor(to.Addr())))
	buffer := n.Buffer
	n.mu.Unlock()
	if l == nil {
		return nil
	}
	if buffer <= 0 {
		buffer = DefaultBuffer
	}
	client, server := newPair(buffer, net.TCPAddrFromAddrPort(from), net.TCPAddrFromAddrPort(to))
	if !l.offer(server) {
		return nil
	}
	return client
}

func (n *Network) listenerAt(to netip.AddrPort) *listener {
	if l := n.listeners[to]; l != nil {
		return l
	}
	if !to.Addr().IsLoopback() {
		return nil
	}
	for _, all := range []netip.Addr{netip.IPv6Unspecified(), netip.IPv4Unspecified()} {
		if l := n.listeners[netip.AddrPortFrom(all, to.Port())]; l != nil {
			return l
		}
	}
	return nil
}

func sourceFor(to netip.Addr) netip.Addr {
	switch {
	case to.IsLoopback() && to.Is6():
		return loopback6
	case to.IsLoopback():
		return loopback4
	}
	return dialFrom
}

// travel waits as long as the path takes, or until ctx ends.
func (p path) travel(ctx context.Context) error {
	if p.delay <= 0 && !p.hole {
		return ctx.Err()
	}
	var arrived <-chan time.Time // nil, hence never, in a black hole
	if !p.hole {
		timer := time.NewTimer(p.delay)
		defer timer.Stop()
		arrived = timer.C
	}
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func splitAddr(addr string) (host string, port uint16, err error) {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	p, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: addr}
	}
	return host, uint16(p), nil
}

func canonical(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

var syscallOf = map[string]string{"dial": "connect", "listen": "bind"}

func opError(op string, addr net.Addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(syscallOf[op], errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Addr: addr, Err: err}
}
