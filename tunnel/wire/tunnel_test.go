package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// segment is what one read of one direction returned.
type segment struct {
	dir   tunnel.Direction
	bytes string
}

// transcript is what went through a tunnel, in the order in which it was passed
// on.
type transcript struct {
	mu       sync.Mutex
	segments []segment
}

// tap is one end of an in-memory connection that writes down what it sends.
type tapped struct {
	net.Conn
	dir tunnel.Direction
	log *transcript
}

func (c tapped) Write(p []byte) (int, error) {
	c.log.mu.Lock()
	c.log.segments = append(c.log.segments, segment{c.dir, string(p)})
	c.log.mu.Unlock()
	return c.Conn.Write(p)
}

// pair returns the two ends of a TLS connection, not yet shaken hands.
func pair(t testing.TB, client, server *tls.Config) (*tls.Conn, *tls.Conn, *transcript) {
	t.Helper()
	log := new(transcript)
	near, far := bufferedPipe()
	c, s := tls.Client(tapped{near, tunnel.ToOrigin, log}, client), tls.Server(tapped{far, tunnel.ToClient, log}, server)
	t.Cleanup(func() { near.Close(); far.Close() })
	return c, s, log
}

// bufferedPipe is net.Pipe with room between the ends, so that both may write
// at once, as TLS stacks do at the end of a handshake.
func bufferedPipe() (net.Conn, net.Conn) {
	a, a2 := net.Pipe()
	b, b2 := net.Pipe()
	go pump(a2, b2)
	go pump(b2, a2)
	return a, b
}

func pump(dst, src net.Conn) {
	queue := make(chan []byte, 1024)
	go func() {
		for p := range queue {
			dst.Write(p)
		}
		dst.Close()
	}()
	defer close(queue)
	for {
		p := make([]byte, 32<<10)
		n, err := src.Read(p)
		if err != nil {
			return
		}
		queue <- p[:n]
	}
}

var identity = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"origin.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(cryptorand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

// talk plays a script over a new connection: each line is a request's size and
// the sizes of the response's writes.
func talk(t testing.TB, client, server *tls.Config, script [][]int) []segment {
	t.Helper()
	c, s, log := pair(t, client, server)
	go func() {
		defer s.CloseWrite()
		for _, turn := range script {
			if _, err := io.ReadFull(s, make([]byte, turn[0])); err != nil {
				return
			}
			for _, n := range turn[1:] {
				s.Write(make([]byte, n))
			}
		}
	}()
	for _, turn := range script {
		if _, err := c.Write(make([]byte, turn[0])); err != nil {
			t.Fatalf("write request: %v", err)
		}
		total := 0
		for _, n := range turn[1:] {
			total += n
		}
		if _, err := io.ReadFull(c, make([]byte, total)); err != nil {
			t.Fatalf("read response: %v", err)
		}
	}
	io.Copy(io.Discard, c)
	c.CloseWrite()
	return slices.Clone(log.segments)
}

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
