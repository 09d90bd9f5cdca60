package keylog

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	library "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"streamgauge/tunnel"
)

// peer is one end of a connection of HTTP/2, written by the library.
type peer struct {
	out    bytes.Buffer
	framer *library.Framer
	heads  *hpack.Encoder
	block  bytes.Buffer
}

func newPeer() *peer {
	p := &peer{}
	p.framer = library.NewFramer(&p.out, nil)
	p.heads = hpack.NewEncoder(&p.block)
	return p
}

// take returns what was written since the last call.
func (p *peer) take() string {
	defer p.out.Reset()
	return p.out.String()
}

func (p *peer) preface() *peer {
	p.out.WriteString(library.ClientPreface)
	return p.settings()
}

func (p *peer) settings(all ...library.Setting) *peer {
	_ = p.framer.WriteSettings(all...) // a Buffer takes everything
	return p
}

// head writes field names and values, in two frames.
func (p *peer) head(stream uint32, last bool, fields ...string) *peer {
	block := p.encode(fields)
	half := len(block) / 2
	_ = p.framer.WriteHeaders(library.HeadersFrameParam{StreamID: stream, BlockFragment: block[:half], EndStream: last, PadLength: 5})
	_ = p.framer.WriteContinuation(stream, true, block[half:])
	return p
}

func (p *peer) encode(fields []string) []byte {
	p.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = p.heads.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return p.block.Bytes()
}

func (p *peer) data(stream uint32, text string, last bool) *peer {
	_ = p.framer.WriteData(stream, last, []byte(text))
	return p
}

func (p *peer) reset(stream uint32, code library.ErrCode) *peer {
	_ = p.framer.WriteRSTStream(stream, code)
	return p
}

func (p *peer) window(stream uint32, n uint32) *peer {
	_ = p.framer.WriteWindowUpdate(stream, n)
	return p
}

func (p *peer) get(stream uint32, path string) *peer {
	return p.head(stream, true, ":method", "GET", ":scheme", "https", ":authority", "x", ":path", path, "user-agent", "test")
}

func (p *peer) ok(stream uint32) *peer {
	return p.head(stream, false, ":status", "200", "content-type", "text/event-stream", "server", "test")
}

// begin is a view whose client has opened streams 1, 3, 5 … for these paths at 1.
func begin(paths ...string) (k *talk, client, server *peer) {
	k, client, server = newTalk(), newPeer(), newPeer()
	k.unlocked("h2")
	k.reply(0, server.settings().take())
	client.preface()
	for i, path := range paths {
		client.get(uint32(2*i+1), path)
	}
	k.ask(1, client.take())
	return k, client, server
}

func TestHTTP2StreamsAreToldApart(t *testing.T) {
	k, client, server := begin("/a", "/b")
	k.reply(2, server.head(1, false, ":status", "103").ok(1).ok(3).take())
	k.reply(3, server.data(1, "data: a\n\n", false).data(3, "data: b\n\n", false).data(1, "data: a\n\n", false).take())
	k.reply(4, server.data(3, "data: b\n\n", true).take())
	whole := server.data(1, "data: long\n\n", false).take()
	k.reply(5, whole[:12])
	k.reply(6, whole[12:])
	k.reply(7, server.head(1, true, "grpc-status", "0").take())
	k.ask(8, client.head(5, false, ":method", "POST", ":scheme", "https", ":path", "/c", "host", "y").data(5, "up", true).take())
	k.reply(9, server.head(5, true, ":status", "204").take())
	k.close(tunnel.Complete, 10*time.Millisecond)
	k.wants(t,
		"GET https://x/a 200 sent@1 head@2 first_byte@3 end@7 18@3/2 3@5 9@6/1 complete",
		"GET https://x/b 200 sent@1 head@2 first_byte@3 end@4 9@3/1 9@4/1 complete",
		"POST https://y/c 204 sent@8 head@9 end@9 up=2 complete",
	)
}

func TestHTTP2Resets(t *testing.T) {
	k, client, server := begin("/a", "/b", "/c", "/d", "/e")
	k.reply(2, server.ok(1).ok(3).data(1, "data: a\n\n", false).take())
	k.reply(3, server.reset(1, library.ErrCodeInternal).reset(5, library.ErrCodeRefusedStream).take())
	k.ask(4, client.reset(3, library.ErrCodeCancel).take())
	_ = server.framer.WriteGoAway(7, library.ErrCodeNo, nil)
	k.reply(5, server.take())
	k.close(tunnel.Complete, 6*time.Millisecond)
	k.wants(t,
		"GET https://x/a 200 sent@1 head@2 first_byte@2 end@3 9@2/1 truncated stream reset by the origin: INTERNAL_ERROR (0x2)",
		"GET https://x/b 200 sent@1 head@2 end@4 client_closed stream reset by the client: CANCEL (0x8)",
		"GET https://x/c 0 sent@1 end@3 error stream reset by the origin: REFUSED_STREAM (0x7)",
		"GET https://x/d 0 sent@1 end@6 error read origin: connection ended without an answer",
		"GET https://x/e 0 sent@1 end@5 error refused by the origin, which goes away: NO_ERROR (0x0)",
	)
}

