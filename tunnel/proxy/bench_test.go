package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elazarl/goproxy"

	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/tunneltest"
)

// The benchmarks here hold the proxy against a relay that only copies and
// against goproxy as it comes, over real sockets in one process. Each runs its
// scenario once: go test -bench . -benchtime 1x ./tunnel/proxy

// peer is a proxy under test. plain returns the address and the first line's
// target prefix for plain requests to origin.
type peer struct {
	name  string
	start func(b *testing.B, origin string) (addr string, j *journal.Journal)
}

var peers = []peer{
	{"relay", func(b *testing.B, origin string) (string, *journal.Journal) { return startRelay(b, origin), nil }},
	{"goproxy", func(b *testing.B, _ string) (string, *journal.Journal) { return startGoproxy(b), nil }},
	{"streamgauge", func(b *testing.B, _ string) (string, *journal.Journal) { return startOurs(b) }},
}

func listen(b *testing.B) net.Listener {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	return ln
}

// startRelay copies every connection to origin, whatever it says.
func startRelay(b *testing.B, origin string) string {
	ln := listen(b)
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go relayTo(client, origin)
		}
	}()
	return ln.Addr().String()
}

func relayTo(client net.Conn, origin string) {
	server, err := net.Dial("tcp", origin)
	if err != nil {
		client.Close()
		return
	}
	pump := func(dst, src net.Conn) {
		_, _ = io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, 32<<10))
		_ = dst.(*net.TCPConn).CloseWrite()
	}
	var both sync.WaitGroup
	both.Go(func() { pump(server, client) })
	both.Go(func() { pump(client, server) })
	both.Wait()
	client.Close()
	server.Close()
}

func startGoproxy(b *testing.B) string {
	ln := listen(b)
	p := goproxy.NewProxyHttpServer()
	p.Tr = &http.Transport{}
	p.ConnectDial = nil
	server := &http.Server{Handler: p, ErrorLog: nil}
	go func() { _ = server.Serve(ln) }()
	b.Cleanup(func() { server.Close() })
	return ln.Addr().String()
}

func startOurs(b *testing.B) (string, *journal.Journal) { return startTrusting(b, nil) }

func startTrusting(b *testing.B, roots *x509.CertPool) (string, *journal.Journal) {
	ln := listen(b)
	j := journal.New(journal.Limits{Exchanges: 20000})
	p, err := New(Config{Recorder: j, RootCAs: roots})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, ln) }()
	b.Cleanup(func() {
		cancel()
		<-done
	})
	return ln.Addr().String(), j
}

// began is the clock of the scenarios: events carry the time since then.
var began = time.Now()

const eventBytes = 64

// ticker is an origin that sends, on every connection, events a fixed time
// apart that say when they were written, in wire chunks of a response without
// end; or n events, if n is positive.
type ticker struct {
	every time.Duration
	n     int
	done  sync.WaitGroup // streams under way
	mu    sync.Mutex
	sent  map[string][]time.Duration // by path
}

func (o *ticker) serve(b *testing.B) string { return o.serveOn(listen(b)) }

func (o *ticker) serveOn(ln net.Listener) string {
	o.sent = map[string][]time.Duration{}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			o.done.Go(func() { o.stream(c) })
		}
	}()
	return ln.Addr().String()
}

func (o *ticker) stream(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 1024)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
		return
	}
	var sent []time.Duration
	event := fmt.Appendf(nil, "%x\r\n%s\r\n", eventBytes, strings.Repeat("x", eventBytes))
	offset := len(fmt.Sprintf("%x\r\n", eventBytes))
	// Streams are spread over the interval.
	h := uint32(len(req.URL.Path))
	for _, ch := range req.URL.Path {
		h = h*31 + uint32(ch)
	}
	time.Sleep(time.Duration(h) % o.every)
	for range o.n {
		now := time.Since(began)
		binary.BigEndian.PutUint64(event[offset:], uint64(now))
		if _, err := c.Write(event); err != nil {
			return
		}
		sent = append(sent, time.Since(began))
		time.Sleep(o.every)
	}
	_, _ = io.WriteString(c, "0\r\n\r\n")
	o.mu.Lock()
	o.sent[req.URL.Path] = sent
	o.mu.Unlock()
}

