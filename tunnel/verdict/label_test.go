package verdict

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// TestLabelsBesideTheRule are streams that look like others.
func TestLabelsBesideTheRule(t *testing.T) {
	const s = time.Second
	clump := func(at time.Duration, parts ...int32) []tunnel.Chunk {
		var chunks []tunnel.Chunk
		for i, units := range parts {
			chunks = append(chunks, tunnel.Chunk{At: at + time.Duration(i)*ms, Bytes: 100 * units, Units: units})
		}
		return chunks
	}
	flow := func(from time.Duration, n int) []tunnel.Chunk {
		chunks := lumpsOf(50*ms, 1, slices.Repeat([]int32{100}, n)...)
		for i := range chunks {
			chunks[i].At += from
		}
		return chunks
	}
	opaque := func(contentHead string, chunks ...tunnel.Chunk) tunnel.Exchange {
		ex := reply(contentHead, chunks[0].At, chunks...)
		ex.UnitKind, ex.Totals.Units = tunnel.NoUnits, 0
		return ex
	}
	packets := lumpsOf(12*ms, 0, slices.Repeat([]int32{1448, 1200, 1448}, 60)...)
	tests := []struct {
		name string
		ex   tunnel.Exchange
		want Label
	}{
		{"clumps in parts", reply("", ms, slices.Concat(clump(300*ms, 2, 3, 1), clump(700*ms, 1, 1, 2), clump(s, 3, 2, 3), clump(1500*ms, 1, 2))...), Bursty},
		{"clumps in one read each, unrelated to the gaps", reply("", ms,
			tunnel.Chunk{At: 300 * ms, Bytes: 500, Units: 5}, tunnel.Chunk{At: 500 * ms, Bytes: 900, Units: 9}, tunnel.Chunk{At: 1100 * ms, Bytes: 400, Units: 4},
			tunnel.Chunk{At: 1300 * ms, Bytes: 1000, Units: 10}, tunnel.Chunk{At: 1600 * ms, Bytes: 600, Units: 6}, tunnel.Chunk{At: 2200 * ms, Bytes: 400, Units: 4},
			tunnel.Chunk{At: 2400 * ms, Bytes: 900, Units: 9}, tunnel.Chunk{At: 2900 * ms, Bytes: 500, Units: 5}), Bursty},
		{"the same units in each lump", reply("", ms, lumpsOf(320*ms, 8, 1000, 1010, 990, 1000, 1020, 980, 1000, 400)...), Coalesced},
		{"a silence of the source", reply("", ms, slices.Concat(flow(0, 20), flow(4*s, 20))...), Stalled},
		{"a silence, then what was missed", reply("", ms, append(flow(0, 30), tunnel.Chunk{At: 4 * s, Bytes: 4000, Units: 40})...), Stalled},
		{"silence as a pace", reply("", ms, slices.Concat(flow(0, 5), flow(3*s, 5), flow(6*s, 5), flow(9*s, 5))...), Incremental},
		{"slow all along", reply("", ms, lumpsOf(3*s, 1, slices.Repeat([]int32{90}, 12)...)...), Incremental},
		{"a jam now and then", reply("", ms, slices.Concat(flow(0, 10), []tunnel.Chunk{{At: 700 * ms, Bytes: 400, Units: 4}}, flow(700*ms, 6))...), Bursty},
		{"a head of a coding, then all", reply(gzipped, ms, unflushed()...), BufferedWhole},

		{"few lines with a length", reply(sized, 2*s, tunnel.Chunk{At: 2 * s, Bytes: 9000, Units: 1}), NotAStream},
		{"a file in packets", opaque("Transfer-Encoding: chunked\n", packets...), NotAStream},
		{"a file with a length", opaque(sized, lumpsOf(213*ms, 0, slices.Repeat([]int32{12_000}, 20)...)...), NotAStream},
		{"sound in frames", opaque("Content-Type: audio/mpeg\n", lumpsOf(100*ms, 0, slices.Repeat([]int32{4096}, 30)...)...), Incremental},
		{"sound corked", opaque("Content-Type: audio/mpeg\n", lumpsOf(210*ms, 0, slices.Repeat([]int32{8192}, 15)...)...), Coalesced},
		{"a body of two reads", opaque("", tunnel.Chunk{At: 800 * ms, Bytes: 4000}, tunnel.Chunk{At: 830 * ms, Bytes: 26_000}), NotAStream},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Assess(&test.ex); got.Label != test.want {
				t.Errorf("label = %q, want %q: %+v", got.Label, test.want, got)
			}
		})
	}
}

// TestContentTypeDoesNotDecide: the same arrivals under any name.
func TestContentTypeDoesNotDecide(t *testing.T) {
	for _, chunks := range [][]tunnel.Chunk{lumpsOf(50*ms, 1, slices.Repeat([]int32{80}, 30)...), lumpsOf(600*ms, 30, 4096, 4096, 4096, 4096, 900)} {
		labels := map[Label]bool{}
		for _, kind := range []string{"text/event-stream; charset=utf-8", "application/x-ndjson", "text/plain", ""} {
			ex := reply("Content-Type: "+kind+"\n", ms, chunks...)
			if kind == "text/plain" {
				ex.UnitKind = tunnel.Text
			}
			labels[Assess(&ex).Label] = true
		}
		if len(labels) != 1 {
			t.Errorf("labels %v for the same arrivals, want one", labels)
		}
	}
}

