package verdict_test

import (
	"math"
	"math/rand/v2"
	"slices"
)

// An event of a source: when it was made, since the request was sent, and its
// bytes. All times here are milliseconds.
type event struct {
	made  float64
	bytes int
}

// An arrival is one read at the client.
type arrival struct {
	at     float64
	events []int // those that it completed
	bytes  int
}

// schedule makes the events of one stream.
type schedule struct {
	name  string
	whole bool // made in one go, whatever came of it
	make  func(r *rand.Rand) []event
}

// between is an even choice from low to high.
func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// steady makes n events with gaps that vary by that factor around the mean.
func steady(r *rand.Rand, n int, start, gap, vary float64, size func() int) []event {
	events := make([]event, n)
	at := start
	for i := range events {
		events[i] = event{at, size()}
		at += gap * between(r, 1-vary, 1+vary)
	}
	return events
}

func around(r *rand.Rand, mean int) func() int {
	return func() int { return int(float64(mean) * between(r, 0.6, 1.4)) }
}

// schedules are the ways of sources, from token streams to files.
var schedules = []schedule{
	{name: "tokens", make: func(r *rand.Rand) []event {
		return steady(r, 30+r.IntN(120), between(r, 20, 500), between(r, 20, 90), 0.7, around(r, 60+r.IntN(200)))
	}},
	{name: "random gaps", make: func(r *rand.Rand) []event {
		events, at := []event{}, between(r, 20, 400)
		for range 40 + r.IntN(80) {
			events = append(events, event{at, 60 + r.IntN(140)})
			at += 5 + r.ExpFloat64()*between(r, 30, 60)
		}
		return events
	}},
	{name: "fast", make: func(r *rand.Rand) []event {
		return steady(r, 300, between(r, 20, 400), between(r, 4, 7), 0.3, around(r, 120))
	}},
	{name: "big events", make: func(r *rand.Rand) []event {
		return steady(r, 30, between(r, 50, 300), between(r, 60, 120), 0.4, around(r, 2200))
	}},
	{name: "thinking first", make: func(r *rand.Rand) []event {
		return steady(r, 50, between(r, 2000, 6000), between(r, 30, 60), 0.5, around(r, 125))
	}},
	{name: "slow", make: func(r *rand.Rand) []event {
		return steady(r, 5+r.IntN(6), between(r, 300, 1500), between(r, 500, 1200), 0.6, around(r, 120))
	}},
	{name: "clumps", make: func(r *rand.Rand) []event {
		var events []event
		at := between(r, 200, 600)
		for range 8 + r.IntN(6) {
			for range 4 + r.IntN(7) {
				events = append(events, event{at, 80 + r.IntN(80)})
				at += between(r, 0.1, 1)
			}
			at += between(r, 150, 550)
		}
		return events
	}},
	{name: "pauses", make: func(r *rand.Rand) []event {
		events := steady(r, 50+r.IntN(40), between(r, 50, 400), between(r, 25, 60), 0.6, around(r, 120))
		pause, from := between(r, 2400, 5000), 10+r.IntN(len(events)-20)
		for i := from; i < len(events); i++ {
			events[i].made += pause
		}
		return events
	}},
	{name: "few", make: func(r *rand.Rand) []event {
		return steady(r, 2, between(r, 40, 350), between(r, 40, 80), 0.1, around(r, 115))
	}},
	{name: "soon over", make: func(r *rand.Rand) []event {
		return steady(r, 5+r.IntN(6), between(r, 30, 350), between(r, 5, 12), 0.3, around(r, 125))
	}},
	{name: "one answer", whole: true, make: func(r *rand.Rand) []event {
		return []event{{between(r, 100, 3000), 300 + r.IntN(150_000)}}
	}},
}

// hold is what stands between source and client: it turns events into reads.
type hold struct {
	name string
	pass func(r *rand.Rand, events []event) []arrival
}

// flushed writes each event as its own read.
func flushed(_ *rand.Rand, events []event) []arrival {
	var reads []arrival
	for i, e := range events {
		at := e.made + 0.2
		if n := len(reads); n > 0 && at-reads[n-1].at < 0.15 {
			reads[n-1].events = append(reads[n-1].events, i)
			reads[n-1].bytes += e.bytes
			continue
		}
		reads = append(reads, arrival{at, []int{i}, e.bytes})
	}
	return reads
}

// blocks lets go what has gathered to that many bytes, and the rest at the end.
func blocks(size int) func(*rand.Rand, []event) []arrival {
	return func(_ *rand.Rand, events []event) []arrival {
		var reads []arrival
		held := arrival{}
		for i, e := range events {
			left := e.bytes
			for held.bytes+left >= size {
				left -= size - held.bytes
				held.at, held.bytes = e.made+0.2, size
				if left == 0 {
					held.events = append(held.events, i)
				}
				reads, held = append(reads, held), arrival{}
			}
			if left > 0 {
				held.bytes += left
				held.events = append(held.events, i)
			}
		}
		if held.bytes > 0 {
			held.at = events[len(events)-1].made + 1
			reads = append(reads, held)
		}
		return reads
	}
}

