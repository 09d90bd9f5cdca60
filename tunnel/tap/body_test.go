package tap

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel/wire"
)

const ms = time.Millisecond

// TestHalfChunks asks that the halves of a wire chunk are two arrivals, each
// with its own time and units, though net/http hands out whole ones.
func TestHalfChunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pieces := []string{chunkedHead, "14\r\ndata: 1\n\n", "data: 2\n\nxx\r\n", "0\r\n\r\n"}
		body, writer, recorder, live := opened(t, answering(t, pieces, 100*ms), http.MethodGet)
		if n, err := body.WriteTo(writer); err != nil || n != 20 {
			t.Fatalf("copied %d, %v; want 20", n, err)
		}
		at, bytes := arrivals(live.Snapshot())
		if !slices.Equal(at, []time.Duration{100 * ms, 200 * ms}) || !slices.Equal(bytes, []int32{9, 11}) {
			t.Errorf("arrivals at %v of %v bytes", at, bytes)
		}
		if ex := live.Snapshot(); ex.Chunks[0].Units != 1 || ex.Chunks[1].Units != 1 {
			t.Errorf("units %+v", ex.Chunks)
		}
		if got := recorder.Body.String(); got != "data: 1\n\ndata: 2\n\nxx" {
			t.Errorf("body %q", got)
		}
		if !body.Outcome().Ended {
			t.Error("the end was not seen")
		}
	})
}

// TestFlushing asks for one flush before each wait and for none besides.
func TestFlushing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pieces := []string{chunkedHead, "3\r\none\r\n", "3\r\ntwo\r\n3\r\nand\r\n", "4\r\nlast\r\n0\r\n\r\n"}
		body, _, _, _ := opened(t, answering(t, pieces, 100*ms), http.MethodGet)
		out := &flushes{ResponseWriter: httptest.NewRecorder()}
		writer := NewWriter(out, httptest.NewRequest(http.MethodGet, "http://o/", nil))
		writer.WriteHeader(http.StatusOK)
		body.flusher = writer
		if _, err := body.WriteTo(writer); err != nil {
			t.Fatal(err)
		}
		if want := []string{"", "one", "twoand"}; !slices.Equal(out.seen, want) {
			t.Errorf("flushed %q, want %q", out.seen, want)
		}
		if rest := out.written.String(); rest != "last" {
			t.Errorf("%q is left for the server to send with the end, want last", rest)
		}
	})
}

// TestOutcome asks whom a body that does not end well blames.
func TestOutcome(t *testing.T) {
	sized := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
	for name, tt := range map[string]struct {
		answer      string
		end         error
		read, ended bool
	}{
		"length":      {answer: sized + "world", end: io.EOF, ended: true},
		"short":       {answer: sized, end: io.EOF, read: true},
		"reset":       {answer: sized, end: syscall.ECONNRESET, read: true},
		"close":       {answer: "HTTP/1.1 200 OK\r\n\r\nhello", end: io.EOF, ended: true},
		"close reset": {answer: "HTTP/1.1 200 OK\r\n\r\nhello", end: syscall.ECONNRESET, read: true},
		"chunk cut":   {answer: chunkedHead + "5\r\nhel", end: io.EOF, read: true},
	} {
		t.Run(name, func(t *testing.T) {
			conn := newScript(tt.end, tt.answer)
			body, writer, recorder, _ := opened(t, conn, http.MethodGet)
			_, err := body.WriteTo(writer)
			got := body.Outcome()
			if (err != nil) != tt.read || (got.ReadErr != nil) != tt.read || got.Ended != tt.ended || got.WriteErr != nil {
				t.Errorf("%v, outcome %+v", err, got)
			}
			if !strings.HasPrefix(recorder.Body.String(), "hel") {
				t.Errorf("body %q: what came before the break is missing", recorder.Body)
			}
		})
	}
}

// failing is a client that is gone.
type failing struct{ http.ResponseWriter }

func (failing) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestClientGone(t *testing.T) {
	conn := newScript(io.EOF, chunkedHead+"5\r\nhello\r\n")
	body, _, _, _ := opened(t, conn, http.MethodGet)
	_, err := body.WriteTo(failing{httptest.NewRecorder()})
	if got := body.Outcome(); !errors.Is(err, syscall.EPIPE) || !errors.Is(got.WriteErr, syscall.EPIPE) || got.ReadErr != nil {
		t.Errorf("%v, outcome %+v", err, got)
	}
}

