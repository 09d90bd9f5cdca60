package station

import (
	"errors"
	"net"
	"strconv"

	"streamgauge/tunnel"
)

// Listen opens addr, a host:port. An error is a [*tunnel.ListenError] where the
// reason is known.
func Listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, addressInUse):
		return nil, inUse(addr)
	case errors.Is(err, accessDenied):
		return nil, &tunnel.ListenError{Address: addr, Err: tunnel.ErrListenDenied}
	case errors.Is(err, addressUnknown):
		return nil, &tunnel.ListenError{Address: addr, Err: tunnel.ErrListenUnknown}
	}
	return nil, err
}

func inUse(addr string) error {
	e := &tunnel.ListenError{Address: addr, Err: tunnel.ErrListenInUse}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return e
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return e
	}
	e.Program, e.Free = listeningProgram(n), nextFree(host, n)
	return e
}

// nextFree returns the first address after port n on which can be listened now.
func nextFree(host string, n int) string {
	const tries = 100
	for port := n + 1; port <= min(n+tries, 65535); port++ {
		addr := net.JoinHostPort(host, strconv.Itoa(port))
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
	return ""
}
