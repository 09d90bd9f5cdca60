package wire

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// split feeds the pieces and returns the units as "kind:size".
func split(u *Units, pieces []string) []string {
	var got []string
	each := func(p Piece) {
		if !p.Comment {
			got = append(got, fmt.Sprint(p.Kind, ":", p.Bytes))
		}
	}
	n := 0
	for _, p := range pieces {
		n += u.Feed([]byte(p), each)
	}
	n += u.End(each)
	if n != len(got) {
		got = append(got, fmt.Sprintf("but %d were returned", n))
	}
	return got
}

// cutOut feeds the pieces and returns the bytes at the places that are named,
// comments in parentheses.
func cutOut(u *Units, pieces []string) []string {
	var got []string
	body := strings.Join(pieces, "")
	each := func(p Piece) {
		text := body[p.Offset : p.Offset+int64(p.Bytes)]
		if p.Comment {
			text = "(" + text + ")"
		}
		got = append(got, text)
	}
	for _, p := range pieces {
		u.Feed([]byte(p), each)
	}
	u.End(each)
	return got
}

// TestPlaces checks that a unit is found again by its offset.
func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		contentType, body string
		want              []string
	}{
		{"text/event-stream", "\n\ndata: a\n\n: ping\n\nid: 1\n\ndata: b\n\n", []string{"data: a\n\n", "(: ping\n\n)", "data: b\n\n"}},
		{"text/event-stream", "data: a\r\n\r\n:\r\n\r\ndata: b\r\n\r\n", []string{"data: a\r\n\r\n", "(:\r\n\r\n)", "data: b\r\n\r\n"}},
		{"text/event-stream", "data: a\r\r:\r\rdata: b\r\n\rdata: c\n\r\ndata: d\r\n\r", []string{"data: a\r\r", "(:\r\r)", "data: b\r\n\r", "data: c\n\r", "data: d\r\n\r"}},
		{"application/x-ndjson", "{}\n\n[1]\r\n{\"a\":1}", []string{"{}\n", "[1]\r\n", "{\"a\":1}"}},
		{"application/json", "{}\n{\"a\":1}\n", []string{"{}\n", "{\"a\":1}\n"}},
	} {
		for size := range len(tt.body) {
			if got := cutOut(NewUnits(tt.contentType, false), pieces(tt.body, size+1)); !slices.Equal(got, tt.want) {
				t.Errorf("%q in pieces of %d: %q, want %q", tt.body, size+1, got, tt.want)
			}
		}
	}
	if got, want := cutOut(NewUnits("text/plain", true), []string{"d", "a", "ting"}), []string{"d", "a", "ting"}; !slices.Equal(got, want) {
		t.Errorf("text: %q, want %q", got, want)
	}
	if got, want := cutOut(NewUnits("application/json", true), []string{"{\"i\":", "0}\n{\"i\":1}\n", "{}\n"}), []string{"{\"i\":", "{\"i\":1}\n", "{}\n"}; !slices.Equal(got, want) {
		t.Errorf("trickle: %q, want %q", got, want)
	}
}

func units(kind tunnel.UnitKind, sizes ...int) []string {
	var want []string
	for _, n := range sizes {
		want = append(want, fmt.Sprint(kind, ":", n))
	}
	return want
}

func TestSSE(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		sizes      []int
		heartbeats int
	}{
		{"LF", "data: a\n\ndata: bc\n\n", []int{9, 10}, 0},
		{"CR", "data: a\r\rdata: bc\r\r", []int{9, 10}, 0},
		{"CRLF", "data: a\r\n\r\ndata: bc\r\n\r\n", []int{11, 12}, 0},
		{"mixed", "data: a\r\n\rdata: b\n\r\ndata: c\r\n\ndata: d\r\r\n", []int{10, 9, 10, 9}, 0},
		{"byte order mark", "\ufeffdata: a\n\n", []int{12}, 0},
		{"byte order mark alone", "\ufeff\n\ndata: a\n\n", []int{9}, 0},
		{"blank lines between", "\n\ndata: a\n\n\n\n\ndata: b\n\n", []int{9, 9}, 0},
		{"several fields", "event: x\nid: 1\ndata: a\ndata: b\n\n", []int{32}, 0},
		{"data without colon", "data\n\n", []int{6}, 0},
		{"empty data", "data:\n\n", []int{7}, 0},
		{"no data", "event: x\n\nid: 3\n\nretry: 5\n\n", nil, 0},
		{"another name", "database: x\n\ndat: y\n\n", nil, 0},
		{"heartbeats", ": ping\n\ndata: a\n\n:\r\n\r\n:\n:\n\n", []int{9}, 3},
		{"comment within an event", ": x\ndata: a\n\n", []int{13}, 0},
		{"comment and id", ": x\nid: a\n\n", nil, 0},
		{"unfinished", "data: a\n\ndata: b\n", []int{9}, 0},
		{"CR of the last CRLF", "data: a\r\n\r", []int{10}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for size := range len(tt.body) {
				u := NewUnits("text/event-stream; charset=utf-8", true)
				if got, want := split(u, pieces(tt.body, size+1)), units(tunnel.SSE, tt.sizes...); !slices.Equal(got, want) {
					t.Errorf("pieces of %d: units = %v, want %v", size+1, got, want)
				}
				if u.Heartbeats() != tt.heartbeats {
					t.Errorf("pieces of %d: heartbeats = %d, want %d", size+1, u.Heartbeats(), tt.heartbeats)
				}
			}
		})
	}
}

