package keylog

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/relay"
	"streamgauge/tunnel/tunneltest"
)

// BenchmarkRelay compares a tunnel that is looked into with one that is not, on
// loopback: how long an event takes to its client, and how fast bulk passes.
func BenchmarkRelay(b *testing.B) {
	for _, opened := range []bool{false, true} {
		b.Run(fmt.Sprintf("opened=%v", opened), func(b *testing.B) {
			client, origin, live := through(b, opened)
			exchangeHeads(b, client, origin)
			b.Run("events", func(b *testing.B) { benchmarkEvents(b, client, origin) })
			b.Run("bulk", func(b *testing.B) { benchmarkBulk(b, client, origin) })
			_ = client.Close()
			_ = origin.Close()
			b.Logf("the tunnel's remark: %q", live.Summary().Remark)
		})
	}
}

// through returns the ends of a TLS connection through a relay.
func through(b *testing.B, opened bool) (client, origin *tls.Conn, live *tunnel.Live) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	pair := func() (dialled, accepted net.Conn) {
		dialled, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		if accepted, err = ln.Accept(); err != nil {
			b.Fatal(err)
		}
		return dialled, accepted
	}
	keys, err := os.Create(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	clientEnd, near := pair()
	far, originEnd := pair()
	j := journal.New(journal.Limits{})
	live = j.Begin(tunnel.Exchange{Kind: tunnel.KindTunnel, Host: "secret.test:443"})
	var running sync.WaitGroup
	var cfg relay.Config
	finish := func(tunnel.End) {}
	if opened {
		w := NewOpener(NewFile(keys.Name()), j).Watch(live)
		running.Go(func() { _ = w.Run(b.Context()) })
		cfg.Watcher, finish = w, w.Close
	}
	running.Go(func() {
		end, _ := relay.Run(b.Context(), near, far, nil, live, cfg)
		finish(end)
	})
	b.Cleanup(func() {
		running.Wait()
		keys.Close()
	})
	certificate, pool, err := tunneltest.NewCertificate("secret.test")
	if err != nil {
		b.Fatal(err)
	}
	client = tls.Client(clientEnd, &tls.Config{RootCAs: pool, ServerName: "secret.test", KeyLogWriter: keys})
	origin = tls.Server(originEnd, &tls.Config{Certificates: []tls.Certificate{certificate}})
	shaken := make(chan error, 1)
	go func() { shaken <- origin.Handshake() }()
	if err := client.Handshake(); err != nil {
		b.Fatal(err)
	}
	if err := <-shaken; err != nil {
		b.Fatal(err)
	}
	return client, origin, live
}

// exchangeHeads begins an exchange whose answer never ends.
func exchangeHeads(b *testing.B, client, origin io.ReadWriter) {
	b.Helper()
	const ask, head = "GET / HTTP/1.1\r\nHost: secret.test\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
	for _, one := range []struct {
		from, to io.ReadWriter
		text     string
	}{{client, origin, ask}, {origin, client, head}} {
		if _, err := io.WriteString(one.from, one.text); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(one.to, make([]byte, len(one.text))); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkEvents(b *testing.B, client, origin io.ReadWriter) {
	event := make([]byte, 100)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := origin.Write(event); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(client, event); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		time.Sleep(time.Millisecond)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(0, "ns/op")
}

func benchmarkBulk(b *testing.B, client, origin io.ReadWriter) {
	const size = 8 << 20
	b.SetBytes(size)
	piece := make([]byte, 64<<10)
	for b.Loop() {
		go func() {
			for range size / len(piece) {
				_, _ = origin.Write(piece)
			}
		}()
		if _, err := io.CopyN(io.Discard, client, size); err != nil {
			b.Fatal(err)
		}
	}
}
