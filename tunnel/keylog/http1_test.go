package keylog

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
)

// talk is a view that is given plaintext.
type talk struct {
	journal *journal.Journal
	live    *tunnel.Live
	*view
}

func newTalk() *talk {
	j := journal.New(journal.Limits{})
	live := j.Begin(tunnel.Exchange{ID: "tunnel", Kind: tunnel.KindTunnel, Host: "secret.test:443"})
	return &talk{j, live, newView(j, live)}
}

// say gives the view what one read of the relay brought, at so many milliseconds.
func (k *talk) say(dir tunnel.Direction, ms int, text string) {
	at := time.Duration(ms) * time.Millisecond
	k.data(dir, []byte(text), at)
	k.flush()
}

func (k *talk) ask(ms int, text string)   { k.say(tunnel.ToOrigin, ms, text) }
func (k *talk) reply(ms int, text string) { k.say(tunnel.ToClient, ms, text) }

// told is what was recorded, an exchange a line, times in milliseconds since the
// tunnel began.
func (k *talk) told() string {
	k.counting.Wait()
	var lines []string
	for _, summary := range k.journal.Snapshot() {
		ex, _ := k.journal.Exchange(summary.ID)
		if ex.Kind != tunnel.KindKeylog {
			continue
		}
		from := ex.Start.Sub(k.live.Start())
		words := []string{ex.Method, ex.URL, strconv.Itoa(ex.Status)}
		for _, p := range []tunnel.Phase{tunnel.Sent, tunnel.Head, tunnel.FirstByte, tunnel.Ended} {
			if at, ok := ex.Phases.At(p); ok {
				words = append(words, fmt.Sprintf("%v@%d", p, (from+at).Milliseconds()))
			}
		}
		for _, c := range ex.Chunks {
			word := fmt.Sprintf("%d@%d", c.Bytes, (from + c.At).Milliseconds())
			if c.Units > 0 {
				word += fmt.Sprintf("/%d", c.Units)
			}
			if c.Blocked > 0 {
				word += fmt.Sprintf("+%d", c.Blocked.Milliseconds())
			}
			words = append(words, word)
		}
		if ex.Totals.RequestBytes > 0 {
			words = append(words, fmt.Sprintf("up=%d", ex.Totals.RequestBytes))
		}
		words = append(words, string(ex.End), ex.Error)
		lines = append(lines, strings.TrimSpace(strings.Join(words, " ")))
	}
	return strings.Join(lines, "\n")
}

// wants compares what was recorded, line by line.
func (k *talk) wants(t *testing.T, lines ...string) {
	t.Helper()
	if got, want := k.told(), strings.Join(lines, "\n"); got != want {
		t.Errorf("recorded\n%s\nwant\n%s", got, want)
	}
}

const sseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestHTTP1KeepsAlive(t *testing.T) {
	k := newTalk()
	k.ask(1, "GET /a HTTP/1.1\r\nHost: secret.test\r\n\r\n")
	k.reply(2, "HTTP/1.1 103 Early Hints\r\n\r\n"+sseHead)
	k.reply(3, "9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n")
	k.reply(4, "9\r\nda")
	k.reply(5, "ta: c\n\n\r\n")
	k.reply(6, "0\r\n\r\n")
	k.ask(10, "POST /b HTTP/1.1\r\nHost: secret.test\r\nContent-Length: 5\r\n\r\nhe")
	k.ask(11, "llo")
	k.reply(12, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")
	k.ask(20, "HEAD /c HTTP/1.1\r\nHost: secret.test\r\n\r\n")
	k.reply(21, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
	k.ask(30, "DELETE https://other.test/d HTTP/1.1\r\nHost: other.test\r\n\r\n")
	k.reply(31, "HTTP/1.1 204 No Content\r\n\r\n")
	k.close(tunnel.Complete, 40*time.Millisecond)
	k.wants(t,
		"GET https://secret.test/a 200 sent@1 head@2 first_byte@3 end@6 18@3/2 2@4 7@5/1 complete",
		"POST https://secret.test/b 201 sent@11 head@12 first_byte@12 end@12 2@12 up=5 complete",
		"HEAD https://secret.test/c 200 sent@20 head@21 end@21 complete",
		"DELETE https://other.test/d 204 sent@30 head@31 end@31 complete",
	)
}

func TestHTTP1Pipelined(t *testing.T) {
	k := newTalk()
	k.ask(1, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
	k.reply(2, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb")
	k.reply(3, "b")
	k.wants(t,
		"GET https://x/a 200 sent@1 head@2 first_byte@2 end@2 1@2 complete",
		"GET https://x/b 200 sent@1 head@2 first_byte@2 end@3 1@2 1@3 complete",
	)
	many := newTalk()
	many.ask(1, strings.Repeat("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", maxPipelined+2))
	if !many.lost {
		t.Errorf("%d requests wait without an answer, and none too many", len(many.http.running()))
	}
}

func TestHTTP1Ends(t *testing.T) {
	const request, line = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET https://x/ "
	for name, tt := range map[string]struct {
		answer string
		fin    bool // of the origin
		left   bool // the client had ended its direction
		end    tunnel.End
		want   string
	}{
		"until close":         {"HTTP/1.0 200 OK\r\n\r\nab", true, false, tunnel.Complete, "200 sent@1 head@2 first_byte@2 end@3 2@2/1 complete"},
		"until a reset":       {"HTTP/1.0 200 OK\r\n\r\nab", false, false, tunnel.Truncated, "200 sent@1 head@2 first_byte@2 end@4 2@2/1 truncated read origin: connection ended within the body"},
		"within a body":       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true, false, tunnel.Complete, "200 sent@1 head@2 first_byte@2 end@3 2@2 truncated read origin: connection ended within the body"},
		"before an answer":    {"", true, false, tunnel.Complete, "0 sent@1 end@3 error read origin: connection ended without an answer"},
		"the client left":     {sseHead, false, false, tunnel.ClientClosed, "200 sent@1 head@2 end@4 client_closed"},
		"the client was done": {sseHead, true, true, tunnel.Complete, "200 sent@1 head@2 end@3 client_closed"},
	} {
		k := newTalk()
		k.ask(1, request)
		if tt.answer != "" {
			k.reply(2, tt.answer)
		}
		if tt.left {
			k.ended(tunnel.ToOrigin, 2*time.Millisecond)
		}
		if tt.fin {
			k.ended(tunnel.ToClient, 3*time.Millisecond)
		}
		k.close(tt.end, 4*time.Millisecond)
		if got := k.told(); got != line+tt.want {
			t.Errorf("%s: %s\nwant %s", name, got, line+tt.want)
		}
	}
}

// TestHTTP1EndsWithTheLastWord asks that an answer which lasts until the
// connection ends is whole once the origin has said close_notify, though the
// client hangs up first, and that one with a length is not.
func TestHTTP1EndsWithTheLastWord(t *testing.T) {
	for head, want := range map[string]string{
		"HTTP/1.0 200 OK\r\n\r\n":                      "first_byte@2 end@3 2@2/1 complete",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n": "first_byte@2 end@5 2@2 client_closed",
	} {
		k := newTalk()
		k.ask(1, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		k.reply(2, head+"ab")
		k.closed(tunnel.ToClient, 3*time.Millisecond)
		k.ended(tunnel.ToOrigin, 4*time.Millisecond)
		k.close(tunnel.ClientClosed, 5*time.Millisecond)
		if got, want := k.told(), "GET https://x/ 200 sent@1 head@2 "+want; got != want {
			t.Errorf("%q: %s\nwant %s", head, got, want)
		}
	}
}

func TestHTTP1Upgrade(t *testing.T) {
	k := newTalk()
	k.ask(1, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	k.reply(2, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
	k.ask(3, "\x81\x82abcdxy")
	k.reply(4, "\x89\x00\x81\x01")
	k.reply(5, "!\x88\x02\x03\xe8")
	k.ended(tunnel.ToClient, 6*time.Millisecond)
	k.close(tunnel.Complete, 7*time.Millisecond)
	k.wants(t, "GET https://x/ws 101 sent@1 head@2 first_byte@2 end@6 4@2/1 4@4 5@5/1 up=8 complete")
	all := k.journal.Snapshot()
	ex, _ := k.journal.Exchange(all[len(all)-1].ID)
	if len(ex.Frames) != 5 || ex.Frames[1].Direction != tunnel.ToOrigin || ex.Frames[4].Code != 1000 {
		t.Errorf("frames %+v, want 5, the second to the origin, the last closing with 1000", ex.Frames)
	}
}

// A server may speak first, and say nothing that belongs to a request.
func TestHTTP1Strange(t *testing.T) {
	k := newTalk()
	k.reply(1, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nto")
	k.reply(1, "o ")
	k.ask(2, "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
	k.reply(3, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	k.reply(4, "late")
	k.wants(t, "GET https://x/ 200 sent@2 head@3 end@3 complete")
	if !k.lost {
		t.Error("not lost where a server speaks out of turn")
	}
	for name, play := range map[string]func(*talk){
		"no HTTP":            func(k *talk) { k.ask(1, "\x00\x01\x02") },
		"no answer of HTTP":  func(k *talk) { k.ask(1, "GET / HTTP/1.1\r\n\r\n"); k.reply(2, "220 smtp") },
		"much before asking": func(k *talk) { k.reply(1, strings.Repeat("x", maxUnasked+1)) },
		"another protocol":   func(k *talk) { k.unlocked("mqtt") },
	} {
		k := newTalk()
		if play(k); !k.lost {
			t.Errorf("%s: not lost", name)
		}
	}
}

// FuzzHTTP: nothing panics, and what is recorded does not depend on the cuts within
// one read.
func FuzzHTTP(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), []byte(sseHead+"9\r\ndata: a\n\n\r\n0\r\n\r\n"), uint64(1))
	f.Add([]byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x82abcdxy"), []byte("HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"), uint64(2))
	asking, answering := newPeer(), newPeer()
	asking.preface().head(1, true, ":method", "GET", ":path", "/")
	answering.settings().head(1, false, ":status", "200", "content-type", "text/event-stream").data(1, "data: a\n\n", true)
	f.Add([]byte(asking.take()), []byte(answering.take()), uint64(3))
	f.Fuzz(func(t *testing.T, ask, reply []byte, seed uint64) {
		whole, cut := newTalk(), newTalk()
		rng := rand.New(rand.NewPCG(seed, 2))
		for dir, text := range [2][]byte{ask, reply} {
			whole.data(tunnel.Direction(dir), text, 0)
			for len(text) > 0 {
				n := 1 + rng.IntN(len(text))
				cut.data(tunnel.Direction(dir), text[:n], 0)
				text = text[n:]
			}
			whole.flush()
			cut.flush()
		}
		whole.close(tunnel.Complete, 0)
		cut.close(tunnel.Complete, 0)
		if a, b := whole.told(), cut.told(); !whole.lost && !cut.lost && a != b {
			t.Errorf("cut:\n%s\nwhole:\n%s", b, a)
		}
	})
}