// TestSSEAtOnce checks that an event is reported with its last byte and never
// waits for the one after.
func TestSSEAtOnce(t *testing.T) {
	for _, event := range []string{"data: a\n\n", "data: a\r\r", "data: a\r\n\r\n", "data: a\n\r", "data: a\r\n\n"} {
		u := NewUnits("text/event-stream", true)
		for i := range 3 {
			if n := u.Feed([]byte(event), nil); n != 1 {
				t.Errorf("%q, time %d: %d units, want 1", event, i+1, n)
			}
		}
	}
}

func TestNDJSON(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		sizes      []int
	}{
		{"lines", "{\"a\":1}\n{\"b\":22}\n", []int{8, 9}},
		{"CRLF", "{}\r\n[]\r\n", []int{4, 4}},
		{"blank lines", "\n{}\n\r\n \n{}\n", []int{3, 3}},
		{"last without newline", "{}\n{\"a\":1}", []int{3, 7}},
		{"numbers", "1\n2\n", []int{2, 2}},
		{"text sequence", "\x1e{}\n\x1e{}\n", []int{4, 4}},
	} {
		for size := range len(tt.body) {
			u := NewUnits("application/x-ndjson", true)
			if got, want := split(u, pieces(tt.body, size+1)), units(tunnel.NDJSON, tt.sizes...); !slices.Equal(got, want) {
				t.Errorf("%s in pieces of %d: units = %v, want %v", tt.name, size+1, got, want)
			}
		}
	}
}

// TestUnitsByBytes checks the rule that the first bytes call for, under any
// declared type. JSON lines that are not declared and have no length are cut at
// their ends only: see TestUnitsTrickle for the others.
func TestUnitsByBytes(t *testing.T) {
	const (
		events = "data: a\n\ndata: b\n\n"
		jsons  = "{\"a\":10}\n{\"b\":2}\n"
		length = false
		none   = true
	)
	for _, tt := range []struct {
		name, contentType string
		lengthless        bool
		body              string
		want              tunnel.UnitKind
		units             int
		least             int // bytes a piece
	}{
		{"events as text", "text/plain", none, events, tunnel.SSE, 2, 1},
		{"events untyped", "", none, events, tunnel.SSE, 2, 1},
		{"events with a length", "text/plain", length, events, tunnel.SSE, 2, 1},
		{"events as JSON", "application/json; charset=utf-8", none, events, tunnel.SSE, 2, 1},
		{"events as JSON lines", "application/x-ndjson", none, events, tunnel.SSE, 2, 1},
		{"comment first", "text/plain", none, ": hi\n\n" + events, tunnel.SSE, 2, 1},
		{"event field first", "text/plain", none, "\ufeffevent: x\n" + events, tunnel.SSE, 2, 1},
		{"lines as text", "Text/Plain", none, jsons, tunnel.NDJSON, 2, 9},
		{"lines as JSON", "application/json", length, jsons, tunnel.NDJSON, 2, 1},
		{"lines as problem+json", "application/problem+json", none, jsons, tunnel.NDJSON, 2, 9},
		{"lines as events", "text/event-stream", none, jsons, tunnel.NDJSON, 2, 1},
		{"lines untyped", "", none, jsons, tunnel.NDJSON, 2, 9},
		{"document", "application/json", length, "{\n\"a\": 1\n}\n", tunnel.NoUnits, 0, 1},
		{"document of one line", "application/json", length, "{\"a\": 1}\n", tunnel.NoUnits, 0, 1},
		{"document of one line without length", "application/json", none, "{\"a\": 1}\n", tunnel.NDJSON, 1, 9},
		{"array over lines", "application/json", length, "[]\nx", tunnel.NoUnits, 0, 1},
		{"style sheet", "text/css", length, ":root {\n}\n", tunnel.NoUnits, 0, 1},
		{"binary", "image/png", none, events, tunnel.NoUnits, 0, 1},
		{"binary untyped", "", none, "\x00\x01", tunnel.NoUnits, 0, 1},
		{"text with a length", "text/html", length, "<html>", tunnel.NoUnits, 0, 1},
		{"declared, but unlike", "text/event-stream", none, "hello\n\n", tunnel.SSE, 0, 1},
		{"empty", "text/event-stream", none, "", tunnel.SSE, 0, 1},
		{"endless first line", "application/json", length, "{" + strings.Repeat(" ", 2*maxSniff) + "}\n{}\n", tunnel.NoUnits, 0, 1},
	} {
		for _, size := range []int{1, 2, 5, 9, 4096, len(tt.body) + 1} {
			if size < tt.least {
				continue
			}
			u := NewUnits(tt.contentType, tt.lengthless)
			got := split(u, pieces(tt.body, size))
			if len(got) != tt.units || u.Kind() != tt.want {
				t.Errorf("%s in pieces of %d: %q, units %v; want %q, %d", tt.name, size, u.Kind(), got, tt.want, tt.units)
			}
		}
	}
}

