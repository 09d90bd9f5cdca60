package relay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// certificate returns one for example.com and a pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// encrypt puts TLS on both far ends and shakes hands.
func (w *world) encrypt(version uint16, protocol string) (client, origin net.Conn) {
	w.t.Helper()
	cert, pool := certificate(w.t)
	server := tls.Server(w.origin, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{protocol}, MaxVersion: version})
	shaken := make(chan error)
	go func() { shaken <- server.Handshake() }()
	c := tls.Client(w.client, &tls.Config{RootCAs: pool, ServerName: "example.com", NextProtos: []string{protocol}})
	if err := c.Handshake(); err != nil {
		w.t.Error(err)
	}
	if err := <-shaken; err != nil {
		w.t.Error(err)
	}
	return c, server
}

func TestTLSIsSeenThroughButNotOpened(t *testing.T) {
	for version, name := range map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"} {
		virtually(t, func(t *testing.T) {
			w := begin(t, t.Context(), "", 0, Config{})
			client, origin := w.encrypt(version, "http/1.1")
			for turn := range 2 {
				time.Sleep(time.Second)
				w.write(client, "GET / HTTP/1.1\r\n\r\n")
				w.read(origin, "GET / HTTP/1.1\r\n\r\n")
				for range 3 {
					time.Sleep(50 * time.Millisecond)
					w.write(origin, strings.Repeat("e", 100+turn))
					w.read(client, strings.Repeat("e", 100+turn))
				}
			}
			w.client.Close()
			w.origin.Close()
			got := w.ended(tunnel.Complete, "", 2300*time.Millisecond)
			if want := (tunnel.TLSInfo{ServerName: "example.com", ALPN: "http/1.1", Version: name}); got.TLS != want {
				t.Errorf("TLS = %+v, want %+v", got.TLS, want)
			}
			ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
			wantTurns := []tunnel.Turn{
				{Sent: ms(1000), First: ms(1050), Last: ms(1150), Bytes: 300},
				{Sent: ms(2150), First: ms(2200), Last: ms(2300), Bytes: 303},
			}
			if !slices.Equal(got.Turns, wantTurns) {
				t.Errorf("%s: turns = %v, want %v", name, got.Turns, wantTurns)
			}
			units := 0
			for _, c := range got.Chunks {
				units += int(c.Units)
				if c.Units > 0 != (c.At >= time.Second) {
					t.Errorf("%s: a chunk at %v has %d units: only data after the handshake counts", name, c.At, c.Units)
				}
			}
			if units != 6 || got.Totals.Units != 6 || len(got.Units) != 6 || got.UnitKind != tunnel.TLSRecord {
				t.Errorf("%s: %d units in chunks, %d in all, %v kept as %v; want 6 TLS records", name, units, got.Totals.Units, got.Units, got.UnitKind)
			}
		})
	}
}

// A request is over when its last record has gone out.
func TestTurnOfARequestInPieces(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		client, origin := w.encrypt(tls.VersionTLS13, "http/1.1")
		for _, piece := range []string{"POST / HTTP/1.1\r\n\r\n", "half", "half"} {
			w.write(client, piece)
			w.read(origin, piece)
			time.Sleep(time.Second)
		}
		w.write(origin, "thank you")
		w.read(client, "thank you")
		w.client.Close()
		w.origin.Close()
		got := w.ended(tunnel.Complete, "", 3*time.Second)
		want := []tunnel.Turn{{Sent: 2 * time.Second, First: 3 * time.Second, Last: 3 * time.Second, Bytes: 9}}
		if !slices.Equal(got.Turns, want) {
			t.Errorf("turns = %v, want %v", got.Turns, want)
		}
	})
}

// An end within a record is passed on as it came, for the client's TLS to see,
// and recorded for what it is.
func TestEndWithinARecord(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.encrypt(tls.VersionTLS13, "http/1.1")
		const half = "\x17\x03\x03\x01\x00 and not 256 bytes"
		w.write(w.origin, half)
		w.origin.Close()
		w.read(w.client, half)
		w.readEnd(w.client, io.EOF)
		w.client.Close()
		w.ended(tunnel.Truncated, "read origin: end of stream within a TLS record", 0)
	})
}

func TestHTTP2IsOneLane(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		client, origin := w.encrypt(tls.VersionTLS13, "h2")
		w.write(client, "frames of a request")
		w.read(origin, "frames of a request")
		for range 3 {
			w.write(origin, "frames of a response")
			w.read(client, "frames of a response")
		}
		w.client.Close()
		w.origin.Close()
		got := w.ended(tunnel.Complete, "", 0)
		if got.TLS.ALPN != "h2" || len(got.Turns) != 0 {
			t.Errorf("ALPN %q, turns %v; want h2 and none", got.TLS.ALPN, got.Turns)
		}
		if got.Totals.Units != 2 { // the first record is the server's preface
			t.Errorf("%d units, want 2", got.Totals.Units)
		}
	})
}

