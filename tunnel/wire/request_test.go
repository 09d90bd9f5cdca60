package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// requests are what a connection brings, and each request that is in it.
var requests = []struct {
	name, wire string
	want       []string // method, target, payload of each; "lost" where it ends so
}{
	{"get", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", []string{"GET /a 0"}},
	{"pipelined", "GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.0\r\n\r\n", []string{"GET /a 0", "HEAD /b 0"}},
	{"length", "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n", []string{"POST /a 3", "GET /b 0"}},
	{"chunked", "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: x\r\n\r\nGET /b HTTP/1.1\r\n\r\n", []string{"PUT /a 2", "GET /b 0"}},
	{"empty lines before", "\r\n\nGET /a HTTP/1.1\r\n\r\n", []string{"GET /a 0"}},
	{"another protocol", "\x16\x03\x01\x00", []string{"lost"}},
	{"a long word", strings.Repeat("A", 40), []string{"lost"}},
	{"no target", "GET HTTP/1.1\r\n\r\n", []string{"lost"}},
	{"preface of HTTP/2", http2Preface, []string{"lost"}},
	{"bad size", "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", []string{"lost"}},
}

func TestRequests(t *testing.T) {
	for _, tt := range requests {
		for _, size := range []int{1, 2, 7, 1 << 20} {
			if got := ask(tt.wire, size); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%s in pieces of %d: %q, want %q", tt.name, size, got, tt.want)
			}
		}
	}
}

// ask follows requests that come in pieces of size bytes.
func ask(wire string, size int) (got []string) {
	r := new(Request)
	for rest := []byte(wire); len(rest) > 0; {
		piece := rest[:min(size, len(rest))]
		used, _ := r.Take(piece)
		rest = rest[used:]
		if r.Lost() {
			return append(got, "lost")
		}
		if r.Done() {
			got = append(got, fmt.Sprint(r.Method(), " ", r.Target(), " ", r.payload))
			r.Reset()
		}
	}
	return got
}

func TestRequestHeader(t *testing.T) {
	r := new(Request)
	r.Take([]byte("GET / HTTP/1.1\r\nhost: a\r\nX-Fold: b\r\n c\r\n\r\n"))
	want := []tunnel.Header{{Name: "host", Value: "a"}, {Name: "X-Fold", Value: "b c"}}
	if got := r.Header(); fmt.Sprint(got) != fmt.Sprint(want) || r.Proto() != "HTTP/1.1" {
		t.Errorf("%s with %q, want HTTP/1.1 with %q", r.Proto(), got, want)
	}
}

// What a response does not take belongs to the next one.
func TestResponseTakesNoMore(t *testing.T) {
	const first, second = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"
	r, got := new(Response), ""
	used, payload := r.Take([]byte(first+second), func(p []byte) { got += string(p) + "," })
	if used != len(first) || payload != 3 || got != "a,bc," || !r.Done() {
		t.Errorf("took %d with %d of payload, %q, done %v; want %d, 3, a,bc, and done", used, payload, got, r.Done(), len(first))
	}
}

// FuzzRequest: where the cuts fall changes nothing, and net/http, where it
// accepts and the framing is the same, finds the same payload.
func FuzzRequest(f *testing.F) {
	for _, tt := range requests {
		f.Add([]byte(tt.wire), uint64(len(tt.wire)))
	}
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) {
		whole, r, cut := new(Request), new(Request), cutter(seed)
		whole.Take(wire)
		for rest := wire; len(rest) > 0 && !r.Done() && !r.Lost(); {
			n := cut(len(rest))
			used, payload := r.Take(rest[:n])
			if payload > used || used > n {
				t.Fatalf("took %d with payload %d of %d bytes", used, payload, n)
			}
			if used == 0 {
				t.Fatal("took nothing")
			}
			rest = rest[used:]
		}
		if asked(r) != asked(whole) {
			t.Errorf("cut: %s; whole: %s", asked(r), asked(whole))
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
		if err != nil || !whole.HeadDone() {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err == nil && whole.Done() && int64(len(body)) != whole.payload {
			t.Errorf("%s; net/http finds %d bytes", asked(whole), len(body))
		}
	})
}

func asked(r *Request) string {
	return fmt.Sprintf("%q %q %q head %v, done %v, lost %v, payload %d", r.Method(), r.Target(), r.Proto(), r.HeadDone(), r.Done(), r.Lost(), r.payload)
}
