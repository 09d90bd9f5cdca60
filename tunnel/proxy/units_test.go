package proxy

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

// TestUnitsInEncodedBodies asks that events are counted with the chunk that
// brought them, whatever the content-encoding, and that the bytes stay encoded.
func TestUnitsInEncodedBodies(t *testing.T) {
	for _, encoding := range []string{"", "gzip", "deflate", "br", "zstd"} {
		for _, body := range []tunneltest.Body{tunneltest.SSE, tunneltest.NDJSON} {
			t.Run(fmt.Sprintf("%s/%d", encoding, body), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, nil)
					stream := tunneltest.Stream{Body: body, Encoding: encoding, Every: 50 * time.Millisecond, Events: 8}
					w.origin.Handle("/", stream)
					got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\nAccept-Encoding: "+encoding+"\r\n\r\n")
					if want, err := stream.Payload(); err != nil || got.body != string(want) {
						t.Errorf("body %q, %v; want %q, %v", got.body, got.err, want, err)
					}
					checkUnits(t, w.last(), 8)
				})
			})
		}
	}
}

func checkUnits(t *testing.T, ex tunnel.Exchange, want int) {
	t.Helper()
	if ex.Totals.Units != int64(want) || len(ex.Units) != want {
		t.Errorf("%d units counted, %d kept; want %d", ex.Totals.Units, len(ex.Units), want)
	}
	seen := 0
	for _, c := range ex.Chunks {
		for range c.Units {
			if seen < len(ex.Units) && ex.Units[seen].At != c.At {
				t.Errorf("unit %d at %v is counted with the chunk at %v", seen, ex.Units[seen].At, c.At)
			}
			if due := time.Duration(seen) * 50 * time.Millisecond; c.At != due {
				t.Errorf("unit %d came at %v, want %v", seen, c.At, due)
			}
			seen++
		}
	}
}

// TestUnflushedEncoding shows the classical mistake for what it is: bytes flow,
// events do not.
func TestUnflushedEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.origin.Handle("/", tunneltest.Stream{Encoding: "gzip", Unflushed: true, Every: 50 * time.Millisecond, Events: 8, Tail: time.Second})
		if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err != nil {
			t.Fatal(got.err)
		}
		ex := w.last()
		last := ex.Chunks[len(ex.Chunks)-1]
		if ex.Totals.Units != 8 || last.Units != 8 {
			t.Errorf("%d units, %d of them with the last chunk; want 8 and 8", ex.Totals.Units, last.Units)
		}
	})
}

// TestBomb asks that a body which expands without measure costs neither memory
// nor the stream.
func TestBomb(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		stream := tunneltest.Stream{Body: tunneltest.Text, ContentType: "text/event-stream", Encoding: "gzip", Pieces: []string{string(make([]byte, 64<<20))}}
		w.origin.Handle("/", stream)
		got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n")
		if want, err := stream.Payload(); err != nil || got.body != string(want) {
			t.Errorf("%d bytes, %v; want %d, %v", len(got.body), got.err, len(want), err)
		}
		if ex := w.last(); ex.End != tunnel.Complete {
			t.Errorf("recorded end %q", ex.End)
		}
	})
}

// TestEnding asks that a stream which a hop ended cleanly in mid-sentence is
// known by its missing last words, under a coding too.
func TestEnding(t *testing.T) {
	word := `data: {"object":"chat.completion.chunk","choices":[]}` + "\n\n"
	for want, pieces := range map[tunnel.Ending][]string{
		tunnel.EndingSaid:    {word, word, "data: [DONE]\n\n"},
		tunnel.EndingMissing: {word, word},
		tunnel.EndingUnknown: {"data: 1\n\n", "data: 2\n\n"},
	} {
		for _, encoding := range []string{"", "gzip"} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.origin.Handle("/", tunneltest.Stream{Pieces: pieces, Encoding: encoding, Every: time.Second})
				if got := w.exchange("GET", "GET http://origin.test/ HTTP/1.1\r\nHost: o\r\n\r\n"); got.err != nil {
					t.Fatal(got.err)
				}
				if ex := w.last(); ex.Ending != want || ex.End != tunnel.Complete {
					t.Errorf("%q %q: ending %q, end %q; want %q", encoding, pieces, ex.Ending, ex.End, want)
				}
			})
		}
	}
}
