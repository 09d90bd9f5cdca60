package verdict

import (
	"time"

	"streamgauge/tunnel"
)

// lump is a group of arrivals that began within [LumpWindow] of one another.
type lump struct {
	at    time.Duration // of its first arrival, since the request was sent
	end   time.Duration // of its last
	bytes int64
	units int // as counted; 0 where units are not known
	most  int // of one arrival: units where they are known, else bytes
	reads int
	// held reports that the client kept its first arrival from coming earlier.
	held bool
}

// arrivals are what a verdict is made from.
type arrivals struct {
	chunks []tunnel.Chunk
	units  []tunnel.Unit // instead of chunks, where reads carry what is not payload
	sent   time.Duration
	merged int  // reads that one chunk may stand for
	known  bool // the units of each chunk are messages of the application
}

func arrivalsOf(ex *tunnel.Exchange) arrivals {
	a := arrivals{chunks: ex.Chunks, merged: max(ex.ReadsPerChunk, 1), known: countable(ex) > 0}
	// The reads of a tunnel carry handshakes and session tickets too; its
	// records are those of application data. If not all were kept the reads show
	// the whole length.
	if ex.UnitKind == tunnel.TLSRecord && len(ex.Units) > 0 && int64(len(ex.Units)) == ex.Totals.Units {
		a.chunks, a.units = nil, ex.Units
	}
	// A response may begin before its request has ended: then only the start is
	// certain to lie before what came.
	if sent, ok := ex.Phases.At(tunnel.Sent); ok && a.len() > 0 && sent <= a.at(0) {
		a.sent = sent
	}
	return a
}

// countable is how many units ex has by a rule that finds messages in the
// bytes. Text is told apart by its reads and a record says nothing of messages,
// so their number adds nothing to the lumps.
func countable(ex *tunnel.Exchange) int64 {
	if ex.UnitKind == tunnel.Text || ex.UnitKind == tunnel.TLSRecord {
		return 0
	}
	return ex.Totals.Units
}

func (a *arrivals) len() int { return len(a.chunks) + len(a.units) }

func (a *arrivals) at(i int) time.Duration {
	if a.units != nil {
		return a.units[i].At
	}
	return a.chunks[i].At
}

func (a *arrivals) bytes(i int) int64 {
	if a.units != nil {
		return int64(a.units[i].Bytes)
	}
	return int64(a.chunks[i].Bytes)
}

// messages is how many units one read of chunk i completed. A chunk that stands
// for several reads counts as if they had shared its units evenly: that they
// were merged for lack of room may not look like coalescing.
func (a *arrivals) messages(i int) int {
	if !a.known {
		return 0
	}
	return (int(a.chunks[i].Units) + a.merged - 1) / a.merged
}

// lump returns the lump that begins with arrival i, and where the next begins.
// Arrivals without bytes are passed over.
func (a *arrivals) lump(i int) (l lump, next int) {
	for i < a.len() && a.bytes(i) == 0 {
		i++
	}
	if i == a.len() {
		return lump{}, i
	}
	first := a.at(i)
	l = lump{at: first - a.sent, held: tunnel.ClientLimited(a.chunks, i)}
	for ; i < a.len() && a.at(i)-first <= LumpWindow; i++ {
		a.join(&l, i)
	}
	for i < a.len() && a.bytes(i) == 0 {
		i++
	}
	return l, i
}

func (a *arrivals) join(l *lump, i int) {
	l.end = a.at(i) - a.sent
	l.bytes += a.bytes(i)
	l.reads++
	if a.known {
		n := a.messages(i)
		l.units += n
		l.most = max(l.most, n)
		return
	}
	l.most = max(l.most, int(a.bytes(i)))
}
