package wire

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"os"
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

// tapped is one end of an in-memory connection that writes down what it sends.
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

// readTranscript reads what a relay between a real client and a real server
// saw: a line a read, direction and bytes in base64.
func readTranscript(t testing.TB, file string) (segments []segment) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		dir, text, _ := strings.Cut(lines.Text(), " ")
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(dir) != 1 {
			t.Fatalf("%s: line %.20q is not a segment: %v", file, lines.Text(), err)
		}
		segments = append(segments, segment{tunnel.Direction(dir[0] - '0'), string(b)})
	}
	return segments
}
