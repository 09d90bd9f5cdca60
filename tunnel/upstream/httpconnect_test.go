package upstream

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"streamgauge/tunnel"
)

func TestProxyAuthorization(t *testing.T) {
	tests := []struct {
		up   tunnel.Upstream
		want string
	}{
		{tunnel.Upstream{}, ""},
		{tunnel.Upstream{Scheme: tunnel.HTTP}, ""},
		{tunnel.Upstream{Scheme: tunnel.SOCKS5, User: "u", Password: "p"}, ""},
		{tunnel.Upstream{Scheme: tunnel.HTTP, User: "Aladdin", Password: "open sesame"}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{tunnel.Upstream{Scheme: tunnel.HTTPS, User: "u"}, "Basic dTo="},
		{tunnel.Upstream{Scheme: tunnel.HTTP, User: "test", Password: "123£"}, "Basic dGVzdDoxMjPCow=="}, // RFC 7617 §2.1
	}
	for _, tt := range tests {
		if got := ProxyAuthorization(tt.up); got != tt.want {
			t.Errorf("ProxyAuthorization(%v) = %q, want %q", tt.up, got, tt.want)
		}
	}
}

// Whatever the cut points, the same status is read and no byte behind the
// head is lost or made up.
func FuzzReply(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\n\r\nrest", 1)
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\n\nrest", 3)
	f.Add("HTTP/1.1 407 X\nProxy-Authenticate: Basic\n\r\n", 7)
	f.Add("HTTP/1.1 2\r\n\r\n", 2)
	f.Add("\x05\x00", 1)
	f.Fuzz(func(t *testing.T, input string, size int) {
		whole, wholeErr := readReply(strings.NewReader(input))
		if wholeErr == nil && !strings.HasSuffix(input, string(whole.head)+string(whole.rest)) {
			t.Errorf("head %q and rest %q are not the end of the input", whole.head, whole.rest)
		}
		source := strings.NewReader(input)
		cut, cutErr := readReply(pieces{source, max(size, 1)})
		if (cutErr == nil) != (wholeErr == nil) || cut.status != whole.status {
			t.Fatalf("in pieces: %d, %v, want %d, %v", cut.status, cutErr, whole.status, wholeErr)
		}
		if wholeErr != nil {
			return
		}
		unread, err := io.ReadAll(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := append(cut.rest, unread...); !bytes.HasPrefix(got, whole.rest) || !bytes.Equal(cut.head, whole.head) {
			t.Errorf("in pieces: head %q, rest %q, want %q, %q", cut.head, got, whole.head, whole.rest)
		}
	})
}

// pieces hands out at most size bytes a read.
type pieces struct {
	r    io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

func BenchmarkReadReply(b *testing.B) {
	const answer = "HTTP/1.1 200 Connection established\r\nProxy-agent: test\r\n\r\n"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r },
		"bytes": iotest.OneByteReader,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readReply(wrap(strings.NewReader(answer))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
