package tunneltest

import (
	"math/rand/v2"
	"strconv"
	"time"

	"streamgauge/tunnel"
)

// Arrivals makes a finished exchange in which n events of about size bytes came
// every gap, each as soon as it was made, after the wait for the first. It is the
// same for the same arguments. The functions below bend it.
func Arrivals(n int, wait, gap time.Duration, size int) *tunnel.Exchange {
	random := rand.New(rand.NewPCG(uint64(n), uint64(gap)))
	ex := &tunnel.Exchange{
		ID: "a" + strconv.Itoa(n), Start: time.Date(2026, 1, 24, 18, 89-60, 0, 0, time.UTC), Kind: tunnel.KindHTTP,
		Method: "POST", URL: "http://llm.example/v1/chat/completions", Protocol: "HTTP/1.1", Host: "llm.example:80",
		Upstream: "direct", Status: 200, ReadsPerChunk: 1, UnitKind: tunnel.SSE, End: tunnel.Complete,
		ResponseHeaders: []tunnel.Header{{Name: "Content-Type", Value: "text/event-stream"}},
	}
	const way = 38 * time.Millisecond
	ex.Phases.Set(tunnel.DNS, way/8)
	ex.Phases.Set(tunnel.Connect, way/2)
	ex.Phases.Set(tunnel.Sent, way)
	ex.Phases.Set(tunnel.Head, way+wait*3/4)
	for i := range n {
		jitter := time.Duration(random.Int64N(int64(gap)/4 + 1))
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{
			At: way + wait + time.Duration(i)*gap + jitter, Bytes: int32(size/2 + random.IntN(size+1)), Units: 1,
		})
	}
	return Summed(ex)
}

// Summed makes units, totals and the last phases of ex agree with its chunks.
func Summed(ex *tunnel.Exchange) *tunnel.Exchange {
	ex.Totals, ex.Units = tunnel.Totals{RequestBytes: 412}, nil
	t := &ex.Totals
	for i, c := range ex.Chunks {
		if gap := c.At - t.Last; i > 0 && gap > t.LongestGap {
			t.LongestGap, t.LongestGapAt = gap, t.Last
		}
		for range c.Units {
			ex.Units = append(ex.Units, tunnel.Unit{At: c.At, Bytes: c.Bytes / max(c.Units, 1), Kind: ex.UnitKind})
		}
		t.Reads, t.Bytes, t.Units, t.Last = t.Reads+1, t.Bytes+int64(c.Bytes), t.Units+int64(c.Units), c.At
		t.Blocked += c.Blocked
	}
	if len(ex.Chunks) > 0 {
		ex.Phases.Set(tunnel.FirstByte, ex.Chunks[0].At)
	}
	if ex.End != tunnel.Running {
		ex.Phases.Set(tunnel.Ended, t.Last+2*time.Millisecond)
	}
	return ex
}

// Lumped holds everything back until the last event was made: one lump, read in
// pieces of a few KB.
func Lumped(ex *tunnel.Exchange) *tunnel.Exchange {
	last := ex.Chunks[len(ex.Chunks)-1].At
	var held []tunnel.Chunk
	for i := 0; i < len(ex.Chunks); i += 8 {
		c := tunnel.Chunk{At: last + time.Duration(i)*20*time.Microsecond}
		for _, d := range ex.Chunks[i:min(i+8, len(ex.Chunks))] {
			c.Bytes, c.Units = c.Bytes+d.Bytes, c.Units+d.Units
		}
		held = append(held, c)
	}
	ex.Chunks = held
	ex.Phases = afterwards(ex.Phases, last)
	return Summed(ex)
}

// afterwards keeps the way there and moves the head to at.
func afterwards(old tunnel.Phases, at time.Duration) (phases tunnel.Phases) {
	for _, p := range []tunnel.Phase{tunnel.DNS, tunnel.Connect, tunnel.Handshake, tunnel.TLS, tunnel.Sent} {
		if when, ok := old.At(p); ok {
			phases.Set(p, when)
		}
	}
	phases.Set(tunnel.Head, at)
	return phases
}

// Paused lets nothing come for so long after chunk i; all later chunks come later.
func Paused(ex *tunnel.Exchange, i int, long time.Duration) *tunnel.Exchange {
	for k := i + 1; k < len(ex.Chunks); k++ {
		ex.Chunks[k].At += long
	}
	ex.Phases = afterwards(ex.Phases, ex.Chunks[0].At*3/4)
	return Summed(ex)
}

// Until cuts ex off as it stood at a time: it still runs.
func Until(ex *tunnel.Exchange, at time.Duration) *tunnel.Exchange {
	n := 0
	for n < len(ex.Chunks) && ex.Chunks[n].At <= at {
		n++
	}
	ex.Chunks, ex.End = ex.Chunks[:n], tunnel.Running
	was := ex.Phases
	ex.Phases = tunnel.Phases{}
	for _, p := range tunnel.AllPhases() {
		if when, ok := was.At(p); ok && when <= at && p != tunnel.Ended {
			ex.Phases.Set(p, when)
		}
	}
	return Summed(ex)
}