// ticking lets go what has gathered since the first byte held, after that long.
func ticking(wait, vary float64) func(*rand.Rand, []event) []arrival {
	return func(r *rand.Rand, events []event) []arrival {
		var reads []arrival
		end := events[len(events)-1].made
		for i := 0; i < len(events); {
			at := min(events[i].made+wait+between(r, 0, vary), end+1)
			read := arrival{at: at}
			for ; i < len(events) && events[i].made <= at; i++ {
				read.events = append(read.events, i)
				read.bytes += events[i].bytes
			}
			reads = append(reads, read)
		}
		return reads
	}
}

// every lets go each n-th event with those before it.
func every(n int) func(*rand.Rand, []event) []arrival {
	return func(_ *rand.Rand, events []event) []arrival {
		var reads []arrival
		read := arrival{}
		for i, e := range events {
			read.events, read.bytes = append(read.events, i), read.bytes+e.bytes
			if len(read.events) == n || i == len(events)-1 {
				read.at = e.made + 0.2
				reads, read = append(reads, read), arrival{}
			}
		}
		return reads
	}
}

// jamming is a line that now and then keeps back what comes for a while.
func jamming(often, low, high float64) func(*rand.Rand, []event) []arrival {
	return func(r *rand.Rand, events []event) []arrival {
		var reads []arrival
		until := 0.0
		for i, e := range events {
			at := e.made + 0.2
			if at > until && r.Float64() < often {
				until = at + between(r, low, high)
			}
			at = max(at, until)
			if n := len(reads); n > 0 && reads[n-1].at >= at && r.Float64() < 0.8 {
				reads[n-1].events = append(reads[n-1].events, i)
				reads[n-1].bytes += e.bytes
				continue
			}
			reads = append(reads, arrival{at, []int{i}, e.bytes})
		}
		return reads
	}
}

// freezing stops once for some seconds.
func freezing(r *rand.Rand, events []event) []arrival {
	first, last := events[0].made, events[len(events)-1].made
	if last-first < 1500 {
		return flushed(r, events)
	}
	from := first + (last-first)*between(r, 0.3, 0.6)
	until := from + between(r, 2300, 3500)
	reads := flushed(r, events)
	for i := range reads {
		if reads[i].at >= from {
			reads[i].at = max(reads[i].at, until)
		}
	}
	return joinEqual(reads)
}

func joinEqual(reads []arrival) []arrival {
	var joined []arrival
	for _, read := range reads {
		if n := len(joined); n > 0 && read.at == joined[n-1].at {
			joined[n-1].events = append(joined[n-1].events, read.events...)
			joined[n-1].bytes += read.bytes
			continue
		}
		joined = append(joined, read)
	}
	return joined
}

// whole keeps all to the end.
func whole(_ *rand.Rand, events []event) []arrival {
	read := arrival{at: events[len(events)-1].made + 1}
	for i, e := range events {
		read.events, read.bytes = append(read.events, i), read.bytes+e.bytes
	}
	return []arrival{read}
}

// unflushedCoding lets the head of a coding out and keeps the rest to the end.
func unflushedCoding(r *rand.Rand, events []event) []arrival {
	reads := whole(r, events)
	reads[0].bytes /= 4
	return append([]arrival{{at: events[0].made + 1, bytes: 10}}, reads...)
}

var holds = []hold{
	{name: "none", pass: flushed},
	{name: "blocks of 4096", pass: blocks(4096)},
	{name: "blocks of 8184", pass: blocks(8184)},
	{name: "blocks of 16384", pass: blocks(16384)},
	{name: "blocks of 1024", pass: blocks(1024)},
	{name: "ticks of 205", pass: ticking(205, 30)},
	{name: "ticks of 500", pass: ticking(500, 20)},
	{name: "every 8th", pass: every(8)},
	{name: "jams", pass: jamming(0.05, 60, 200)},
	{name: "heavy jams", pass: jamming(0.6, 250, 700)},
	{name: "freeze", pass: freezing},
	{name: "all at the end", pass: whole},
	{name: "coding unflushed", pass: unflushedCoding},
}

// observe makes the trace of one stream, with its truth by the definitions.
func observe(r *rand.Rand, s schedule, h hold, tunnelled bool) trace {
	events := s.make(r)
	reads := h.pass(r, events)
	if s.whole {
		reads = packets(reads[len(reads)-1])
	}
	t := trace{ID: "synthetic", Truth: truth{Layer: h.name, Scenario: s.name}}
	judgeTruth(&t.Truth, s, events, reads)
	show(r, &t.Visible, s, h, reads, tunnelled)
	if tunnelled {
		t.Truth.Layer += " in a tunnel"
	}
	return t
}

