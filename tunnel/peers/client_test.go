//go:build peers && linux

package peers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client speaks HTTP through sgauge on a bare connection, and hands out payload
// the moment it is there: Go's own client would wait for the end of a wire chunk.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	head int            // bytes of the response head, after a CONNECT's
	resp *http.Response // its body is not read
	left int            // bytes of the current wire chunk still to come
	mid  bool           // a wire chunk has begun, its last CRLF not yet read
}

// get asks proxy for http://host/path, in absolute-form or inside a CONNECT, and
// returns when the head of the answer is here.
func get(t *testing.T, proxy, host, path string, connect bool) *client {
	t.Helper()
	conn, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c := &client{conn: conn, in: bufio.NewReader(conn)}
	target := "http://" + host + path
	if connect {
		target = path
		c.request(t, "CONNECT", host, host)
	}
	c.request(t, http.MethodGet, target, host)
	return c
}

// request sends a request without a body and wants 200.
func (c *client) request(t *testing.T, method, target, host string) {
	t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n\r\n", method, target, host); err != nil {
		t.Fatal(err)
	}
	var head bytes.Buffer
	for !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")) {
		b, err := c.in.ReadByte()
		if err != nil {
			t.Fatalf("%s %s: the head has not come, only %q: %v", method, target, head.Bytes(), err)
		}
		head.WriteByte(b)
	}
	c.head = head.Len()
	resp, err := http.ReadResponse(bufio.NewReader(&head), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	c.resp = resp
	if resp.StatusCode != http.StatusOK {
		rest, _ := c.in.Peek(c.in.Buffered())
		t.Fatalf("%s %s: %s\n%s", method, target, resp.Status, rest)
	}
}

// framing says how the answer travels to the client.
func (c *client) framing() string {
	switch {
	case len(c.resp.TransferEncoding) > 0:
		return chunked
	case c.resp.ContentLength >= 0:
		return contentLength
	}
	return closeDelimited
}

// read returns the next n bytes of payload as soon as they are here.
func (c *client) read(n int) (string, error) {
	payload := make([]byte, 0, n)
	for len(payload) < n {
		want := n - len(payload)
		if c.framing() == chunked {
			if err := c.enterChunk(); err != nil {
				return string(payload), err
			}
			if c.left == 0 {
				return string(payload), io.ErrUnexpectedEOF
			}
			want = min(want, c.left)
			c.left -= want
		}
		got, err := io.ReadFull(c.in, payload[len(payload):len(payload)+want])
		payload = payload[:len(payload)+got]
		if err != nil {
			return string(payload), err
		}
	}
	return string(payload), nil
}

// enterChunk reads the size line of the next wire chunk, if the last one is used
// up; size 0 is the last chunk.
func (c *client) enterChunk() error {
	if c.left > 0 {
		return nil
	}
	if c.mid {
		if line, err := c.in.ReadString('\n'); err != nil || line != "\r\n" {
			return fmt.Errorf("end of wire chunk is %q: %w", line, err)
		}
	}
	line, err := c.in.ReadString('\n')
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
	c.left, c.mid = int(size), true
	return err
}

// finish wants the end of the body, and nothing after it.
func (c *client) finish(t *testing.T) {
	t.Helper()
	switch c.framing() {
	case chunked:
		if err := c.enterChunk(); err != nil || c.left != 0 {
			t.Errorf("after the payload: %d more bytes, %v; want the last chunk", c.left, err)
		}
		if line, err := c.in.ReadString('\n'); line != "\r\n" {
			t.Errorf("after the last chunk: %q, %v; want an empty line", line, err)
		}
	case closeDelimited:
		if b, err := c.in.ReadByte(); err != io.EOF {
			t.Errorf("after the payload: byte %q, %v; want EOF", b, err)
		}
	}
}

// ask sends one request through the proxy and returns the whole answer.
func ask(t *testing.T, proxy, method, target string) (status int, page string) {
	t.Helper()
	conn, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	host := strings.Split(strings.TrimPrefix(target, "http://"), "/")[0]
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, target, host); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}
