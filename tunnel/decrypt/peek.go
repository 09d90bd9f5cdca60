package decrypt

import (
	"errors"
	"os"
	"time"

	"streamgauge/tunnel/wire"
)

const (
	// helloTimeout is how long a client and its origin may both be silent before
	// the tunnel is passed on as it is.
	helloTimeout = 20 * time.Second
	maxHello     = 96 << 10 // bytes of a ClientHello with its records
)

// peek reads the client's first bytes until they are a ClientHello or something
// else. What it reads is kept in t. An origin that speaks first is none of TLS.
func (t *Tunnel) peek() (wire.Hello, bool) {
	said := t.listen()
	hello, ok := t.readHello()
	return hello, !said() && ok
}

// readHello reads until it is told what the client speaks, the client ends, or
// somebody else ends the wait.
func (t *Tunnel) readHello() (wire.Hello, bool) {
	_ = t.Client.SetReadDeadline(time.Now().Add(helloTimeout))
	defer t.Client.SetReadDeadline(time.Time{})
	buffer := make([]byte, 4<<10)
	for {
		hello, ok, more := wire.PeekHello(t.Early)
		if ok || !more || len(t.Early) > maxHello {
			return hello, ok
		}
		n, err := t.Client.Read(buffer)
		t.Early = append(t.Early, buffer[:n]...)
		if err != nil {
			hello, ok, _ := wire.PeekHello(t.Early)
			return hello, ok
		}
	}
}

// listen waits for the origin beside the client. If the origin speaks first, or
// leaves, the wait for the client ends. The returned function ends this one and
// reports whether it did; what the origin said is read from t.Origin again.
func (t *Tunnel) listen() (stop func() bool) {
	origin := &replay{Conn: t.Origin.Conn}
	done := make(chan struct{})
	spoke := false
	go func() {
		defer close(done)
		buffer := make([]byte, 4<<10)
		n, err := origin.Conn.Read(buffer)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		origin.held, spoke = buffer[:n], true
		_ = t.Client.SetReadDeadline(time.Unix(1, 0)) // ends readHello
	}()
	return func() bool {
		_ = origin.Conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		_ = origin.Conn.SetReadDeadline(time.Time{})
		if spoke {
			t.Origin.Conn = origin
			_ = t.Client.SetReadDeadline(time.Time{})
		}
		return spoke
	}
}
