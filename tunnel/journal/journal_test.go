package journal

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
)

var _ tunnel.Recorder = (*Journal)(nil)

// feed writes n chunks of one byte and one unit each.
func feed(live *tunnel.Live, n int) {
	for range n {
		at := live.Since()
		live.Chunk(tunnel.Chunk{At: at, Bytes: 1, Units: 1})
		live.Unit(tunnel.Unit{At: at, Bytes: 1, Kind: tunnel.SSE})
	}
}

// hosts lists the hosts in the order of the snapshot.
func hosts(j *Journal) []string {
	var names []string
	for _, ex := range j.Snapshot() {
		names = append(names, ex.Host)
	}
	return names
}

func TestBeginGivesIDAndStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := New(Limits{})
		first := j.Begin(tunnel.Exchange{}).Snapshot()
		if first.ID == "" || len(first.ID) > 8 {
			t.Errorf("ID = %q, want one that is short enough to type", first.ID)
		}
		if !first.Start.Equal(time.Now()) {
			t.Errorf("start = %v, want now", first.Start)
		}
		second := j.Begin(tunnel.Exchange{ID: first.ID}).Snapshot()
		if second.ID == first.ID {
			t.Errorf("two exchanges have the ID %q", first.ID)
		}
		if own := j.Begin(tunnel.Exchange{ID: "mine"}).Snapshot().ID; own != "mine" {
			t.Errorf("a free ID became %q, want it kept", own)
		}
		if got, ok := j.Exchange("mine"); !ok || got.ID != "mine" {
			t.Errorf("Exchange(mine) = %q, %v", got.ID, ok)
		}
		if _, ok := j.Exchange("nobody's"); ok {
			t.Error("found an exchange nobody began")
		}
	})
}

func TestIDsStayApart(t *testing.T) {
	j := New(Limits{})
	seen := make(map[string]bool)
	for range 5_000 { // more than are kept: an ID is not given twice even so
		id := j.Begin(tunnel.Exchange{}).Snapshot().ID
		if seen[id] {
			t.Fatalf("ID %q given twice", id)
		}
		seen[id] = true
	}
}

func TestSnapshotIsInOrderAndWithoutDetail(t *testing.T) {
	j := New(Limits{})
	var lives []*tunnel.Live
	for i := range 5 {
		lives = append(lives, j.Begin(tunnel.Exchange{Host: fmt.Sprint(i)}))
	}
	feed(lives[1], 7)
	lives[3].Finish(tunnel.Complete, "")
	lives[0].Finish(tunnel.Complete, "")
	if got, want := hosts(j), []string{"0", "1", "2", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("snapshot = %v, want %v", got, want)
	}
	summary := j.Snapshot()[1]
	if summary.Chunks != nil || summary.Units != nil || summary.Totals.Units != 7 {
		t.Errorf("summary has %d chunks, %d units, total %d: want none, none, 7",
			len(summary.Chunks), len(summary.Units), summary.Totals.Units)
	}
	whole, _ := j.Exchange(summary.ID)
	if len(whole.Chunks) != 7 || len(whole.Units) != 7 {
		t.Errorf("exchange has %d chunks, %d units: want 7 of each", len(whole.Chunks), len(whole.Units))
	}
	if running := j.Running(); !slices.Equal(running, []*tunnel.Live{lives[1], lives[2], lives[4]}) {
		t.Errorf("running = %d handles, want those of 1, 2, 4 in that order", len(running))
	}
}

func TestCountBound(t *testing.T) {
	j := New(Limits{Exchanges: 3})
	a := j.Begin(tunnel.Exchange{Host: "a"})
	b := j.Begin(tunnel.Exchange{Host: "b"})
	c := j.Begin(tunnel.Exchange{Host: "c"})
	c.Finish(tunnel.Complete, "")
	b.Finish(tunnel.Complete, "")

	j.Begin(tunnel.Exchange{Host: "d"}) // c ended longest ago
	if got, want := hosts(j), []string{"a", "b", "d"}; !slices.Equal(got, want) {
		t.Errorf("after d: %v, want %v", got, want)
	}
	j.Begin(tunnel.Exchange{Host: "e"})
	if got, want := hosts(j), []string{"a", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("after e: %v, want %v", got, want)
	}
	j.Begin(tunnel.Exchange{Host: "f"}) // only running ones are left
	if got, want := hosts(j), []string{"d", "e", "f"}; !slices.Equal(got, want) {
		t.Errorf("after f: %v, want %v", got, want)
	}

	feed(a, 100) // its own path goes on
	a.Finish(tunnel.Complete, "")
	if got := a.Snapshot(); got.Totals.Reads != 100 || got.End != tunnel.Complete {
		t.Errorf("forgotten exchange: %d reads, end %q: want 100, complete", got.Totals.Reads, got.End)
	}
	if kept := a.Kept(); kept > 4 {
		t.Errorf("forgotten exchange keeps %d slots", kept)
	}
	want := Stats{Kept: 3, Running: 3, Evicted: 2, Forgotten: 1}
	if got := j.Stats(); got != want {
		t.Errorf("stats = %+v, want %+v", got, want)
	}
}