func TestWebSocketFramesAreUnits(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := beginExchange(t, t.Context(), tunnel.Exchange{Kind: tunnel.KindWebSocket}, "", 0, Config{})
		const text, ping = "\x81\x05hello", "\x89\x00"
		w.write(w.client, "\x81\x82abcdxy") // frames of the client are no units
		w.read(w.origin, "\x81\x82abcdxy")
		for _, piece := range []string{text + text, ping, text[:3], text[3:]} {
			time.Sleep(time.Second)
			w.write(w.origin, piece)
			w.read(w.client, piece)
		}
		w.client.Close()
		w.origin.Close()
		got := w.ended(tunnel.Complete, "", 4*time.Second)
		var units []int32
		for _, c := range got.Chunks {
			units = append(units, c.Units)
		}
		if want := []int32{2, 0, 0, 1}; !slices.Equal(units, want) {
			t.Errorf("units of the chunks = %v, want %v", units, want)
		}
		want := tunnel.Unit{At: 4 * time.Second, Bytes: 5, Kind: tunnel.WebSocket}
		if len(got.Units) != 3 || got.Units[2] != want {
			t.Errorf("units = %v, want 3 and the last %v", got.Units, want)
		}
	})
}

// TestResetBehindAWebSocketClose asks that a connection which breaks after the
// origin's close frame is whole, and one that breaks before it is not.
func TestResetBehindAWebSocketClose(t *testing.T) {
	for last, want := range map[string]tunnel.End{"\x88\x02\x03\xe8": tunnel.Complete, "\x81\x03bye": tunnel.Truncated} {
		virtually(t, func(t *testing.T) {
			w := beginExchange(t, t.Context(), tunnel.Exchange{Kind: tunnel.KindWebSocket}, "", 0, Config{})
			w.write(w.origin, last)
			w.read(w.client, last)
			_ = w.origin.Reset()
			<-w.done
			_ = w.client.Close()
			if got := w.live.Snapshot(); got.End != want || (got.Error == "") != (want == tunnel.Complete) {
				t.Errorf("reset behind %q: %q %q, want %q", last, got.End, got.Error, want)
			}
		})
	}
}

// TestWebSocketFramesOfBothDirections asks for the frames as they travelled, and
// for the status with which the origin gave up.
func TestWebSocketFramesOfBothDirections(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := beginExchange(t, t.Context(), tunnel.Exchange{Kind: tunnel.KindWebSocket, ResponseHeaders: []tunnel.Header{
			{Name: "Sec-WebSocket-Extensions", Value: "x, Permessage-Deflate; server_no_context_takeover"},
		}}, "", 0, Config{})
		for _, piece := range []struct {
			from, to net.Conn
			bytes    string
		}{
			{w.client, w.origin, "\xc1\x82abcdxy"},
			{w.origin, w.client, "\x41\x03one\x89\x01!"},
			{w.client, w.origin, "\x8a\x81abcd!"},
			{w.origin, w.client, "\x80\x02wo\x88\x02\x03\xf3"},
			{w.client, w.origin, "\x88\x82\x00\x00\x00\x00\x03\xf3"},
		} {
			time.Sleep(time.Second)
			w.write(piece.from, piece.bytes)
			w.read(piece.to, piece.bytes)
		}
		w.client.Close()
		w.origin.Close()
		<-w.done
		got := w.live.Snapshot()
		if want := "websocket: the origin closed with 1011 (internal error)"; got.End != tunnel.Complete || got.Error != want {
			t.Errorf("ended %q %q, want complete, %q", got.End, got.Error, want)
		}
		want := []tunnel.Frame{
			{At: 1 * time.Second, Bytes: 2, Opcode: 1, Direction: tunnel.ToOrigin, Fin: true, Compressed: true},
			{At: 2 * time.Second, Bytes: 3, Opcode: 1, Direction: tunnel.ToClient, Compressed: true},
			{At: 2 * time.Second, Bytes: 1, Opcode: 9, Direction: tunnel.ToClient, Fin: true},
			{At: 3 * time.Second, Bytes: 1, Opcode: 10, Direction: tunnel.ToOrigin, Fin: true},
			{At: 4 * time.Second, Bytes: 2, Opcode: 0, Direction: tunnel.ToClient, Fin: true},
			{At: 4 * time.Second, Bytes: 2, Opcode: 8, Direction: tunnel.ToClient, Fin: true, Code: 1011},
			{At: 5 * time.Second, Bytes: 2, Opcode: 8, Direction: tunnel.ToOrigin, Fin: true, Code: 1011},
		}
		if !slices.Equal(got.Frames, want) {
			t.Errorf("frames\n%+v\nwant\n%+v", got.Frames, want)
		}
		if got.Totals.Units != 2 {
			t.Errorf("%d units, want the two data frames of the origin", got.Totals.Units)
		}
	})
}

func TestOtherProtocolsHaveNoUnits(t *testing.T) {
	virtually(t, func(t *testing.T) {
		w := begin(t, t.Context(), "", 0, Config{})
		w.write(w.origin, "220 mail.example ESMTP\r\n")
		w.read(w.client, "220 mail.example ESMTP\r\n")
		w.client.Close()
		w.origin.Close()
		got := w.ended(tunnel.Complete, "", 0)
		if got.Totals.Units != 0 || got.UnitKind != tunnel.NoUnits || got.TLS != (tunnel.TLSInfo{}) {
			t.Errorf("units %d of kind %v, TLS %+v; want none", got.Totals.Units, got.UnitKind, got.TLS)
		}
	})
}
