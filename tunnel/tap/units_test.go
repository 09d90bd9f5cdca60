package tap

import (
	"bytes"
	"compress/gzip"
	"slices"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// read feeds the pieces a second apart, each as a chunk, and returns what was
// recorded.
func read(t *testing.T, contentType, coding string, length int64, pieces ...string) tunnel.Exchange {
	t.Helper()
	live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 100, Units: 100, Body: 1 << 20}, nil)
	u := NewUnits(contentType, coding, length, live)
	for i, p := range pieces {
		at := time.Duration(i) * time.Second
		u.Feed(live.Chunk(tunnel.Chunk{At: at, Bytes: int32(len(p))}), at, []byte(p))
	}
	u.End(true)
	if counted := u.Counted(); counted != nil {
		<-counted
	}
	return live.Snapshot()
}

// placesOf cuts the units out of the body that was kept.
func placesOf(ex *tunnel.Exchange) []string {
	var texts []string
	for _, u := range ex.Units {
		texts = append(texts, string(ex.Body[u.Offset:u.Offset+int64(u.Bytes)]))
	}
	return texts
}

func TestUnitsAreFoundInTheBody(t *testing.T) {
	pieces := []string{"data: a", "\n\n: ping\n", "\ndata: b\n\ndata: c\n\n"}
	want := []string{"data: a\n\n", ": ping\n\n", "data: b\n\n", "data: c\n\n"}
	var encoded bytes.Buffer
	coder := gzip.NewWriter(&encoded)
	var packed []string
	for _, p := range pieces {
		if _, err := coder.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
		if err := coder.Flush(); err != nil {
			t.Fatal(err)
		}
		packed = append(packed, encoded.String())
		encoded.Reset()
	}
	for coding, pieces := range map[string][]string{"": pieces, "gzip": packed} {
		ex := read(t, "text/event-stream", coding, -1, pieces...)
		if got := placesOf(&ex); !slices.Equal(got, want) {
			t.Errorf("coding %q: units %q, want %q", coding, got, want)
		}
		if ex.Totals.Units != 3 || ex.Units[1].Part != tunnel.Heartbeat || ex.Answer.Heartbeats != 1 {
			t.Errorf("coding %q: %d units counted, parts %v, %d heartbeats; want the comment apart", coding, ex.Totals.Units, ex.Units, ex.Answer.Heartbeats)
		}
		if ex.Units[1].At != 2*time.Second {
			t.Errorf("coding %q: the comment came at %v", coding, ex.Units[1].At)
		}
	}
}

// TestBodiesWithoutUnitsAreNotKept: a body is kept from its first byte on, also
// where it took some to see what it is, and not at all where it has no units.
func TestBodiesWithoutUnitsAreNotKept(t *testing.T) {
	for _, tt := range []struct {
		contentType string
		length      int64
		pieces      []string
		want        string
	}{
		{"application/json", 16, []string{"{\"a\"", ":1}\n", "{\"a\":2}\n"}, "{\"a\":1}\n{\"a\":2}\n"},
		{"text/plain", -1, []string{"da", "te"}, "date"},
		{"text/plain", -1, []string{"da"}, "da"},
		{"application/json", 8, []string{"{\"a\"", ":1}\n"}, ""},
		{"image/png", -1, []string{"data: a\n\n"}, ""},
		{"", -1, []string{"PK\x03\x04", "data: a\n\n"}, ""},
	} {
		if ex := read(t, tt.contentType, "", tt.length, tt.pieces...); string(ex.Body) != tt.want {
			t.Errorf("%q %q: kept %q, want %q", tt.contentType, tt.pieces, ex.Body, tt.want)
		}
	}
}

// TestOnlyHeartbeats: a stream of comments is known for an event stream.
func TestOnlyHeartbeats(t *testing.T) {
	ex := read(t, "text/event-stream", "", -1, ": ping\n\n", ": ping\n\n")
	if ex.UnitKind != tunnel.SSE || ex.Totals.Units != 0 || ex.Answer.Heartbeats != 2 {
		t.Errorf("kind %q, %d units, %d heartbeats", ex.UnitKind, ex.Totals.Units, ex.Answer.Heartbeats)
	}
}
