package tunneltest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// DialFunc opens a connection, as net.Dialer's DialContext and [Network.Dial].
// Where one is nil, the system's network is meant.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// open dials the far side of a connection and closes it when ctx ends, so that
// nobody hangs on it at the end of a Serve.
func (d DialFunc) open(ctx context.Context, addr string) (c net.Conn, release func(), err error) {
	if d == nil {
		d = (&net.Dialer{}).DialContext
	}
	if c, err = d(ctx, "tcp", addr); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { netConn(c).Close() })
	return c, func() { stop(); c.Close() }, nil
}

// relay copies both directions until both have ended. A FIN is passed on as a
// FIN, a reset as a reset.
func relay(a, b net.Conn) {
	var there sync.WaitGroup
	there.Go(func() { relayOne(b, a) })
	relayOne(a, b)
	there.Wait()
}

func relayOne(dst, src net.Conn) {
	if _, err := io.Copy(dst, src); err != nil {
		abort(dst)
		abort(src)
		return
	}
	closeWrite(dst)
}

// readRequest reads a head from c and returns it parsed and as it came, and
// the connection without it.
func readRequest(c net.Conn) (req *http.Request, raw []byte, rest net.Conn, err error) {
	tee := &rawReader{from: c, keeping: true}
	br := bufio.NewReader(tee)
	if req, err = http.ReadRequest(br); err != nil {
		return nil, nil, nil, err
	}
	tee.keeping = false
	return req, tee.seen[:len(tee.seen)-br.Buffered()], &readAhead{Conn: c, r: br}, nil
}

// once rewrites a head for a connection that carries one exchange: a new
// target, no fields for the hop itself, and Connection: close unless the
// protocol is to be changed.
func once(raw []byte, req *http.Request, target string) []byte {
	lines := strings.SplitAfter(string(raw), "\r\n")
	upgrade := req.Header.Get("Upgrade") != ""
	lines = slices.DeleteFunc(lines, func(line string) bool {
		field, _, _ := strings.Cut(strings.ToLower(line), ":")
		return strings.HasPrefix(field, "proxy-") || field == "connection" && !upgrade
	})
	lines[0] = req.Method + " " + target + " " + req.Proto + "\r\n"
	if !upgrade {
		lines = slices.Insert(lines, 1, "Connection: close\r\n")
	}
	return []byte(strings.Join(lines, ""))
}

// headEnd returns the length of the final head at the start of b, interim
// answers included, or -1 if it is not all there.
func headEnd(b []byte) int {
	end := 0
	for {
		i := bytes.Index(b[end:], []byte("\r\n\r\n"))
		if i < 0 {
			return -1
		}
		interim := bytes.HasPrefix(b[end:], []byte("HTTP/1.1 1")) && !bytes.HasPrefix(b[end:], []byte("HTTP/1.1 101"))
		end += i + 4
		if !interim {
			return end
		}
	}
}

// answer returns a short text answer that says the connection ends with it.
// field is a further header line, or empty.
func answer(status int, field string) []byte {
	text := http.StatusText(status) + "\n"
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), field, len(text), text)
}
