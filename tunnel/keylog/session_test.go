package keylog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"streamgauge/tunnel"
)

// A connection written by hand: hellos, and records sealed with known secrets.

var (
	theClient = random{0: 1, 31: 2}
	theServer = random{0: 3, 31: 4}
)

const aes128 = 0x1301

func secret(name string, size int) []byte {
	return bytes.Repeat([]byte(name[:1]), size)
}

func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

func message(kind byte, body []byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// extension adds one with the given content.
func extension(b *cryptobyte.Builder, id uint16, content ...byte) {
	b.AddUint16(id)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(content) })
}

func helloFromClient(session string, extensions func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddUint16(versionTLS12)
	b.AddBytes(theClient[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(session)) })
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(aes128) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) })
	b.AddUint16LengthPrefixed(extensions)
	return record(recordHandshake, message(clientHello, b.BytesOrPanic()))
}

func helloFromServer(r random, session string, suite uint16, version uint16) []byte {
	var b cryptobyte.Builder
	b.AddUint16(min(version, versionTLS12))
	b.AddBytes(r[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(session)) })
	b.AddUint16(suite)
	b.AddUint8(0)
	if version == versionTLS13 {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { extension(b, extSupportedVersions, 3, 4) })
	}
	return record(recordHandshake, message(serverHello, b.BytesOrPanic()))
}

func noExtensions(*cryptobyte.Builder) {}

func withEarlyData(b *cryptobyte.Builder) { extension(b, extEarlyData) }

// seal protects as TLS 1.3 does, with padding.
func seal(o *unsealer, kind byte, content []byte) []byte {
	inner := append(append(bytes.Clone(content), kind), 0, 0)
	header := []byte{recordApplicationData, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(header[3:], uint16(len(inner)+o.aead.Overhead()))
	sealed := o.aead.Seal(bytes.Clone(header), o.nonceFor(), inner, header)
	o.seq++
	return sealed
}

// seal12 protects as the AES-GCM suites of TLS 1.2 do.
func seal12(o *unsealer, kind byte, content []byte) []byte {
	var additional [13]byte
	binary.BigEndian.PutUint64(additional[:], o.seq)
	copy(additional[8:], []byte{kind, 3, 3})
	binary.BigEndian.PutUint16(additional[11:], uint16(len(content)))
	explicit := additional[:8]
	nonce := append(bytes.Clone(o.iv), explicit...)
	body := o.aead.Seal(bytes.Clone(explicit), nonce, content, additional[:])
	o.seq++
	return record(kind, body)
}

// known is a file that has these secrets for the connection written by hand.
func known(s secrets) *File {
	f := NewFile("/no/such/file")
	f.known[theClient] = &s
	return f
}

// heard is what a session tells.
type heard struct {
	is        bool
	protocols []string
	text      [2]string
	last      time.Duration // when the latest data came
	over      [2]bool       // said its last word
}

func (h *heard) greeted()                 { h.is = true }
func (h *heard) unlocked(protocol string) { h.protocols = append(h.protocols, protocol) }

func (h *heard) data(dir tunnel.Direction, p []byte, at time.Duration) {
	h.text[dir] += string(p)
	h.last = at
}

func (h *heard) closed(dir tunnel.Direction, _ time.Duration) { h.over[dir] = true }

// said is bytes of a direction.
type said struct {
	dir   tunnel.Direction
	bytes []byte
}

// play feeds a session in pieces of random sizes and returns what it told. No key
// is waited for.
func play(f *File, script []said, seed uint64) (*session, *heard) {
	late := make(chan struct{})
	close(late)
	h := &heard{}
	s := &session{file: f, late: late, into: h}
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, one := range script {
		for rest := one.bytes; len(rest) > 0; {
			n := 1 + rng.IntN(len(rest))
			s.feed(one.dir, rest[:n], 0)
			rest = rest[n:]
		}
	}
	return s, h
}

// all13 are secrets of all epochs, sealed with by the same names.
func all13() secrets {
	return secrets{
		early:     secret("e", 32),
		handshake: [2][]byte{secret("c", 32), secret("s", 32)},
		traffic:   [2][]byte{secret("C", 32), secret("S", 32)},
	}
}

func sealer(suite uint16, name string) *unsealer {
	s, _ := suiteOf(suite)
	return newUnsealer13(s, secret(name, s.hash().Size()))
}

// extensionsOf is EncryptedExtensions with ALPN and perhaps early data.
func extensionsOf(protocol string, early bool) []byte {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		list := append([]byte{0, byte(len(protocol) + 1), byte(len(protocol))}, protocol...)
		extension(b, extALPN, list...)
		if early {
			extension(b, extEarlyData)
		}
	})
	return message(encryptedExtensions, b.BytesOrPanic())
}