func TestUnitsText(t *testing.T) {
	for _, tt := range []struct {
		contentType string
		pieces      []string
		sizes       []int
	}{
		{"text/plain", []string{"Hel", "lo, ", "world"}, []int{3, 4, 5}},
		{"", []string{"Hel", "lo"}, []int{3, 2}},
		{"text/plain", []string{"d", "a", "ting"}, []int{1, 1, 4}},
		{"application/json", []string{"{", "\"a\":", "1\n}"}, []int{1, 4, 3}},
		{"application/json", []string{"{", "\"a\":1}"}, []int{1, 6}},
		{"application/json", []string{"[1,", "2,", "3]\n"}, []int{3, 2, 3}},
		{"application/json", []string{"\n", "[1,", "2]\nx"}, []int{3, 4}},
		{"application/json", []string{"{", strings.Repeat(" ", maxSniff), "}"}, []int{1, maxSniff, 1}},
	} {
		got := split(NewUnits(tt.contentType, true), tt.pieces)
		if want := units(tunnel.Text, tt.sizes...); !slices.Equal(got, want) {
			t.Errorf("%q %q: units = %v, want %v", tt.contentType, tt.pieces, got, want)
		}
	}
}

// TestUnitsTrickle: a document that comes in pieces, without a length, is
// counted as it comes; if it turns out to be JSON lines, its first line is not
// counted twice.
func TestUnitsTrickle(t *testing.T) {
	for _, tt := range []struct {
		pieces []string
		counts []int
		kind   tunnel.UnitKind
	}{
		{[]string{"[{\"i\":0},", "{\"i\":1},", "{\"i\":2}]"}, []int{1, 1, 1}, tunnel.Text},
		{[]string{"{\"i\":", "0}\n{\"i\":1}\n", "{\"i\":2}\n"}, []int{1, 1, 1}, tunnel.NDJSON},
		{[]string{"{\"i\":", "0}\n", "{\"i\":1}\n", "{\"i\":2}\n"}, []int{1, 1, 1, 1}, tunnel.NDJSON},
		{[]string{"{\"i\":0}\n", "{\"i\":1}\n", "{\"i\":2}\n"}, []int{1, 1, 1}, tunnel.NDJSON},
	} {
		u := NewUnits("application/json", true)
		for i, p := range tt.pieces {
			if n := u.Feed([]byte(p), nil); n != tt.counts[i] {
				t.Errorf("%q: %d units in piece %d, want %d", tt.pieces, n, i, tt.counts[i])
			}
		}
		if n := u.End(nil); n != 0 || u.Kind() != tt.kind {
			t.Errorf("%q: %d units at the end, kind %q, want %q", tt.pieces, n, u.Kind(), tt.kind)
		}
	}
}

// TestUnitsUntypedBinary: whether untyped bytes are text is judged by what came
// in the read that settled the rule.
func TestUnitsUntypedBinary(t *testing.T) {
	u := NewUnits("", true)
	if n := u.Feed([]byte("PK\x03\x04"), nil); n != 0 || u.Kind() != tunnel.NoUnits {
		t.Errorf("archive: %d units of %q, want none", n, u.Kind())
	}
}

// TestUnitsKindAtOnce checks that the first unit does not wait for the second.
func TestUnitsKindAtOnce(t *testing.T) {
	for _, first := range []string{"data: a\n\n", "{\"a\":1}\n", "Hello"} {
		u := NewUnits("text/plain", true)
		if n := u.Feed([]byte(first), nil); n != 1 {
			t.Errorf("%q: %d units, want 1", first, n)
		}
	}
}

// TestUnitsCutAnywhere compares random cuts with none, line ends mixed.
func TestUnitsCutAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	words := []string{"data", ":", " x", "\n", "\r", "\r\n", "\n\n", "\r\r", "event: a", "{\"a\":1}", "[", "\ufeff"}
	for range 3000 {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteString(words[rng.IntN(len(words))])
		}
		checkCuts(t, b.String(), rng)
	}
}

func checkCuts(t *testing.T, body string, rng *rand.Rand) {
	t.Helper()
	for _, contentType := range []string{"text/event-stream", "application/jsonl", "application/json"} {
		whole := NewUnits(contentType, false)
		want := split(whole, []string{body})
		var cut []string
		for rest := body; rest != ""; {
			n := 1 + rng.IntN(min(len(rest), 8))
			cut = append(cut, rest[:n])
			rest = rest[n:]
		}
		u := NewUnits(contentType, false)
		if got := split(u, cut); !slices.Equal(got, want) || u.Kind() != whole.Kind() || u.Heartbeats() != whole.Heartbeats() {
			t.Fatalf("%s, %q cut into %q:\n%q %v, want %q %v", contentType, body, cut, u.Kind(), got, whole.Kind(), want)
		}
	}
}