func TestHeartbeats(t *testing.T) {
	beats := lumpsOf(5*time.Second, 0, 14, 14, 14, 14)
	only := reply("", ms, beats...)
	if v := Assess(&only); v.Label != Incremental || !v.HeartbeatsOnly || v.Heartbeats != 4 || v.FirstContent != 0 {
		t.Errorf("%+v, want four heartbeats, nothing else, incremental", v)
	}
	then := reply("", ms, append(slices.Clone(beats), lumpsOf(50*ms, 1, slices.Repeat([]int32{90}, 20)...)...)...)
	for i := range then.Chunks[4:] {
		then.Chunks[4+i].At += 21 * time.Second
	}
	v := Assess(&then)
	if v.HeartbeatsOnly || v.Heartbeats != 4 || v.FirstContent != 21_050*ms || v.Wait != 5*time.Second {
		t.Errorf("%+v, want four heartbeats and the first content after 21.05s", v)
	}
	if v.Label != Incremental {
		t.Errorf("label %q, want incremental: heartbeats keep the silence from being a stall", v.Label)
	}
	encoded := reply(gzipped, ms, unflushed()...)
	if v := Assess(&encoded); v.Heartbeats != 0 {
		t.Errorf("the head of a coding is taken for a heartbeat: %+v", v)
	}
}

func TestPlayedBack(t *testing.T) {
	var chunks []tunnel.Chunk
	for i := range 40 {
		chunks = append(chunks, tunnel.Chunk{At: 3*time.Second + time.Duration(i)*400*time.Microsecond, Bytes: 90, Units: 1})
	}
	ex := reply("", 3*time.Second, chunks...)
	if v := Assess(&ex); v.Label != BufferedWhole || !v.Played || v.Score >= BufferedBelow {
		t.Errorf("%+v, want buffered whole, played", v)
	}
	lump := reply("", 3*time.Second, atEnd(3600)...)
	if v := Assess(&lump); v.Label != BufferedWhole || v.Played {
		t.Errorf("%+v, want buffered whole, not played", v)
	}
}

// TestMergedChunks: that neighbours were merged for lack of room must not look
// like coalescing.
func TestMergedChunks(t *testing.T) {
	ex := reply("", ms, lumpsOf(200*ms, 4, slices.Repeat([]int32{400}, 50)...)...)
	ex.ReadsPerChunk = 4
	if v := Assess(&ex); v.Label != Incremental {
		t.Errorf("label %q of merged chunks, want incremental", v.Label)
	}
}

// TestProvisional: the label may change while an exchange runs, but a stream
// that flows is one from its third piece on.
func TestProvisional(t *testing.T) {
	chunks := lumpsOf(100*ms, 1, slices.Repeat([]int32{90}, 20)...)
	for n := 1; n <= len(chunks); n++ {
		ex := reply("", ms, chunks[:n]...)
		ex.End = tunnel.Running
		want := Incremental
		if n < fewest {
			want = TooShort
		}
		if v := Assess(&ex); v.Label != want || !v.Provisional {
			t.Errorf("after %d pieces: %q, provisional %v, want %q", n, v.Label, v.Provisional, want)
		}
	}
}

func TestMedian(t *testing.T) {
	var m median
	if m.value() != 0 {
		t.Errorf("median of nothing is %d", m.value())
	}
	for _, v := range []int64{0, 1, 7, 15, 16, 17, 100, 4095, 4096, 1 << 40, 1<<63 - 1} {
		m = median{}
		m.add(v)
		if got := m.value(); got != v {
			t.Errorf("median of %d alone is %d", v, got)
		}
	}
	m = median{}
	for v := range int64(1001) {
		m.add(v * 1000)
	}
	if got := m.value(); got < 470_000 || got > 530_000 {
		t.Errorf("median of 0 to 1,000,000 is %d", got)
	}
	for v := int64(1); v < 1<<20; v++ {
		if bucket(v) < bucket(v-1) {
			t.Fatalf("bucket of %d is below that of %d", v, v-1)
		}
	}
}

// TestAssessAnything: recordings come from anywhere; whatever they hold, there
// is a verdict in range, and suspects.
func TestAssessAnything(t *testing.T) {
	pick := func(r *rand.Rand, values ...int64) int64 { return values[r.IntN(len(values))] }
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var chunks []tunnel.Chunk
		at := time.Duration(0)
		for range r.IntN(30) {
			at += time.Duration(pick(r, 0, 1, 1e5, 1e6, 9e6, 2e8, 3e9, -5e6, 1<<60))
			chunks = append(chunks, tunnel.Chunk{
				At: at, Bytes: int32(pick(r, 0, 0, 1, 10, 100, 4096, 1<<31-1, -7)), Units: int32(pick(r, 0, 0, 1, 1, 5, 1<<31-1)),
				Blocked: time.Duration(pick(r, 0, 0, 1e7)),
			})
		}
		ex := reply(nginxHead, time.Duration(pick(r, -1, 0, 1e6, 5e9)), chunks...)
		ex.Kind = []tunnel.Kind{tunnel.KindHTTP, tunnel.KindTunnel, tunnel.KindWebSocket}[r.IntN(3)]
		ex.UnitKind = tunnel.UnitKind(r.IntN(6))
		ex.End = []tunnel.End{tunnel.Running, tunnel.Complete, tunnel.Truncated, tunnel.Failed}[r.IntN(4)]
		ex.ReadsPerChunk = int(pick(r, 0, 1, 64))
		v := Assess(&ex)
		if !(v.Score >= 0 && v.Score <= 1) || !(v.Joined >= 0 && v.Joined <= 1) {
			t.Fatalf("seed %d: score %v, joined %v of %+v", seed, v.Score, v.Joined, ex.Chunks)
		}
		for _, s := range Suspects(&ex, v) {
			if !(s.Confidence > 0 && s.Confidence <= 1) {
				t.Fatalf("seed %d: %s with %v", seed, s.Layer, s.Confidence)
			}
		}
		v.Reasons()
	}
}