// TestUnfollowed asks that a body whose framing only net/http understands is
// copied all the same.
func TestUnfollowed(t *testing.T) {
	conn := newScript(io.EOF, chunkedHead+"5\r\nhello\r\n0\r\n\r\n")
	body, writer, recorder, live := opened(t, conn, http.MethodGet)
	body.response = NewResponse(live, http.MethodGet) // one that no read was shown to
	if n, err := body.WriteTo(writer); err != nil || n != 5 || recorder.Body.String() != "hello" {
		t.Errorf("copied %d, %v, %q", n, err, recorder.Body)
	}
	if got := live.Snapshot().Totals.Bytes; got != 5 {
		t.Errorf("%d bytes recorded, want 5", got)
	}
}

// TestBlocked asks that the time a client takes is the chunk's, in full.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, _, _, live := opened(t, answering(t, []string{chunkedHead + "5\r\nhello\r\n", "0\r\n\r\n"}, 100*ms), http.MethodGet)
		slow := slowClient{httptest.NewRecorder(), 30 * ms}
		writer := NewWriter(slow, httptest.NewRequest(http.MethodGet, "http://o/", nil))
		body.flusher = writer
		if _, err := body.WriteTo(writer); err != nil {
			t.Fatal(err)
		}
		if got := live.Snapshot().Chunks[0].Blocked; got != 60*ms {
			t.Errorf("blocked %v, want 30ms writing and 30ms flushing", got)
		}
	})
}

type slowClient struct {
	http.ResponseWriter
	delay time.Duration
}

func (s slowClient) Write(p []byte) (int, error) {
	time.Sleep(s.delay)
	return s.ResponseWriter.Write(p)
}

func (s slowClient) Flush() { time.Sleep(s.delay) }

// TestFrame asks that the server is told the origin's framing and nothing that
// the origin did not say.
func TestFrame(t *testing.T) {
	for framing, want := range map[wire.Framing]string{
		wire.Chunked: "chunked", wire.UntilClose: "identity", wire.ContentLength: "", wire.Bodiless: "",
	} {
		recorder := httptest.NewRecorder()
		w := NewWriter(recorder, httptest.NewRequest(http.MethodGet, "http://o/", nil))
		w.KeepFraming(framing)
		w.WriteHeader(http.StatusOK)
		h := recorder.Header()
		if got := strings.Join(h["Transfer-Encoding"], ","); got != want {
			t.Errorf("%v: Transfer-Encoding %q, want %q", framing, got, want)
		}
		for _, name := range []string{"Date", "Content-Type"} {
			if values, told := h[name]; !told || len(values) > 0 {
				t.Errorf("%v: %s is left to the server", framing, name)
			}
		}
		if got := w.EndsWithConnection(); got != (framing == wire.UntilClose) {
			t.Errorf("%v: ends with the connection: %v", framing, got)
		}
	}
}

// BenchmarkBody copies a live stream of 64-byte events that each come with a
// read of their own.
func BenchmarkBody(b *testing.B) {
	const events = 1000
	event := "data: " + strings.Repeat("x", 56) + "\n\n"
	var pieces []string
	for range events {
		pieces = append(pieces, "40\r\n"+event+"\r\n")
	}
	answer := append(append([]string{chunkedHead}, pieces...), "0\r\n\r\n")
	b.ReportAllocs()
	b.SetBytes(int64(len(event) * events))
	for b.Loop() {
		conn := newScript(io.EOF, slices.Clone(answer)...)
		body, _, _, live := opened(b, conn, http.MethodGet)
		out := nowhere{}
		body.flusher = NewWriter(out, httptest.NewRequest(http.MethodGet, "http://o/", nil))
		if n, err := body.WriteTo(out); err != nil || n != int64(len(event)*events) {
			b.Fatalf("copied %d, %v", n, err)
		}
		if got := live.Snapshot().Totals.Units; got != events {
			b.Fatalf("%d units", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}

type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) WriteHeader(int)             {}
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Flush()                      {}

// TestReadDirectly asks the same bytes of a caller that does not know WriteTo.
func TestReadDirectly(t *testing.T) {
	conn := newScript(io.EOF, chunkedHead+"5\r\nhello\r\n0\r\n\r\n")
	body, _, _, _ := opened(t, conn, http.MethodGet)
	var got bytes.Buffer
	if _, err := io.Copy(&got, struct{ io.Reader }{body}); err != nil || got.String() != "hello" {
		t.Errorf("read %q, %v", got.String(), err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	if body.Counted() != nil {
		t.Error("units of a plain body are still to be counted")
	}
}