var changeCipherSpec = record(recordChangeCipherSpec, []byte{1})

// conversation13 is a connection of TLS 1.3 with early data, a request, a change
// of keys and an answer.
func conversation13(extensions func(*cryptobyte.Builder), accepted bool) []said {
	handshake, traffic := [2]*unsealer{sealer(aes128, "c"), sealer(aes128, "s")}, [2]*unsealer{sealer(aes128, "C"), sealer(aes128, "S")}
	early := seal(sealer(aes128, "e"), recordApplicationData, []byte("early,"))
	script := []said{{tunnel.ToOrigin, helloFromClient("id", extensions)}}
	if len(helloFromClient("id", extensions)) != len(helloFromClient("id", noExtensions)) {
		script = append(script, said{tunnel.ToOrigin, join(changeCipherSpec, early)})
	}
	first := append(extensionsOf("h2", accepted), message(11, make([]byte, 300))...)
	server := join(
		helloFromServer(theServer, "id", aes128, versionTLS13), changeCipherSpec,
		seal(handshake[1], recordHandshake, first), seal(handshake[1], recordHandshake, message(finished, make([]byte, 32))),
		seal(traffic[1], recordHandshake, message(newSessionTicket, make([]byte, 40))),
	)
	client := join(
		changeCipherSpec, seal(handshake[0], recordHandshake, message(finished, make([]byte, 32))),
		seal(traffic[0], recordApplicationData, []byte("request,")),
		seal(traffic[0], recordHandshake, message(keyUpdate, []byte{1})),
	)
	traffic[0] = traffic[0].updated()
	client = append(client, seal(traffic[0], recordApplicationData, []byte("more"))...)
	answer := join(
		seal(traffic[1], recordApplicationData, []byte("answer,")), seal(traffic[1], recordApplicationData, nil),
		seal(traffic[1], recordHandshake, message(keyUpdate, []byte{0})),
	)
	traffic[1] = traffic[1].updated()
	answer = join(answer, seal(traffic[1], recordApplicationData, []byte("the rest")), seal(traffic[1], recordAlert, []byte{1, 0}))
	return append(script, said{tunnel.ToClient, server}, said{tunnel.ToOrigin, client}, said{tunnel.ToClient, answer})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestLastWord(t *testing.T) {
	if _, h := play(known(all13()), conversation13(noExtensions, false), 1); h.over != [2]bool{tunnel.ToClient: true} {
		t.Errorf("over: %v, want the origin's direction alone", h.over)
	}
}

func TestSession13(t *testing.T) {
	keyless := all13()
	keyless.handshake = [2][]byte{}
	noEarly := all13()
	noEarly.early = nil
	wrong := all13()
	wrong.traffic[tunnel.ToClient] = secret("x", 32)
	short := all13()
	short.traffic[tunnel.ToClient] = secret("S", 31)
	half := all13()
	half.traffic[tunnel.ToOrigin] = nil
	const request, answer = "request,more", "answer,the rest"
	for name, tt := range map[string]struct {
		keys       secrets
		extensions func(*cryptobyte.Builder)
		accepted   bool
		want       [2]string
		stopped    tunnel.Remark
	}{
		"all secrets":                    {all13(), noExtensions, false, [2]string{request, answer}, ""},
		"without those of the handshake": {keyless, noExtensions, false, [2]string{request, answer}, ""},
		"early data taken":               {all13(), withEarlyData, true, [2]string{"early," + request, answer}, ""},
		"early data refused":             {all13(), withEarlyData, false, [2]string{request, answer}, ""},
		"early data without its key":     {noEarly, withEarlyData, true, [2]string{}, tunnel.RemarkEarlyData},
		"a wrong secret":                 {wrong, noExtensions, false, [2]string{request, ""}, tunnel.RemarkWrongKey},
		"a secret too short":             {short, noExtensions, false, [2]string{request, ""}, tunnel.RemarkWrongKey},
		"half the secrets":               {half, noExtensions, false, [2]string{}, tunnel.RemarkNoKey},
		"none":                           {secrets{}, noExtensions, false, [2]string{}, tunnel.RemarkNoKey},
	} {
		for seed := range uint64(20) {
			s, got := play(known(tt.keys), conversation13(tt.extensions, tt.accepted), seed)
			if s.stopped != tt.stopped || !got.is || s.alien {
				t.Fatalf("%s: stopped %q, TLS %v; want %q", name, s.stopped, got.is, tt.stopped)
			}
			if got.text != tt.want && (tt.stopped == "" || got.text[tunnel.ToClient] != "") {
				t.Fatalf("%s: opened %q, want %q", name, got.text, tt.want)
			}
			if name == "all secrets" && fmt.Sprint(got.protocols) != "[ h2]" {
				t.Fatalf("protocols %q, want h2", got.protocols)
			}
		}
	}
}

// A record is stamped with the read that completed it.
func TestSessionStamps(t *testing.T) {
	h := &heard{}
	s := &session{file: known(all13()), into: h}
	s.feed(tunnel.ToOrigin, helloFromClient("", noExtensions), 1)
	s.feed(tunnel.ToClient, helloFromServer(theServer, "", aes128, versionTLS13), 2)
	server := sealer(aes128, "S")
	both := join(seal(server, recordApplicationData, []byte("one")), seal(server, recordApplicationData, []byte("two")))
	at := time.Duration(2)
	for piece := range slices.Chunk(both, 20) {
		at++
		s.feed(tunnel.ToClient, piece, at)
		if first := time.Duration(3 + (len(both)/2-1)/20); at == first && (h.text[tunnel.ToClient] == "" || h.last != first) {
			t.Errorf("%q at %d, want the first record then", h.text[tunnel.ToClient], first)
		}
	}
	if h.text[tunnel.ToClient] != "onetwo" || h.last != at {
		t.Errorf("%q, the last of it at %d; want onetwo at %d", h.text[tunnel.ToClient], h.last, at)
	}
}

func TestSuites(t *testing.T) {
	for _, number := range []uint16{0x1301, 0x1302, 0x1303} {
		o, s := sealer(number, "k"), sealer(number, "k")
		for range 300 {
			sealed := seal(s, recordApplicationData, []byte("text"))
			kind, plain, ok := o.open(sealed[:recordHeader], sealed[recordHeader:])
			if kind != recordApplicationData || string(plain) != "text" || !ok {
				t.Fatalf("suite %#x: %d %q %v", number, kind, plain, ok)
			}
		}
	}
	for _, number := range []uint16{0x1304, 0x002f, 0xc013, 0} {
		if _, ok := suiteOf(number); ok {
			t.Errorf("suite %#x is said to be opened", number)
		}
	}
}

// conversation12 is a connection of TLS 1.2 whose server gives a ticket.
func conversation12(master []byte, session, ticket string) []said {
	s, _ := suiteOf(0xc02b)
	both := newUnsealers12(s, master, theClient, theServer)
	offered := noExtensions
	if ticket != "" {
		offered = func(b *cryptobyte.Builder) { extension(b, extSessionTicket, []byte(ticket)...) }
	}
	given := message(newSessionTicket, append([]byte{0, 0, 0, 0, 0, 4}, "next"...))
	return []said{
		{tunnel.ToOrigin, helloFromClient(session, offered)},
		{tunnel.ToClient, helloFromServer(theServer, session, 0xc02b, versionTLS12)},
		{tunnel.ToOrigin, join(changeCipherSpec, seal12(both[0], recordHandshake, message(finished, make([]byte, 12))))},
		{tunnel.ToClient, join(record(recordHandshake, given), changeCipherSpec, seal12(both[1], recordHandshake, message(finished, make([]byte, 12))))},
		{tunnel.ToOrigin, seal12(both[0], recordApplicationData, []byte("request"))},
		{tunnel.ToClient, join(seal12(both[1], recordApplicationData, []byte("answer")), seal12(both[1], recordAlert, []byte{1, 0}))},
	}
}

func TestSession12(t *testing.T) {
	master := secret("m", 48)
	f := known(secrets{master: master})
	opened := func(when string, want tunnel.Remark, script []said) {
		t.Helper()
		s, got := play(f, script, 1)
		text := [2]string{"request", "answer"}
		if want != "" {
			text = [2]string{}
		}
		if s.stopped != want || got.text != text {
			t.Errorf("%s: stopped %q, opened %q; want %q, %q", when, s.stopped, got.text, want, text)
		}
	}
	opened("with a key", "", conversation12(master, "id", ""))
	delete(f.known, theClient)
	opened("resumed by its ID", "", conversation12(master, "id", ""))
	opened("resumed by a ticket", "", conversation12(master, "other", "next"))
	opened("never seen", tunnel.RemarkNoKey, conversation12(master, "third", "none"))
	f.known[theClient] = &secrets{master: secret("n", 48)}
	opened("an ID that is used anew", "", conversation12(secret("n", 48), "id", ""))
	opened("with a wrong key", tunnel.RemarkWrongKey, conversation12(master, "fourth", ""))
}

// A second hello follows a request to try again.
func TestHelloRetry(t *testing.T) {
	script := conversation13(noExtensions, false)
	again := helloFromServer(retryRandom, "id", aes128, versionTLS13)
	script = append([]said{script[0], {tunnel.ToClient, join(again, changeCipherSpec)}}, script...)
	s, got := play(known(all13()), script, 1)
	if s.stopped != "" || got.text[tunnel.ToClient] != "answer,the rest" {
		t.Errorf("stopped %q, opened %q", s.stopped, got.text)
	}
}

func TestNotOpened(t *testing.T) {
	hello := said{tunnel.ToOrigin, helloFromClient("", noExtensions)}
	for name, tt := range map[string]struct {
		script  []said
		stopped tunnel.Remark
		alien   bool
	}{
		"CBC":                 {[]said{hello, {tunnel.ToClient, helloFromServer(theServer, "", 0xc013, versionTLS12)}}, tunnel.RemarkCipher, false},
		"TLS 1.1":             {[]said{hello, {tunnel.ToClient, helloFromServer(theServer, "", 0xc02b, 0x0302)}}, tunnel.RemarkCipher, false},
		"SSH":                 {[]said{{tunnel.ToClient, []byte("SSH-2.0-OpenSSH")}}, "", true},
		"HTTP":                {[]said{{tunnel.ToOrigin, []byte("GET / HTTP/1.1\r\n")}}, "", true},
		"data without hellos": {[]said{{tunnel.ToOrigin, record(recordApplicationData, []byte("x"))}}, "", true},
		"out of step":         {[]said{hello, {tunnel.ToClient, helloFromServer(theServer, "", aes128, versionTLS13)}, {tunnel.ToClient, []byte("\x00\x00\x00")}}, tunnel.RemarkWrongKey, false},
		"much early data": {[]said{
			{tunnel.ToOrigin, helloFromClient("", withEarlyData)},
			{tunnel.ToOrigin, []byte(strings.Repeat(string(record(recordApplicationData, make([]byte, 1<<14))), 5))},
		}, tunnel.RemarkEarlyData, false},
	} {
		s, _ := play(known(secrets{}), tt.script, 1)
		if s.stopped != tt.stopped || s.alien != tt.alien {
			t.Errorf("%s: stopped %q, alien %v; want %q, %v", name, s.stopped, s.alien, tt.stopped, tt.alien)
		}
	}
}

// FuzzSession: nothing panics, whatever both sides say, and little is held.
func FuzzSession(f *testing.F) {
	flat := func(script []said) []byte {
		var all []byte
		for _, one := range script {
			all = append(all, byte(one.dir), byte(len(one.bytes)>>8), byte(len(one.bytes)))
			all = append(all, one.bytes...)
		}
		return all
	}
	f.Add(flat(conversation13(noExtensions, false)), uint64(1))
	f.Add(flat(conversation13(withEarlyData, true)), uint64(2))
	f.Add(flat(conversation12(secret("m", 48), "id", "")), uint64(3))
	f.Fuzz(func(t *testing.T, wire []byte, seed uint64) {
		var script []said
		for len(wire) > 3 {
			n := min(int(wire[1])<<8|int(wire[2]), len(wire)-3)
			script = append(script, said{tunnel.Direction(wire[0] & 1), wire[3 : 3+n]})
			wire = wire[3+n:]
		}
		keys := all13()
		keys.master = secret("m", 48)
		s, _ := play(known(keys), script, seed)
		for _, h := range s.halves {
			if len(h.records.held) > recordHeader+maxRecord || len(h.messages.held) > maxMessage {
				t.Fatalf("%d and %d bytes held", len(h.records.held), len(h.messages.held))
			}
		}
	})
}

func BenchmarkOpenRecord(b *testing.B) {
	for _, number := range []uint16{0x1301, 0x1302, 0x1303} {
		for _, size := range []int{100, 16 << 10} {
			b.Run(fmt.Sprintf("suite=%#x/bytes=%d", number, size), func(b *testing.B) {
				sealed := seal(sealer(number, "k"), recordApplicationData, make([]byte, size))
				o := sealer(number, "k")
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					o.seq = 0
					if _, _, ok := o.open(sealed[:recordHeader], sealed[recordHeader:]); !ok {
						b.Fatal("does not open")
					}
				}
			})
		}
	}
}
