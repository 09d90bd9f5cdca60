package tunnel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// reads returns n reads that differ in every field, in order of time.
func reads(n int) []Chunk {
	all := make([]Chunk, n)
	for i := range all {
		all[i] = Chunk{At: time.Duration(i) * ms, Bytes: int32(i + 1), Units: int32(i % 3), Blocked: time.Duration(i)}
	}
	return all
}

// merged is what reads look like with so many in each chunk: the plain
// statement of what Live does step by step.
func merged(reads []Chunk, perChunk int) []Chunk {
	var all []Chunk
	for group := range slices.Chunk(reads, perChunk) {
		c := group[0]
		for _, r := range group[1:] {
			c.Bytes += r.Bytes
			c.Units += r.Units
			c.Blocked += r.Blocked
		}
		all = append(all, c)
	}
	return all
}

func TestChunksMergeInPairs(t *testing.T) {
	for limit := 2; limit <= 9; limit++ {
		for n := range 100 {
			live := NewLive(Exchange{}, Limits{Chunks: limit}, nil)
			all := reads(n)
			for i, c := range all {
				if got := live.Chunk(c); got != int64(i) {
					t.Fatalf("limit %d: ordinal %d, want %d", limit, got, i)
				}
			}
			ex := live.Snapshot()
			if want := merged(all, ex.ReadsPerChunk); !slices.Equal(ex.Chunks, want) {
				t.Fatalf("limit %d, %d reads, %d per chunk:\n%v\nwant\n%v", limit, n, ex.ReadsPerChunk, ex.Chunks, want)
			}
			if len(ex.Chunks) > limit {
				t.Fatalf("limit %d: %d chunks", limit, len(ex.Chunks))
			}
			if n > limit && len(ex.Chunks) < limit/2 {
				t.Fatalf("limit %d: only %d chunks are left of %d reads", limit, len(ex.Chunks), n)
			}
			if n <= limit && ex.ReadsPerChunk != 1 {
				t.Fatalf("limit %d: %d reads were merged without need", limit, n)
			}
		}
	}
}

// TestLateFactsFindTheirChunk gives Blocked and AddUnits after the chunks were
// merged, in any order.
func TestLateFactsFindTheirChunk(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for limit := 2; limit <= 9; limit++ {
		for _, n := range []int{1, limit, limit + 1, 5*limit + 3, 64*limit - 1} {
			live := NewLive(Exchange{}, Limits{Chunks: limit}, nil)
			all := reads(n)
			for _, c := range all {
				live.Chunk(Chunk{At: c.At, Bytes: c.Bytes})
			}
			for _, i := range random.Perm(n) {
				live.Blocked(int64(i), all[i].Blocked)
				live.AddUnits(int64(i), int(all[i].Units))
			}
			ex := live.Snapshot()
			if want := merged(all, ex.ReadsPerChunk); !slices.Equal(ex.Chunks, want) {
				t.Errorf("limit %d, %d reads:\n%v\nwant\n%v", limit, n, ex.Chunks, want)
			}
			var units int64
			var blocked time.Duration
			for _, c := range all {
				units += int64(c.Units)
				blocked += c.Blocked
			}
			if ex.Totals.Units != units || ex.Totals.Blocked != blocked {
				t.Errorf("limit %d: totals %d units, %v blocked: want %d, %v", limit, ex.Totals.Units, ex.Totals.Blocked, units, blocked)
			}
		}
	}
}

func TestLateFactsOfUnknownReads(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 4}, nil)
	live.Chunk(Chunk{Bytes: 1})
	for _, ordinal := range []int64{-1, 1, 1 << 40} {
		live.Blocked(ordinal, ms)
		live.AddUnits(ordinal, 1)
	}
	ex := live.Snapshot()
	if want := []Chunk{{Bytes: 1}}; !slices.Equal(ex.Chunks, want) {
		t.Errorf("chunks = %v, want %v", ex.Chunks, want)
	}
	if ex.Totals.Units != 3 || ex.Totals.Blocked != 3*ms {
		t.Errorf("totals = %+v, want all three counted", ex.Totals)
	}
}

func TestTotalsAreExactWhateverIsKept(t *testing.T) {
	for _, limit := range []int{-1, 0, 2, 7, 1_000} {
		live := NewLive(Exchange{}, Limits{Chunks: limit}, nil)
		var bytes int64
		for i := range 500 {
			at := time.Duration(i) * ms
			if i >= 300 {
				at += 40 * ms // one silence
			}
			live.Chunk(Chunk{At: at, Bytes: math.MaxInt32, Units: 2, Blocked: ms})
			bytes += math.MaxInt32
		}
		live.RequestBytes(10)
		live.RequestBytes(5)
		want := Totals{
			Reads: 500, Bytes: bytes, RequestBytes: 15, Units: 1_000, Blocked: 500 * ms,
			LongestGap: 41 * ms, LongestGapAt: 299 * ms, Last: 539 * ms,
		}
		ex := live.Snapshot()
		if ex.Totals != want {
			t.Errorf("limit %d: totals = %+v, want %+v", limit, ex.Totals, want)
		}
		for i, c := range ex.Chunks {
			if c.Bytes != math.MaxInt32 {
				t.Errorf("limit %d: chunk %d has %d bytes, want the largest number", limit, i, c.Bytes)
			}
		}
	}
}

