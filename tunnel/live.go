package tunnel

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Recorder takes in exchanges as they begin. Begin gives the exchange its ID
// and start time where they are missing and returns the handle to write it
// through. It must not block.
type Recorder interface {
	Begin(Exchange) *Live
}

// Limits bound what is kept of one exchange. Totals are exact regardless.
type Limits struct {
	// Chunks is how many are kept before neighbours are merged in pairs. At least 2.
	Chunks int
	// Units is how many are kept; later ones are only counted. Turns and frames
	// have the same bound.
	Units int
	// Body is how many bytes of the decoded body are kept; 0 keeps none.
	Body int
}

// Live is an exchange while it runs: written by the one exchange that it
// describes, copied out by anyone. All methods may be called concurrently;
// none blocks longer than a snapshot of the same exchange takes to copy.
type Live struct {
	limits Limits
	notify func(*Live)
	start  time.Time // immutable copy of ex.Start

	mu sync.Mutex // guards all below
	ex Exchange
	// inLast is how many reads the last slot of ex.Chunks stands for.
	inLast int
	// turnKept is whether the turn now running is the last of ex.Turns.
	turnKept bool
}

// NewLive begins ex. notify is called after every change, outside the lock,
// from whichever goroutine wrote; it must not block. It may be nil. An ex
// without a start begins now.
func NewLive(ex Exchange, limits Limits, notify func(*Live)) *Live {
	if ex.Start.IsZero() {
		ex.Start = time.Now()
	}
	ex.ReadsPerChunk = 1
	limits.Chunks = max(limits.Chunks, 2)
	if notify == nil {
		notify = func(*Live) {}
	}
	return &Live{limits: limits, notify: notify, start: ex.Start, ex: ex}
}

// Since is the time since the exchange began, on the monotonic clock.
func (l *Live) Since() time.Duration { return time.Since(l.start) }

// Start is when the exchange began.
func (l *Live) Start() time.Time { return l.start }

// Update changes the descriptive fields (status, headers, TLS, upstream …).
// f must not keep the pointer and must leave chunks, units and totals alone.
func (l *Live) Update(f func(*Exchange)) {
	l.mu.Lock()
	f(&l.ex)
	l.mu.Unlock()
	l.notify(l)
}

// Mark records that p ended at, since Start.
func (l *Live) Mark(p Phase, at time.Duration) {
	l.mu.Lock()
	l.ex.Phases.Set(p, at)
	l.mu.Unlock()
}

// Chunk records an arrival of c.Bytes at c.At, completing c.Units units, and
// returns its ordinal among the reads, from 0, for [Live.AddUnits] and
// [Live.Blocked].
func (l *Live) Chunk(c Chunk) int64 {
	l.mu.Lock()
	ordinal := l.ex.Totals.Reads
	l.count(c)
	l.place(c)
	l.mu.Unlock()
	l.notify(l)
	return ordinal
}

func (l *Live) count(c Chunk) {
	t := &l.ex.Totals
	if t.Reads == 0 {
		l.ex.Phases.Set(FirstByte, c.At)
	} else if gap := c.At - t.Last; gap > t.LongestGap {
		t.LongestGap, t.LongestGapAt = gap, t.Last
	}
	t.Reads++
	t.Last = c.At
	t.Bytes += int64(c.Bytes)
	t.Units += int64(c.Units)
	t.Blocked += c.Blocked
}

// place stores c in the last slot while that has room for another read, else
// in a new one, merging neighbours first when all slots are taken.
func (l *Live) place(c Chunk) {
	if l.inLast > 0 && l.inLast < l.ex.ReadsPerChunk {
		l.ex.Chunks[len(l.ex.Chunks)-1].add(c)
		l.inLast++
		return
	}
	if len(l.ex.Chunks) >= l.limits.Chunks {
		l.halve()
		l.place(c)
		return
	}
	l.ex.Chunks = append(l.ex.Chunks, c)
	l.inLast = 1
}

