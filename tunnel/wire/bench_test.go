package wire

import (
	"fmt"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

const read = 32 << 10 // bytes of one Feed

// inReads feeds a stream over and over, a read at a time.
func inReads(b *testing.B, stream string, feed func(p []byte)) {
	b.Helper()
	p := []byte(stream)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		for from := 0; from < len(p); from += read {
			feed(p[from:min(from+read, len(p))])
		}
	}
}

// BenchmarkResponse follows bodies of 1 MiB: in one wire chunk, in wire chunks
// of 1 KiB, and with a length.
func BenchmarkResponse(b *testing.B) {
	const size = 1 << 20
	const head = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\n"
	body := strings.Repeat("x", size)
	for name, wire := range map[string]string{
		"length":          fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, size, body),
		"one wire chunk":  fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, size, body),
		"1 KiB in each":   head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("400\r\n"+body[:1024]+"\r\n", 1024) + "0\r\n\r\n",
		"head, no body":   head + "Content-Length: 0\r\n\r\n",
		"10 bytes a wire": head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("a\r\n0123456789\r\n", 1000) + "0\r\n\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			var r Response
			r.Reset("GET")
			inReads(b, wire, func(p []byte) {
				if r.Feed(p); r.Done() {
					r.Reset("GET")
				}
			})
		})
	}
}

func BenchmarkUnits(b *testing.B) {
	kilobyte := strings.Repeat("x", 1000)
	for _, tt := range []struct{ name, contentType, unit string }{
		{"SSE 1 KB, LF", "text/event-stream", "data: " + kilobyte + "\n\n"},
		{"SSE 1 KB, CRLF", "text/event-stream", "data: " + kilobyte + "\r\n\r\n"},
		{"SSE 1 KB, CR", "text/event-stream", "data: " + kilobyte + "\r\r"},
		{"SSE 60 B", "text/event-stream", "event: delta\ndata: {\"delta\":{\"content\":\" the\"},\"index\":0}\n\n"},
		{"SSE newlines", "text/event-stream", "\n"},
		{"NDJSON 1 KB", "application/x-ndjson", "{\"a\":\"" + kilobyte + "\"}\n"},
		{"NDJSON 60 B", "application/x-ndjson", "{\"response\":\" the\",\"done\":false,\"created_at\":\"2026-01-01\"}\n"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			u := NewUnits(tt.contentType, true)
			inReads(b, strings.Repeat(tt.unit, 1<<20/len(tt.unit)), func(p []byte) { u.Feed(p, nil) })
		})
	}
}

func BenchmarkFrames(b *testing.B) {
	for _, size := range []int{50, 1000, 70000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var f Frames
			inReads(b, strings.Repeat(frame(0x82, true, size), 1<<20/size), func(p []byte) { f.Feed(p, nil) })
		})
	}
}

// BenchmarkTunnel feeds records of application data: full ones, and one small
// one a Feed, which shows what the lock costs.
func BenchmarkTunnel(b *testing.B) {
	for _, size := range []int{60, 1 << 14} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			t := NewTunnel()
			for _, s := range readTranscript(b, "testdata/tunnels/tls13-http1.txt") {
				t.Feed(s.dir, []byte(s.bytes), nil)
			}
			record := append([]byte{recordApplicationData, 3, 3, byte(size >> 8), byte(size)}, make([]byte, size)...)
			b.SetBytes(int64(len(record)))
			b.ReportAllocs()
			for b.Loop() {
				t.Feed(tunnel.ToClient, record, nil)
			}
		})
	}
}

// BenchmarkHellos observes a tunnel up to the end of the server's first flight.
func BenchmarkHellos(b *testing.B) {
	segments := readTranscript(b, "testdata/tunnels/tls13-h2.txt")[:2]
	b.ReportAllocs()
	for b.Loop() {
		t := NewTunnel()
		for _, s := range segments {
			t.Feed(s.dir, []byte(s.bytes), nil)
		}
	}
}
