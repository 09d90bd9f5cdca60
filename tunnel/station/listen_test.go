package station

import (
	"errors"
	"io"
	"net"
	"testing"

	"streamgauge/tunnel"
)

// TestListenTaken asks whether the holder of a port is named, on systems that
// tell, and a free port beside it.
func TestListenTaken(t *testing.T) {
	first, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, err = Listen(first.Addr().String())
	var listen *tunnel.ListenError
	if !errors.As(err, &listen) || !errors.Is(err, tunnel.ErrListenInUse) {
		t.Fatalf("error %v, want a port in use", err)
	}
	second, err := net.Listen("tcp", listen.Free)
	if err != nil {
		t.Fatalf("the address said to be free, %q: %v", listen.Free, err)
	}
	second.Close()
}

// TestGateReopens asks that the same port can be had at another address, and
// that the old one is gone back to where it cannot.
func TestGateReopens(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{current: ln}
	accepted := make(chan error, 1)
	accept := func() {
		conn, err := g.Accept()
		if err == nil {
			_, err = conn.Write([]byte("x"))
			conn.Close()
		}
		accepted <- err
	}
	go accept()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if err := g.reopen("127.0.0.2:"+port, Listen); err != nil {
		t.Skipf("this system has no 127.0.0.2: %v", err)
	}
	knock(t, "127.0.0.2:"+port)
	if err := <-accepted; err != nil {
		t.Errorf("accept across the move: %v", err)
	}
	if err := g.reopen("192.0.2.1:"+port, Listen); err == nil {
		t.Error("an address of another machine was opened")
	}
	go accept()
	knock(t, "127.0.0.2:"+port)
	if err := <-accepted; err != nil {
		t.Errorf("accept after going back: %v", err)
	}
	g.Close()
	if _, err := g.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after the close: %v, want %v", err, net.ErrClosed)
	}
}

func knock(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "x" {
		t.Errorf("heard %q, %v", got, err)
	}
}
