package socks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

// client is a scripted one: what it sends is read from in, replies gather in out.
type client struct {
	in  io.Reader
	out bytes.Buffer
}

func (c *client) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *client) Write(p []byte) (int, error) { return c.out.Write(p) }

func alice(user, password string) bool { return user == "alice" && password == "sesame" }

const (
	hello    = "\x05\x01\x00"
	helloPW  = "\x05\x02\x00\x02"
	password = "\x01\x05alice\x06sesame"
	toName   = "\x05\x01\x00\x03\x0bexample.com\x01\xbb"
	failed   = "\x00\x00\x01\x00\x00\x00\x00\x00\x00"
)

var conversations = []struct {
	name  string
	send  string
	check func(user, password string) bool
	reply string
	want  Request // zero: refused
}{
	{"5 name", hello + toName, nil, "\x05\x00", Request{5, "example.com", 443, ""}},
	{"5 IPv4", hello + "\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90", nil, "\x05\x00", Request{5, "127.0.0.1", 8080, ""}},
	{"5 IPv6", hello + "\x05\x01\x00\x04\x20\x01\x0d\xb8" + zeros(11) + "\x01\x00\x50", nil, "\x05\x00", Request{5, "2001:db8::1", 80, ""}},
	{"5 IPv4 in IPv6", hello + "\x05\x01\x00\x04" + zeros(10) + "\xff\xff\x7f\x00\x00\x01\x00\x50", nil, "\x05\x00", Request{5, "127.0.0.1", 80, ""}},
	{"5 address as name", hello + "\x05\x01\x00\x03\x09127.0.0.1\x00\x50", nil, "\x05\x00", Request{5, "127.0.0.1", 80, ""}},
	{"5 IPv6 as name", hello + "\x05\x01\x00\x03\x070:0::01\x00\x50", nil, "\x05\x00", Request{5, "::1", 80, ""}},
	{"5 bracketed IPv6 as name", hello + "\x05\x01\x00\x03\x05[::1]\x00\x50", nil, "\x05\x00", Request{5, "::1", 80, ""}},
	{"5 longest name", hello + "\x05\x01\x00\x03\xff" + strings.Repeat("a", 255) + "\x00\x50", nil, "\x05\x00", Request{5, strings.Repeat("a", 255), 80, ""}},
	{"5 many methods", "\x05\x04\x80\x01\x02\x00" + toName, nil, "\x05\x00", Request{5, "example.com", 443, ""}},
	{"5 password", helloPW + password + toName, alice, "\x05\x02\x01\x00", Request{5, "example.com", 443, "alice"}},
	{"5 wrong password", helloPW + "\x01\x05alice\x05mallo", alice, "\x05\x02\x01\x01", Request{}},
	{"5 empty user and password", helloPW + "\x01\x00\x00", alice, "\x05\x02\x01\x01", Request{}},
	{"5 password version", helloPW + "\x05\x05alice\x06sesame", alice, "\x05\x02\x01\x01", Request{}},
	{"5 password not offered", hello + toName, alice, "\x05\xff", Request{}},
	{"5 only password offered", "\x05\x01\x02" + password, nil, "\x05\xff", Request{}},
	{"5 only GSSAPI offered", "\x05\x01\x01", nil, "\x05\xff", Request{}},
	{"5 no method offered", "\x05\x00", nil, "\x05\xff", Request{}},
	{"5 BIND", hello + "\x05\x02\x00\x03\x0bexample.com\x01\xbb", nil, "\x05\x00\x05\x07" + failed[1:], Request{}},
	{"5 UDP ASSOCIATE from anywhere", hello + "\x05\x03\x00\x01" + zeros(6), nil, "\x05\x00\x05\x07" + failed[1:], Request{}},
	{"5 unknown command", hello + "\x05\x09\x00\x01\x7f\x00\x00\x01\x00\x50", nil, "\x05\x00\x05\x07" + failed[1:], Request{}},
	{"5 unknown address type", hello + "\x05\x01\x00\x02\x7f\x00\x00\x01\x00\x50", nil, "\x05\x00\x05\x08" + failed[1:], Request{}},
	{"5 version changes", hello + "\x04\x01\x00\x01\x7f\x00\x00\x01\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 empty name", hello + "\x05\x01\x00\x03\x00\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 name with NUL", hello + "\x05\x01\x00\x03\x03a\x00b\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 name with line end", hello + "\x05\x01\x00\x03\x04a\r\nb\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 name with port", hello + "\x05\x01\x00\x03\x04a:80\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 name not UTF-8", hello + "\x05\x01\x00\x03\x02a\xff\x00\x50", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"5 port 0", hello + "\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x00", nil, "\x05\x00\x05\x01" + failed[1:], Request{}},
	{"4", "\x04\x01\x00\x50\x7f\x00\x00\x01\x00", nil, "", Request{4, "127.0.0.1", 80, ""}},
	{"4 user", "\x04\x01\x00\x50\x7f\x00\x00\x01bob\x00", nil, "", Request{4, "127.0.0.1", 80, "bob"}},
	{"4 longest user", "\x04\x01\x00\x50\x7f\x00\x00\x01" + strings.Repeat("u", 512) + "\x00", nil, "", Request{4, "127.0.0.1", 80, strings.Repeat("u", 512)}},
	{"4 user too long", "\x04\x01\x00\x50\x7f\x00\x00\x01" + strings.Repeat("u", 513), nil, "\x00\x5b" + zeros(6), Request{}},
	{"4 address 0.0.0.0 is no name", "\x04\x01\x00\x50\x00\x00\x00\x00\x00", nil, "", Request{4, "0.0.0.0", 80, ""}},
	{"4 BIND", "\x04\x02\x00\x50\x7f\x00\x00\x01\x00", nil, "\x00\x5b" + zeros(6), Request{}},
	{"4 unknown command", "\x04\x07\x00\x50\x7f\x00\x00\x01\x00", nil, "\x00\x5b" + zeros(6), Request{}},
	{"4 port 0", "\x04\x01\x00\x00\x7f\x00\x00\x01\x00", nil, "\x00\x5b" + zeros(6), Request{}},
	{"4 where a password is wanted", "\x04\x01\x00\x50\x7f\x00\x00\x01alice\x00", alice, "\x00\x5d" + zeros(6), Request{}},
	{"4a", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00example.com\x00", nil, "", Request{4, "example.com", 443, ""}},
	{"4a user", "\x04\x01\x01\xbb\x00\x00\x00\xffbob\x00example.com\x00", nil, "", Request{4, "example.com", 443, "bob"}},
	{"4a address as name", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00::1\x00", nil, "", Request{4, "::1", 443, ""}},
	{"4a empty name", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00\x00", nil, "\x00\x5b" + zeros(6), Request{}},
	{"4a name too long", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00" + strings.Repeat("a", 256), nil, "\x00\x5b" + zeros(6), Request{}},
	{"4a where a password is wanted", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00a.example\x00", alice, "\x00\x5d" + zeros(6), Request{}},
	{"neither", "GET / HTTP/1.1\r\n", nil, "", Request{}},
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func TestAccept(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			const early = "\x16\x03\x01 sent with the request"
			in := strings.NewReader(c.send + early)
			peer := &client{in: in}
			got, err := Accept(peer, c.check)
			if got != c.want {
				t.Errorf("request = %+v, want %+v (error %v)", got, c.want, err)
			}
			if refused := c.want == (Request{}); refused != (err != nil) {
				t.Errorf("error = %v, want refused = %v", err, refused)
			}
			if peer.out.String() != c.reply {
				t.Errorf("reply = %x, want %x", peer.out.String(), c.reply)
			}
			if rest, _ := io.ReadAll(in); err == nil && string(rest) != early {
				t.Errorf("left unread %q, want %q", rest, early)
			}
		})
	}
}

// A greeting may come in any two pieces, or byte by byte.
func TestAcceptAtEveryCut(t *testing.T) {
	for _, c := range conversations {
		feeds := []io.Reader{iotest.OneByteReader(strings.NewReader(c.send))}
		for cut := range len(c.send) {
			feeds = append(feeds, io.MultiReader(strings.NewReader(c.send[:cut]), strings.NewReader(c.send[cut:])))
		}
		for i, in := range feeds {
			peer := &client{in: in}
			got, err := Accept(peer, c.check)
			if got != c.want || peer.out.String() != c.reply {
				t.Errorf("%s, cut %d: request %+v, reply %x, error %v; want %+v, %x",
					c.name, i-1, got, peer.out.String(), err, c.want, c.reply)
			}
		}
	}
}

// A client that leaves midway is an error, and never a request.
func TestAcceptOfAClientThatLeaves(t *testing.T) {
	for _, c := range conversations {
		if c.want == (Request{}) {
			continue
		}
		for cut := range len(c.send) {
			_, err := Accept(&client{in: strings.NewReader(c.send[:cut])}, c.check)
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, cut off at %d: error = %v, want end of stream", c.name, cut, err)
			}
		}
	}
}

func TestHalfAGreetingEndsAtTheDeadline(t *testing.T) {
	for _, half := range []string{"\x05", "\x05\x02\x00", hello + "\x05\x01", "\x04\x01\x00\x50\x7f\x00\x00\x01bo"} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer ours.Close()
			defer theirs.Close()
			start := time.Now()
			_ = ours.SetDeadline(start.Add(20 * time.Second))
			go func() {
				_, _ = io.WriteString(theirs, half)
				_, _ = io.Copy(io.Discard, theirs)
			}()
			_, err := Accept(ours, nil)
			if got, want := time.Since(start), 20*time.Second; got != want || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("half greeting %x ended after %v with %v, want %v and a deadline", half, got, err, want)
			}
		})
	}
}