// readEvents asks addr for target and returns how late each event was.
func readEvents(addr, target string) ([]time.Duration, int, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, 0, err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, addr)
	r := bufio.NewReaderSize(c, 1024)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, 0, err
	}
	var late []time.Duration
	glued := 0
	event := make([]byte, eventBytes)
	for {
		if _, err := io.ReadFull(resp.Body, event); err != nil {
			return late, glued, nil
		}
		late = append(late, time.Since(began)-time.Duration(binary.BigEndian.Uint64(event)))
		if r.Buffered() >= eventBytes {
			glued++
		}
	}
}

func percentile(d []time.Duration, p float64) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[min(int(p*float64(len(d))), len(d)-1)].Microseconds())
}

// BenchmarkEventLatency measures how late events reach the client.
func BenchmarkEventLatency(b *testing.B) {
	for _, load := range []struct {
		streams, events int
		every           time.Duration
	}{{1, 60, 50 * time.Millisecond}, {100, 60, 50 * time.Millisecond}, {1000, 6, 500 * time.Millisecond}} {
		for _, p := range peers {
			b.Run(fmt.Sprintf("%d/%s", load.streams, p.name), func(b *testing.B) {
				for range b.N {
					o := &ticker{every: load.every, n: load.events}
					origin := o.serve(b)
					addr, j := p.start(b, origin)
					late, glued := runStreams(b, addr, "http://"+origin, load.streams)
					if len(late) != load.streams*load.events {
						b.Fatalf("%d events, want %d", len(late), load.streams*load.events)
					}
					b.ReportMetric(percentile(late, .5), "p50-µs")
					b.ReportMetric(percentile(late, .99), "p99-µs")
					b.ReportMetric(float64(glued), "glued")
					if j != nil {
						reportStampError(b, o, j)
					}
				}
			})
		}
	}
}

// BenchmarkGatewayLatency does the same through the gateway, from an origin with
// TLS.
func BenchmarkGatewayLatency(b *testing.B) {
	certificate, roots, err := tunneltest.NewCertificate("127.0.0.1")
	if err != nil {
		b.Fatal(err)
	}
	for _, streams := range []int{1, 100} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			for range b.N {
				o := &ticker{every: 50 * time.Millisecond, n: 60}
				origin := o.serveOn(tls.NewListener(listen(b), &tls.Config{Certificates: []tls.Certificate{certificate}}))
				addr, j := startTrusting(b, roots)
				late, glued := runStreams(b, addr, "/https/"+origin, streams)
				if len(late) != streams*o.n {
					b.Fatalf("%d events, want %d", len(late), streams*o.n)
				}
				b.ReportMetric(percentile(late, .5), "p50-µs")
				b.ReportMetric(percentile(late, .99), "p99-µs")
				b.ReportMetric(float64(glued), "glued")
				reportStampError(b, o, j)
			}
		})
	}
}

func runStreams(b *testing.B, addr, base string, n int) (late []time.Duration, glued int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			l, g, err := readEvents(addr, fmt.Sprintf("%s/s%d", base, i))
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			late, glued = append(late, l...), glued+g
			mu.Unlock()
		})
	}
	all.Wait()
	return late, glued
}

// reportStampError compares what was recorded with when the origin's write
// returned, which on loopback is when the bytes had arrived.
func reportStampError(b *testing.B, o *ticker, j *journal.Journal) {
	o.done.Wait()
	var off []time.Duration
	for _, summary := range j.Snapshot() {
		ex, _ := j.Exchange(summary.ID)
		_, path, _ := strings.Cut(ex.URL, "/s")
		sent := o.sent["/s"+path]
		if len(ex.Chunks) != len(sent) {
			b.Errorf("%s: %d chunks recorded, %d sent", ex.URL, len(ex.Chunks), len(sent))
			continue
		}
		for i, c := range ex.Chunks {
			off = append(off, (ex.Start.Sub(began) + c.At - sent[i]).Abs())
		}
	}
	b.ReportMetric(percentile(off, .5), "stamp-p50-µs")
	b.ReportMetric(percentile(off, .99), "stamp-p99-µs")
}

