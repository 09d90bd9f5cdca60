package plot

import (
	"math/rand/v2"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

func seriesOf(ex *tunnel.Exchange, elapsed time.Duration) *Series {
	s := &Series{}
	s.Set(ex, verdict.Assess(ex), elapsed)
	return s
}

// anyExchange makes arrivals without any rule: bursts at one instant, long gaps,
// client-limited chunks.
func anyExchange(random *rand.Rand) *tunnel.Exchange {
	ex := &tunnel.Exchange{ID: "any", ReadsPerChunk: 1, End: tunnel.Complete}
	at := time.Duration(random.IntN(1_000_000))
	for range 1 + random.IntN(400) {
		c := tunnel.Chunk{At: at, Bytes: int32(random.IntN(5000)), Units: int32(random.IntN(3))}
		if random.IntN(10) == 0 {
			c.Blocked = 20 * time.Millisecond
		}
		ex.Chunks = append(ex.Chunks, c)
		at += time.Duration(random.ExpFloat64() * float64([]time.Duration{0, time.Microsecond, time.Millisecond, time.Second}[random.IntN(4)]))
	}
	return tunneltest.Summed(ex)
}

// TestColumnsLoseNothing asks that each chunk of a view lies in exactly the column
// of its time, so that a column's first and last sum are the lowest and highest
// in it, and that a gap of two columns leaves one empty.
func TestColumnsLoseNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 889))
	for range 500 {
		s := seriesOf(anyExchange(random), 0)
		v := View{0, s.elapsed}
		if random.IntN(2) == 0 {
			v = v.Zoom(random.Float64(), random.Float64(), v)
		}
		n := 1 + random.IntN(1200)
		columns := s.divide(nil, v, n)
		if len(columns) != n {
			t.Fatalf("%d columns, want %d", len(columns), n)
		}
		next := s.from(0, v.From)
		for k, c := range columns {
			if c.from != next || c.to < c.from {
				t.Fatalf("column %d holds %d to %d, want it to begin with %d", k, c.from, c.to, next)
			}
			for i := c.from; i < c.to; i++ {
				if at := s.chunks[i].At; at < v.At(float64(k)/float64(n)) || k < n-1 && at >= v.At(float64(k+1)/float64(n)) {
					t.Fatalf("column %d of %d of %v holds a chunk at %v", k, n, v, at)
				}
			}
			next = c.to
		}
		if want := s.from(0, v.To+1); next != want {
			t.Fatalf("columns end with chunk %d, want %d", next, want)
		}
		checkGaps(t, s, v, columns)
		checkSparse(t, s, v, columns)
	}
}

func checkGaps(t *testing.T, s *Series, v View, columns []column) {
	t.Helper()
	width := v.Span()/time.Duration(len(columns)) + 1
	for i := 1; i < len(s.chunks); i++ {
		from, to := s.chunks[i-1].At, s.chunks[i].At
		if from < v.From || to > v.To || to-from <= 2*width {
			continue
		}
		empty := false
		for k, c := range columns {
			middle := v.At((float64(k) + 0.5) / float64(len(columns)))
			empty = empty || c.from == c.to && middle > from && middle < to
		}
		if !empty {
			t.Fatalf("the gap from %v to %v shows in none of %d columns of %v", from, to, len(columns), v)
		}
	}
}

// checkSparse asks that the quick way of strips finds the same chunks.
func checkSparse(t *testing.T, s *Series, v View, columns []column) {
	t.Helper()
	next := s.from(0, v.From)
	for _, c := range columnsOf(nil, s.chunks, v, len(columns)) {
		if c.from != next || c.to <= c.from {
			t.Fatalf("a column holds %d to %d, want it to begin with %d", c.from, c.to, next)
		}
		next = c.to
	}
	if want := s.from(0, v.To+1); next != want {
		t.Fatalf("sparse columns end with chunk %d, want %d", next, want)
	}
}

func TestNearestIsWhatALookAtAllFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 889))
	for range 300 {
		s := seriesOf(anyExchange(random), 0)
		for range 50 {
			at := time.Duration(random.Int64N(int64(s.elapsed)+1000)) - 500
			best := 0
			for i, c := range s.chunks {
				if (c.At - at).Abs() < (s.chunks[best].At - at).Abs() {
					best = i
				}
			}
			if got := s.Nearest(at); got != best {
				t.Fatalf("nearest to %v: chunk %d at %v, want %d at %v", at, got, s.chunks[got].At, best, s.chunks[best].At)
			}
		}
	}
}

