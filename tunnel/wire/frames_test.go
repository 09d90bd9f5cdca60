package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frame builds a frame with a header of the size that its payload calls for.
func frame(first byte, masked bool, size int) string {
	var mask byte
	key := ""
	if masked {
		mask, key = 0x80, "key!"
	}
	var header []byte
	switch {
	case size < 126:
		header = []byte{first, mask | byte(size)}
	case size < 1<<16:
		header = []byte{first, mask | 126, byte(size >> 8), byte(size)}
	default:
		header = []byte{first, mask | 127, 0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
	}
	return string(header) + key + strings.Repeat("x", size)
}

func splitFrames(f *Frames, pieces []string) []string {
	var got []string
	for _, p := range pieces {
		before := len(got)
		n := f.Feed([]byte(p), func(frame Frame) {
			text := fmt.Sprintf("%x %v %d", frame.Opcode, frame.Fin, frame.Payload)
			if frame.RSV1 {
				text += " RSV1"
			}
			if frame.Code != 0 {
				text += fmt.Sprint(" ", frame.Code)
			}
			got = append(got, text)
		})
		if n != len(got)-before {
			got = append(got, fmt.Sprintf("but %d were returned", n))
		}
	}
	return got
}

func TestFrames(t *testing.T) {
	stream := frame(0x81, false, 5) + frame(0x82, true, 0) + frame(0x81, true, 125) +
		frame(0x82, false, 126) + frame(0xc1, true, 1000) + // RSV1: compressed
		frame(0x01, false, 3) + frame(0x89, false, 2) + frame(0x00, false, 0) + frame(0x8a, true, 0) + frame(0x80, false, 4) +
		frame(0x82, true, 70000) + frame(0x88, false, 2)
	want := []string{
		"1 true 5", "2 true 0", "1 true 125", "2 true 126", "1 true 1000 RSV1",
		"1 false 3", "9 true 2", "0 false 0", "a true 0", "0 true 4", "2 true 70000", "8 true 2 30840",
	}
	for _, size := range []int{1, 2, 3, 7, 1000, len(stream)} {
		var f Frames
		if got := splitFrames(&f, pieces(stream, size)); f.Lost() || !slices.Equal(got, want) {
			t.Errorf("pieces of %d: lost %v, frames %v, want %v", size, f.Lost(), got, want)
		}
	}
}

// TestCloseCode checks that the status of a close frame is read, through the
// mask of a client too, and not where it is not whole.
func TestCloseCode(t *testing.T) {
	for stream, want := range map[string]string{
		"\x88\x02\x03\xf3":                   "8 true 2 1011",
		"\x88\x06\x03\xe8done":               "8 true 6 1000",
		"\x88\x00":                           "8 true 0",
		"\x88\x01\x03":                       "8 true 1",
		"\x88\x80abcd":                       "8 true 0",
		"\x82\x02\x03\xf3\x88\x01\x03":       "2 true 2,8 true 1",
		"\x88\x84\x01\x02\x03\x04\x02\xe9!!": "8 true 4 1003",
	} {
		for _, size := range []int{1, 3, len(stream)} {
			var f Frames
			if got := strings.Join(splitFrames(&f, pieces(stream, size)), ","); got != want {
				t.Errorf("%x in pieces of %d: %q, want %q", stream, size, got, want)
			}
		}
	}
}

// TestFramesAtOnce checks that a frame counts with its last byte, an empty one
// with its header.
func TestFramesAtOnce(t *testing.T) {
	var f Frames
	for _, p := range []string{frame(0x81, true, 3), frame(0x81, true, 0), frame(0x8a, false, 0)} {
		if n := f.Feed([]byte(p), nil); n != 1 {
			t.Errorf("%x: %d frames, want 1", p, n)
		}
	}
}

func TestFramesLost(t *testing.T) {
	for name, stream := range map[string]string{
		"reserved data opcode":         "\x83\x00",
		"reserved control opcode":      "\x8b\x00",
		"control frame in fragments":   "\x09\x00",
		"control frame too long":       "\x89\x7e\x00\x7e",
		"continuation of nothing":      "\x80\x00",
		"message within a message":     "\x01\x00\x81\x00",
		"continuation after the end":   "\x01\x00\x80\x00\x80\x00",
		"length of more than 63 bits":  "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
		"an HTTP response, not frames": "HTTP/1.1 200 OK\r\n",
	} {
		for _, size := range []int{1, len(stream)} {
			var f Frames
			splitFrames(&f, pieces(stream, size))
			if !f.Lost() {
				t.Errorf("%s in pieces of %d: not lost", name, size)
			}
			if n := f.Feed([]byte("\x81\x00"), nil); n != 0 {
				t.Errorf("%s: %d frames after being lost", name, n)
			}
		}
	}
}