func TestDetailBound(t *testing.T) {
	j := New(Limits{Chunks: 10, Units: 5})
	live := j.Begin(tunnel.Exchange{})
	feed(live, 1_000)
	ex := live.Snapshot()
	if len(ex.Chunks) > 10 || len(ex.Units) != 5 || ex.Totals.Reads != 1_000 || ex.Totals.Units != 1_000 {
		t.Errorf("%d chunks, %d units, totals %+v: want at most 10, 5, and 1,000 reads and units",
			len(ex.Chunks), len(ex.Units), ex.Totals)
	}
}

func TestSlotBudgetDropsOldestEndedFirst(t *testing.T) {
	j := New(Limits{Slots: 1_060})
	for i := range 10 {
		live := j.Begin(tunnel.Exchange{Host: fmt.Sprint(i)})
		feed(live, 100) // 200 slots, and up to 50 set aside while it runs
		live.Finish(tunnel.Complete, "")
	}
	if got, want := hosts(j), []string{"5", "6", "7", "8", "9"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	want := Stats{Kept: 5, Slots: 1_000, Evicted: 5}
	if got := j.Stats(); got != want {
		t.Errorf("stats = %+v, want %+v", got, want)
	}
}

func TestSlotBudgetThinsRunning(t *testing.T) {
	const budget = 10_000
	j := New(Limits{Slots: budget})
	ended := j.Begin(tunnel.Exchange{Host: "ended"})
	feed(ended, 10)
	ended.Finish(tunnel.Complete, "")
	var lives []*tunnel.Live
	for range 4 {
		lives = append(lives, j.Begin(tunnel.Exchange{}))
	}
	for range 100 {
		for _, live := range lives {
			feed(live, 100)
		}
		if slots := j.Stats().Slots; slots > budget {
			t.Fatalf("%d slots taken, want at most %d", slots, budget)
		}
	}
	if got := j.Stats(); got.Thinned == 0 || got.Evicted != 1 || got.Forgotten != 0 || got.Kept != 4 {
		t.Errorf("stats = %+v, want some thinned, the ended one evicted, all four running kept", got)
	}
	for _, live := range lives {
		ex := live.Snapshot()
		if ex.Totals.Reads != 10_000 || ex.Totals.Bytes != 10_000 {
			t.Errorf("totals = %+v, want 10,000 reads and bytes", ex.Totals)
		}
		var reads, bytes int64
		for _, c := range ex.Chunks {
			reads += int64(c.Units)
			bytes += int64(c.Bytes)
		}
		if reads != 10_000 || bytes != 10_000 || len(ex.Chunks) < 100 {
			t.Errorf("%d chunks stand for %d units, %d bytes: want at least 100 for 10,000 of both", len(ex.Chunks), reads, bytes)
		}
	}
}

func TestHeadsCountAsSlots(t *testing.T) {
	j := New(Limits{Slots: 1_000})
	long := []tunnel.Header{{Name: "X", Value: strings.Repeat("v", 24*600)}}
	for range 5 {
		live := j.Begin(tunnel.Exchange{})
		live.Update(func(ex *tunnel.Exchange) { ex.ResponseHeaders = long })
		live.Finish(tunnel.Complete, "")
	}
	if got := j.Stats(); got.Kept != 1 || got.Slots != 600 {
		t.Errorf("stats = %+v, want one exchange of 600 slots", got)
	}
}

func TestLateChangesOfDroppedExchange(t *testing.T) {
	j := New(Limits{Exchanges: 1})
	a := j.Begin(tunnel.Exchange{})
	a.Finish(tunnel.Complete, "")
	j.Begin(tunnel.Exchange{})
	feed(a, 1_000)
	a.AddUnits(3, 7)
	a.Finish(tunnel.Truncated, "again")
	if got := j.Stats(); got.Slots != 0 || got.Kept != 1 {
		t.Errorf("stats = %+v, want one exchange and no slots", got)
	}
}

func TestEndedSince(t *testing.T) {
	j := New(Limits{Exchanges: 4})
	end := func(names ...string) {
		for _, name := range names {
			live := j.Begin(tunnel.Exchange{Host: name})
			feed(live, 2)
			live.Finish(tunnel.Complete, "")
			live.Finish(tunnel.Truncated, "") // only the first counts
		}
	}
	j.Begin(tunnel.Exchange{Host: "running"})
	var cursor int64
	step := func(wantLost int64, want ...string) {
		t.Helper()
		ended, next, lost := j.EndedSince(cursor)
		var got []string
		for _, ex := range ended {
			got = append(got, ex.Host)
			if len(ex.Chunks) != 2 {
				t.Errorf("%s has %d chunks, want 2", ex.Host, len(ex.Chunks))
			}
		}
		if !slices.Equal(got, want) || lost != wantLost {
			t.Errorf("ended = %v, lost %d: want %v, lost %d", got, lost, want, wantLost)
		}
		cursor = next
	}
	step(0)
	end("a", "b")
	step(0, "a", "b")
	step(0)
	end("c", "d", "e", "f", "g") // room for three
	step(2, "e", "f", "g")
	end("h")
	j.Clear()
	step(1)
	end("i")
	step(0, "i")
}

func TestClearKeepsRunning(t *testing.T) {
	j := New(Limits{})
	live := j.Begin(tunnel.Exchange{Host: "running"})
	feed(live, 3)
	ended := j.Begin(tunnel.Exchange{Host: "ended"})
	feed(ended, 3)
	ended.Finish(tunnel.Complete, "")
	j.Clear()
	if got, want := hosts(j), []string{"running"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if got := j.Stats(); got.Evicted != 0 {
		t.Errorf("evicted = %d, want 0: clearing was asked for", got.Evicted)
	}
	live.Finish(tunnel.Complete, "")
	j.Clear()
	if got := j.Stats(); got != (Stats{}) {
		t.Errorf("stats = %+v, want all zero", got)
	}
}

func TestWakeIsCoalesced(t *testing.T) {
	j := New(Limits{})
	one, cancelOne := j.Subscribe()
	two, cancelTwo := j.Subscribe()
	defer cancelTwo()
	woken := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	live := j.Begin(tunnel.Exchange{})
	feed(live, 100)
	live.Finish(tunnel.Complete, "")
	for name, c := range map[string]<-chan struct{}{"one": one, "two": two} {
		if !woken(c) {
			t.Errorf("reader %s was not woken", name)
		}
		if woken(c) {
			t.Errorf("reader %s was woken twice for what it had not looked at", name)
		}
	}
	cancelOne()
	cancelOne()
	j.Clear()
	if woken(one) {
		t.Error("a reader that left was woken")
	}
	if !woken(two) {
		t.Error("the other reader was not woken")
	}
}

// TestConcurrent writes from many exchanges while readers pull, under limits
// that make every path of makeRoom run. The race detector watches.
func TestConcurrent(t *testing.T) {
	const writers, rounds = 8, 30
	j := New(Limits{Exchanges: 6, Slots: 600})
	done := make(chan struct{})
	var readers, seen sync.WaitGroup
	var got, lost int64
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				for _, ex := range j.Snapshot() {
					j.Exchange(ex.ID)
				}
				j.Running()
				j.Stats()
			}
		}
	})
	wake, cancel := j.Subscribe()
	defer cancel()
	pull := func(cursor int64) int64 {
		ended, next, missed := j.EndedSince(cursor)
		got, lost = got+int64(len(ended)), lost+missed
		return next
	}
	readers.Go(func() {
		var cursor int64
		for {
			select {
			case <-wake:
				cursor = pull(cursor)
			case <-done:
				pull(cursor)
				return
			}
		}
	})
	for range writers {
		seen.Go(func() {
			for range rounds {
				live := j.Begin(tunnel.Exchange{})
				feed(live, 40)
				live.Finish(tunnel.Complete, "")
			}
		})
	}
	seen.Wait()
	close(done)
	readers.Wait()
	stats := j.Stats()
	if sum := got + lost + stats.Forgotten; sum != writers*rounds {
		t.Errorf("%d seen + %d lost + %d forgotten = %d, want %d", got, lost, stats.Forgotten, sum, writers*rounds)
	}
	if stats.Slots > 600 || stats.Kept > 6 || stats.Running != 0 {
		t.Errorf("stats = %+v, beyond the limits", stats)
	}
}

