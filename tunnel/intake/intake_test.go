package intake

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// connected returns both ends of a TCP connection over loopback.
func connected(t testing.TB) (near, far *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

func reading(conn net.Conn) *Reader {
	return NewReader(func() (net.Conn, bool) { return Unwrap(conn) })
}

// opaque hides what a connection is, so that reads of it must hold a buffer.
type opaque struct{ net.Conn }

// replaying has bytes to hand out before those of the connection.
type replaying struct {
	net.Conn
	first string
}

func (r *replaying) Read(p []byte) (int, error) {
	n := copy(p, r.first)
	if r.first = r.first[n:]; n > 0 {
		return n, nil
	}
	return r.Conn.Read(p)
}

func (r *replaying) NetConn() net.Conn {
	if r.first != "" {
		return nil
	}
	return r.Conn
}

func TestNext(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"tcp":       func(c net.Conn) net.Conn { return c },
		"held":      func(c net.Conn) net.Conn { return opaque{c} },
		"replaying": func(c net.Conn) net.Conn { return &replaying{c, "before "} },
	} {
		t.Run(name, func(t *testing.T) {
			near, far := connected(t)
			const want = "one two three"
			go func() {
				_, _ = io.WriteString(far, want)
				far.CloseWrite()
			}()
			r := reading(wrap(near))
			var got strings.Builder
			for {
				p, err := r.Next(nil)
				got.Write(p)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			r.Release()
			if s := strings.TrimPrefix(got.String(), "before "); s != want || r.buf != nil {
				t.Errorf("read %q, buffer held: %v", got.String(), r.buf != nil)
			}
		})
	}
}

// TestTogether asks that what came together is read together.
func TestTogether(t *testing.T) {
	near, far := connected(t)
	want := strings.Repeat("x", 40<<10)
	if _, err := io.WriteString(far, want); err != nil {
		t.Fatal(err)
	}
	// The bytes are on their way through loopback until the kernel has them all.
	r := reading(near)
	var reads, total int
	for total < len(want) {
		p, err := r.Next(nil)
		if err != nil {
			t.Fatal(err)
		}
		reads++
		total += len(p)
	}
	if reads > 2 {
		t.Errorf("%d reads for 40 KiB that were there", reads)
	}
}

// TestGrowth asks for larger reads while there is more, and small ones after.
func TestGrowth(t *testing.T) {
	var r Reader
	for _, step := range []struct{ class, n, floor, want int }{
		{0, 4 << 10, 0, 1},
		{1, 16 << 10, 0, 2},
		{3, 256 << 10, 0, 3},
		{3, 100, 0, 2},
		{2, 100, 0, 1},
		{1, 100, 0, 0},
		{2, 100, rawFloor, rawFloor},
		{3, 70 << 10, rawFloor, 3},
		{3, 60 << 10, rawFloor, 2},
	} {
		r.class, r.want, r.n = step.class, step.class, step.n
		if r.adapt(step.floor, classes-1); r.want != step.want {
			t.Errorf("after %d bytes in class %d: class %d, want %d", step.n, step.class, r.want, step.want)
		}
	}
}

// TestErrors asks that a deadline and a close end a wait.
func TestErrors(t *testing.T) {
	near, _ := connected(t)
	r := reading(near)
	_ = near.SetReadDeadline(time.Unix(1, 0))
	if _, err := r.Next(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}
	near.Close()
	if _, err := r.Next(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if r.buf != nil {
		t.Error("a buffer is held")
	}
}

func TestScratch(t *testing.T) {
	near, far := connected(t)
	if _, err := io.WriteString(far, "hello"); err != nil {
		t.Fatal(err)
	}
	scratch := make([]byte, 3)
	p, err := reading(opaque{near}).Next(scratch)
	if err != nil || string(p) != "hel" || &p[0] != &scratch[0] {
		t.Errorf("read %q, %v; want it in scratch", p, err)
	}
}

func BenchmarkNext(b *testing.B) {
	near, far := connected(b)
	block := make([]byte, 1<<10)
	r := reading(near)
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := far.Write(block); err != nil {
			b.Fatal(err)
		}
		if _, err := r.Next(nil); err != nil {
			b.Fatal(err)
		}
		r.Release()
	}
}
