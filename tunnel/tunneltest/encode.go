package tunneltest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// encoder is what the compressors have in common.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// newEncoder returns the encoder of a Content-Encoding of RFC 9110 §8.4.1, RFC
// 7932 or RFC 8878.
func newEncoder(name string, w io.Writer) (encoder, error) {
	switch name {
	case "gzip":
		return gzip.NewWriter(w), nil
	case "deflate": // zlib's format, in spite of the name
		return zlib.NewWriter(w), nil
	case "br":
		return brotli.NewWriter(w), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return nil, fmt.Errorf("content encoding %q is none of gzip, deflate, br, zstd", name)
}

// encode compresses the pieces as one body and returns what becomes ready with
// each: all that was put in if the encoder is flushed, else what overflowed.
// The encoding's end is part of the last piece.
func encode(name string, pieces [][]byte, flush bool) ([][]byte, error) {
	if name == "" {
		return pieces, nil
	}
	var out bytes.Buffer
	enc, err := newEncoder(name, &out)
	if err != nil {
		return nil, err
	}
	encoded := make([][]byte, len(pieces))
	for i, p := range pieces {
		if _, err := enc.Write(p); err != nil {
			return nil, err
		}
		if flush {
			err = enc.Flush()
		}
		if i == len(pieces)-1 {
			err = enc.Close()
		}
		if err != nil {
			return nil, err
		}
		encoded[i] = bytes.Clone(out.Bytes())
		out.Reset()
	}
	return encoded, nil
}
