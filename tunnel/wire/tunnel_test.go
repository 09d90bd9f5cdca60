package wire

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"streamgauge/tunnel"
)

// observed is everything that a Tunnel told.
type observed struct {
	info     tunnel.TLSInfo
	complete bool
	tls      bool
	turns    bool
	requests int
	records  string // "to origin"/"to client" as > and <, with sizes
}

func observe(segments []segment, cut func(n int) int) observed {
	t := NewTunnel()
	var o observed
	var records []string
	each := func(dir tunnel.Direction, n int) {
		records = append(records, fmt.Sprint(map[tunnel.Direction]string{tunnel.ToOrigin: ">", tunnel.ToClient: "<"}[dir], n))
	}
	for _, s := range segments {
		for rest := s.bytes; rest != ""; {
			n := cut(len(rest))
			before := len(records)
			if got := t.Feed(s.dir, []byte(rest[:n]), each); got != len(records)-before {
				records = append(records, fmt.Sprintf("but %d were returned", got))
			}
			if s.dir == tunnel.ToOrigin && t.NewTurn() {
				o.requests++
			}
			rest = rest[n:]
		}
	}
	o.info, o.complete = t.Info()
	o.tls, o.turns = t.TLS(), t.Turns()
	o.records = strings.Join(records, " ")
	return o
}

func whole(n int) int { return n }

// script is three requests, the second one in two parts, with events of
// different sizes.
var script = [][]int{{300, 150, 40, 41, 5000}, {20000, 90}, {77, 1, 16384}}

const scriptRecords = ">300 <150 <40 <41 <5000 >16384 >3616 <90 >77 <1 <16384"

func TestTunnel(t *testing.T) {
	certificate, pool := identity()
	for _, tt := range []struct {
		name            string
		version, suite  uint16
		offered, spoken []string
		resume          bool
		alpn            string
		turns           bool
	}{
		{"1.3", tls.VersionTLS13, 0, nil, nil, false, "", true},
		{"1.3 h1", tls.VersionTLS13, 0, []string{"http/1.1"}, []string{"http/1.1"}, false, "http/1.1", true},
		{"1.3 h1 of two", tls.VersionTLS13, 0, []string{"h2", "http/1.1"}, []string{"http/1.1"}, false, "http/1.1", true},
		{"1.3 none agreed", tls.VersionTLS13, 0, []string{"h2", "http/1.1"}, nil, false, "", true},
		{"1.3 tickets", tls.VersionTLS13, 0, []string{"h2", "http/1.1"}, []string{"http/1.1"}, true, "http/1.1", true},
		{"1.2 AES-128-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, nil, nil, false, "", true},
		{"1.2 AES-256-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, nil, nil, true, "", true},
		{"1.2 ChaCha20", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, nil, nil, false, "", true},
		{"1.2 h1", tls.VersionTLS12, 0, []string{"h2", "http/1.1"}, []string{"http/1.1"}, true, "http/1.1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := &tls.Config{ServerName: "origin.example", RootCAs: pool, MaxVersion: tt.version, NextProtos: tt.offered, DynamicRecordSizingDisabled: true}
			server := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: tt.spoken, DynamicRecordSizingDisabled: true}
			if tt.suite != 0 {
				client.CipherSuites = []uint16{tt.suite}
			}
			rounds := 1
			if tt.resume {
				client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				rounds = 2
			}
			want := observed{
				info:     tunnel.TLSInfo{ServerName: "origin.example", ALPN: tt.alpn, Version: tls.VersionName(tt.version)},
				complete: true, tls: true, turns: tt.turns, requests: 3, records: scriptRecords,
			}
			for range rounds {
				checkTranscript(t, talk(t, client, server, script), want)
			}
		})
	}
}

// checkTranscript observes the same bytes whole, byte by byte, and cut at random.
func checkTranscript(t *testing.T, segments []segment, want observed) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	for name, cut := range map[string]func(int) int{
		"whole":  whole,
		"bytes":  func(int) int { return 1 },
		"random": func(n int) int { return 1 + rng.IntN(min(n, 3000)) },
	} {
		if got := observe(segments, cut); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

// TestTunnelTranscripts observes what OpenSSL's two ends said to one another:
// curl to nginx, which passed on four events, 30 ms apart.
func TestTunnelTranscripts(t *testing.T) {
	const host = "origin.example"
	for _, tt := range []struct {
		file string
		want observed
	}{
		{"tls13-http1.txt", observed{ // two requests on one connection
			info: tunnel.TLSInfo{ServerName: host, ALPN: "http/1.1", Version: "TLS 1.3"}, turns: true, requests: 2,
			records: ">84 <183 <20 <20 <20 <5 >85 <183 <20 <20 <20 <5",
		}},
		{"tls13-chacha20-post.txt", observed{
			info: tunnel.TLSInfo{ServerName: host, ALPN: "http/1.1", Version: "TLS 1.3"}, turns: true, requests: 1,
			records: ">158 <183 <20 <20 <20 <5",
		}},
		{"tls13-h2.txt", observed{
			info:    tunnel.TLSInfo{ServerName: host, ALPN: "h2", Version: "TLS 1.3"},
			records: ">64 >43 <83 <24 <24 <24",
		}},
		{"tls12-h2.txt", observed{
			info:    tunnel.TLSInfo{ServerName: host, ALPN: "h2", Version: "TLS 1.2"},
			records: ">64 >43 <83 <24 <24 <24",
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			tt.want.complete, tt.want.tls = true, true
			checkTranscript(t, readTranscript(t, "testdata/tunnels/"+tt.file), tt.want)
		})
	}
}

// TestTunnelRetry: the server asks for another key share, so each side sends a
// second hello.
func TestTunnelRetry(t *testing.T) {
	certificate, pool := identity()
	client := &tls.Config{ServerName: "origin.example", RootCAs: pool, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}
	server := &tls.Config{Certificates: []tls.Certificate{certificate}, CurvePreferences: []tls.CurveID{tls.CurveP384}}
	checkTranscript(t, talk(t, client, server, [][]int{{10, 20}, {30, 40}}), observed{
		info:     tunnel.TLSInfo{ServerName: "origin.example", Version: "TLS 1.3"},
		complete: true, tls: true, turns: true, requests: 2, records: ">10 <20 >30 <40",
	})
}

// TestTunnelClientCertificate: two more records come before the client's
// Finished.
func TestTunnelClientCertificate(t *testing.T) {
	certificate, pool := identity()
	for name, own := range map[string][]tls.Certificate{"given": {certificate}, "none": nil} {
		client := &tls.Config{ServerName: "origin.example", RootCAs: pool, Certificates: own}
		server := &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert}
		segments := talk(t, client, server, [][]int{{10, 20}, {30, 40}})
		if got := observe(segments, whole); got.records != ">10 <20 >30 <40" || got.requests != 2 {
			t.Errorf("certificate %s: %d requests, records %q", name, got.requests, got.records)
		}
	}
}