// halve merges neighbours in pairs, so that the series keeps its whole length
// in time at half the resolution.
func (l *Live) halve() {
	kept := l.ex.Chunks[:0]
	// Only the last slot can stand for fewer reads than the others. With a
	// neighbour it takes on that one's reads, which are as many as a slot holds.
	if len(l.ex.Chunks)%2 == 0 {
		l.inLast += l.ex.ReadsPerChunk
	}
	for pair := range slices.Chunk(l.ex.Chunks, 2) {
		c := pair[0]
		if len(pair) == 2 {
			c.add(pair[1])
		}
		kept = append(kept, c)
	}
	l.ex.Chunks = kept
	l.ex.ReadsPerChunk *= 2
}

// add merges d into c. The sums stop at the largest number they can hold: a
// slot of a very long stream says "at least", the totals stay exact.
func (c *Chunk) add(d Chunk) {
	c.Bytes = saturate(int64(c.Bytes) + int64(d.Bytes))
	c.Units = saturate(int64(c.Units) + int64(d.Units))
	c.Blocked += d.Blocked
}

func saturate(n int64) int32 { return int32(min(n, math.MaxInt32)) }

// Blocked records how long the client took to accept the read of that ordinal.
func (l *Live) Blocked(ordinal int64, d time.Duration) {
	l.mu.Lock()
	l.ex.Totals.Blocked += d
	if i := l.slot(ordinal); i >= 0 {
		l.ex.Chunks[i].Blocked += d
	}
	l.mu.Unlock()
}

// AddUnits records n units completed by the read of that ordinal, for units
// that are told apart beside the stream (content-encoded bodies) and so become
// known after the chunk.
func (l *Live) AddUnits(ordinal int64, n int) {
	if n == 0 {
		return
	}
	l.mu.Lock()
	l.ex.Totals.Units += int64(n)
	if i := l.slot(ordinal); i >= 0 {
		l.ex.Chunks[i].add(Chunk{Units: saturate(int64(n))})
	}
	l.mu.Unlock()
	l.notify(l)
}

// slot returns the index of the chunk that holds the read of that ordinal.
func (l *Live) slot(ordinal int64) int {
	i := int(ordinal / int64(l.ex.ReadsPerChunk))
	if ordinal < 0 || i >= len(l.ex.Chunks) {
		return -1
	}
	return i
}

// Unit records one unit, as far as the limit allows, and adds its part to the
// answer. It is not counted: the count comes with the chunk or AddUnits.
func (l *Live) Unit(u Unit) {
	l.mu.Lock()
	l.ex.UnitKind = u.Kind
	l.ex.Answer.count(u.Part, u.At)
	if len(l.ex.Units) < l.limits.Units {
		l.ex.Units = append(l.ex.Units, u)
	}
	l.mu.Unlock()
}

// Frame records one WebSocket frame, as far as the limit allows.
func (l *Live) Frame(f Frame) {
	l.mu.Lock()
	if len(l.ex.Frames) < l.limits.Units {
		l.ex.Frames = append(l.ex.Frames, f)
	}
	l.mu.Unlock()
	l.notify(l) // those to the origin come with no chunk
}

// Keep appends to the kept beginning of the decoded body, as far as the limit
// allows. It keeps no reference to p.
func (l *Live) Keep(p []byte) {
	l.mu.Lock()
	if room := l.limits.Body - len(l.ex.Body); room > 0 {
		// Copies share what was appended before: it never changes.
		l.ex.Body = append(l.ex.Body, p[:min(len(p), room)]...)
	}
	l.mu.Unlock()
}

// BeginTurn opens a turn whose request was sent at. Beyond the limit of units
// turns are not kept.
func (l *Live) BeginTurn(at time.Duration) {
	l.mu.Lock()
	l.turnKept = len(l.ex.Turns) < l.limits.Units
	if l.turnKept {
		l.ex.Turns = append(l.ex.Turns, Turn{Sent: at})
	}
	l.mu.Unlock()
}

