package plot

import (
	"cmp"
	"slices"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// Measure is what a staircase counts.
type Measure uint8

// The measures.
const (
	ByBytes Measure = iota
	ByUnits
)

// Series is an exchange made ready for drawing: sums up to each chunk, so that
// what a column of pixels holds is found without looking at each arrival. The
// zero value is no exchange.
type Series struct {
	ex      *tunnel.Exchange
	verdict verdict.Verdict
	elapsed time.Duration
	chunks  []tunnel.Chunk
	// Sums before chunk i; one longer than chunks.
	bytes, units []int64
	slow         []int32 // client-limited chunks
	silences     []Silence
}

// Silence is a stretch without arrivals that is far longer than usual.
type Silence struct{ From, To time.Duration }

// Set makes the series that of ex, which must not change afterwards. elapsed is
// how long an exchange that runs has run; of one that ended it is not used.
func (s *Series) Set(ex *tunnel.Exchange, v verdict.Verdict, elapsed time.Duration) {
	s.ex, s.verdict = ex, v
	s.silences = s.silences[:0]
	if s.chunks = nil; ex == nil {
		s.bytes, s.units, s.slow, s.elapsed = s.bytes[:0], s.units[:0], s.slow[:0], 0
		return
	}
	s.chunks = inOrder(ex.Chunks)
	s.elapsed = max(ex.Duration(), ex.Totals.Last, 0)
	if ex.End == tunnel.Running {
		s.elapsed = max(s.elapsed, elapsed)
	}
	s.elapsed = near(s.elapsed)
	s.sum()
	s.findSilences()
}

// inOrder returns chunks by time, and within what axes reach. Recordings of others
// may hold them otherwise.
func inOrder(chunks []tunnel.Chunk) []tunnel.Chunk {
	byTime := func(a, b tunnel.Chunk) int { return cmp.Compare(a.At, b.At) }
	n := len(chunks)
	if n == 0 || chunks[0].At >= 0 && chunks[n-1].At <= farthest && slices.IsSortedFunc(chunks, byTime) {
		return chunks
	}
	chunks = slices.Clone(chunks)
	for i := range chunks {
		chunks[i].At = min(max(chunks[i].At, 0), farthest)
	}
	slices.SortStableFunc(chunks, byTime)
	return chunks
}

func (s *Series) sum() {
	n := len(s.chunks) + 1
	s.bytes = slices.Grow(s.bytes[:0], n)[:n]
	s.units = slices.Grow(s.units[:0], n)[:n]
	s.slow = slices.Grow(s.slow[:0], n)[:n]
	s.bytes[0], s.units[0], s.slow[0] = 0, 0, 0
	for i := range s.chunks {
		c := &s.chunks[i]
		s.bytes[i+1] = s.bytes[i] + int64(max(c.Bytes, 0))
		s.units[i+1] = s.units[i] + int64(max(c.Units, 0))
		s.slow[i+1] = s.slow[i]
		if tunnel.ClientLimited(s.chunks, i) {
			s.slow[i+1]++
		}
	}
}

// mostSilences is how many are marked; with more, silence is the stream's pace.
const mostSilences = 40

func (s *Series) findSilences() {
	least := s.verdict.Silence()
	if least <= 0 {
		return
	}
	for i := 1; i < len(s.chunks) && len(s.silences) < mostSilences; i++ {
		if from, to := s.chunks[i-1].At, s.chunks[i].At; to-from >= least && !tunnel.ClientLimited(s.chunks, i) {
			s.silences = append(s.silences, Silence{from, to})
		}
	}
	// How long the client keeps a tunnel open says nothing of the stream.
	idle := s.ex.Kind == tunnel.KindTunnel && !s.Running()
	if n := len(s.chunks); n > 0 && !idle && s.elapsed-s.chunks[n-1].At >= least {
		s.silences = append(s.silences, Silence{s.chunks[n-1].At, s.elapsed})
	}
}

// Running reports that the exchange goes on.
func (s *Series) Running() bool { return s.ex != nil && s.ex.End == tunnel.Running }

// Len is how many chunks there are.
func (s *Series) Len() int { return len(s.chunks) }

// HasUnits reports that units were told apart.
func (s *Series) HasUnits() bool {
	return len(s.units) > 0 && s.units[len(s.units)-1] > 0
}

// UnitKind is the rule by which units were told apart, NoUnits without an exchange.
func (s *Series) UnitKind() tunnel.UnitKind {
	if s.ex == nil || s.ex.UnitKind > tunnel.TLSRecord {
		return tunnel.NoUnits
	}
	return s.ex.UnitKind
}

// Whole is the view that shows all of it: to its end with a little room, or, as
// long as it runs, to the next round time. Of a tunnel that ended it is up to the
// last bytes: how long the client then kept it open says nothing of the stream.
func (s *Series) Whole() View {
	switch {
	case s.ex == nil:
		return View{0, time.Second}
	case s.Running():
		return View{0, RoundUp(max(s.elapsed, 200*time.Millisecond))}
	}
	end := max(s.elapsed, time.Millisecond)
	if s.ex.Kind == tunnel.KindTunnel && s.ex.Totals.Last > 0 {
		end = near(s.ex.Totals.Last)
	}
	return View{0, end + end/40}
}

// Edge is the time that has passed: its To is the end, or now.
func (s *Series) Edge() View { return View{0, s.elapsed} }

// total is the sum before chunk i.
func (s *Series) total(m Measure, i int) int64 {
	if m == ByUnits {
		return s.units[i]
	}
	return s.bytes[i]
}

// from returns the first chunk at or after a time, looking from chunk i on.
func (s *Series) from(i int, at time.Duration) int { return seek(s.chunks, i, at) }

// seek is from for any chunks in order. It is quick where the chunk is near i.
func seek(chunks []tunnel.Chunk, i int, at time.Duration) int {
	step := 1
	for i+step <= len(chunks) && chunks[i+step-1].At < at {
		i += step
		step *= 2
	}
	high := min(i+step-1, len(chunks))
	for i < high {
		if middle := int(uint(i+high) >> 1); chunks[middle].At < at {
			i = middle + 1
		} else {
			high = middle
		}
	}
	return i
}

// Nearest returns the chunk that arrived closest to a time, the earlier of two
// that are as close; -1 if there is none. It takes O(log n).
func (s *Series) Nearest(at time.Duration) int {
	n := len(s.chunks)
	if n == 0 {
		return -1
	}
	i := s.from(0, at)
	if i == n || i > 0 && at-s.chunks[i-1].At <= s.chunks[i].At-at {
		i--
	}
	return s.from(0, s.chunks[i].At)
}

// Arrival is what is known of one chunk.
type Arrival struct {
	tunnel.Chunk
	// First and Last are the ordinals, from 1, of the reads it stands for.
	First, Last int64
	// Reads is how many there were in all.
	Reads int64
	// Gap is the time since the chunk before, or, for the first one, since the
	// request was sent.
	Gap time.Duration
	// TotalBytes and TotalUnits are those that had come with it.
	TotalBytes, TotalUnits int64
	// Slow reports that the client kept it from coming earlier.
	Slow bool
}

// Arrival returns what is known of chunk i.
func (s *Series) Arrival(i int) Arrival {
	c := s.chunks[i]
	each := int64(max(s.ex.ReadsPerChunk, 1))
	a := Arrival{
		Chunk: c, First: int64(i)*each + 1, Reads: max(s.ex.Totals.Reads, int64(len(s.chunks))),
		TotalBytes: s.bytes[i+1], TotalUnits: s.units[i+1], Slow: s.slow[i+1] > s.slow[i],
	}
	a.Last = min(a.First+each-1, a.Reads)
	if i > 0 {
		a.Gap = c.At - s.chunks[i-1].At
	} else if sent, ok := s.ex.Phases.At(tunnel.Sent); ok && sent <= c.At {
		a.Gap = c.At - sent
	} else {
		a.Gap = c.At
	}
	return a
}

// column is the chunks, from and up to, that fall into one column of pixels.
type column struct{ from, to int }

// divide sorts the chunks of a view into n columns of equal width, those without
// chunks included. A chunk at the very end of the view belongs to the last.
func (s *Series) divide(columns []column, v View, n int) []column {
	columns = columns[:0]
	i := s.from(0, v.From)
	for k := 1; k <= n; k++ {
		border := v.At(float64(k) / float64(n))
		if k == n {
			border = v.To + 1
		}
		next := s.from(i, border)
		columns = append(columns, column{i, next})
		i = next
	}
	return columns
}