func TestNearestOfNone(t *testing.T) {
	if got := new(Series).Nearest(time.Second); got != -1 {
		t.Errorf("nearest of no chunk: %d, want -1", got)
	}
}

func TestArrival(t *testing.T) {
	ex := &tunnel.Exchange{ReadsPerChunk: 4, End: tunnel.Complete, Chunks: []tunnel.Chunk{
		{At: 100 * time.Millisecond, Bytes: 10, Units: 1, Blocked: 6 * time.Millisecond}, {At: 250 * time.Millisecond, Bytes: 20, Units: 2},
	}}
	ex.Phases.Set(tunnel.Sent, 40*time.Millisecond)
	ex.Totals = tunnel.Totals{Reads: 7, Bytes: 30, Units: 3}
	s := seriesOf(ex, 0)
	first, second := s.Arrival(0), s.Arrival(1)
	if first.Gap != 60*time.Millisecond || first.First != 1 || first.Last != 4 || first.Slow {
		t.Errorf("first arrival: %+v", first)
	}
	if second.Gap != 150*time.Millisecond || second.First != 5 || second.Last != 7 || second.TotalBytes != 30 || second.TotalUnits != 3 || !second.Slow {
		t.Errorf("second arrival: %+v", second)
	}
}

func TestChunksOutOfOrderAreSorted(t *testing.T) {
	ex := &tunnel.Exchange{End: tunnel.Complete, Chunks: []tunnel.Chunk{{At: 3, Bytes: 3}, {At: 1, Bytes: 1}, {At: 2, Bytes: 2}}}
	s := seriesOf(ex, 0)
	if got := s.bytes[2]; got != 3 || ex.Chunks[0].At != 3 {
		t.Errorf("sum of the first two in time: %d, want 3; the exchange's own first at %v, want 3ns", got, ex.Chunks[0].At)
	}
}

// TestSilencesAreTheVerdicts asks that the graph marks the silences that the
// verdict counts, and the one that goes on.
func TestSilencesAreTheVerdicts(t *testing.T) {
	ex := tunneltest.Paused(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 20, 4*time.Second)
	v := verdict.Assess(ex)
	s := seriesOf(ex, 0)
	if v.Stalls != 1 || len(s.silences) != v.Stalls || s.silences[0].To-s.silences[0].From != v.LongestGap {
		t.Errorf("silences %v, want the %d of the verdict, %v long", s.silences, v.Stalls, v.LongestGap)
	}
	running := tunneltest.Until(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 2*time.Second)
	if s := seriesOf(running, 3*time.Second); len(s.silences) != 0 {
		t.Errorf("a second without an arrival: silences %v, want none", s.silences)
	}
	if s := seriesOf(running, 9*time.Second); len(s.silences) != 1 || s.silences[0].To != 9*time.Second {
		t.Errorf("seven seconds without an arrival: silences %v, want one until now", s.silences)
	}
}

// TestSilenceBeforeTheEnd asks that a stream that fell silent until somebody gave
// up shows it, and that a tunnel which was merely kept open does not.
func TestSilenceBeforeTheEnd(t *testing.T) {
	ex := tunneltest.Until(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 2*time.Second)
	ex.End = tunnel.ClientClosed
	ex.Phases.Set(tunnel.Ended, time.Minute)
	if s := seriesOf(ex, 0); len(s.silences) != 1 || s.silences[0].To != time.Minute {
		t.Errorf("silences %v, want one until the end", s.silences)
	}
	ex.Kind = tunnel.KindTunnel
	if s := seriesOf(ex, 0); len(s.silences) != 0 || s.Whole().To > 3*time.Second {
		t.Errorf("a tunnel kept open: silences %v, view %v", s.silences, s.Whole())
	}
}

func TestWhole(t *testing.T) {
	ended := seriesOf(tunneltest.Arrivals(10, time.Second, time.Second, 10), 0).Whole()
	if ended.From != 0 || ended.To < 10*time.Second || ended.To > 11*time.Second {
		t.Errorf("view of a stream of ten seconds: %v", ended)
	}
	running := tunneltest.Until(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 2*time.Second)
	if a, b := seriesOf(running, 2100*time.Millisecond).Whole(), seriesOf(running, 2900*time.Millisecond).Whole(); a != b || a.To != 3*time.Second {
		t.Errorf("views of a running stream: %v and %v, want both to 3s", a, b)
	}
}