func TestFirstByteIsMarkedOnce(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 2}, nil)
	live.Chunk(Chunk{At: 7 * ms})
	live.Chunk(Chunk{At: 9 * ms})
	ex := live.Snapshot()
	if at, ok := ex.Phases.At(FirstByte); !ok || at != 7*ms {
		t.Errorf("first byte at %v, %v: want 7ms", at, ok)
	}
}

func TestUnitsAreKeptUpToTheLimit(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 2, Units: 3}, nil)
	for i := range 5 {
		live.Unit(Unit{At: time.Duration(i), Bytes: 1, Kind: NDJSON})
	}
	ex := live.Snapshot()
	if len(ex.Units) != 3 || ex.Units[2].At != 2 || ex.UnitKind != NDJSON || ex.Totals.Units != 0 {
		t.Errorf("units %v, kind %v, total %d: want the first three, ndjson, none counted", ex.Units, ex.UnitKind, ex.Totals.Units)
	}
}

func TestTurns(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 2, Units: 2}, nil)
	live.TurnData(1*ms, 99) // before any request: of no turn
	live.ExtendTurn(1 * ms)
	live.BeginTurn(1 * ms)
	live.ExtendTurn(2 * ms)
	live.TurnData(3*ms, 10)
	live.ExtendTurn(4 * ms) // the response has begun
	live.TurnData(5*ms, 20)
	live.BeginTurn(6 * ms)
	live.BeginTurn(8 * ms) // beyond the limit, and so is what belongs to it
	live.ExtendTurn(8 * ms)
	live.TurnData(9*ms, 40)
	want := []Turn{{Sent: 2 * ms, First: 3 * ms, Last: 5 * ms, Bytes: 30}, {Sent: 6 * ms}}
	if got := live.Snapshot().Turns; !slices.Equal(got, want) {
		t.Errorf("turns = %+v, want %+v", got, want)
	}
}

func TestLimitGivesBack(t *testing.T) {
	for n := range 40 {
		live := NewLive(Exchange{}, Limits{Chunks: 100, Units: 100}, nil)
		all := reads(100)
		for i, c := range all[:n] {
			live.Chunk(c)
			live.Unit(Unit{At: time.Duration(i)})
			live.BeginTurn(time.Duration(i))
		}
		live.Limit(Limits{Chunks: 6, Units: 4})
		if kept, most := live.Kept(), 6+4+4; kept > most {
			t.Errorf("%d slots kept, want at most %d", kept, most)
		}
		live.Limit(Limits{Chunks: 50, Units: 50}) // a bound is only ever lowered
		for i, c := range all[n:] {
			live.Chunk(c)
			live.Unit(Unit{At: time.Duration(n + i)})
		}
		ex := live.Snapshot()
		if want := merged(all, ex.ReadsPerChunk); !slices.Equal(ex.Chunks, want) || len(want) > 6 {
			t.Fatalf("limited after %d reads: %v, want %v", n, ex.Chunks, want)
		}
		if len(ex.Units) != 4 || ex.Units[3].At != 3 {
			t.Errorf("limited after %d units: %v, want the first four", n, ex.Units)
		}
	}
}

func TestLimitEndsTheTurnsThatAreDropped(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 2, Units: 10}, nil)
	live.BeginTurn(1 * ms)
	live.BeginTurn(2 * ms)
	live.Limit(Limits{Units: 1})
	live.TurnData(3*ms, 40)
	if got, want := live.Snapshot().Turns, []Turn{{Sent: 1 * ms}}; !slices.Equal(got, want) {
		t.Errorf("turns = %+v, want %+v", got, want)
	}
}

func TestStartAndFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := NewLive(Exchange{}, Limits{}, nil)
		if !live.Start().Equal(time.Now()) {
			t.Errorf("start = %v, want now", live.Start())
		}
		time.Sleep(3 * time.Second)
		if got := live.Since(); got != 3*time.Second {
			t.Errorf("since = %v, want 3s", got)
		}
		if live.Finished() {
			t.Error("finished before Finish")
		}
		live.Finish(Truncated, "read origin: reset")
		time.Sleep(time.Second)
		live.Finish(Complete, "")
		ex := live.Snapshot()
		if ex.End != Truncated || ex.Error != "read origin: reset" || ex.Duration() != 3*time.Second || !live.Finished() {
			t.Errorf("end %q, error %q, duration %v: want those of the first Finish, at 3s", ex.End, ex.Error, ex.Duration())
		}
		given := time.Now().Add(-time.Minute)
		if got := NewLive(Exchange{Start: given}, Limits{}, nil).Since(); got != time.Minute {
			t.Errorf("since = %v, want a minute: the start was given", got)
		}
	})
}

