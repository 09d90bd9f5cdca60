package tap

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// script is an origin's connection that answers the first write with its
// pieces, one a read.
type script struct {
	net.Conn
	pieces []string
	end    error // of the read behind the last piece
	asked  chan struct{}
	once   sync.Once
}

func newScript(end error, pieces ...string) *script {
	return &script{pieces: pieces, end: end, asked: make(chan struct{})}
}

func (s *script) Read(p []byte) (int, error) {
	<-s.asked
	if len(s.pieces) == 0 {
		return 0, s.end
	}
	n := copy(p, s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; s.pieces[0] == "" {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.asked) })
	return len(p), nil
}

func (s *script) Close() error {
	s.once.Do(func() { close(s.asked) })
	return nil
}

// opened returns the response that conn brings, as net/http reads it through
// the tap, with its body wrapped and its writer made.
func opened(t testing.TB, conn net.Conn, method string) (*Body, *Writer, *httptest.ResponseRecorder, *tunnel.Live) {
	t.Helper()
	live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 1000, Units: 1000}, nil)
	response := NewResponse(live, method)
	tapped := NewConn(Link{Conn: conn})
	tapped.Bind(response)
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return tapped, nil },
		DisableCompression: true,
		DisableKeepAlives:  true,
	}
	request := httptest.NewRequest(method, "http://origin.test/", nil)
	request.RequestURI = ""
	resp, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	writer := NewWriter(recorder, request)
	writer.KeepFraming(response.Framing())
	return NewBody(resp, response, writer, live), writer, recorder, live
}

// answering returns an in-memory connection whose far end answers the request
// that comes on it with the pieces, each at its time.
func answering(t testing.TB, pieces []string, pause time.Duration) net.Conn {
	t.Helper()
	near, far := tunneltest.Pair(0)
	go func() {
		defer far.Close()
		buffer := make([]byte, 4096)
		if _, err := far.Read(buffer); err != nil {
			return
		}
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(pause)
			}
			if _, err := io.WriteString(far, piece); err != nil {
				return
			}
		}
	}()
	return near
}

const chunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

// arrivals returns when each chunk came and how large it was.
func arrivals(ex tunnel.Exchange) (at []time.Duration, bytes []int32) {
	for _, c := range ex.Chunks {
		at, bytes = append(at, c.At), append(bytes, c.Bytes)
	}
	return at, bytes
}

// flushes counts the flushes of a writer and what was written before each.
type flushes struct {
	http.ResponseWriter
	written strings.Builder
	seen    []string
}

func (f *flushes) Write(p []byte) (int, error) { return f.written.Write(p) }

func (f *flushes) Flush() {
	f.seen = append(f.seen, f.written.String())
	f.written.Reset()
}
