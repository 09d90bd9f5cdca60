package tunneltest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// end is what the table below needs of a connection, in memory or real.
type end interface {
	net.Conn
	CloseWrite() error
}

// realPair is a connection of the operating system, to hold the likeness against.
func realPair(t *testing.T) (client, server end) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func reset(t *testing.T, c end) {
	t.Helper()
	switch c := c.(type) {
	case *Conn:
		c.Reset()
	case *net.TCPConn:
		c.SetLinger(0)
		c.Close()
	}
}

// drain reads to the end and says how it ended.
func drain(c net.Conn) string {
	data, err := io.ReadAll(c)
	return fmt.Sprintf("%q %s", data, name(err))
}

// writeUntilError gives the writes after a peer's departure time to learn of it.
func writeUntilError(c net.Conn) string {
	for {
		if _, err := c.Write([]byte("x")); err != nil {
			return name(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// name tells the errors apart that a caller can tell apart.
func name(err error) string {
	for _, known := range []error{
		syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, syscall.EADDRINUSE,
		net.ErrClosed, os.ErrDeadlineExceeded, io.EOF,
	} {
		if errors.Is(err, known) {
			if _, wrapped := errors.AsType[*net.OpError](err); !wrapped && known != io.EOF {
				return "bare " + known.Error()
			}
			return known.Error()
		}
	}
	return fmt.Sprint(err)
}

// flood is more than any system buffers for a connection.
var flood = make([]byte, 64<<20)

// likeness are the properties of TCP that proxies live by, each run on both
// the in-memory connection and the operating system's.
var likeness = []struct {
	name string
	run  func(t *testing.T, c, s end) string
	want string
}{
	{"boundaries are not kept", func(_ *testing.T, c, s end) string {
		c.Write([]byte("ab"))
		c.Write([]byte("cd"))
		c.Close()
		time.Sleep(time.Millisecond)
		p := make([]byte, 9)
		n, err := s.Read(p)
		return fmt.Sprintf("%q %v", p[:n], err)
	}, `"abcd" <nil>`},
	{"a short read leaves the rest", func(_ *testing.T, c, s end) string {
		c.Write([]byte("abc"))
		p := make([]byte, 2)
		io.ReadFull(s, p)
		n, err := s.Read(p[:1])
		return fmt.Sprintf("%q %d %v", p, n, err)
	}, `"cb" 1 <nil>`},
	{"close delivers what was written", func(_ *testing.T, c, s end) string {
		c.Write([]byte("last"))
		c.Close()
		return drain(s)
	}, `"last" <nil>`},
	{"half-close leaves the other direction", func(_ *testing.T, c, s end) string {
		c.Write([]byte("question"))
		c.CloseWrite()
		got := drain(s)
		s.Write([]byte("answer"))
		s.Close()
		return got + ", " + drain(c)
	}, `"question" <nil>, "answer" <nil>`},
	{"write after half-close", func(_ *testing.T, c, _ end) string {
		c.CloseWrite()
		_, err := c.Write([]byte("x"))
		return name(err)
	}, syscall.EPIPE.Error()},
	{"reset after data", func(t *testing.T, c, s end) string {
		c.Write([]byte("last"))
		time.Sleep(time.Millisecond)
		reset(t, c)
		return drain(s)
	}, `"last" ` + syscall.ECONNRESET.Error()},
	{"reset after half-close", func(t *testing.T, c, s end) string {
		c.Write([]byte("last"))
		c.CloseWrite()
		time.Sleep(time.Millisecond)
		reset(t, c)
		return drain(s)
	}, `"last" <nil>`},
	{"write to a reset peer", func(t *testing.T, c, s end) string {
		reset(t, c)
		time.Sleep(time.Millisecond)
		return writeUntilError(s)
	}, syscall.ECONNRESET.Error()},
	{"second write to a reset peer", func(t *testing.T, c, s end) string {
		reset(t, c)
		time.Sleep(time.Millisecond)
		writeUntilError(s)
		return writeUntilError(s)
	}, syscall.EPIPE.Error()},
	{"close with bytes unread resets", func(_ *testing.T, c, s end) string {
		s.Write([]byte("never read"))
		time.Sleep(time.Millisecond)
		c.Close()
		return drain(s)
	}, `"" ` + syscall.ECONNRESET.Error()},
	{"the first write to a closed peer is lost", func(_ *testing.T, c, s end) string {
		c.Close()
		time.Sleep(time.Millisecond)
		n, err := s.Write([]byte("xyz"))
		return fmt.Sprintf("%d %v", n, err)
	}, "3 <nil>"},
	{"later writes to a closed peer", func(_ *testing.T, c, s end) string {
		c.Close()
		return writeUntilError(s)
	}, syscall.EPIPE.Error()},
	{"read after own close", func(_ *testing.T, c, _ end) string {
		c.Close()
		return drain(c)
	}, `"" ` + net.ErrClosed.Error()},
	{"write after own close", func(_ *testing.T, c, _ end) string {
		c.Close()
		_, err := c.Write([]byte("x"))
		return name(err)
	}, net.ErrClosed.Error()},
	{"second close", func(_ *testing.T, c, _ end) string {
		c.Close()
		return name(c.Close())
	}, net.ErrClosed.Error()},
	{"half-close after close", func(_ *testing.T, c, _ end) string {
		c.Close()
		return name(c.CloseWrite())
	}, net.ErrClosed.Error()},
	{"deadline after close", func(_ *testing.T, c, _ end) string {
		c.Close()
		return name(c.SetDeadline(time.Now().Add(time.Hour)))
	}, net.ErrClosed.Error()},
	{"close wakes a reader", func(_ *testing.T, c, _ end) string {
		time.AfterFunc(time.Millisecond, func() { c.Close() })
		return drain(c)
	}, `"" ` + net.ErrClosed.Error()},
	{"read deadline", func(_ *testing.T, c, s end) string {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		got := drain(c)
		c.SetReadDeadline(time.Time{})
		s.Write([]byte("late"))
		s.Close()
		return got + ", " + drain(c)
	}, `"" ` + os.ErrDeadlineExceeded.Error() + `, "late" <nil>`},
	{"past deadline hides what is there", func(_ *testing.T, c, s end) string {
		s.Write([]byte("there"))
		c.SetReadDeadline(time.Unix(1, 0))
		return drain(c)
	}, `"" ` + os.ErrDeadlineExceeded.Error()},
	{"a deadline set later wakes a reader", func(_ *testing.T, c, _ end) string {
		time.AfterFunc(time.Millisecond, func() { c.SetReadDeadline(time.Unix(1, 0)) })
		return drain(c)
	}, `"" ` + os.ErrDeadlineExceeded.Error()},
	{"a deadline moved away does not strike", func(_ *testing.T, c, s end) string {
		c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		c.SetReadDeadline(time.Now().Add(time.Hour))
		time.AfterFunc(5*time.Millisecond, func() { s.Close() })
		return drain(c)
	}, `"" <nil>`},
	{"write deadline when nobody reads", func(_ *testing.T, c, _ end) string {
		c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
		n, err := c.Write(flood)
		return fmt.Sprintf("%v %s", n < len(flood), name(err))
	}, "true " + os.ErrDeadlineExceeded.Error()},
	{"reset wakes a blocked writer", func(t *testing.T, c, s end) string {
		time.AfterFunc(5*time.Millisecond, func() { reset(t, s) })
		_, err := c.Write(flood)
		return name(err)
	}, syscall.ECONNRESET.Error()},
	{"an empty write", func(_ *testing.T, c, _ end) string {
		n, err := c.Write(nil)
		return fmt.Sprint(n, err)
	}, "0 <nil>"},
}

func TestConnIsLikeTCP(t *testing.T) {
	for _, tt := range likeness {
		t.Run(tt.name+"/memory", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := Pair(0)
				if got := tt.run(t, c, s); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
		t.Run(tt.name+"/system", func(t *testing.T) {
			c, s := realPair(t)
			if got := tt.run(t, c, s); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWriteBlocksWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := Pair(4)
		start := time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			io.ReadFull(s, make([]byte, 1))
			time.Sleep(2 * time.Second)
			io.ReadFull(s, make([]byte, 1))
		}()
		n, err := c.Write([]byte("abcdef"))
		if n != 6 || err != nil {
			t.Fatalf("write = %d, %v, want 6, <nil>", n, err)
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("write took %v, want 5s", got)
		}
	})
}

func TestDeadlinesAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := Pair(1)
		start := time.Now()
		c.SetDeadline(start.Add(7 * time.Second))
		if _, err := c.Read(make([]byte, 1)); name(err) != os.ErrDeadlineExceeded.Error() {
			t.Errorf("read = %v", err)
		}
		if got := time.Since(start); got != 7*time.Second {
			t.Errorf("read took %v, want 7s", got)
		}
		if n, err := c.Write([]byte("ab")); n != 0 || name(err) != os.ErrDeadlineExceeded.Error() {
			t.Errorf("write = %d, %v", n, err)
		}
	})
}

func TestBytesArriveWhole(t *testing.T) {
	for _, buffer := range []int{1, 7, 2048, 3000, DefaultBuffer} {
		sent := make([]byte, 200_000)
		random := rand.NewChaCha8([32]byte{byte(buffer)})
		random.Read(sent)
		c, s := Pair(buffer)
		var wg sync.WaitGroup
		wg.Go(func() {
			for rest := sent; len(rest) > 0; {
				k := min(len(rest), 1+int(random.Uint64()%5000))
				c.Write(rest[:k])
				rest = rest[k:]
			}
			c.CloseWrite()
		})
		got, err := io.ReadAll(s)
		wg.Wait()
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("buffer %d: %d bytes, %v, want the %d that were sent", buffer, len(got), err, len(sent))
		}
	}
}

func TestConcurrentWritesDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := Pair(3)
		var wg sync.WaitGroup
		for _, letter := range []string{"a", "b", "c"} {
			wg.Go(func() { c.Write(bytes.Repeat([]byte(letter), 100)) })
		}
		go func() { wg.Wait(); c.Close() }()
		got, _ := io.ReadAll(s)
		runs := 1
		for i := 1; i < len(got); i++ {
			if got[i] != got[i-1] {
				runs++
			}
		}
		if len(got) != 300 || runs != 3 {
			t.Errorf("%d bytes in %d runs, want 300 in 3", len(got), runs)
		}
	})
}

func BenchmarkConn(b *testing.B) {
	for _, size := range []int{100, 32 << 10} {
		b.Run(fmt.Sprintf("oneway/%d", size), func(b *testing.B) {
			c, s := Pair(0)
			go func() {
				for range b.N {
					c.Write(make([]byte, size))
				}
				c.Close()
			}()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			io.Copy(io.Discard, struct{ io.Reader }{s})
		})
	}
	b.Run("pingpong", func(b *testing.B) {
		c, s := Pair(0)
		go io.Copy(s, struct{ io.Reader }{s})
		p := make([]byte, 1)
		b.ReportAllocs()
		for b.Loop() {
			c.Write(p)
			c.Read(p)
		}
		c.Close()
	})
}