// A server whose window is used up waits for the client, and is not blamed.
func TestHTTP2FlowControl(t *testing.T) {
	k, client, server := newTalk(), newPeer(), newPeer()
	client.preface().settings(library.Setting{ID: library.SettingInitialWindowSize, Val: 20})
	k.ask(1, client.get(1, "/a").get(3, "/b").take())
	k.reply(2, server.settings().ok(1).ok(3).take())
	k.reply(3, server.data(1, strings.Repeat("x", 20), false).data(3, "data: b\n\n", false).take())
	k.ask(1003, client.window(1, 5).take())
	k.reply(1004, server.data(1, "12345", false).take())
	k.ask(1014, client.settings(library.Setting{ID: library.SettingInitialWindowSize, Val: 40}).take())
	k.reply(1015, server.data(1, "more", false).data(3, "data: b\n\n", false).take())
	k.wants(t,
		"GET https://x/a 200 sent@1 head@2 first_byte@3 20@3+1000 5@1004+10 4@1015",
		"GET https://x/b 200 sent@1 head@2 first_byte@3 9@3/1 9@1015/1",
	)
}

// The window of the connection holds every stream.
func TestHTTP2ConnectionWindow(t *testing.T) {
	k, client, server := newTalk(), newPeer(), newPeer()
	client.preface().settings(library.Setting{ID: library.SettingInitialWindowSize, Val: 1 << 20})
	k.ask(1, client.get(1, "/a").get(3, "/b").take())
	server.settings().ok(1).ok(3).data(3, "data: b\n\n", false)
	for left := firstWindow - 9; left > 0; left -= 16000 {
		server.data(1, strings.Repeat("x", min(left, 16000)), false)
	}
	k.reply(2, server.take())
	k.ask(502, client.window(0, 1<<20).take())
	k.wants(t,
		"GET https://x/a 200 sent@1 head@2 first_byte@2 65526@2+500",
		"GET https://x/b 200 sent@1 head@2 first_byte@2 9@2/1+500",
	)
}

// The tables of both heads follow what each side allows the other.
func TestHTTP2Tables(t *testing.T) {
	k, client, server := begin("/a")
	k.reply(2, server.settings(library.Setting{ID: library.SettingHeaderTableSize, Val: 1 << 16}).ok(1).take())
	client.heads.SetMaxDynamicTableSizeLimit(1 << 16)
	client.heads.SetMaxDynamicTableSize(1 << 16)
	for i := range 20 {
		client.head(uint32(2*i+3), true, ":method", "GET", ":scheme", "https", ":authority", "x", ":path", "/same", "cookie", strings.Repeat("c", 1000+i))
	}
	client.head(101, true, ":method", "GET", ":scheme", "https", ":authority", "x", ":path", "/same", "cookie", strings.Repeat("c", 1000))
	k.ask(3, client.take())
	if k.lost || len(k.http.running()) != 22 {
		t.Errorf("lost %v, %d streams; want 22", k.lost, len(k.http.running()))
	}
	unasked := newPeer()
	unasked.heads.SetMaxDynamicTableSizeLimit(1 << 16)
	unasked.heads.SetMaxDynamicTableSize(1 << 16)
	k.reply(4, unasked.ok(3).take())
	if !k.lost {
		t.Error("a table larger than the client allows is taken")
	}
}

// A WebSocket may be a stream (RFC 8441).
func TestHTTP2WebSocket(t *testing.T) {
	k, client, server := begin()
	for id, path := range map[uint32]string{1: "/ws", 3: "/refused"} {
		client.head(id, false, ":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "x", ":path", path)
		k.ask(int(id), client.take())
	}
	k.reply(4, server.head(1, false, ":status", "200").data(1, "\x81\x02hi", false).head(3, false, ":status", "403").data(3, "no", true).take())
	k.ask(5, client.data(1, "\x81\x82abcdxy", false).take())
	k.reply(6, server.data(1, "\x88\x02\x03\xe8", true).take())
	got := strings.Split(k.told(), "\n")
	slices.Sort(got)
	want := []string{
		"CONNECT https://x/refused 403 head@4 first_byte@4 end@4 2@4/1 complete",
		"CONNECT https://x/ws 200 head@4 first_byte@4 end@6 4@4/1 4@6 up=8 complete",
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded\n%q\nwant\n%q", got, want)
	}
}

// A promise's head must be read, as the next one may refer to it.
func TestHTTP2Push(t *testing.T) {
	k, _, server := begin("/a")
	block := server.encode([]string{":method", "GET", ":path", "/pushed", "x-new", "value"})
	_ = server.framer.WritePushPromise(library.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: block, EndHeaders: true})
	k.reply(2, server.head(2, false, ":status", "200", "x-new", "value").data(2, "pushed", true).head(1, true, ":status", "200", "x-new", "value").take())
	k.wants(t, "GET https://x/a 200 sent@1 head@2 end@2 complete")
}

func TestHTTP2Broken(t *testing.T) {
	for name, write := range map[string]func(*peer){
		"a frame within a head": func(p *peer) {
			_ = p.framer.WriteHeaders(library.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
			p.data(1, "x", false)
		},
		"a head that goes on elsewhere": func(p *peer) {
			_ = p.framer.WriteHeaders(library.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
			_ = p.framer.WriteContinuation(3, true, nil)
		},
		"a head of nothing": func(p *peer) { _ = p.framer.WriteContinuation(1, true, nil) },
		"a head without sense": func(p *peer) {
			_ = p.framer.WriteHeaders(library.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff}, EndHeaders: true})
		},
		"a head without end": func(p *peer) {
			_ = p.framer.WriteHeaders(library.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
			for range 100 {
				_ = p.framer.WriteContinuation(1, false, make([]byte, 16<<10))
			}
		},
	} {
		k, _, server := begin("/a")
		write(server)
		if k.reply(2, server.take()); !k.lost {
			t.Errorf("%s: not lost", name)
		}
	}
}
