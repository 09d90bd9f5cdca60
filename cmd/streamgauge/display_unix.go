//go:build unix && !darwin

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// displayed reports why no window can be shown. The toolkit would end the
// process with a stack trace.
func displayed() error {
	wayland, x := os.Getenv("WAYLAND_DISPLAY"), os.Getenv("DISPLAY")
	if wayland == "" && x == "" {
		return errors.New("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set")
	}
	if wayland != "" && answers("unix", waylandSocket(wayland)) {
		return nil
	}
	if x != "" && xAnswers(x) {
		return nil
	}
	return fmt.Errorf("the display does not answer: DISPLAY=%q, WAYLAND_DISPLAY=%q", x, wayland)
}

func waylandSocket(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), name)
}

// xAnswers tries a display by its name, HOST:NUMBER.SCREEN: see X(7), "Display
// Names".
func xAnswers(name string) bool {
	colon := strings.LastIndexByte(name, ':')
	if colon < 0 {
		return filepath.IsAbs(name) && answers("unix", name)
	}
	host, number := name[:colon], name[colon+1:]
	number, _, _ = strings.Cut(number, ".")
	n, err := strconv.ParseUint(number, 10, 15)
	if err != nil {
		return true // a form that is not known here: let the toolkit try
	}
	if host != "" && host != "unix" {
		const firstPort = 6000
		return answers("tcp", net.JoinHostPort(host, strconv.FormatUint(firstPort+n, 10)))
	}
	socket := "/tmp/.X11-unix/X" + number
	return answers("unix", socket) || answers("unix", "@"+socket)
}

func answers(network, address string) bool {
	const patience = 3 * time.Second
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
