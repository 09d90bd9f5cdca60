package terminal

import (
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
)

// NewRow judges and redacts an exchange to be shown. Elapsed is left to be set
// where it runs.
func NewRow(ex tunnel.Exchange) Row {
	return Row{Exchange: presentable(ex), Verdict: recording.Judge(&ex)}
}

// presentable redacts ex without its headers: rows have no room for them, and
// masking those takes longest.
func presentable(ex tunnel.Exchange) tunnel.Exchange {
	ex.RequestHeaders, ex.ResponseHeaders = nil, nil
	return recording.Redact(ex)
}

// When the arrivals of a running exchange are looked at again: once there are a
// hundredth more of them, which is less than one cell of a picture, but at the
// latest a second after a change.
const (
	glanceGrowth = 100
	glancePause  = time.Second
)

// Running makes rows of exchanges that run, frame after frame. Numbers are those
// of the moment. The arrivals, of which a long stream has tens of thousands, are
// copied and judged only now and then, so that drawing costs about the same
// however long a stream has run. The zero value is ready; a Running serves one
// goroutine.
type Running struct {
	seen map[*tunnel.Live]*glance
}

// glance is what was seen of an exchange when its arrivals were copied last.
type glance struct {
	chunks   []tunnel.Chunk
	verdict  recording.Judgement
	progress int64
	at       time.Duration // since the exchange began
}

// Rows returns a row for each of lives and forgets all others.
func (r *Running) Rows(lives []*tunnel.Live) []Row {
	seen := make(map[*tunnel.Live]*glance, len(lives))
	rows := make([]Row, len(lives))
	for i, live := range lives {
		ex, elapsed := live.Summary(), live.Since()
		g := r.seen[live]
		if g == nil || g.isStale(&ex, elapsed) {
			g = newGlance(live, elapsed)
		}
		seen[live] = g
		ex.Chunks = g.chunks
		rows[i] = Row{Exchange: presentable(ex), Verdict: g.verdict, Elapsed: elapsed}
	}
	r.seen = seen
	return rows
}

func newGlance(live *tunnel.Live, elapsed time.Duration) *glance {
	ex := live.Snapshot()
	return &glance{ex.Chunks, recording.Judge(&ex), progressOf(&ex), elapsed}
}

func (g *glance) isStale(ex *tunnel.Exchange, elapsed time.Duration) bool {
	grown := progressOf(ex) - g.progress
	return grown > g.progress/glanceGrowth || grown > 0 && elapsed-g.at >= glancePause
}

// progressOf grows with all that changes a picture. Units may be counted after
// the chunk that brought them.
func progressOf(ex *tunnel.Exchange) int64 { return ex.Totals.Reads + ex.Totals.Units }
