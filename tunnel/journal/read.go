package journal

import (
	"cmp"
	"slices"

	"streamgauge/tunnel"
)

// Subscribe returns a channel of capacity one that receives after changes, and a
// function that ends the subscription: see [tunnel.Bell].
func (j *Journal) Subscribe() (<-chan struct{}, func()) { return j.bell.Subscribe() }

// Snapshot returns the exchanges without chunks, units and turns, in the order
// in which they began.
func (j *Journal) Snapshot() []tunnel.Exchange {
	j.mu.Lock()
	entries := make([]*entry, 0, len(j.byID))
	for _, e := range j.byID {
		entries = append(entries, e)
	}
	j.mu.Unlock()
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	all := make([]tunnel.Exchange, len(entries))
	for i, e := range entries {
		all[i] = e.live.Summary()
	}
	return all
}

// Exchange returns a whole copy of the exchange with that ID, if it is kept.
func (j *Journal) Exchange(id string) (tunnel.Exchange, bool) {
	j.mu.Lock()
	e, ok := j.byID[id]
	j.mu.Unlock()
	if !ok {
		return tunnel.Exchange{}, false
	}
	return e.live.Snapshot(), true
}

// Running returns the handles of the exchanges that run, oldest first.
func (j *Journal) Running() []*tunnel.Live {
	j.mu.Lock()
	defer j.mu.Unlock()
	lives := make([]*tunnel.Live, 0, j.running.Len())
	for place := j.running.Front(); place != nil; place = place.Next() {
		lives = append(lives, place.Value.(*entry).live)
	}
	return lives
}

// Latest returns whole copies of the exchanges that ended last, the newest first,
// at most n.
func (j *Journal) Latest(n int) []tunnel.Exchange {
	j.mu.Lock()
	entries := slices.Clone(j.finished[max(len(j.finished)-n, 0):])
	j.mu.Unlock()
	latest := make([]tunnel.Exchange, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		latest = append(latest, e.live.Snapshot())
	}
	return latest
}

// EndedSince returns whole copies of the exchanges that ended since cursor, in
// the order in which they did, the cursor for the next call, and how many were
// dropped before this call could see them. Cursor 0 is the journal's beginning.
// A reader that passes on the cursor it got sees each exchange once.
func (j *Journal) EndedSince(cursor int64) (ended []tunnel.Exchange, next, lost int64) {
	j.mu.Lock()
	lost = max(j.dropped-cursor, 0)
	next = j.dropped + int64(len(j.finished))
	seen := min(max(cursor-j.dropped, 0), int64(len(j.finished)))
	entries := slices.Clone(j.finished[seen:])
	j.mu.Unlock()
	for _, e := range entries {
		ended = append(ended, e.live.Snapshot())
	}
	return ended, next, lost
}

// Clear drops the ended exchanges; for [Journal.EndedSince] they are lost if
// not yet seen. Running ones stay.
func (j *Journal) Clear() {
	j.mu.Lock()
	for len(j.finished) > 0 {
		j.dropOldest()
	}
	j.mu.Unlock()
	j.bell.Ring()
}

// Stats returns how full the journal is and what it gave up.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	stats := j.stats
	stats.Kept, stats.Running = len(j.byID), j.running.Len()
	return stats
}
