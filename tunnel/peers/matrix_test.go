//go:build peers && linux

package peers

import (
	"fmt"
	"strings"
	"testing"
)

// streams are the kinds of body that programs stream, each as three events.
var streams = []struct {
	name, contentType string
	events            []string
	units             int64 // that must be counted; 0: not looked at
}{
	{"sse", "text/event-stream", []string{"data: one\n\n", "data: two\n\n", "data: three\n\n"}, 3},
	{"ndjson", "application/x-ndjson", []string{"{\"n\":1}\n", "{\"n\":2}\n", "{\"n\":3}\n"}, 3},
	{"text", "text/plain; charset=utf-8", []string{"first words ", "some more ", "and the last"}, 0},
	{"json", "application/json", []string{"[\"first\", ", "\"second\", ", "\"and the third\"]"}, 0},
	{"untyped", "", []string{"first bytes ", "some more ", "and the last"}, 0},
}

// cell is one run of the matrix with what the client knew about it.
type cell struct {
	body
	name    string
	client  string // its address, by which the recording names it
	connect bool
	head    int // bytes of the response head, seen inside a tunnel
	units   int64
}

func TestMatrix(t *testing.T) {
	for _, via := range []struct {
		name string
		up   func(*testing.T) peer
	}{
		{"direct", func(*testing.T) peer { return peer{} }},
		{"microsocks", microsocks},
		{"squid", squid},
	} {
		t.Run(via.name, func(t *testing.T) { matrix(t, via.up(t)) })
	}
}

// matrix plays every type in every framing, in absolute-form and in CONNECT,
// through one sgauge, and then reads what it recorded.
func matrix(t *testing.T, up peer) {
	g := serve(t, up)
	var cells []cell
	for _, stream := range streams {
		for _, framing := range []string{chunked, contentLength, closeDelimited} {
			for _, connect := range []bool{false, true} {
				form := map[bool]string{false: "absolute", true: "connect"}[connect]
				c := cell{
					body:    body{stream.contentType, framing, stream.events},
					name:    fmt.Sprintf("%s/%s/%s", stream.name, framing, form),
					connect: connect, units: stream.units,
				}
				if t.Run(c.name, func(t *testing.T) { c.play(t, g) }) {
					cells = append(cells, c)
				}
			}
		}
	}
	recorded := g.finish(t, len(cells))
	for _, c := range cells {
		t.Run(c.name+"/recorded", func(t *testing.T) { c.check(t, up, recorded) })
	}
}

// play runs the exchange in lock-step: every wait for a piece is a wait for a
// byte that a proxy might hold back.
func (c *cell) play(t *testing.T, g *gauge) {
	origin := newOrigin(t, c.body, nil)
	client := get(t, g.addr, origin.addr, "/"+c.name, c.connect)
	defer client.conn.Close()
	c.client, c.head = client.conn.LocalAddr().String(), client.head
	follow(t, origin, client, c.body)
	// An HTTP upstream may choose another framing; all else must leave it alone.
	if through := g.up.scheme; client.framing() != c.framing && (c.connect || through == "" || strings.HasPrefix(through, "socks")) {
		t.Errorf("framing = %s, want the origin's, %s", client.framing(), c.framing)
	}
}

// follow takes a stream from the origin to the client, a piece at a time. The
// head is already there, although the origin has sent nothing else.
func follow(t *testing.T, origin *origin, client *client, b body) {
	t.Helper()
	for i, want := range b.pieces() {
		origin.next(t)
		if got, err := client.read(len(want)); err != nil || got != want {
			t.Fatalf("piece %d = %q, %v, want %q", i, got, err, want)
		}
	}
	origin.next(t)
	origin.wait(t)
	client.finish(t)
}

func (c *cell) check(t *testing.T, up peer, recorded []exchange) {
	ex := only(t, recorded, "from "+c.client, func(ex exchange) bool { return ex.Client == c.client })
	kind, borders := "http", []string(nil)
	before := 0
	if c.connect {
		kind, before, borders = "tunnel", c.head, c.wire()
	} else {
		borders = c.pieces()
	}
	if ex.Kind != kind || ex.End != "complete" || ex.Error != "" {
		t.Errorf("recorded as %s, %s (%s), want %s, complete", ex.Kind, ex.End, ex.Error, kind)
	}
	if want := up.String(); ex.Upstream != want {
		t.Errorf("upstream = %q, want %q", ex.Upstream, want)
	}
	got := ex.borders()
	for i, piece := range borders {
		before += len(piece)
		if !got[int64(before)] {
			t.Errorf("no chunk ends with piece %d, at byte %d: %v", i, before, ex.Chunks)
		}
	}
	if c.connect {
		return
	}
	if len(ex.Chunks) != len(borders) || ex.Bytes != int64(before) {
		t.Errorf("%d chunks of %d bytes, want %d of %d", len(ex.Chunks), ex.Bytes, len(borders), before)
	}
	if c.units != 0 && ex.units() != c.units {
		t.Errorf("units = %d, want %d: %v", ex.units(), c.units, ex.Chunks)
	}
}
