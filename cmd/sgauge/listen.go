package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// listen opens addr. A port that is taken is an error that names the program
// which has it, where that can be seen, and the next free port.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, addressInUse):
		return nil, inUse(addr)
	case errors.Is(err, accessDenied):
		return nil, &hinted{fmt.Errorf("listen on %s: not permitted", addr), "choose a port above 1023"}
	case errors.Is(err, addressUnknown):
		return nil, &hinted{fmt.Errorf("listen on %s: not an address of this machine", addr), "choose one of its own, such as 127.0.0.1"}
	}
	return nil, err
}

func inUse(addr string) error {
	problem := fmt.Errorf("listen on %s: the port is in use", addr)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return problem
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return problem
	}
	if program := listeningProgram(n); program != "" {
		problem = fmt.Errorf("listen on %s: the port is in use by %s", addr, program)
	}
	if free := nextFree(host, n); free != "" {
		return &hinted{problem, "--listen " + free + " is free"}
	}
	return problem
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
