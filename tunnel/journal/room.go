package journal

import (
	"math"

	"streamgauge/tunnel"
)

// leastShare is how many slots thinning leaves to a running exchange at least.
const leastShare = 16

// makeRoom drops and thins until the limits hold. The caller holds j.mu.
func (j *Journal) makeRoom() {
	for len(j.byID) > j.limits.Exchanges || j.stats.Slots > int64(j.limits.Slots) {
		switch {
		case len(j.finished) > 0:
			j.stats.Evicted++
			j.dropOldest()
		case len(j.byID) > j.limits.Exchanges:
			j.forget(j.running.Front().Value.(*entry))
		default:
			j.thin()
			return
		}
	}
}

// dropOldest drops the exchange that ended longest ago.
func (j *Journal) dropOldest() {
	e := j.finished[0]
	j.finished[0] = nil // the array outlives the slice's front
	j.finished = j.finished[1:]
	j.dropped++
	j.release(e)
}

// forget drops a running exchange. Its path goes on writing through the same
// handle, which from now on keeps next to nothing.
func (j *Journal) forget(e *entry) {
	j.stats.Forgotten++
	j.running.Remove(e.place)
	e.place = nil
	j.release(e)
	e.live.Limit(tunnel.Limits{})
}

// release takes e out of the books.
func (j *Journal) release(e *entry) {
	delete(j.byID, e.id)
	j.stats.Slots -= e.heads + e.granted.Swap(math.MaxInt64)
}

// thin cuts every running exchange down to an equal share of half the slots.
// The other half must fill before this happens again, which is why visiting
// them all costs little for each slot.
func (j *Journal) thin() {
	j.stats.Thinned++
	share := max(j.limits.Slots/2/j.running.Len(), leastShare)
	for place := j.running.Front(); place != nil; place = place.Next() {
		e := place.Value.(*entry)
		if e.granted.Load() <= int64(share) {
			continue
		}
		// Chunks, units, turns, frames and body have a fifth each.
		e.live.Limit(tunnel.Limits{Chunks: share / 5, Units: share / 5, Body: share / 5 * slotBytes})
		j.setGrant(e, int64(e.live.Kept()))
	}
}
