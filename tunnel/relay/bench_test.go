//go:build unix

package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// The benchmarks compare four ways in one run: no relay at all, one that lets
// the kernel splice and so sees nothing, one that copies blindly, and ours.

type way struct {
	name string
	// join connects two accepted connections and returns when both are done.
	join func(b *testing.B, client, origin *net.TCPConn)
}

const (
	none = iota
	spliced
	copied
	ours
)

var ways = [...]way{
	none: {"none", nil},
	spliced: {"spliced", func(_ *testing.B, client, origin *net.TCPConn) {
		join(client, origin, func(dst, src *net.TCPConn) { _, _ = io.Copy(dst, src) })
	}},
	copied: {"copied", func(_ *testing.B, client, origin *net.TCPConn) {
		join(client, origin, func(dst, src *net.TCPConn) {
			// Without their ReadFrom and WriteTo.
			_, _ = io.Copy(struct{ io.Writer }{dst}, struct{ io.Reader }{src})
		})
	}},
	ours: {"ours", func(b *testing.B, client, origin *net.TCPConn) {
		live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 20_000, Units: 5_000}, nil)
		_, _ = Run(b.Context(), client, origin, nil, live, Config{})
	}},
}

func join(client, origin *net.TCPConn, pass func(dst, src *net.TCPConn)) {
	var other sync.WaitGroup
	other.Go(func() {
		pass(origin, client)
		_ = origin.CloseWrite()
	})
	pass(client, origin)
	_ = client.CloseWrite()
	other.Wait()
	_ = client.Close()
	_ = origin.Close()
}

// tcpPair returns both ends of a loopback connection.
func tcpPair(tb testing.TB, ln *net.TCPListener) (dialled, accepted *net.TCPConn) {
	tb.Helper()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	accepted, err = ln.AcceptTCP()
	if err != nil {
		tb.Fatal(err)
	}
	return conn.(*net.TCPConn), accepted
}

func listen(tb testing.TB) *net.TCPListener {
	tb.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ln.Close() })
	return ln
}