// packets brings one body in reads of 32 KiB.
func packets(whole arrival) []arrival {
	var reads []arrival
	for left := whole.bytes; left > 0; left -= 32 << 10 {
		reads = append(reads, arrival{at: whole.at, bytes: min(left, 32<<10)})
	}
	reads[len(reads)-1].events = whole.events
	return reads
}

func show(r *rand.Rand, v *visible, s schedule, h hold, reads []arrival, tunnelled bool) {
	v.Status, v.Protocol, v.End, v.Tunnel = 200, "HTTP/1.1", "chunk-end", tunnelled
	v.Headers = [][2]string{{"Content-Type", "text/event-stream"}, {"Transfer-Encoding", "chunked"}}
	head := reads[0].at
	if r.IntN(2) == 0 {
		head = between(r, 0.3, 2)
	}
	for _, read := range reads {
		row := [2]float64{read.at, float64(read.bytes)}
		if tunnelled {
			row[1] += 35 // a record, and a wire chunk, around it
			v.Reads = append(v.Reads, row)
			continue
		}
		v.Body = append(v.Body, row)
		if !s.whole {
			v.Messages = append(v.Messages, int32(len(read.events)))
		}
	}
	if tunnelled {
		v.Headers, v.End = nil, ""
		v.Reads[0][1] += 250 // the head
	} else {
		v.Head = &head
	}
	if s.whole {
		v.Headers = [][2]string{{"Content-Type", "application/json"}, {"Content-Length", "1"}}
	}
	if h.name == "coding unflushed" {
		v.Headers = append(v.Headers, [2]string{"Content-Encoding", "gzip"})
	}
	v.Ended = reads[len(reads)-1].at
}

// judgeTruth labels by what the source made against what arrived.
func judgeTruth(t *truth, s schedule, events []event, reads []arrival) {
	if s.whole {
		t.Label = "not_a_stream"
		return
	}
	arrived := make([]float64, len(events))
	for _, read := range reads {
		for _, i := range read.events {
			arrived[i] = read.at
		}
	}
	base := math.Inf(1)
	for i, e := range events {
		base = min(base, arrived[i]-e.made)
	}
	last := events[len(events)-1].made
	var late, could float64
	for i, e := range events {
		late += float64(e.bytes) * (arrived[i] - e.made - base)
		could += float64(e.bytes) * (last - e.made)
	}
	score := min(max(1-late/could, 0), 1)
	joined, outside, stalls := togetherness(events, arrived, reads)
	t.Joined = joined
	switch span := last - events[0].made; {
	case instants(events) < 3 || span < 250:
		t.Label = "too_short"
		return
	case score < 0.15:
		t.Label = "buffered_whole"
	case stalls >= 1 && stalls <= 2 && outside < 0.6:
		t.Label = "stalled"
	case joined >= 0.6:
		t.Label = "coalesced"
	case joined >= 0.15 || s.name == "clumps":
		t.Label = "bursty"
	default:
		t.Label = "incremental"
	}
	t.Score = &score
}

func instants(events []event) int {
	n, first := 0, math.Inf(-1)
	for _, e := range events {
		if e.made-first > 8 {
			n, first = n+1, e.made
		}
	}
	return n
}

// togetherness is the share of events that came in a lump with others made at
// least 50 ms apart, the same without the lumps that end a silence, and how
// many silences there were.
func togetherness(events []event, arrived []float64, reads []arrival) (joined, outside float64, stalls int) {
	var starts []float64
	for _, read := range reads {
		if n := len(starts); n == 0 || read.at-starts[n-1] > 8 {
			starts = append(starts, read.at)
		}
	}
	var gaps []float64
	for i := 1; i < len(starts); i++ {
		gaps = append(gaps, starts[i]-starts[i-1])
	}
	limit := math.Inf(1)
	if len(starts) >= 8 {
		sorted := slices.Sorted(slices.Values(gaps))
		limit = max(2000, 8*sorted[len(sorted)/2])
	}
	var together, after, afterTogether int
	for k, start := range starts {
		n, first, last := 0, math.Inf(1), math.Inf(-1)
		for i, e := range events {
			if arrived[i] >= start && (k+1 == len(starts) || arrived[i] < starts[k+1]) {
				n, first, last = n+1, min(first, e.made), max(last, e.made)
			}
		}
		silent := k > 0 && gaps[k-1] >= limit
		if silent {
			stalls++
			after += n
		}
		if last-first >= 50 {
			together += n
			if silent {
				afterTogether += n
			}
		}
	}
	return share(together, len(events)), share(together-afterTogether, len(events)-after), stalls
}
