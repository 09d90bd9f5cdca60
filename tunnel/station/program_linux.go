package station

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listeningProgram returns name and number of the process that listens on a
// TCP port of this machine, as far as this user may see it; else "".
func listeningProgram(port int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, inode := range listeners(table, port) {
			if program := holder("socket:[" + inode + "]"); program != "" {
				return program
			}
		}
	}
	return ""
}

// listeners returns the inodes of the sockets that listen on port: see
// proc_net_tcp in the documentation of Linux.
func listeners(table string, port int) []string {
	const listening = "0A"
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	var inodes []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[3] == listening && strings.HasSuffix(fields[1], suffix) {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

// holder returns the process that has a file open of which the link in /proc
// reads so.
func holder(link string) string {
	// A pattern without a mistake in it has no error.
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, file := range files {
		if target, err := os.Readlink(file); err != nil || target != link {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil {
			continue
		}
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			return fmt.Sprintf("process %d", pid)
		}
		return fmt.Sprintf("%q (process %d)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}
