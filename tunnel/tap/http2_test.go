package tap

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"streamgauge/tunnel"
)

// reads is a connection whose reads are given.
type reads struct {
	net.Conn
	left [][]byte
}

func (s *reads) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, net.ErrClosed
	}
	n := copy(p, s.left[0])
	s.left = s.left[1:]
	return n, nil
}

func (s *reads) Write(p []byte) (int, error) { return len(p), nil }

// shared is an HTTP/2 connection with requests on it.
type shared struct {
	conn   *HTTP2Conn
	script *reads
	stream uint32
}

func newShared() *shared {
	s := &shared{script: &reads{}, stream: 1}
	s.conn = NewHTTP2Conn(Link{Conn: s.script})
	_, _ = s.conn.Write([]byte(http2.ClientPreface))
	s.writes(func(f *http2.Framer) { _ = f.WriteSettings() })
	s.reads(func(f *http2.Framer) { _ = f.WriteSettings() })
	return s
}

func http2Frames(write func(*http2.Framer)) []byte {
	var b bytes.Buffer
	write(http2.NewFramer(&b, nil))
	return b.Bytes()
}

func (s *shared) writes(write func(*http2.Framer)) { _, _ = s.conn.Write(http2Frames(write)) }

// reads lets the frames come in one read, cut at the given offsets.
func (s *shared) reads(write func(*http2.Framer), cuts ...int) {
	p, from := http2Frames(write), 0
	for _, cut := range append(cuts, len(p)) {
		s.script.left = [][]byte{p[from:cut]}
		_, _ = s.conn.Read(make([]byte, 64<<10))
		from = cut
		if cut < len(p) {
			time.Sleep(time.Second)
		}
	}
}

// ask sends a request and returns its stream and what follows the response.
func (s *shared) ask() (uint32, *Response) {
	r := NewResponse(tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil), "GET")
	r.share(s.conn)
	r.announce()
	stream := s.stream
	s.stream += 2
	s.writes(func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte("x"), EndHeaders: true})
	})
	return stream, r
}

func head(f *http2.Framer, stream uint32, end bool) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte("y"), EndHeaders: true, EndStream: end})
}

func taken(r *Response) (all []arrival) {
	for {
		a, ok := r.take()
		if !ok {
			return all
		}
		all = append(all, a)
	}
}

// TestStreamsAreToldApart: each response gets its own arrivals, stamped when its
// frame was whole.
func TestStreamsAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShared()
		a, ra := s.ask()
		b, rb := s.ask()
		s.reads(func(f *http2.Framer) {
			head(f, b, false)
			_ = f.WriteData(b, false, []byte("of b"))
			head(f, a, false)
			_ = f.WriteDataPadded(a, true, []byte("of a, padded"), make([]byte, 5))
		}, 20) // within b's data
		if at, ok := rb.HeadAt(); at != 0 || !ok || !rb.HeadDone() {
			t.Errorf("head of b at %v, %v", at, ok)
		}
		if at, _ := ra.HeadAt(); at != time.Second {
			t.Errorf("head of a at %v", at)
		}
		if rb.unfinished() {
			t.Error("b has nothing to take")
		}
		if got := taken(rb); !slices.Equal(got, []arrival{{time.Second, 4}}) {
			t.Errorf("b: %v", got)
		}
		if got := taken(ra); !slices.Equal(got, []arrival{{time.Second, 12}}) {
			t.Errorf("a: %v", got)
		}
		if ra.unfinished() || !rb.unfinished() {
			t.Errorf("a unfinished %v, b %v; want false, true", ra.unfinished(), rb.unfinished())
		}
	})
}

func TestInterimHeadIsNotTheHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShared()
		id, r := s.ask()
		s.reads(func(f *http2.Framer) { head(f, id, false) })
		r.interim()
		if r.HeadDone() {
			t.Error("the interim head was taken for the final one")
		}
		time.Sleep(time.Second)
		s.reads(func(f *http2.Framer) {
			head(f, id, false)
			_ = f.WriteData(id, false, []byte("x"))
			head(f, id, true) // the trailer
		})
		if at, ok := r.HeadAt(); at != time.Second || !ok {
			t.Errorf("head at %v, %v", at, ok)
		}
	})
}

func TestResetAndGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShared()
		broken, rBroken := s.ask()
		refused, rRefused := s.ask()
		kept, rKept := s.ask()
		_, rLate := s.ask()
		s.reads(func(f *http2.Framer) {
			head(f, broken, false)
			_ = f.WriteRSTStream(broken, http2.ErrCodeInternal)
			_ = f.WriteRSTStream(refused, http2.ErrCodeRefusedStream)
			_ = f.WriteGoAway(kept, http2.ErrCodeNo, nil)
			head(f, kept, false)
		})
		if err := rBroken.ResetError(); err == nil || err.Error() != "origin reset the stream: INTERNAL_ERROR (0x2)" {
			t.Errorf("reset: %v", err)
		}
		for name, tt := range map[string]struct {
			r       *Response
			refused bool
		}{"broken": {rBroken, false}, "refused": {rRefused, true}, "kept": {rKept, false}, "behind the last": {rLate, true}} {
			if tt.r.Refused() != tt.refused || tt.r.Unsent() {
				t.Errorf("%s: refused %v, unsent %v", name, tt.r.Refused(), tt.r.Unsent())
			}
		}
		if !s.conn.Leaving() || !rKept.HeadDone() || rKept.ResetError() != nil {
			t.Error("what was kept does not go on")
		}
		unsent := NewResponse(tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{}, nil), "GET")
		if unsent.share(s.conn); !unsent.Unsent() {
			t.Error("a request that was not written counts as sent")
		}
	})
}

// FuzzHTTP2Conn: whatever both sides say, no arrival is longer than what came.
func FuzzHTTP2Conn(f *testing.F) {
	conversation := http2Frames(func(f *http2.Framer) {
		head(f, 1, false)
		_ = f.WriteDataPadded(1, false, []byte("data"), make([]byte, 3))
		_ = f.WriteData(3, true, []byte("x"))
		_ = f.WriteRSTStream(1, http2.ErrCodeCancel)
		_ = f.WriteGoAway(1, http2.ErrCodeNo, nil)
	})
	f.Add(conversation, conversation, uint16(20))
	f.Fuzz(func(t *testing.T, sent, came []byte, cut uint16) {
		s := newShared()
		_, r := s.ask()
		_, _ = s.conn.Write(sent)
		n := min(int(cut), len(came))
		s.script.left = [][]byte{came[:n], came[n:]}
		for range 2 {
			_, _ = s.conn.Read(make([]byte, len(came)+1))
		}
		total := 0
		for _, a := range taken(r) {
			total += a.bytes
		}
		if total > len(came) {
			t.Errorf("%d bytes arrived of %d", total, len(came))
		}
	})
}