// BenchmarkKeepAlive measures small requests a second over kept connections.
func BenchmarkKeepAlive(b *testing.B) {
	const clients, perClient = 32, 600
	origin := startFiles(b)
	for _, p := range peers {
		b.Run(p.name, func(b *testing.B) {
			for range b.N {
				addr, _ := p.start(b, origin)
				start := time.Now()
				var all sync.WaitGroup
				for range clients {
					all.Go(func() {
						if err := getMany(addr, origin, "/small", perClient); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
				b.ReportMetric(clients*perClient/time.Since(start).Seconds(), "req/s")
			}
		})
	}
}

func getMany(addr, origin, path string, n int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for range n {
		fmt.Fprintf(c, "GET http://%s%s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", origin, path)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
	}
	return nil
}

const bulkBytes = 1 << 30

// startFiles serves /small (100 bytes), /bulk with a length, /chunked without.
func startFiles(b *testing.B) string {
	ln := listen(b)
	block := make([]byte, 256<<10)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/small":
			_, _ = w.Write(block[:100])
			return
		case "/bulk":
			w.Header().Set("Content-Length", fmt.Sprint(bulkBytes))
		}
		for range bulkBytes / len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})}
	go func() { _ = server.Serve(ln) }()
	b.Cleanup(func() { server.Close() })
	return ln.Addr().String()
}

// BenchmarkBulk measures one download in MiB/s and the processor time of all
// parties together.
func BenchmarkBulk(b *testing.B) {
	origin := startFiles(b)
	for _, path := range []string{"/bulk", "/chunked"} {
		for _, p := range peers {
			b.Run(path[1:]+"/"+p.name, func(b *testing.B) {
				for range b.N {
					addr, _ := p.start(b, origin)
					before, start := cpuTime(), time.Now()
					if err := getMany(addr, origin, path, 1); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(bulkBytes/(1<<20)/time.Since(start).Seconds(), "MiB/s")
					b.ReportMetric((cpuTime() - before).Seconds(), "cpu-s/GiB")
				}
			})
		}
	}
}

// BenchmarkOpenStreams measures what an open stream holds while it waits.
func BenchmarkOpenStreams(b *testing.B) {
	const n = 1000
	for _, tunnelled := range []bool{false, true} {
		for _, p := range peers {
			b.Run(fmt.Sprintf("tunnelled=%v/%s", tunnelled, p.name), func(b *testing.B) {
				for range b.N {
					measureOpen(b, p, n, tunnelled)
				}
			})
		}
	}
}

// measureOpen opens n streams whose ends outside the proxy are bare sockets,
// and reports what the process gained for each, less what those ends cost.
func measureOpen(b *testing.B, p peer, n int, tunnelled bool) {
	accepted := make(chan net.Conn, n)
	ln := listen(b)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	origin := ln.Addr().String()
	addr, _ := p.start(b, origin)
	conns := make([]net.Conn, 0, 2*n)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	before, files := heldMemory(), openFiles()
	request := "GET http://" + origin + "/ HTTP/1.1\r\nHost: o\r\n\r\n"
	if tunnelled && p.name != "relay" {
		request = "CONNECT " + origin + " HTTP/1.1\r\nHost: o\r\n\r\n"
	}
	scratch := make([]byte, 4096)
	for range n {
		client, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.WriteString(client, request)
		server := <-accepted
		if !tunnelled {
			_, _ = server.Read(scratch)
			_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")
			_, _ = client.Read(scratch)
		} else if p.name != "relay" {
			_, _ = client.Read(scratch)
		}
		conns = append(conns, client, server)
	}
	ends := 2 * 600.0 // bytes of two bare net.TCPConn, measured apart
	b.ReportMetric(float64(heldMemory()-before)/float64(n)-ends, "B/stream")
	b.ReportMetric(float64(openFiles()-files)/float64(n)-2, "fds/stream")
}

func heldMemory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