func TestSetLimits(t *testing.T) {
	j := New(Limits{Exchanges: 3})
	for i := range 3 {
		j.Begin(tunnel.Exchange{Host: fmt.Sprint(i)}).Finish(tunnel.Complete, "")
	}
	j.SetLimits(Limits{Exchanges: 1, Chunks: 4})
	if got := hosts(j); !slices.Equal(got, []string{"2"}) {
		t.Errorf("under the new limit are kept %v, want the latest alone", got)
	}
	live := j.Begin(tunnel.Exchange{})
	feed(live, 10)
	if n := len(live.Snapshot().Chunks); n > 4 {
		t.Errorf("%d chunks kept, want 4 at most", n)
	}
}

func TestLatest(t *testing.T) {
	j := New(Limits{})
	j.Begin(tunnel.Exchange{Host: "running"})
	for i := range 3 {
		live := j.Begin(tunnel.Exchange{Host: fmt.Sprint(i)})
		feed(live, 1)
		live.Finish(tunnel.Complete, "")
	}
	for n, want := range map[int][]string{0: nil, 2: {"2", "1"}, 9: {"2", "1", "0"}} {
		var got []string
		for _, ex := range j.Latest(n) {
			got = append(got, ex.Host)
			if len(ex.Chunks) != 1 {
				t.Errorf("%s has %d chunks, want the whole", ex.Host, len(ex.Chunks))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Latest(%d) = %v, want %v", n, got, want)
		}
	}
}
