package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// message joins lines with CRLF.
func message(lines ...string) string { return strings.Join(lines, "\r\n") }

var responses = []struct {
	name, method, wire string
	framing            Framing
	payload            string
	done               bool
}{
	{"length", "GET", message("HTTP/1.1 200 OK", "Content-Length: 5", "", "hello"), ContentLength, "hello", true},
	{"length short", "GET", message("HTTP/1.1 200 OK", "Content-Length: 9", "", "hello"), ContentLength, "hello", false},
	{"length repeated", "GET", message("HTTP/1.1 200 OK", "Content-Length: 5", "content-length: 5", "", "hello"), ContentLength, "hello", true},
	{"bytes after the end", "GET", message("HTTP/1.1 200 OK", "Content-Length: 5", "", "helloHTTP/1.1 200 OK"), ContentLength, "hello", true},
	{"length zero", "GET", message("HTTP/1.1 200 OK", "Content-Length: 0", "", ""), Bodiless, "", true},
	{"chunked", "GET", message("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "00", "", ""), Chunked, "hello", true},
	{"chunked beats length", "GET", message("HTTP/1.1 200 OK", "Content-Length: 3", "Transfer-Encoding: Chunked", "", "5;a=b", "hello", "A  ", "0123456789", "0", "", ""), Chunked, "hello0123456789", true},
	{"trailers", "GET", message("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "0;last", "Sum: 1", "  2", "More: 3", "", ""), Chunked, "hello", true},
	{"trailers unfinished", "GET", message("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "0", "Sum: 1", ""), Chunked, "hello", false},
	{"half a wire chunk", "GET", message("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "ff", "hello"), Chunked, "hello", false},
	{"until close", "GET", message("HTTP/1.1 200 OK", "Server: x", "", "hello"), UntilClose, "hello", false},
	{"1.0 ignores transfer-encoding", "GET", message("HTTP/1.0 200 OK", "Transfer-Encoding: chunked", "", "5", "hello"), UntilClose, "5\r\nhello", false},
	{"to HEAD", "HEAD", message("HTTP/1.1 200 OK", "Content-Length: 5", "", ""), Bodiless, "", true},
	{"to HEAD, chunked", "HEAD", message("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", ""), Bodiless, "", true},
	{"204", "GET", message("HTTP/1.1 204 No Content", "", ""), Bodiless, "", true},
	{"304 with length", "GET", message("HTTP/1.1 304 Not Modified", "Content-Length: 5", "", ""), Bodiless, "", true},
	{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", ContentLength, "hello", true},
	{"folded", "GET", message("HTTP/1.1 200 OK", "Transfer-Encoding:", " chunked", "X: a", "\tb", "", "5", "hello", "0", "", ""), Chunked, "hello", true},
	{"space before the colon is another field", "GET", message("HTTP/1.1 200 OK", "Content-Length : 3", "", "hello"), UntilClose, "hello", false},
	{"no reason", "GET", message("HTTP/1.1 200", "", "hello"), UntilClose, "hello", false},
}

func TestResponse(t *testing.T) {
	for _, tt := range responses {
		t.Run(tt.name, func(t *testing.T) {
			for size := range len(tt.wire) {
				r := follow(tt.method, pieces(tt.wire, size+1))
				if r.Lost() || !r.HeadDone() {
					t.Fatalf("pieces of %d: lost %v, head done %v", size+1, r.Lost(), r.HeadDone())
				}
				if r.Framing() != tt.framing || r.Payload() != int64(len(tt.payload)) || r.Done() != tt.done {
					t.Errorf("pieces of %d: got %v, payload %d, done %v; want %v, %d, %v", size+1,
						r.Framing(), r.Payload(), r.Done(), tt.framing, len(tt.payload), tt.done)
				}
			}
		})
	}
}

// TestResponseAgrees compares with the parser that decides.
func TestResponseAgrees(t *testing.T) {
	for _, tt := range responses {
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(tt.wire)), &http.Request{Method: tt.method})
		if err != nil {
			t.Errorf("%s: net/http refuses: %v", tt.name, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if string(body) != tt.payload {
			t.Errorf("%s: net/http's body = %q, want %q", tt.name, body, tt.payload)
		}
		if complete := err == nil; complete != (tt.done || tt.framing == UntilClose) {
			t.Errorf("%s: net/http says %v, want done %v", tt.name, err, tt.done)
		}
	}
}

func TestResponseInterim(t *testing.T) {
	early := message("HTTP/1.1 103 Early Hints", "Link: </a>", "", "")
	r := follow("GET", pieces(strings.Repeat(early, 300)+message("HTTP/1.1 200 OK", "Content-Length: 2", "", "ok"), 7))
	if !r.Done() || r.Status() != 200 || r.Payload() != 2 {
		t.Errorf("after 103: done %v, status %d, payload %d", r.Done(), r.Status(), r.Payload())
	}
	r = follow("GET", []string{message("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "", "\x81\x00")})
	if r.Status() != 101 || r.Framing() != UntilClose || r.Payload() != 2 {
		t.Errorf("after 101: status %d, %v, payload %d", r.Status(), r.Framing(), r.Payload())
	}
}

func TestResponseHeader(t *testing.T) {
	r := follow("GET", pieces(message("HTTP/1.1 100 Continue", "A: b", "", "HTTP/1.0 404 Not Found", "sErVeR:x", "X-Two:  a", "X-two: b", "Fold: 1 ", "  2", "Empty:", "", "body"), 3))
	want := []tunnel.Header{{Name: "sErVeR", Value: "x"}, {Name: "X-Two", Value: "a"}, {Name: "X-two", Value: "b"}, {Name: "Fold", Value: "1 2"}, {Name: "Empty", Value: ""}}
	if got := r.Header(); !slices.Equal(got, want) {
		t.Errorf("header = %v, want %v", got, want)
	}
	if r.Status() != 404 || r.Proto() != "HTTP/1.0" {
		t.Errorf("status line = %s %d", r.Proto(), r.Status())
	}
	r.Reset("GET")
	if r.Header() != nil || r.Status() != 0 || r.Payload() != 0 || r.HeadDone() {
		t.Errorf("after Reset: %v, status %d, payload %d", r.Header(), r.Status(), r.Payload())
	}
}

func TestResponseLost(t *testing.T) {
	const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, wire := range map[string]string{
		"another protocol":      "SSH-2.0",
		"empty first line":      "\r\nHTTP/1.1 200 OK\r\n\r\n",
		"status of two digits":  "HTTP/1.1 20 OK\r\n\r\n",
		"version":               "HTTP/1.10 200 OK\r\n\r\n",
		"no colon":              "HTTP/1.1 200 OK\r\nServer\r\n\r\n",
		"fold of nothing":       "HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
		"control in value":      "HTTP/1.1 200 OK\r\na: b\x01\r\n\r\n",
		"empty name":            "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"lengths differ":        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"length negative":       "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"gzip, chunked":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"chunked twice":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"no size":               chunkedHead + "\r\n",
		"size of 17 digits":     chunkedHead + "11111111111111111",
		"size line with LF":     chunkedHead + "5\nhello",
		"extension with LF":     chunkedHead + "5;a\nhello",
		"wire chunk too long":   chunkedHead + "1\r\nab\r\n",
		"endless extension":     chunkedHead + "1;" + strings.Repeat("a", maxSizeLine),
		"framing out of bounds": chunkedHead + strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nb\r\n", 20),
		"trailer without colon": chunkedHead + "0\r\nabc\r\n\r\n",
		"endless trailer":       chunkedHead + "0\r\na:" + strings.Repeat("a", maxTrailer),
		"endless head":          "HTTP/1.1 200 OK\r\na:" + strings.Repeat("a", maxHead),
	} {
		for _, size := range []int{1, 1000, len(wire)} {
			if r := follow("GET", pieces(wire, size)); !r.Lost() {
				t.Errorf("%s in pieces of %d: not lost", name, size)
			}
		}
	}
}

// TestResponseNeverAhead feeds responses made at random, cut at random, and
// asks after each piece: the payload reported is what net/http's body would
// give out by then, no more and no less.
func TestResponseNeverAhead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r Response
	for round := range 500 {
		wire, ends := randomResponse(rng)
		r.Reset("GET")
		for fed := 0; fed < len(wire); {
			n := min(1+rng.IntN(40), len(wire)-fed)
			r.Feed([]byte(wire[fed : fed+n]))
			fed += n
			if want := int64(ends[fed]); r.Payload() != want {
				t.Fatalf("round %d: payload after %d bytes = %d, want %d in %q", round, fed, r.Payload(), want, wire)
			}
		}
		if r.Lost() || r.Framing() != UntilClose && !r.Done() {
			t.Fatalf("round %d: lost %v, done %v after %q", round, r.Lost(), r.Done(), wire)
		}
	}
}

// randomResponse returns a response and, for each number of bytes sent, the
// payload among them.
func randomResponse(rng *rand.Rand) (wire string, payloadAfter []int) {
	var b bytes.Buffer
	add := func(s string, isPayload bool) {
		for range len(s) {
			last := 0
			if len(payloadAfter) > 0 {
				last = payloadAfter[len(payloadAfter)-1]
			}
			if isPayload {
				last++
			}
			payloadAfter = append(payloadAfter, last)
		}
		b.WriteString(s)
	}
	add("", false)
	payloadAfter = []int{0}
	for range rng.IntN(3) {
		add("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", false)
	}
	eol := []string{"\r\n", "\n"}[rng.IntN(2)]
	add("HTTP/1.1 200 OK"+eol+"X: y"+eol, false)
	body := strings.Repeat("0\r\n\r\n5", rng.IntN(20)+1)
	switch rng.IntN(3) {
	case 0:
		add(fmt.Sprintf("Content-Length: %d%s%s", len(body), eol, eol), false)
		add(body, true)
	case 1:
		add(eol, false)
		add(body, true)
	case 2:
		add("Transfer-Encoding: chunked"+eol+eol, false)
		for len(body) > 0 {
			n := min(1+rng.IntN(20), len(body))
			add(fmt.Sprintf("%x;e=%d\r\n", n, n), false)
			add(body[:n], true)
			add("\r\n", false)
			body = body[n:]
		}
		add("0\r\nT: v\r\n\r\n", false)
	}
	return b.String(), payloadAfter
}

func TestFramingString(t *testing.T) {
	if got := fmt.Sprint(Unknown, Bodiless, ContentLength, Chunked, UntilClose, Framing(99)); got != "unknown bodiless content-length chunked until-close unknown" {
		t.Errorf("framings = %s", got)
	}
}

// pieces cuts s every size bytes.
func pieces(s string, size int) []string {
	var all []string
	for p := range slices.Chunk([]byte(s), size) {
		all = append(all, string(p))
	}
	return all
}

func follow(method string, pieces []string) *Response {
	r := new(Response)
	r.Reset(method)
	for _, p := range pieces {
		r.Feed([]byte(p))
	}
	return r
}
