package tunneltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// Hop is a reverse proxy before an origin. Its zero value is honest: every
// byte goes on at once. It holds bytes back if one of Whole, Block and Beat is
// set, and never changes one, so that what comes late is the only difference.
// It carries one exchange a connection.
type Hop struct {
	// Origin is host:port, in plain TCP.
	Origin string
	// Whole holds the answer until the origin has ended it.
	Whole bool
	// Block lets bytes go in blocks of so many.
	Block int
	// Beat lets bytes go so long after the first that waits.
	Beat time.Duration
	// HeadAtOnce exempts the head.
	HeadAtOnce bool
	// Header holds fields that the hop adds to the answer's head, such as a
	// Server or Via that betrays it. A head with additions is passed on whole.
	Header [][2]string
}

// Serve carries connections until ln is closed. It then breaks off what is
// running, and returns when nothing runs any more.
func (h Hop) Serve(ln net.Listener, dial DialFunc) error {
	return serve(ln, func(ctx context.Context, c net.Conn, _ int) { h.carry(ctx, c, dial) })
}

func (h Hop) carry(ctx context.Context, client net.Conn, dial DialFunc) {
	req, raw, rest, err := readRequest(client)
	if err != nil {
		return
	}
	origin, release, err := dial.open(ctx, h.Origin)
	if err != nil {
		client.Write(answer(http.StatusBadGateway, ""))
		return
	}
	defer release()
	if _, err := origin.Write(once(raw, req, req.RequestURI)); err != nil {
		client.Write(answer(http.StatusBadGateway, ""))
		return
	}
	h.exchange(client, rest, origin)
}

// exchange carries one request and its answer; rest is what the client still
// sends. The origin's end is the end of both.
func (h Hop) exchange(client, rest, origin net.Conn) {
	var upload sync.WaitGroup
	upload.Go(func() { relayOne(origin, rest) })
	if err := h.pass(client, origin); err != nil {
		abort(client)
	}
	client.Close() // ends the upload
	upload.Wait()
}

// pass copies the answer from src to dst, held back as the hop does it, until
// src ends. The error says that one of the two broke.
func (h Hop) pass(dst io.Writer, src net.Conn) error {
	q := queue{hop: h, dst: dst, inHead: h.HeadAtOnce || len(h.Header) > 0}
	p := make([]byte, 32<<10)
	for {
		src.SetReadDeadline(q.due())
		n, err := src.Read(p)
		ended := err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
		if werr := q.add(p[:n], ended); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
		if ended {
			return err
		}
	}
}

// queue holds what has come and not yet gone.
type queue struct {
	hop    Hop
	dst    io.Writer
	inHead bool // the head is wanted whole, and is not
	held   []byte
	since  time.Time // when the oldest byte held came
}

// due is when the bytes held must go, whatever comes; zero means never. It
// serves as a read deadline, so that one goroutine can both wait and beat.
func (q *queue) due() time.Time {
	if q.hop.Beat <= 0 || q.inHead || len(q.held) == 0 {
		return time.Time{}
	}
	return q.since.Add(q.hop.Beat)
}

func (q *queue) add(p []byte, ended bool) error {
	if len(q.held) == 0 {
		q.since = time.Now()
	}
	q.held = append(q.held, p...)
	if q.inHead {
		if err := q.head(ended); err != nil || q.inHead {
			return err
		}
	}
	return q.send(q.ready(ended))
}

func (q *queue) head(ended bool) error {
	end := headEnd(q.held)
	if end < 0 && !ended {
		return nil
	}
	q.inHead = false
	if end < 0 {
		return nil
	}
	var fields []byte
	for _, f := range q.hop.Header {
		fields = fmt.Appendf(fields, "%s: %s\r\n", f[0], f[1])
	}
	q.held = slices.Insert(q.held, end-len("\r\n"), fields...)
	if q.hop.HeadAtOnce {
		return q.send(end + len(fields))
	}
	return nil
}

// ready returns how many of the bytes held may go.
func (q *queue) ready(ended bool) int {
	switch h := q.hop; {
	case ended:
		return len(q.held)
	case h.Whole:
		return 0
	case h.Block > 0:
		return len(q.held) / h.Block * h.Block
	case h.Beat > 0 && time.Now().Before(q.due()):
		return 0
	}
	return len(q.held)
}

func (q *queue) send(n int) error {
	if n == 0 {
		return nil
	}
	_, err := q.dst.Write(q.held[:n])
	q.held = append(q.held[:0], q.held[n:]...)
	return err
}
