//go:build peers && linux

package peers

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The framings of RFC 9112 §6 in which a body can travel.
const (
	chunked        = "chunked"
	contentLength  = "content-length"
	closeDelimited = "close-delimited"
)

// body is a stream: its events, its type and how it travels.
type body struct {
	contentType string // empty for none
	framing     string
	events      []string
}

// pieces are what the origin sends one at a time: each event, the last one in
// two halves. In chunked framing these are two halves of one wire chunk.
func (b body) pieces() []string {
	last := b.events[len(b.events)-1]
	middle := len(last) / 2
	pieces := append([]string(nil), b.events[:len(b.events)-1]...)
	return append(pieces, last[:middle], last[middle:])
}

func (b body) payload() string { return strings.Join(b.events, "") }

// head is the head of the response.
func (b body) head() string {
	head := "HTTP/1.1 200 OK\r\n"
	if b.contentType != "" {
		head += "Content-Type: " + b.contentType + "\r\n"
	}
	switch b.framing {
	case chunked:
		head += "Transfer-Encoding: chunked\r\n"
	case contentLength:
		head += fmt.Sprintf("Content-Length: %d\r\n", len(b.payload()))
	}
	return head + "Connection: close\r\n\r\n"
}

// wire returns the bytes that carry each piece, framing included.
func (b body) wire() []string {
	pieces := b.pieces()
	if b.framing != chunked {
		return pieces
	}
	n := len(pieces)
	for i := range n - 2 {
		pieces[i] = fmt.Sprintf("%x\r\n%s\r\n", len(pieces[i]), pieces[i])
	}
	whole := len(pieces[n-2]) + len(pieces[n-1])
	pieces[n-2] = fmt.Sprintf("%x\r\n%s", whole, pieces[n-2])
	pieces[n-1] += "\r\n"
	return pieces
}

// origin answers one request with a stream in lock-step: the head at once, each
// piece after one more word from the client.
type origin struct {
	addr string
	body body
	word chan struct{} // the client holds all that was sent
	done chan error    // the one exchange is over
}

// newOrigin listens for the one request; over TLS if config is given.
func newOrigin(t *testing.T, b body, config *tls.Config) *origin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	t.Cleanup(func() { listener.Close() })
	o := lockstep(b)
	o.addr = listener.Addr().String()
	go o.accept(listener)
	return o
}

// lockstep is an origin without a listener: it plays on a connection it is given.
func lockstep(b body) *origin {
	return &origin{body: b, word: make(chan struct{}), done: make(chan error, 1)}
}

func (o *origin) accept(listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		o.done <- err
		return
	}
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		conn.Close()
		o.done <- err
		return
	}
	o.serve(conn)
}

// serve answers the request that has been read from conn, and then closes as RFC
// 9112 §9.6 asks of a server: its own direction first, the rest once the client
// has closed too. To close at once could end in a reset, which destroys what was
// sent before it.
func (o *origin) serve(conn net.Conn) {
	defer conn.Close()
	o.done <- o.play(conn)
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the client may be gone already
	}
	_, _ = io.Copy(io.Discard, conn)
}

func (o *origin) play(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, o.body.head()); err != nil {
		return err
	}
	for _, piece := range o.body.wire() {
		if err := o.await(); err != nil {
			return err
		}
		if _, err := io.WriteString(conn, piece); err != nil {
			return err
		}
	}
	if err := o.await(); err != nil {
		return err
	}
	if o.body.framing == chunked {
		_, err := io.WriteString(conn, "0\r\n\r\n")
		return err
	}
	return nil
}

func (o *origin) await() error {
	select {
	case <-o.word:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("origin: the client has not got what was sent")
	}
}

// next tells the origin that the client holds all that was sent.
func (o *origin) next(t *testing.T) {
	t.Helper()
	select {
	case o.word <- struct{}{}:
	case err := <-o.done:
		t.Fatalf("origin ended early: %v", err)
	case <-time.After(patience):
		t.Fatal("origin does not take the client's word")
	}
}

// wait ends when the origin has sent everything.
func (o *origin) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-o.done:
		if err != nil {
			t.Errorf("origin: %v", err)
		}
	case <-time.After(patience):
		t.Error("origin has not ended")
	}
}
