//go:build unix

package relay

import (
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

// The benchmarks compare three ways in one run: no relay at all, a bare one
// that lets the kernel splice and sees nothing, and ours.

type way struct {
	name string
	// join connects two accepted connections and returns when both are done.
	join func(b *testing.B, client, origin *net.TCPConn)
}

var ways = []way{
	{"none", nil},
	{"bare", func(_ *testing.B, client, origin *net.TCPConn) {
		var other sync.WaitGroup
		other.Go(func() {
			_, _ = io.Copy(origin, client)
			_ = origin.CloseWrite()
		})
		_, _ = io.Copy(client, origin)
		_ = client.CloseWrite()
		other.Wait()
		_ = client.Close()
		_ = origin.Close()
	}},
	{"ours", func(b *testing.B, client, origin *net.TCPConn) {
		live := tunnel.NewLive(tunnel.Exchange{}, tunnel.Limits{Chunks: 20_000, Units: 5_000}, nil)
		_, _ = Run(b.Context(), client, origin, nil, live, Config{})
	}},
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

// BenchmarkBulk moves 256 MiB an iteration and prints, beside the rates, ours
// against the bare relay's: throughput, and CPU beyond what the two ends need.
func BenchmarkBulk(b *testing.B) {
	const size = 256 << 20
	ln := listen(b)
	var took, used [3]time.Duration
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
		b.ReportMetric(used[i].Seconds()/gib, w.name+"-cpu-s/GiB")
	}
	b.ReportMetric(took[1].Seconds()/took[2].Seconds(), "rate-vs-bare")
	b.ReportMetric((used[2]-used[0]).Seconds()/(used[1]-used[0]).Seconds(), "cpu-vs-bare")
	b.ReportMetric(0, "ns/op")
}

func bulk(b *testing.B, w way, ln *net.TCPListener, size int64) {
	var wg sync.WaitGroup
	client, origin := w.path(b, ln, &wg)
	wg.Go(func() {
		piece := make([]byte, 128<<10)
		for sent := int64(0); sent < size; sent += int64(len(piece)) {
			if _, err := origin.Write(piece); err != nil {
				b.Error(err)
				return
			}
		}
		_ = origin.Close()
	})
	piece := make([]byte, 128<<10)
	got := int64(0)
	for {
		n, err := client.Read(piece)
		got += int64(n)
		if err != nil {
			break
		}
	}
	_ = client.Close()
	wg.Wait()
	if got != size {
		b.Errorf("%s: %d bytes arrived, want %d", w.name, got, size)
	}
}

// BenchmarkLatency sends events of 100 bytes, 2,000 a second over all streams,
// and prints how long they take from end to end.
func BenchmarkLatency(b *testing.B) {
	for _, streams := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			ln := listen(b)
			var delays [3][]time.Duration
			for b.Loop() {
				for i, w := range ways {
					delays[i] = append(delays[i], latency(b, w, ln, streams)...)
				}
			}
			for i, w := range ways {
				slices.Sort(delays[i])
				b.ReportMetric(at(delays[i], 0.50), w.name+"-p50-µs")
				b.ReportMetric(at(delays[i], 0.99), w.name+"-p99-µs")
			}
			b.ReportMetric(at(delays[2], 0.5)/at(delays[1], 0.5), "p50-vs-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func at(sorted []time.Duration, q float64) float64 {
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1e3
}

const eventSize = 100 // bytes

// latency runs one second of events through fresh streams.
func latency(b *testing.B, w way, ln *net.TCPListener, streams int) []time.Duration {
	const lasts = time.Second
	period := max(time.Duration(streams)*time.Second/2000, 2*time.Millisecond)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
	epoch := time.Now()
	for i := range streams {
		client, origin := w.path(b, ln, &wg)
		wg.Go(func() {
			defer origin.Close()
			event := make([]byte, eventSize)
			first := period * time.Duration(i) / time.Duration(streams)
			time.Sleep(300*time.Millisecond + first)
			for n := range int(lasts / period) {
				binary.BigEndian.PutUint64(event, uint64(time.Since(epoch)))
				if _, err := origin.Write(event); err != nil {
					b.Error(err)
					return
				}
				_ = n
				time.Sleep(period)
			}
		})
		wg.Go(func() {
			defer client.Close()
			var mine []time.Duration
			event := make([]byte, eventSize)
			for {
				if _, err := io.ReadFull(client, event); err != nil {
					break
				}
				mine = append(mine, time.Since(epoch)-time.Duration(binary.BigEndian.Uint64(event)))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return all
}

// BenchmarkOpen prints what an open, idle tunnel costs this process beyond the
// two far ends: bytes of heap and stacks, and descriptors.
func BenchmarkOpen(b *testing.B) {
	for _, tunnels := range []int{1000, 5000} {
		b.Run(fmt.Sprintf("tunnels=%d", tunnels), func(b *testing.B) {
			raiseLimit(b, 4*tunnels+100)
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
		client, origin := ways[2].path(b, ln, &wg)
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
