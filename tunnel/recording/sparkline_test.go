package recording

import (
	"testing"
	"time"
	"unicode/utf8"

	"streamgauge/tunnel"
)

// arriving is a finished exchange whose chunks arrive as given.
func arriving(chunks ...tunnel.Chunk) *tunnel.Exchange {
	return &tunnel.Exchange{Kind: tunnel.KindHTTP, Chunks: chunks, End: tunnel.Complete, Totals: sum(chunks)}
}

// every returns n chunks of one unit and 40 bytes, spaced by gap, the first at first.
func every(first, gap time.Duration, n int) []tunnel.Chunk {
	var chunks []tunnel.Chunk
	for i := range n {
		chunks = append(chunks, tunnel.Chunk{At: first + time.Duration(i)*gap, Bytes: 40, Units: 1})
	}
	return chunks
}

func TestSparkline(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name string
		ex   *tunnel.Exchange
		span time.Duration
		want string
	}{
		{"steady", arriving(every(s/2, s/2, 20)...), 10 * s, "████████████████████"},
		{"slow ticks after a wait", arriving(every(2*s, 2*s, 5)...), 10 * s, "···█   █   █   █   █"},
		{"lump at the end", arriving(tunnel.Chunk{At: 10 * s, Bytes: 400, Units: 10}), 10 * s, "···················█"},
		{"lump at once", arriving(tunnel.Chunk{At: s / 4, Bytes: 400, Units: 10}), s / 4, "···················█"},
		{"silence after a few", arriving(every(s/2, s/2, 4)...), 10 * s, "████                "},
		{"no body", arriving(), 10 * s, "                    "},
		{"by bytes where there are no units", arriving(
			tunnel.Chunk{At: 0, Bytes: 7000},
			tunnel.Chunk{At: 5 * s, Bytes: 3500},
			tunnel.Chunk{At: 9 * s, Bytes: 1},
		), 10 * s, "█        ▅       ▁  "},
		{"part of a unit still shows", arriving(
			tunnel.Chunk{At: s, Bytes: 90_000},
			tunnel.Chunk{At: 9 * s, Bytes: 10, Units: 1},
		), 10 * s, "·▁               █  "},
		{"a century", arriving(
			tunnel.Chunk{At: 876_000 * time.Hour / 2, Bytes: 1, Units: 1},
			tunnel.Chunk{At: 876_000*time.Hour - 1, Bytes: 1, Units: 1},
		), 876_000 * time.Hour, "·········█         █"},
		{"times of a hostile recording", arriving(
			tunnel.Chunk{At: -time.Hour, Bytes: 1}, tunnel.Chunk{At: time.Hour, Bytes: 1},
		), s, "█                  █"},
		{"no time at all", arriving(tunnel.Chunk{Bytes: 1}), 0, "···················█"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Sparkline(c.ex, c.span, 20, true)
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if n := utf8.RuneCountInString(got); n != 20 {
				t.Errorf("takes %d columns, want 20", n)
			}
		})
	}
}

func TestSparklineWhileRunning(t *testing.T) {
	ex := arriving()
	ex.End = tunnel.Running
	if got, want := Sparkline(ex, time.Second, 6, false), "......"; got != want {
		t.Errorf("before the first byte %q, want %q", got, want)
	}
	ex = arriving(every(510*time.Millisecond, time.Millisecond, 2)...)
	ex.End = tunnel.Running
	if got, want := Sparkline(ex, time.Second, 6, false), "...#  "; got != want {
		t.Errorf("silent since half of the time %q, want %q", got, want)
	}
}

func TestSparklineLevels(t *testing.T) {
	var chunks []tunnel.Chunk
	for i := range 8 {
		chunks = append(chunks, tunnel.Chunk{At: time.Duration(i+1) * time.Second, Bytes: int32(1000 * i / 7)})
	}
	for _, c := range []struct {
		unicode bool
		want    string
	}{{true, "▁▂▃▄▅▆▇█"}, {false, "_-=+ox%#"}} {
		if got := Sparkline(arriving(chunks...), 8*time.Second, 8, c.unicode); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestSpanOf(t *testing.T) {
	ex := arriving(every(time.Second, time.Second, 3)...)
	if got, want := spanOf(ex, time.Minute), time.Minute; got != want {
		t.Errorf("of an HTTP exchange %v, want %v: silence before its end counts", got, want)
	}
	ex.Kind = tunnel.KindTunnel
	if got, want := spanOf(ex, time.Minute), 3*time.Second; got != want {
		t.Errorf("of a finished tunnel %v, want %v", got, want)
	}
	ex.End = tunnel.Running
	if got, want := spanOf(ex, time.Minute), time.Minute; got != want {
		t.Errorf("of a running tunnel %v, want %v", got, want)
	}
}

func BenchmarkSparkline(b *testing.B) {
	ex := arriving(every(0, time.Millisecond, 20_000)...)
	b.ReportAllocs()
	for b.Loop() {
		Sparkline(ex, 20*time.Second, 40, true)
	}
}