func TestTunnelContinue(t *testing.T) {
	certificate, pool := identity()
	client := &tls.Config{ServerName: "origin.example", RootCAs: pool}
	server := &tls.Config{Certificates: []tls.Certificate{certificate}}
	got := observe(talk(t, client, server, [][]int{{200, 25}, {1000, 150, 25}}), whole)
	if got.records != ">200 >1000 <150 <25" || got.requests != 1 {
		t.Errorf("request with 100 Continue: %d requests, records %q", got.requests, got.records)
	}
}

// TestTunnelEncryptedHello: the name in the clear is not to be trusted.
func TestTunnelEncryptedHello(t *testing.T) {
	hello := clientHelloRecord("public.example", 0xfe0d)
	o := NewTunnel()
	o.Feed(tunnel.ToOrigin, hello, nil)
	if info, complete := o.Info(); info.ServerName != "" || complete || !o.TLS() {
		t.Errorf("with ECH: %+v, complete %v, TLS %v", info, complete, o.TLS())
	}
	o = NewTunnel()
	o.Feed(tunnel.ToOrigin, clientHelloRecord("public.example", 0xfe0e), nil)
	if info, _ := o.Info(); info.ServerName != "public.example" || o.Turns() || o.NewTurn() {
		t.Errorf("without ECH: %+v", info)
	}
}

// clientHelloRecord returns a ClientHello with a server name and an empty
// extension of that number, in records of ten bytes.
func clientHelloRecord(name string, extension uint16) []byte {
	n := byte(len(name))
	list := append([]byte{0, 0, 0, n + 5, 0, n + 3, 0, 0, n}, name...)
	list = append(list, byte(extension>>8), byte(extension), 0, 0)
	body := append(append([]byte{3, 3}, make([]byte, 32)...), 0, 0, 2, 0x13, 0x01, 1, 0, 0, byte(len(list)))
	body = append(body, list...)
	message := append([]byte{clientHelloType, 0, 0, byte(len(body))}, body...)
	var records []byte
	for piece := range slices.Chunk(message, 10) {
		records = append(append(records, recordHandshake, 3, 1, 0, byte(len(piece))), piece...)
	}
	return records
}

func TestTunnelNotTLS(t *testing.T) {
	const toOrigin, toClient = tunnel.ToOrigin, tunnel.ToClient
	hello := string(clientHelloRecord("a", 1))
	for name, segments := range map[string][]segment{
		"HTTP":                     {{toOrigin, "GET / HTTP/1.1\r\n\r\n"}},
		"SSH":                      {{toClient, "SSH-2.0-x\r\n"}},
		"answered in plain":        {{toOrigin, hello}, {toClient, "HTTP/1.1 400 Bad Request\r\n"}},
		"record too long":          {{toOrigin, "\x16\x03\x01\xff\xff"}},
		"another handshake":        {{toOrigin, "\x16\x03\x01\x00\x04\x0b\x00\x00\x00"}},
		"hello too long":           {{toOrigin, "\x16\x03\x01\x00\x04\x01\xff\xff\xff"}},
		"hello cut short":          {{toOrigin, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"}},
		"answer cut short":         {{toOrigin, hello}, {toClient, "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x03"}},
		"out of step after hellos": append(readTranscript(t, "testdata/tunnels/tls13-http1.txt")[:4], segment{toClient, "\x00"}),
	} {
		got := observe(segments, whole)
		if got.tls || !got.complete || got.turns || got.records != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestTunnelConcurrently feeds both directions at once, as a relay does; the
// race detector looks on.
func TestTunnelConcurrently(t *testing.T) {
	segments := readTranscript(t, "testdata/tunnels/tls12-h2.txt")
	o := NewTunnel()
	var counts [2]int
	var wg sync.WaitGroup
	for _, dir := range []tunnel.Direction{tunnel.ToOrigin, tunnel.ToClient} {
		wg.Go(func() {
			for _, s := range segments {
				if s.dir == dir {
					counts[dir] += o.Feed(dir, []byte(s.bytes), nil)
					o.Info()
					o.NewTurn()
				}
			}
		})
	}
	wg.Wait()
	if !o.TLS() || counts[tunnel.ToOrigin]+counts[tunnel.ToClient] == 0 {
		t.Errorf("TLS %v, records %v", o.TLS(), counts)
	}
}