func TestAddr(t *testing.T) {
	for want, r := range map[string]Request{
		"example.com:443": {Host: "example.com", Port: 443},
		"[::1]:80":        {Host: "::1", Port: 80},
	} {
		if got := r.Addr(); got != want {
			t.Errorf("address of %+v = %q, want %q", r, got, want)
		}
	}
}

func TestGrant(t *testing.T) {
	v4 := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.7:4660"))
	v6 := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[2001:db8::7]:4660"))
	mapped := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[::ffff:192.0.2.7]:4660"))
	for _, c := range []struct {
		version byte
		bound   net.Addr
		want    string
	}{
		{5, v4, "\x05\x00\x00\x01\xc0\x00\x02\x07\x12\x34"},
		{5, mapped, "\x05\x00\x00\x01\xc0\x00\x02\x07\x12\x34"},
		{5, v6, "\x05\x00\x00\x04\x20\x01\x0d\xb8" + zeros(11) + "\x07\x12\x34"},
		{5, nil, "\x05\x00\x00\x01" + zeros(6)},
		{5, &net.UnixAddr{Name: "/x"}, "\x05\x00\x00\x01" + zeros(6)},
		{4, v4, "\x00\x5a\x12\x34\xc0\x00\x02\x07"},
		{4, v6, "\x00\x5a\x12\x34" + zeros(4)},
		{4, nil, "\x00\x5a" + zeros(6)},
	} {
		var got strings.Builder
		if err := (Request{Version: c.version}).Grant(&got, c.bound); err != nil || got.String() != c.want {
			t.Errorf("grant %d with %v = %x, %v; want %x", c.version, c.bound, got.String(), err, c.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	via := tunnel.Upstream{Scheme: tunnel.SOCKS5, Host: "127.0.0.1", Port: 1080}
	for _, c := range []struct {
		name string
		why  error
		want byte
	}{
		{"loop", &tunnel.Failure{Step: tunnel.StepPolicy, Cause: tunnel.ErrLoop}, 2},
		{"policy", &tunnel.Failure{Step: tunnel.StepPolicy}, 2},
		{"denied by upstream", &tunnel.Failure{Step: tunnel.StepHandshake, Cause: tunnel.ErrUpstreamDenied, Upstream: via}, 2},
		{"network", &tunnel.Failure{Step: tunnel.StepConnect, Cause: tunnel.ErrUnreachable}, 3},
		{"lookup", &tunnel.Failure{Step: tunnel.StepLookup, Cause: tunnel.ErrNameNotFound}, 4},
		{"lookup of upstream", &tunnel.Failure{Step: tunnel.StepLookup, Cause: tunnel.ErrNameNotFound, Upstream: via}, 1},
		{"beyond upstream", &tunnel.Failure{Step: tunnel.StepHandshake, Cause: tunnel.ErrUpstreamFailed, Upstream: via}, 4},
		{"refused", &tunnel.Failure{Step: tunnel.StepConnect, Cause: tunnel.ErrRefused}, 5},
		{"refused beyond upstream", &tunnel.Failure{Step: tunnel.StepHandshake, Cause: tunnel.ErrRefused, Upstream: via}, 5},
		{"upstream refused", &tunnel.Failure{Step: tunnel.StepConnectUpstream, Cause: tunnel.ErrRefused, Upstream: via}, 1},
		{"timeout", fmt.Errorf("dial: %w", tunnel.ErrTimeout), 6},
		{"password at upstream", &tunnel.Failure{Step: tunnel.StepHandshake, Cause: tunnel.ErrUpstreamAuth, Upstream: via}, 1},
		{"anything", io.ErrUnexpectedEOF, 1},
		{"nothing", nil, 1},
	} {
		var got5, got4 strings.Builder
		err := errors.Join(Request{Version: 5}.Refuse(&got5, c.why), Request{Version: 4}.Refuse(&got4, c.why))
		if want := "\x05" + string(c.want) + failed[1:]; err != nil || got5.String() != want {
			t.Errorf("%s: reply = %x, %v; want %x", c.name, got5.String(), err, want)
		}
		if want := "\x00\x5b" + zeros(6); got4.String() != want {
			t.Errorf("%s: reply of SOCKS4 = %x, want %x", c.name, got4.String(), want)
		}
	}
}

// With bytes of the client still unread, a plain close would send a reset and
// take the reply with it.
func TestHangUpLetsTheReplyArrive(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		if _, err := Accept(conn, nil); err != nil {
			_ = HangUp(conn)
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, hello+"\x05\x01\x00\x7a"+strings.Repeat("x", 10_000)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if want := "\x05\x00\x05\x08" + failed[1:]; err != nil || string(got) != want {
		t.Errorf("client read %x, %v; want %x and a clean end", got, err, want)
	}
}

// Whatever comes: no panic, a request only if it can be dialled, every byte
// after it left unread, and the same outcome byte by byte.
func FuzzAccept(f *testing.F) {
	for _, c := range conversations {
		f.Add([]byte(c.send), c.check != nil)
	}
	f.Fuzz(func(t *testing.T, sent []byte, wantPassword bool) {
		check := alice
		if !wantPassword {
			check = nil
		}
		in := bytes.NewReader(sent)
		whole, single := &client{in: in}, &client{in: iotest.OneByteReader(bytes.NewReader(sent))}
		got, err := Accept(whole, check)
		got1, err1 := Accept(single, check)
		if got != got1 || (err == nil) != (err1 == nil) || !bytes.Equal(whole.out.Bytes(), single.out.Bytes()) {
			t.Fatalf("%x: whole %+v %v, byte by byte %+v %v", sent, got, err, got1, err1)
		}
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(got.Addr()); err != nil || got.Port == 0 || got.Host == "" {
			t.Fatalf("%x: accepted %+v, which cannot be dialled (%v)", sent, got, err)
		}
		if in.Len() > 0 {
			if _, err := Accept(&client{in: bytes.NewReader(sent[:len(sent)-in.Len()])}, check); err != nil {
				t.Fatalf("%x: bytes after the request were needed to read it: %v", sent, err)
			}
		}
	})
}