// ExtendTurn notes that the request of the turn opened last went on until at.
// Once its response has begun it changes nothing.
func (l *Live) ExtendTurn(at time.Duration) {
	l.mu.Lock()
	if l.turnKept {
		if t := &l.ex.Turns[len(l.ex.Turns)-1]; t.Bytes == 0 {
			t.Sent = at
		}
	}
	l.mu.Unlock()
}

// TurnData adds n response bytes that arrived at to the turn opened last,
// unless that one was not kept.
func (l *Live) TurnData(at time.Duration, n int) {
	l.mu.Lock()
	if l.turnKept {
		t := &l.ex.Turns[len(l.ex.Turns)-1]
		if t.Bytes == 0 {
			t.First = at
		}
		t.Last = at
		t.Bytes += int64(n)
	}
	l.mu.Unlock()
}

// RequestBytes counts n more payload bytes towards the origin.
func (l *Live) RequestBytes(n int) {
	l.mu.Lock()
	l.ex.Totals.RequestBytes += int64(n)
	l.mu.Unlock()
}

// Finish ends the exchange: now, unless Ended was marked before. reason is
// empty or says in one line what failed. Only the first call counts.
func (l *Live) Finish(end End, reason string) {
	l.mu.Lock()
	first := l.ex.End == Running
	if first {
		l.ex.End, l.ex.Error = end, reason
		l.ex.Phases.Set(Ended, time.Since(l.start))
	}
	l.mu.Unlock()
	if first {
		l.notify(l)
	}
}

// Finished reports whether Finish was called.
func (l *Live) Finished() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ex.End != Running
}

// Snapshot returns a copy that nothing else refers to. Header slices are
// shared: they are never changed in place.
func (l *Live) Snapshot() Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	ex := l.ex
	ex.Chunks = slices.Clone(l.ex.Chunks)
	ex.Units = slices.Clone(l.ex.Units)
	ex.Turns = slices.Clone(l.ex.Turns)
	ex.Frames = slices.Clone(l.ex.Frames)
	ex.Body = slices.Clip(l.ex.Body)
	return ex
}

// Summary returns a copy without chunks, units, turns, frames and body: cheap at
// any length.
func (l *Live) Summary() Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	ex := l.ex
	ex.Chunks, ex.Units, ex.Turns, ex.Frames, ex.Body = nil, nil, nil, nil, nil
	return ex
}

// bytesPerSlot is how much of a body counts as one slot: about the size of a
// chunk, a unit or a frame.
const bytesPerSlot = 24

// Kept returns how many slots the detail of the exchange occupies: one for each
// chunk, unit, turn and frame, and one for each 24 bytes of body.
func (l *Live) Kept() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ex.Chunks) + len(l.ex.Units) + len(l.ex.Turns) + len(l.ex.Frames) + len(l.ex.Body)/bytesPerSlot
}

// Limit lowers the bounds to limits and gives the memory beyond them back:
// chunks are merged until they fit, later units, turns, frames and bytes are
// dropped. Bounds that are already lower stay. The totals are not touched.
func (l *Live) Limit(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits.Chunks = min(l.limits.Chunks, max(limits.Chunks, 2))
	l.limits.Units = min(l.limits.Units, max(limits.Units, 0))
	if len(l.ex.Chunks) > l.limits.Chunks {
		for len(l.ex.Chunks) > l.limits.Chunks {
			l.halve()
		}
		l.ex.Chunks = slices.Clone(l.ex.Chunks)
	}
	if len(l.ex.Units) > l.limits.Units {
		l.ex.Units = slices.Clone(l.ex.Units[:l.limits.Units])
	}
	if len(l.ex.Turns) > l.limits.Units {
		l.ex.Turns = slices.Clone(l.ex.Turns[:l.limits.Units])
		l.turnKept = false
	}
	if len(l.ex.Frames) > l.limits.Units {
		l.ex.Frames = slices.Clone(l.ex.Frames[:l.limits.Units])
	}
	l.limits.Body = min(l.limits.Body, max(limits.Body, 0))
	if len(l.ex.Body) > l.limits.Body {
		l.ex.Body = slices.Clone(l.ex.Body[:l.limits.Body])
	}
}
