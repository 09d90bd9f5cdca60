package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// conversation is one direction of a connection, written by the library.
func conversation(t testing.TB) []byte {
	var b bytes.Buffer
	b.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&b, nil)
	for _, err := range []error{
		f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}),
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("head"), PadLength: 3, Priority: http2.PriorityParam{Weight: 1}}),
		f.WriteContinuation(1, true, []byte("more")),
		f.WriteData(1, false, nil),
		f.WriteDataPadded(1, false, []byte("padded"), make([]byte, 9)),
		f.WriteData(1, true, []byte("the end")),
		f.WriteWindowUpdate(0, 5),
		f.WritePing(true, [8]byte{}),
		f.WriteGoAway(7, http2.ErrCodeNo, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// frames tells the frames of a direction that comes in pieces, DATA joined.
func frames(wire []byte, cut func(n int) int) (got []string, lost bool) {
	h := NewHTTP2(true)
	data := ""
	for rest := wire; len(rest) > 0; {
		n := cut(len(rest))
		h.Feed(rest[:n], func(f HTTP2Frame) {
			if f.First {
				data = ""
			}
			if data += string(f.Payload); f.Last {
				got = append(got, fmt.Sprintf("%d/%d#%d(%d)%q", f.Type, f.Flags, f.Stream, f.Length, data))
			}
		})
		rest = rest[n:]
	}
	return got, h.Lost()
}

func TestHTTP2Frames(t *testing.T) {
	want := strings.Join([]string{
		`4/0#0(6)"\x00\x04\x00\x00\x00\x01"`,
		`1/40#1(13)"head"`,
		`9/4#1(4)"more"`,
		`0/0#1(0)""`,
		`0/8#1(16)"padded"`,
		`0/1#1(7)"the end"`,
		`8/0#0(4)"\x00\x00\x00\x05"`,
		`6/1#0(8)"\x00\x00\x00\x00\x00\x00\x00\x00"`,
		`7/0#0(8)"\x00\x00\x00\a\x00\x00\x00\x00"`,
	}, "\n")
	for size := 1; size < 40; size++ {
		got, lost := frames(conversation(t), func(n int) int { return min(n, size) })
		if strings.Join(got, "\n") != want || lost {
			t.Fatalf("in pieces of %d, lost %v:\n%s\nwant\n%s", size, lost, strings.Join(got, "\n"), want)
		}
	}
}

func TestHTTP2Refused(t *testing.T) {
	for name, wire := range map[string]string{
		"another protocol":      "GET / HTTP/1.1\r\n\r\n",
		"a frame beyond bounds": http2Preface + "\x7f\xff\xff\x01\x00\x00\x00\x00\x01xx",
		"padding beyond DATA":   http2Preface + "\x00\x00\x02\x00\x08\x00\x00\x00\x01\x05x",
		"padding beyond a head": http2Preface + "\x00\x00\x02\x01\x08\x00\x00\x00\x01\x05x",
		"a head too short":      http2Preface + "\x00\x00\x02\x01\x20\x00\x00\x00\x01\x05x",
	} {
		if got, lost := frames([]byte(wire), func(n int) int { return n }); !lost || len(got) > 0 {
			t.Errorf("%s: %q, lost %v; want none and lost", name, got, lost)
		}
	}
}

// FuzzHTTP2: where the cuts fall changes nothing.
func FuzzHTTP2(f *testing.F) {
	f.Add(conversation(f), uint64(1))
	f.Add([]byte(http2Preface+"\x00\x00\x02\x00\x08\x00\x00\x00\x01\x05x"), uint64(2))
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) {
		whole, lost := frames(wire, func(n int) int { return n })
		got, lostToo := frames(wire, cutter(seed))
		if lost != lostToo || fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Errorf("cut: %q, lost %v; whole: %q, lost %v", got, lostToo, whole, lost)
		}
	})
}
