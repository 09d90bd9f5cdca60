package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"streamgauge/tunnel"
)

// cutter returns a source of piece sizes, the same for the same seed.
func cutter(seed uint64) func(n int) int {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func(n int) int { return 1 + rng.IntN(min(n, 1<<rng.IntN(14))) }
}

// FuzzResponse: where the cuts fall changes nothing, and net/http, where it
// accepts, finds the same payload.
func FuzzResponse(f *testing.F) {
	for _, tt := range responses {
		f.Add(tt.method == "HEAD", []byte(tt.wire), uint64(len(tt.wire)))
	}
	f.Add(false, []byte("HTTP/0.0 200 OK\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\nT:\n\n\r\n\r\n"), uint64(1))
	f.Fuzz(func(t *testing.T, toHEAD bool, wire []byte, seed uint64) {
		method := map[bool]string{true: "HEAD", false: "GET"}[toHEAD]
		whole := follow(method, []string{string(wire)})
		cut, r := cutter(seed), new(Response)
		r.Reset(method)
		payload := 0
		for rest := wire; len(rest) > 0; {
			n := cut(len(rest))
			got := r.Feed(rest[:n])
			if payload += got; got > n {
				t.Fatalf("payload of %d bytes in %d", got, n)
			}
			rest = rest[n:]
		}
		if state(r) != state(whole) || int64(payload) != r.Payload() {
			t.Errorf("cut: %s, sum %d; whole: %s", state(r), payload, state(whole))
		}
		if body, complete, ok := decided(method, wire); ok && (r.Payload() != int64(len(body)) || complete && r.Framing() != UntilClose && !r.Done()) {
			t.Errorf("%s; net/http finds %d bytes, complete %v", state(r), len(body), complete)
		}
	})
}

func state(r *Response) string {
	return fmt.Sprintf("head %v, done %v, lost %v, payload %d, %v %s %d %q",
		r.HeadDone(), r.Done(), r.Lost(), r.Payload(), r.Framing(), r.Proto(), r.Status(), r.Header())
}

// decided is what net/http makes of a response; ok is false where it refuses
// the head. 101 is left out: what follows it is not its business.
func decided(method string, wire []byte) (body []byte, complete, ok bool) {
	br := bufio.NewReader(bytes.NewReader(wire))
	for {
		resp, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, false, false
		}
		if resp.StatusCode/100 != 1 {
			body, err = io.ReadAll(resp.Body)
			return body, err == nil, true
		}
	}
}

// FuzzUnits: where the cuts fall changes nothing but units of Text, and no unit
// is larger than what came.
func FuzzUnits(f *testing.F) {
	f.Add(uint8(0), []byte("data: a\r\n\r\n: x\n\ndata: b\r\r"), uint64(1))
	f.Add(uint8(1), []byte("{}\n\n[1]\r\n"), uint64(2))
	f.Add(uint8(2), []byte("\ufeff\n:x\nid: 1\ndata\n\n"), uint64(3))
	types := []string{"text/event-stream", "application/x-ndjson", "application/json", "text/plain", ""}
	f.Fuzz(func(t *testing.T, which uint8, body []byte, seed uint64) {
		contentType := types[int(which)%len(types)]
		whole, u := NewUnits(contentType, false), NewUnits(contentType, false)
		want := split(whole, []string{string(body)})
		cut := cutter(seed)
		var cuts []string
		for rest := body; len(rest) > 0; {
			n := cut(len(rest))
			cuts = append(cuts, string(rest[:n]))
			rest = rest[n:]
		}
		if got := split(u, cuts); !slices.Equal(got, want) || u.Kind() != whole.Kind() || u.Heartbeats() != whole.Heartbeats() {
			t.Errorf("cut: %q %v, %d heartbeats; whole: %q %v, %d", u.Kind(), got, u.Heartbeats(), whole.Kind(), want, whole.Heartbeats())
		}
		if got, want := cutOut(NewUnits(contentType, false), cuts), cutOut(NewUnits(contentType, false), []string{string(body)}); !slices.Equal(got, want) {
			t.Errorf("cut: %q; whole: %q", got, want)
		}
		total := 0
		NewUnits(contentType, true).Feed(body, func(p Piece) { total += p.Bytes })
		if total > len(body) {
			t.Errorf("units of %d bytes in %d", total, len(body))
		}
	})
}

// FuzzFrames: where the cuts fall changes nothing.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(0x01, true, 3)+frame(0x89, false, 0)+frame(0x80, true, 126)), uint64(1))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		var whole, parts Frames
		want := splitFrames(&whole, []string{string(stream)})
		cut := cutter(seed)
		var got []string
		for rest := string(stream); rest != ""; {
			n := cut(len(rest))
			got = append(got, splitFrames(&parts, []string{rest[:n]})...)
			rest = rest[n:]
		}
		if !slices.Equal(got, want) || parts.Lost() != whole.Lost() {
			t.Errorf("cut: %v, lost %v; whole: %v, lost %v", got, parts.Lost(), want, whole.Lost())
		}
	})
}

// FuzzTunnel: where the cuts fall changes nothing. The input is a list of
// segments: direction, length in two bytes, bytes.
func FuzzTunnel(f *testing.F) {
	for _, file := range []string{"tls13-http1.txt", "tls12-h2.txt"} {
		var b []byte
		for _, s := range readTranscript(f, "testdata/tunnels/"+file) {
			b = append(b, byte(s.dir), byte(len(s.bytes)>>8), byte(len(s.bytes)))
			b = append(b, s.bytes...)
		}
		f.Add(b, uint64(len(b)))
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		var segments []segment
		for len(b) >= 3 {
			dir, n := tunnel.Direction(b[0]&1), min(int(b[1])<<8|int(b[2]), len(b)-3)
			segments = append(segments, segment{dir, string(b[3 : 3+n])})
			b = b[3+n:]
		}
		if got, want := observe(segments, cutter(seed)), observe(segments, whole); got.records != want.records || got.info != want.info || got.tls != want.tls {
			t.Errorf("cut:   %+v\nwhole: %+v", got, want)
		}
	})
}
