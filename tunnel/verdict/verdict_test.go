package verdict

import (
	"math"
	"slices"
	"testing"
	"time"

	"streamgauge/tunnel"
)

const ms = time.Millisecond

// arrived makes a complete exchange with one chunk of bytes, holding units, at
// each time.
func arrived(bytes, units int32, at ...time.Duration) tunnel.Exchange {
	ex := tunnel.Exchange{Kind: tunnel.KindHTTP, End: tunnel.Complete, ReadsPerChunk: 1}
	for _, t := range at {
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: t, Bytes: bytes, Units: units})
		ex.Totals.Units += int64(units)
		ex.Totals.Reads++
	}
	if units > 0 {
		ex.UnitKind = tunnel.SSE
	}
	return ex
}

// every returns n times, a step apart, beginning one step after zero.
func every(step time.Duration, n int) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(i+1) * step
	}
	return at
}

func with(ex tunnel.Exchange, change func(*tunnel.Exchange)) tunnel.Exchange {
	change(&ex)
	return ex
}

func TestAssess(t *testing.T) {
	record := func(ex *tunnel.Exchange) { ex.Kind, ex.UnitKind = tunnel.KindTunnel, tunnel.TLSRecord }
	tests := []struct {
		name string
		ex   tunnel.Exchange
		want Label
	}{
		{"twenty events apart", arrived(50, 1, every(50*ms, 20)...), Incremental},
		{"ten is just enough", arrived(50, 1, every(50*ms, 10)...), Incremental},
		{"five blocks of four", arrived(200, 4, every(300*ms, 5)...), Coalesced},
		{"one late lump of twenty events", arrived(2_000, 20, time.Second), BufferedWhole},
		{"one late lump in many reads", arrived(100, 1, time.Second, time.Second+3*ms, time.Second+8*ms), BufferedWhole},
		{"nearly all at the end", with(arrived(10, 1, 100*ms, 2*time.Second), func(ex *tunnel.Exchange) {
			ex.Chunks[1].Bytes, ex.Chunks[1].Units, ex.Totals.Units = 100_000, 39, 40
		}), BufferedWhole},
		{"one quick lump of events", arrived(2_000, 20, 20*ms), TooShort},
		{"two events", arrived(50, 1, 300*ms, 600*ms), TooShort},
		{"one late event", arrived(50, 1, 3*time.Second), TooShort},
		{"three events at once", arrived(50, 1, 10*ms, 20*ms, 30*ms), TooShort},
		{"late plain answer", arrived(3_000, 0, 2*time.Second), NotAStream},
		{"quick plain answer", arrived(3_000, 0, 2*ms), NotAStream},
		{"late text without length in three reads", with(arrived(3_000, 1, 2*time.Second, 2*time.Second, 2*time.Second), func(ex *tunnel.Exchange) {
			ex.UnitKind = tunnel.Text
		}), NotAStream},
		{"text that flows", with(arrived(30, 1, every(50*ms, 20)...), func(ex *tunnel.Exchange) { ex.UnitKind = tunnel.Text }), Incremental},
		{"untyped bytes that flow", arrived(30, 0, every(50*ms, 20)...), Incremental},
		{"untyped in two lumps", arrived(30, 0, 200*ms, 400*ms), TooShort},
		{"no body", arrived(0, 0), NotAStream},
		{"empty reads only", arrived(0, 0, time.Second), NotAStream},
		{"cut off", with(arrived(50, 1, every(50*ms, 20)...), func(ex *tunnel.Exchange) { ex.End = tunnel.Truncated }), Truncated},
		{"cut off before the first byte", with(arrived(0, 0), func(ex *tunnel.Exchange) { ex.End = tunnel.Truncated }), Truncated},
		{"never answered", with(arrived(0, 0), func(ex *tunnel.Exchange) { ex.End = tunnel.Failed }), None},
		{"client left before an answer", with(arrived(0, 0), func(ex *tunnel.Exchange) { ex.End = tunnel.ClientClosed }), None},
		{"client left amid a stream", with(arrived(50, 1, every(50*ms, 20)...), func(ex *tunnel.Exchange) { ex.End = tunnel.ClientClosed }), Incremental},
		{"running without an answer", with(arrived(0, 0), func(ex *tunnel.Exchange) { ex.End = tunnel.Running }), TooShort},
		{"running after one lump without units", with(arrived(50, 0, time.Second), func(ex *tunnel.Exchange) { ex.End = tunnel.Running }), TooShort},
		{"running and flowing", with(arrived(50, 1, every(50*ms, 20)...), func(ex *tunnel.Exchange) { ex.End = tunnel.Running }), Incremental},
		{"tunnel in one quick lump", with(arrived(900, 3, 300*ms), record), TooShort},
		{"tunnel in one lump, after a while", with(arrived(9_000, 3, time.Second), record), NotAStream},
		{"tunnel in one lump, late", with(arrived(9_000, 3, 3*time.Second), record), BufferedWhole},
		{"tunnel in one large lump", with(arrived(90_000, 3, 3*time.Second), record), NotAStream},
		{"tunnel that flows", with(arrived(70, 1, every(50*ms, 20)...), record), Incremental},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Assess(&test.ex)
			if got.Label != test.want {
				t.Errorf("label = %q, want %q: %+v", got.Label, test.want, got)
			}
			if running := test.ex.End == tunnel.Running; got.Provisional != running {
				t.Errorf("provisional = %v, want %v", got.Provisional, running)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	ex := arrived(100, 2, 200*ms, 205*ms, 300*ms, 600*ms)
	ex.Phases.Set(tunnel.Sent, 100*ms)
	ex.Chunks[3].Bytes = 200
	got := Assess(&ex)
	// Lumps: 200 bytes of 4 units at 100 ms after the request, 100 of 2 at 200,
	// 200 of 2 at 500. The first was in the making for all of its 100 ms. Of each
	// lump's n units, made evenly, the bytes waited gap·(n-1)/2n: 37.5, 25 and 75
	// ms. Held to the end they would have waited 437.5, 325 and 75.
	want := Verdict{
		Label: Coalesced, Score: 1 - (2*37.5+25+2*75)/(2*437.5+325+2*75), HasScore: true, Lumps: 3, Units: 8,
		Wait: 100 * ms, FirstContent: 100 * ms, Span: 400 * ms, UsualGap: 100 * ms, LongestGap: 300 * ms,
		LargestShare: 0.4, LumpBytes: 200, LumpUnits: 2, Joined: 1, outside: 1,
	}
	if math.Abs(got.Score-want.Score) > 1e-9 {
		t.Errorf("score = %v, want %v", got.Score, want.Score)
	}
	if want.Score = got.Score; got != want {
		t.Errorf("verdict = %+v\nwant      %+v", got, want)
	}
	reasons := []string{"8 units in 3 lumps", "first after 100ms, last 400ms later", "largest lump 40 % of the bytes, longest gap 300ms", "100 % of the units came joined, some 2 at a time, every 100ms"}
	if r := got.Reasons(); !slices.Equal(r, reasons) {
		t.Errorf("reasons = %q, want %q", r, reasons)
	}
}

// TestEqualLumps: the fewer the lumps that equal units come in, the less the
// score, from nothing for a single one.
func TestEqualLumps(t *testing.T) {
	last := -1.0
	for n := 1; n <= 64; n *= 2 {
		ex := arrived(int32(6400/n), int32(64/n), every(6400*ms/time.Duration(n), n)...)
		got := Assess(&ex)
		if got.Score <= last || n == 1 && got.Score != 0 || n == 64 && got.Score != 1 {
			t.Errorf("%d lumps score %v, one fewer half as many %v", n, got.Score, last)
		}
		last = got.Score
	}
}

// TestFirstLumpDoesNotWaitForThinking: a long wait before the first token is
// the model's, not the path's, and may not lower the score.
func TestFirstLumpDoesNotWaitForThinking(t *testing.T) {
	at := every(50*ms, 20)
	for i := range at {
		at[i] += 10 * time.Second
	}
	ex := arrived(50, 1, at...)
	if got := Assess(&ex); got.Label != Incremental || got.Score < 0.94 {
		t.Errorf("label %q, score %v: want incremental, as without the wait", got.Label, got.Score)
	}
}

func TestResponseBeforeRequestEnded(t *testing.T) {
	ex := arrived(50, 1, every(50*ms, 20)...)
	ex.Phases.Set(tunnel.Sent, 900*ms)
	if got := Assess(&ex); got.Wait != 50*ms || got.Label != Incremental {
		t.Errorf("wait %v, label %q: want 50ms since the start, incremental", got.Wait, got.Label)
	}
}

func TestTunnelIsJudgedByItsRecords(t *testing.T) {
	ex := tunnel.Exchange{Kind: tunnel.KindTunnel, UnitKind: tunnel.TLSRecord, End: tunnel.Complete, ReadsPerChunk: 1}
	ex.Chunks = []tunnel.Chunk{{At: 10 * ms, Bytes: 1 << 20}} // a handshake would drown what comes
	for _, at := range every(50*ms, 20) {
		ex.Units = append(ex.Units, tunnel.Unit{At: at, Bytes: 60, Kind: tunnel.TLSRecord})
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: at, Bytes: 77, Units: 1})
		ex.Totals.Units++
	}
	if got := Assess(&ex); got.Label != Incremental || got.Lumps != 20 {
		t.Errorf("label %q of %d lumps, want incremental of 20", got.Label, got.Lumps)
	}
	ex.Totals.Units++ // one record was not kept
	if got := Assess(&ex); got.Lumps != 21 {
		t.Errorf("%d lumps, want 21: the reads, since the records are not all there", got.Lumps)
	}
}

func TestClientLimited(t *testing.T) {
	ex := arrived(100, 5, 100*ms, 200*ms, 2*time.Second)
	if got := Assess(&ex); got.ClientLimited {
		t.Errorf("a client that never blocked is said to be slow: %+v", got)
	}
	ex.Chunks[1].Blocked = 1790 * ms
	got := Assess(&ex)
	if !got.ClientLimited {
		t.Errorf("slow client not seen: %+v", got)
	}
	if r := got.Reasons(); r[len(r)-1] != "the client was slow to read" {
		t.Errorf("reasons %q do not name the slow client", r)
	}
}