func TestDurationOfRunning(t *testing.T) {
	live := NewLive(Exchange{}, Limits{}, nil)
	live.Chunk(Chunk{At: 5 * ms})
	ex := live.Snapshot()
	if got := ex.Duration(); got != 5*ms {
		t.Errorf("duration = %v, want 5ms, when the last read came", got)
	}
}

func TestNotify(t *testing.T) {
	var told int
	var live *Live
	live = NewLive(Exchange{}, Limits{Units: 5}, func(l *Live) {
		told++
		if l != live {
			t.Error("told of another exchange")
		}
		l.Summary() // the lock is free
	})
	steps := []struct {
		name string
		do   func()
		want int
	}{
		{"Update", func() { live.Update(func(ex *Exchange) { ex.Status = 200 }) }, 1},
		{"Chunk", func() { live.Chunk(Chunk{}) }, 1},
		{"AddUnits", func() { live.AddUnits(0, 2) }, 1},
		{"AddUnits of none", func() { live.AddUnits(0, 0) }, 0},
		{"Mark", func() { live.Mark(Head, ms) }, 0},
		{"Finish", func() { live.Finish(Complete, "") }, 1},
		{"Finish again", func() { live.Finish(Complete, "") }, 0},
	}
	for _, step := range steps {
		told = 0
		if step.do(); told != step.want {
			t.Errorf("%s told %d times, want %d", step.name, told, step.want)
		}
	}
}

func TestSnapshotIsPrivate(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 4, Units: 4}, nil)
	live.Chunk(Chunk{Bytes: 1})
	live.Unit(Unit{Bytes: 1})
	live.BeginTurn(ms)
	ex := live.Snapshot()
	live.Blocked(0, ms)
	live.TurnData(2*ms, 7)
	if ex.Chunks[0].Blocked != 0 || ex.Turns[0].Bytes != 0 {
		t.Errorf("a snapshot changed after it was taken: %+v", ex)
	}
	ex.Chunks[0].Bytes, ex.Units[0].Bytes = 99, 99
	if again := live.Snapshot(); again.Chunks[0].Bytes != 1 || again.Units[0].Bytes != 1 {
		t.Errorf("changing a snapshot changed the exchange: %+v", again)
	}
	summary := live.Summary()
	if summary.Chunks != nil || summary.Units != nil || summary.Turns != nil || summary.Totals.Reads != 1 {
		t.Errorf("summary = %+v, want the totals alone", summary)
	}
}

// TestLiveConcurrently writes and reads at once; the race detector watches.
func TestLiveConcurrently(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 8, Units: 8}, nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 200 {
				ordinal := live.Chunk(Chunk{At: time.Duration(i), Bytes: 1})
				live.Blocked(ordinal, 1)
				live.AddUnits(ordinal, 1)
				live.Unit(Unit{Kind: SSE})
				live.Limit(Limits{Chunks: 6, Units: 6})
			}
		})
		group.Go(func() {
			for range 200 {
				if ex := live.Snapshot(); len(ex.Chunks) > 8 || len(ex.Units) > 8 {
					t.Errorf("%d chunks, %d units", len(ex.Chunks), len(ex.Units))
				}
				live.Kept()
			}
		})
	}
	group.Wait()
	want := Totals{Reads: 800, Bytes: 800, Units: 800, Blocked: 800}
	got := live.Snapshot().Totals
	got.LongestGap, got.LongestGapAt, got.Last = 0, 0, 0 // as the goroutines happened to run
	if got != want {
		t.Errorf("totals = %+v, want %+v", got, want)
	}
}

func TestChunkDoesNotAllocate(t *testing.T) {
	live := NewLive(Exchange{}, Limits{Chunks: 100}, nil)
	for range 1_000 {
		live.Chunk(Chunk{Bytes: 1})
	}
	if n := testing.AllocsPerRun(1_000, func() { live.Chunk(Chunk{Bytes: 1}) }); n != 0 {
		t.Errorf("%v allocations a chunk once all slots are there, want 0", n)
	}
}

// BenchmarkLiveChunk is one chunk, growth and merging included.
func BenchmarkLiveChunk(b *testing.B) {
	for _, limit := range []int{1_000, 20_000} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			live := NewLive(Exchange{}, Limits{Chunks: limit}, nil)
			b.ReportAllocs()
			var at time.Duration
			for b.Loop() {
				at++
				ordinal := live.Chunk(Chunk{At: at, Bytes: 100, Units: 1})
				live.Blocked(ordinal, 1)
			}
		})
	}
}

func BenchmarkLiveSnapshot(b *testing.B) {
	live := NewLive(Exchange{}, Limits{Chunks: 20_000}, nil)
	for i := range 20_000 {
		live.Chunk(Chunk{At: time.Duration(i), Bytes: 100, Units: 1})
	}
	b.ReportAllocs()
	for b.Loop() {
		live.Snapshot()
	}
}
