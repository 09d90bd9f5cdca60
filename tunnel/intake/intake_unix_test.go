//go:build unix

package intake

import (
	"io"
	"net"
	"testing"
)

func TestWaitingReaderHoldsNoBuffer(t *testing.T) {
	near, far := connected(t)
	r := reading(near)
	if _, err := io.WriteString(far, "x"); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Next(nil); string(p) != "x" || err != nil {
		t.Fatalf("next = %q, %v; want x", p, err)
	}
	_ = r.raw.Control(func(fd uintptr) {
		if r.attempt(fd) || r.buf != nil {
			t.Errorf("with nothing to read the attempt holds %v, want no buffer and a wait", r.buf)
		}
	})
}

func TestReady(t *testing.T) {
	near, far := connected(t)
	r := reading(near)
	if p, err, ok := r.Ready(); ok {
		t.Fatalf("ready with %q, %v though nothing was sent", p, err)
	}
	if _, err := io.WriteString(far, "x"); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Next(nil); string(p) != "x" || err != nil {
		t.Fatalf("next = %q, %v; want x", p, err)
	}
	far.Close()
	if _, err := r.Next(nil); err != io.EOF {
		t.Fatalf("next = %v, want EOF", err)
	}
	if p, err, ok := r.Ready(); !ok || err != io.EOF {
		t.Errorf("ready = %q, %v, %v; want EOF", p, err, ok)
	}
	if _, _, ok := reading(opaque{near}).Ready(); ok {
		t.Error("ready where it cannot be told")
	}
}

func TestWhenGone(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(far *net.TCPConn)
		gone bool
	}{
		"closes":      {func(far *net.TCPConn) { far.Close() }, true},
		"half-closes": {func(far *net.TCPConn) { _ = far.CloseWrite() }, true},
		"resets":      {func(far *net.TCPConn) { _ = far.SetLinger(0); far.Close() }, true},
		"sends":       {func(far *net.TCPConn) { _, _ = io.WriteString(far, "x") }, false},
		"waits":       {func(*net.TCPConn) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := connected(t)
			told := make(chan struct{})
			stop := WhenGone(near, func() { close(told) })
			tt.act(far)
			if tt.gone {
				<-told // or the test's time limit
			}
			stop()
			select {
			case <-told:
				if !tt.gone {
					t.Error("told that the peer is gone")
				}
			default:
			}
			if name == "sends" {
				if p, err := reading(near).Next(nil); string(p) != "x" || err != nil {
					t.Errorf("afterwards read %q, %v; want x", p, err)
				}
			}
		})
	}
}