// path builds client ── way ── origin and returns the far ends.
func (w way) path(b *testing.B, ln *net.TCPListener, wg *sync.WaitGroup) (client, origin *net.TCPConn) {
	client, near := tcpPair(b, ln)
	if w.join == nil {
		return client, near
	}
	far, origin := tcpPair(b, ln)
	wg.Go(func() { w.join(b, near, far) })
	return client, origin
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBulk moves 256 MiB of TLS records an iteration and prints, beside
// the rates, ours against the others: throughput, and CPU beyond what the two
// ends need.
func BenchmarkBulk(b *testing.B) {
	const size = 256 << 20
	ln := listen(b)
	var took, used [len(ways)]time.Duration
	moved := 0
	for b.Loop() {
		for i, w := range ways {
			start, before := time.Now(), cpu()
			bulk(b, w, ln, size)
			took[i] += time.Since(start)
			used[i] += cpu() - before
		}
		moved += size
	}
	gib := float64(moved) / (1 << 30)
	for i, w := range ways {
		b.ReportMetric(gib*1024/took[i].Seconds(), w.name+"-MiB/s")
		b.ReportMetric((used[i]-used[none]).Seconds()/gib, w.name+"-cpu-s/GiB")
	}
	for _, i := range []int{spliced, copied} {
		b.ReportMetric(took[i].Seconds()/took[ours].Seconds(), "rate-vs-"+ways[i].name)
		b.ReportMetric((used[ours]-used[none]).Seconds()/(used[i]-used[none]).Seconds(), "cpu-vs-"+ways[i].name)
	}
	b.ReportMetric(0, "ns/op")
}

// tlsRecords returns n records of application data of the largest size.
func tlsRecords(n int) []byte {
	record := append([]byte{23, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	return bytes.Repeat(record, n)
}

func bulk(b *testing.B, w way, ln *net.TCPListener, size int) {
	var wg sync.WaitGroup
	client, origin := w.path(b, ln, &wg)
	piece := tlsRecords(8)
	pieces := size / len(piece)
	wg.Go(func() {
		for range pieces {
			if _, err := origin.Write(piece); err != nil {
				b.Error(err)
				return
			}
		}
		_ = origin.Close()
	})
	into := make([]byte, 128<<10)
	got := 0
	for {
		n, err := client.Read(into)
		got += n
		if err != nil {
			break
		}
	}
	_ = client.Close()
	wg.Wait()
	if want := pieces * len(piece); got != want {
		b.Errorf("%s: %d bytes arrived, want %d", w.name, got, want)
	}
}

// BenchmarkLatency sends events of 100 bytes, 500 a second each way over all
// its streams, and prints how long they take from end to end. All ways run at
// the same time, so that what else the machine does weighs on them alike.
func BenchmarkLatency(b *testing.B) {
	for _, streams := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			raiseLimit(b, 14*streams+200)
			ln := listen(b)
			var delays [len(ways)]delays
			for b.Loop() {
				latency(b, ln, streams, &delays)
			}
			for i, w := range ways {
				b.ReportMetric(delays[i].at(0.50), w.name+"-p50-µs")
				b.ReportMetric(delays[i].at(0.99), w.name+"-p99-µs")
			}
			for _, i := range []int{spliced, copied} {
				b.ReportMetric(delays[ours].at(0.5)/delays[i].at(0.5), "p50-vs-"+ways[i].name)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// delays gathers what the streams of one way measured.
type delays struct {
	mu  sync.Mutex
	all []time.Duration
}

// at returns a quantile in microseconds.
func (d *delays) at(q float64) float64 {
	slices.Sort(d.all)
	return float64(d.all[int(q*float64(len(d.all)-1))].Nanoseconds()) / 1e3
}

// latency runs two seconds of events through fresh streams of every way.
func latency(b *testing.B, ln *net.TCPListener, streams int, into *[len(ways)]delays) {
	const lasts = 2 * time.Second
	period := time.Duration(streams) * time.Second / 500
	begin := time.Now().Add(time.Duration(streams) * time.Millisecond)
	var wg sync.WaitGroup
	for i := range streams * len(ways) {
		client, origin := ways[i%len(ways)].path(b, ln, &wg)
		wg.Go(func() {
			offset := period * time.Duration(i) / time.Duration(streams*len(ways))
			time.Sleep(time.Until(begin.Add(offset)))
			sendEvents(b, origin, begin, int(lasts/period), period)
		})
		wg.Go(func() {
			mine := receiveEvents(client, begin)
			d := &into[i%len(ways)]
			d.mu.Lock()
			d.all = append(d.all, mine...)
			d.mu.Unlock()
		})
	}
	wg.Wait()
}

const eventSize = 100 // bytes; the first 8 hold when it was sent

func sendEvents(b *testing.B, conn net.Conn, epoch time.Time, n int, period time.Duration) {
	defer conn.Close()
	event := make([]byte, eventSize)
	for range n {
		binary.BigEndian.PutUint64(event, uint64(time.Since(epoch)))
		if _, err := conn.Write(event); err != nil {
			b.Error(err)
			return
		}
		time.Sleep(period)
	}
}

func receiveEvents(conn net.Conn, epoch time.Time) (took []time.Duration) {
	defer conn.Close()
	event := make([]byte, eventSize)
	for {
		if _, err := io.ReadFull(conn, event); err != nil {
			return took
		}
		took = append(took, time.Since(epoch)-time.Duration(binary.BigEndian.Uint64(event)))
	}
}

// BenchmarkOpen prints what an open, idle tunnel costs this process beyond the
// two far ends: bytes of heap and stacks, and descriptors.
func BenchmarkOpen(b *testing.B) {
	for _, tunnels := range []int{1000, 4500} {
		b.Run(fmt.Sprintf("tunnels=%d", tunnels), func(b *testing.B) {
			raiseLimit(b, 4*tunnels+200)
			for b.Loop() {
				open(b, tunnels)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func open(b *testing.B, tunnels int) {
	ln := listen(b)
	before, files := memory(), descriptors(b)
	var wg sync.WaitGroup
	ends := make([]*net.TCPConn, 0, 2*tunnels)
	for range tunnels {
		client, origin := ways[ours].path(b, ln, &wg)
		ends = append(ends, client, origin)
		exchange(b, client, origin)
	}
	each := float64(memory()-before) / float64(tunnels)
	b.ReportMetric(each, "B/tunnel+ends")
	b.ReportMetric(float64(descriptors(b)-files)/float64(tunnels)-2, "fds/tunnel")
	for _, end := range ends {
		_ = end.Close()
	}
	wg.Wait()
	b.ReportMetric(each-ends2(b, ln, tunnels), "B/tunnel")
}

// ends2 is what the far ends alone cost a tunnel.
func ends2(b *testing.B, ln *net.TCPListener, tunnels int) float64 {
	before := memory()
	ends := make([]*net.TCPConn, 0, 2*tunnels)
	for range tunnels {
		client, origin := tcpPair(b, ln)
		ends = append(ends, client, origin)
		exchange(b, client, origin)
	}
	each := float64(memory()-before) / float64(tunnels)
	for _, end := range ends {
		_ = end.Close()
	}
	return each
}

// exchange makes a tunnel do its usual work once, each way.
func exchange(b *testing.B, client, origin *net.TCPConn) {
	buf := make([]byte, 600)
	for _, pair := range [][2]*net.TCPConn{{client, origin}, {origin, client}} {
		if _, err := pair[0].Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(pair[1], buf); err != nil {
			b.Fatal(err)
		}
	}
}

func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func descriptors(tb testing.TB) int {
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(dir); err == nil {
			return len(entries)
		}
	}
	tb.Skip("no directory of open descriptors")
	return 0
}

func raiseLimit(b *testing.B, need int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || int(limit.Cur) < need {
		b.Skipf("needs %d descriptors, the limit is %d", need, limit.Cur)
	}
}
