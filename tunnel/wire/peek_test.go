package wire

import (
	"crypto/tls"
	"net"
	"reflect"
	"strings"
	"testing"
)

// helloOf returns the first bytes of a client of the Go library.
func helloOf(t testing.TB, cfg *tls.Config) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		_ = tls.Client(there, cfg).Handshake() // fails once here is closed
		there.Close()
	}()
	buffer := make([]byte, 16<<10)
	n, err := here.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return buffer[:n]
}

func TestPeekHello(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "Example.test", NextProtos: []string{"h2", "http/1.1"}})
	got, ok, more := PeekHello(hello)
	build := got.Build
	got.Build = 0
	if want := (Hello{ServerName: "Example.test", Protocols: []string{"h2", "http/1.1"}}); !ok || more || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, %v; want %+v", got, ok, more, want)
	}
	got.Build = build
	for _, n := range []int{0, 1, 4, 5, 6, 100, len(hello) - 1} {
		if _, ok, more := PeekHello(hello[:n]); ok || !more {
			t.Errorf("%d bytes of %d: ok %v, more %v; want more", n, len(hello), ok, more)
		}
	}
	// The same message in two records (RFC 8446 §5.1).
	split := append([]byte{22, 3, 1, 0, 50}, hello[5:55]...)
	rest := len(hello) - 55
	split = append(append(split, 22, 3, 1, byte(rest>>8), byte(rest)), hello[55:]...)
	if again, ok, _ := PeekHello(split); !ok || !reflect.DeepEqual(again, got) {
		t.Errorf("in two records: %+v, %v", again, ok)
	}
}

func TestPeekHelloOfStranger(t *testing.T) {
	for _, first := range []string{
		"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH\r\n", "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00",
		"\x17\x03\x03\x00\x01\x00", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x00\x09\x01\x00\x00\x05hello",
		"\x16\x03\x01\x00\x04\x01\xff\xff\xff" + strings.Repeat("x", 10),
	} {
		if hello, ok, more := PeekHello([]byte(first)); ok || more {
			t.Errorf("%q: %+v, ok %v, more %v; want neither", first, hello, ok, more)
		}
	}
}

func FuzzPeekHello(f *testing.F) {
	f.Add(helloOf(f, &tls.Config{ServerName: "example.test", NextProtos: []string{"h2"}}))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		_, ok, more := PeekHello(p)
		if ok && more {
			t.Error("both whole and not")
		}
		// What was refused or found stays so, whatever follows.
		if _, again, moreAgain := PeekHello(append(p[:len(p):len(p)], 0)); !more && (again != ok || moreAgain) {
			t.Errorf("ok %v; with a byte more ok %v, more %v", ok, again, moreAgain)
		}
	})
}

// TestBuild: what a program sends is alike from connection to connection, and
// differs from what another sends.
func TestBuild(t *testing.T) {
	of := func(cfg *tls.Config) uint64 {
		hello, ok, _ := PeekHello(helloOf(t, cfg))
		if !ok {
			t.Fatal("no hello")
		}
		return hello.Build
	}
	first := of(&tls.Config{ServerName: "a.test"})
	if again := of(&tls.Config{ServerName: "b.example.test"}); again != first {
		t.Errorf("another name makes another build: %x, %x", first, again)
	}
	for name, cfg := range map[string]*tls.Config{
		"ALPN":    {ServerName: "a.test", NextProtos: []string{"h2"}},
		"TLS 1.2": {ServerName: "a.test", MaxVersion: tls.VersionTLS12},
	} {
		if other := of(cfg); other == first {
			t.Errorf("%s: the same build", name)
		}
	}
	for v, want := range map[uint16]bool{0x0a0a: true, 0xfafa: true, 0x0a1a: false, 0x1301: false} {
		if isGrease(v) != want {
			t.Errorf("%#x: grease %v", v, !want)
		}
	}
}
