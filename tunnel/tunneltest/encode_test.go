package tunneltest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// decoders read what the encoders of the same name wrote.
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"":        func(r io.Reader) (io.Reader, error) { return r, nil },
	"gzip":    func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"deflate": func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
	"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"zstd": func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	},
}

// decoded returns what can be read of an encoding that may stop midway.
func decoded(t *testing.T, name string, b []byte) []byte {
	t.Helper()
	r, err := decoders[name](bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := io.ReadAll(r)
	return plain
}

func TestEachFlushedPieceCanBeRead(t *testing.T) {
	s := Stream{Events: 4}
	for name := range decoders {
		encoded, err := encode(name, s.bursts(), true)
		if err != nil {
			t.Fatal(err)
		}
		var there, want []byte
		for i, piece := range encoded {
			there, want = append(there, piece...), append(want, s.events()[i]...)
			if got := decoded(t, name, there); !bytes.Equal(got, want) {
				t.Errorf("%q: after event %d %q can be read, want %q", name, i, got, want)
			}
		}
	}
}

func TestUnflushedEventsComeLate(t *testing.T) {
	s := Stream{Events: 4}
	for name := range decoders {
		if name == "" {
			continue
		}
		encoded, err := encode(name, s.bursts(), false)
		if err != nil {
			t.Fatal(err)
		}
		// A gzip head of ten bytes may come before.
		if early := bytes.Join(encoded[:3], nil); len(early) > 10 {
			t.Errorf("%q: %d bytes came before the end", name, len(early))
		}
		if got := decoded(t, name, bytes.Join(encoded, nil)); !bytes.Equal(got, s.Plain()) {
			t.Errorf("%q: decoded %q, want %q", name, got, s.Plain())
		}
	}
}

func TestUnknownEncoding(t *testing.T) {
	if _, err := (Stream{Encoding: "lzw"}).Payload(); err == nil {
		t.Error("no error for an encoding that is none")
	}
}
