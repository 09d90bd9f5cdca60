package terminal

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// begun returns an exchange that begins now and runs.
func begun() *tunnel.Live {
	ex := tunnel.Exchange{Kind: tunnel.KindHTTP, Method: "GET", URL: "http://a.test/?token=secret"}
	return tunnel.NewLive(ex, tunnel.Limits{Chunks: 20_000}, nil)
}

// arrive has n units arrive at live, each alone, gap apart.
func arrive(live *tunnel.Live, n int, gap time.Duration) {
	for range n {
		time.Sleep(gap)
		live.Chunk(tunnel.Chunk{At: live.Since(), Bytes: 40, Units: 1})
	}
}

func TestRunningRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Running
		live := begun()
		look := func() Row { return r.Rows([]*tunnel.Live{live})[0] }
		if row := look(); row.Exchange.Totals.Reads != 0 || row.Verdict.Label != verdict.TooShort {
			t.Errorf("at its beginning %d reads, %q", row.Exchange.Totals.Reads, row.Verdict.Label)
		}
		for i := range 50 {
			arrive(live, 1, 50*time.Millisecond)
			if got, want := len(look().Exchange.Chunks), i+1; got != want {
				t.Fatalf("while it is short %d of %d chunks are there", got, want)
			}
		}
		row := look()
		if row.Verdict.Label != verdict.Incremental || !row.Verdict.Provisional || row.Elapsed != 2500*time.Millisecond {
			t.Errorf("verdict %q, provisional %v, elapsed %v", row.Verdict.Label, row.Verdict.Provisional, row.Elapsed)
		}
		if strings.Contains(row.Exchange.URL, "secret") {
			t.Errorf("URL %q leaks", row.Exchange.URL)
		}
	})
}

// Of a long stream the numbers are of the moment, the arrivals a little older.
func TestRunningCopiesSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Running
		live := begun()
		arrive(live, 10_000, 10*time.Millisecond)
		copies, kept := 0, 0
		for frame := range 100 { // ten seconds of ten units a frame
			arrive(live, 10, 10*time.Millisecond)
			ex := &r.Rows([]*tunnel.Live{live})[0].Exchange
			if got, want := ex.Totals.Reads, int64(10_010+10*frame); got != want {
				t.Fatalf("frame %d tells of %d reads, want %d", frame, got, want)
			}
			if len(ex.Chunks) != kept {
				copies, kept = copies+1, len(ex.Chunks)
			}
			if behind := int(ex.Totals.Reads) - kept; behind > 101 {
				t.Fatalf("frame %d lacks the last %d arrivals", frame, behind)
			}
		}
		if want := 10; copies != want {
			t.Errorf("copied %d times in ten seconds, want %d", copies, want)
		}
		live.Chunk(tunnel.Chunk{At: live.Since(), Bytes: 1})
		time.Sleep(glancePause)
		if got, want := len(r.Rows([]*tunnel.Live{live})[0].Exchange.Chunks), 11_001; got != want {
			t.Errorf("a second after the last arrival %d chunks, want %d", got, want)
		}
	})
}

func TestRunningForgets(t *testing.T) {
	var r Running
	r.Rows([]*tunnel.Live{begun(), begun()})
	if r.Rows(nil); len(r.seen) > 0 {
		t.Errorf("still holds %d that are gone", len(r.seen))
	}
}

// BenchmarkRunning draws the rows of 20 long streams that go on.
func BenchmarkRunning(b *testing.B) {
	lives := make([]*tunnel.Live, 20)
	for i := range lives {
		lives[i] = begun()
		for n := range 19_000 {
			lives[i].Chunk(tunnel.Chunk{At: time.Duration(n) * time.Microsecond, Bytes: 40, Units: 1})
		}
	}
	style := Style{Columns: 120, Unicode: true, Color: true}
	var r Running
	b.ReportAllocs()
	for b.Loop() {
		for _, live := range lives {
			for range 10 {
				live.Chunk(tunnel.Chunk{At: live.Since(), Bytes: 40, Units: 1})
			}
		}
		for _, row := range r.Rows(lives) {
			style.Line(row)
		}
	}
}
