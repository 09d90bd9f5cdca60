package verdict

import (
	"slices"
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
	a := arrivals{chunks: ex.Chunks, merged: max(ex.ReadsPerChunk, 1)}
	// A recording of others may have units but not say which read brought them.
	a.known = countable(ex) > 0 && slices.ContainsFunc(ex.Chunks, func(c tunnel.Chunk) bool { return c.Units > 0 })
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

// lump returns the lump that begins with arrival i, and where the next begins.
// Arrivals without bytes are passed over; if only such are left the lump is
// empty.
func (a *arrivals) lump(i int) (l lump, next int) {
	for i < a.len() && a.bytes(i) == 0 {
		i++
	}
	if i == a.len() {
		return lump{}, i
	}
	l.at = a.at(i) - a.sent
	if a.units != nil {
		next = l.takeRecords(a.units, i)
	} else {
		l.held = tunnel.ClientLimited(a.chunks, i)
		next = l.takeChunks(a, i)
	}
	l.end -= a.sent
	return l, next
}

func (l *lump) takeRecords(records []tunnel.Unit, i int) (next int) {
	first := records[i].At
	for ; i < len(records) && records[i].At-first <= LumpWindow; i++ {
		n := int(records[i].Bytes)
		l.end = records[i].At
		l.bytes += int64(n)
		l.most = max(l.most, n)
		l.reads++
	}
	return i
}

// takeChunks counts a chunk that stands for several reads as if they had shared
// its units evenly: that they were merged for lack of room may not look like
// coalescing.
func (l *lump) takeChunks(a *arrivals, i int) (next int) {
	first := a.chunks[i].At
	for ; i < len(a.chunks) && a.chunks[i].At-first <= LumpWindow; i++ {
		c := &a.chunks[i]
		l.end = c.At
		l.bytes += int64(c.Bytes)
		l.reads++
		n := int(c.Bytes)
		if a.known {
			n = int(c.Units)
			if a.merged > 1 {
				n = (n + a.merged - 1) / a.merged
			}
			l.units += n
		}
		l.most = max(l.most, n)
	}
	return i
}
