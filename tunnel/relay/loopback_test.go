//go:build unix

package relay

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// outcome is what Run returned.
type outcome struct {
	end tunnel.End
	err error
}

// overTCP starts a tunnel between real sockets and returns the far ends, which
// give up after ten seconds rather than hang.
func overTCP(t *testing.T, ln *net.TCPListener, live *tunnel.Live) (client, origin *net.TCPConn, done <-chan outcome) {
	t.Helper()
	client, near := tcpPair(t, ln)
	far, origin := tcpPair(t, ln)
	for _, c := range []*net.TCPConn{client, origin} {
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	}
	ended := make(chan outcome, 1)
	go func() {
		end, err := Run(t.Context(), near, far, nil, live, Config{})
		ended <- outcome{end, err}
	}()
	return client, origin, ended
}

func newLive() *tunnel.Live {
	return tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 100, Units: 100}, nil)
}

// Both directions at once, with a reader that stops now and then, through every
// size of buffer: no byte lost, doubled or changed.
func TestEveryByteArrivesOverTCP(t *testing.T) {
	live := newLive()
	client, origin, done := overTCP(t, listen(t), live)
	random := rand.NewChaCha8([32]byte{1})
	up, down := make([]byte, 5<<20), make([]byte, 9<<20)
	_, _ = random.Read(up)
	_, _ = random.Read(down)
	send := func(conn *net.TCPConn, p []byte) {
		for rest := p; len(rest) > 0; {
			n := min(len(rest), 1+int(random.Uint64()%200_000))
			if _, err := conn.Write(rest[:n]); err != nil {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
		_ = conn.CloseWrite()
	}
	var gotUp []byte
	var all sync.WaitGroup
	all.Go(func() { send(origin, down) })
	all.Go(func() {
		_, _ = client.Write(up)
		_ = client.CloseWrite()
	})
	all.Go(func() { gotUp, _ = io.ReadAll(origin) })
	gotDown, err := io.ReadAll(&pausing{Reader: client})
	all.Wait()
	if err != nil || !bytes.Equal(gotDown, down) {
		t.Errorf("client got %d bytes, %v; want the %d sent", len(gotDown), err, len(down))
	}
	if !bytes.Equal(gotUp, up) {
		t.Errorf("origin got %d bytes, want the %d sent", len(gotUp), len(up))
	}
	if got := <-done; got.end != tunnel.Complete || got.err != nil {
		t.Errorf("tunnel ended %q, %v; want complete", got.end, got.err)
	}
	if got := live.Summary().Totals; got.Bytes != int64(len(down)) || got.RequestBytes != int64(len(up)) {
		t.Errorf("recorded %d bytes down and %d up, want %d and %d", got.Bytes, got.RequestBytes, len(down), len(up))
	}
}

// pausing lets the sender run into a full socket now and then.
type pausing struct {
	io.Reader
	reads int
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.reads++; p.reads%50 == 0 {
		time.Sleep(time.Millisecond)
	}
	return p.Reader.Read(b)
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func TestResetCrossesOverTCP(t *testing.T) {
	for _, c := range []struct {
		name string
		from func(client, origin *net.TCPConn) (breaks, sees *net.TCPConn)
		want tunnel.End
	}{
		{"origin", func(c, o *net.TCPConn) (*net.TCPConn, *net.TCPConn) { return o, c }, tunnel.Truncated},
		{"client", func(c, o *net.TCPConn) (*net.TCPConn, *net.TCPConn) { return c, o }, tunnel.ClientClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, origin, done := overTCP(t, listen(t), newLive())
			hello := make([]byte, 5)
			_, _ = io.WriteString(origin, "hello")
			if _, err := io.ReadFull(client, hello); err != nil {
				t.Fatal(err)
			}
			breaks, sees := c.from(client, origin)
			reset(breaks)
			if _, err := sees.Read(hello); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the other side read %v, want a reset", err)
			}
			if got := <-done; got.end != c.want {
				t.Errorf("tunnel ended %q, %v; want %q", got.end, got.err, c.want)
			}
		})
	}
}

// The kernel reports a reset once: a write that hears of it leaves the read
// with a clean end of stream. A client must not be shown that one, unless a
// write of its own has told it already.
func TestResetDuringAnUploadNeverLooksClean(t *testing.T) {
	ln := listen(t)
	for i := range 50 {
		client, origin, done := overTCP(t, ln, newLive())
		_, _ = io.WriteString(origin, "a")
		_, _ = io.ReadFull(client, make([]byte, 1))
		uploaded := make(chan error)
		go func() {
			_, err := client.Write(make([]byte, 1<<20))
			uploaded <- err
		}()
		_, _ = io.ReadFull(origin, make([]byte, 10_000))
		reset(origin)
		told := <-uploaded
		if n, err := client.Read(make([]byte, 1)); err == io.EOF && told == nil {
			t.Errorf("round %d: client read %d bytes and a clean end, want a broken stream", i, n)
		}
		if got := <-done; got.end != tunnel.Truncated {
			t.Errorf("round %d: tunnel ended %q, %v; want %q", i, got.end, got.err, tunnel.Truncated)
		}
	}
}

func TestWriterTellsBeforeItWaits(t *testing.T) {
	far, near := tcpPair(t, listen(t))
	defer far.Close()
	defer near.Close()
	w := newWriter(newSide(near))
	waits := make(chan bool, 10)
	w.waiting = func() { waits <- true }
	if err := w.write([]byte("fits")); err != nil || len(waits) != 0 {
		t.Fatalf("a write that fits: %v, told %d times of waiting, want 0", err, len(waits))
	}
	const size = 32 << 20
	var read int64
	var reading sync.WaitGroup
	reading.Go(func() {
		<-waits // deadlocks, and fails by that, unless told while still waiting
		read, _ = io.Copy(io.Discard, far)
	})
	if err := w.write(make([]byte, size)); err != nil {
		t.Error(err)
	}
	_ = near.CloseWrite()
	reading.Wait()
	if read != size+4 || len(waits) != 0 {
		t.Errorf("%d bytes read, told %d times more; want %d and 0", read, len(waits), size+4)
	}
}

func TestNoDescriptorIsLeft(t *testing.T) {
	ln := listen(t)
	before := descriptors(t)
	var ended []<-chan outcome
	for i := range 40 {
		client, origin, done := overTCP(t, ln, newLive())
		ended = append(ended, done)
		switch i % 4 {
		case 0:
			reset(client)
		case 1:
			reset(origin)
		case 2:
			_ = client.Close()
		case 3:
			_ = origin.Close()
		}
		_, _ = client.Read(make([]byte, 1))
		_, _ = origin.Read(make([]byte, 1))
		_ = client.Close()
		_ = origin.Close()
	}
	for _, done := range ended {
		<-done
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open after all tunnels ended, want %d as before", after, before)
	}
}
