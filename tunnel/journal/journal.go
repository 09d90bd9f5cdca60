package journal

import (
	"cmp"
	"container/list"
	"crypto/rand"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"streamgauge/tunnel"
)

// Limits bound a journal. A field that is zero or negative means its default.
type Limits struct {
	// Exchanges is how many are kept, running ones included; 2,000.
	Exchanges int
	// Chunks is how many are kept of one exchange before neighbours are
	// merged; 20,000.
	Chunks int
	// Units is how many are kept of one exchange; 20,000.
	Units int
	// Body is how many bytes of a decoded body are kept of one exchange; 1<<20.
	// Here a negative number keeps none.
	Body int
	// Slots is how many chunks, units, turns and frames are kept of all exchanges
	// together, each 24 bytes of head or body counting as one more; 2<<20.
	Slots int
}

// slotBytes is about what one slot occupies, to count heads in slots.
const slotBytes = 24

func (l Limits) orDefaults() Limits {
	pick := func(n, fallback int) int {
		if n > 0 {
			return n
		}
		return fallback
	}
	return Limits{
		Exchanges: pick(l.Exchanges, 2_000),
		Chunks:    pick(l.Chunks, 20_000),
		Units:     pick(l.Units, 20_000),
		Body:      max(cmp.Or(l.Body, 1<<20), 0),
		Slots:     pick(l.Slots, 2<<20),
	}
}

// Stats tell how full a journal is and what it had to give up since it was made.
type Stats struct {
	// Kept is how many exchanges are held, Running how many of them run.
	Kept, Running int
	// Slots is how many slots are taken or set aside.
	Slots int64
	// Evicted is how many ended exchanges were dropped to make room.
	Evicted int64
	// Forgotten is how many exchanges were dropped while they ran.
	Forgotten int64
	// Thinned is how often the series of all running exchanges were cut down
	// to fit the slots.
	Thinned int64
}

// Journal keeps the latest exchanges. All methods may be called concurrently.
type Journal struct {
	prefix string // of every ID, random per journal
	bell   tunnel.Bell

	mu       sync.Mutex // guards all below
	limits   Limits
	seq      int64 // of the exchange begun last
	byID     map[string]*entry
	running  list.List // of *entry, oldest first
	finished []*entry  // in the order in which they ended
	dropped  int64     // how many left finished at its front: the cursor of finished[0]
	stats    Stats     // Kept and Running are filled in by Stats
}

// entry is one exchange in the journal.
type entry struct {
	journal *Journal
	seq     int64
	id      string
	live    *tunnel.Live
	// granted is how many slots its detail may occupy before it asks again.
	// Written under Journal.mu.
	granted atomic.Int64
	// heads is how many slots its heads take; guarded by Journal.mu.
	heads int64
	// place is the element in Journal.running, nil when ended or forgotten;
	// guarded by Journal.mu.
	place *list.Element
}

// New returns an empty journal.
func New(limits Limits) *Journal {
	return &Journal{
		limits: limits.orDefaults(),
		prefix: strings.ToLower(rand.Text()[:3]) + "-",
		byID:   make(map[string]*entry),
	}
}

// SetLimits changes the limits. What is over them goes at once; the bounds of one
// exchange hold for those that begin from now on.
func (j *Journal) SetLimits(limits Limits) {
	j.mu.Lock()
	j.limits = limits.orDefaults()
	j.makeRoom()
	j.mu.Unlock()
	j.bell.Ring()
}

// Begin takes in an exchange and returns the handle to write it through. It
// gives it an ID unless it has one that is still free, and a start if it has
// none.
func (j *Journal) Begin(ex tunnel.Exchange) *tunnel.Live {
	e := &entry{journal: j, heads: headSlots(&ex)}
	defer j.bell.Ring()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.seq = j.seq
	e.id = j.freeID(ex.ID)
	ex.ID = e.id
	e.live = tunnel.NewLive(ex, tunnel.Limits{Chunks: j.limits.Chunks, Units: j.limits.Units, Body: j.limits.Body}, e.changed)
	j.byID[e.id] = e
	e.place = j.running.PushBack(e)
	j.stats.Slots += e.heads
	j.makeRoom()
	return e.live
}

// freeID returns wanted, or a new ID if that is empty or taken.
func (j *Journal) freeID(wanted string) string {
	for n := j.seq; ; n++ {
		if _, taken := j.byID[wanted]; !taken && wanted != "" {
			return wanted
		}
		wanted = j.prefix + strconv.FormatInt(n, 36)
	}
}

// changed is told of each change of the exchange, by whoever made it.
func (e *entry) changed(live *tunnel.Live) {
	if kept := int64(live.Kept()); kept > e.granted.Load() {
		e.journal.grant(e, kept)
	}
	if live.Finished() {
		e.journal.finish(e)
	}
	e.journal.bell.Ring()
}

// grant sets slots aside for an exchange that keeps that many: a quarter more,
// as append does, so that growing asks seldom.
func (j *Journal) grant(e *entry, kept int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.byID[e.id] != e {
		e.granted.Store(math.MaxInt64) // dropped: no longer counted
		return
	}
	j.setGrant(e, kept+max(kept/4, 32))
	j.makeRoom()
}

func (j *Journal) setGrant(e *entry, n int64) {
	j.stats.Slots += n - e.granted.Swap(n)
}

// finish moves e from the running to the ended exchanges, the first time.
func (j *Journal) finish(e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.place == nil {
		return
	}
	j.running.Remove(e.place)
	e.place = nil
	j.finished = append(j.finished, e)
	summary := e.live.Summary()
	heads := headSlots(&summary)
	j.stats.Slots += heads - e.heads
	e.heads = heads
	j.setGrant(e, int64(e.live.Kept()))
	j.makeRoom()
}

// headSlots is what the texts of ex take, in slots.
func headSlots(ex *tunnel.Exchange) int64 {
	n := len(ex.URL) + len(ex.Host) + len(ex.Error)
	for _, headers := range [][]tunnel.Header{ex.RequestHeaders, ex.ResponseHeaders} {
		for _, h := range headers {
			n += len(h.Name) + len(h.Value)
		}
	}
	return int64(n / slotBytes)
}
