package verdict

import (
	"cmp"
	"slices"
	"time"

	"streamgauge/tunnel"
)

// limits are the usual limits of hops on a whole answer or on its silences.
var limits = [...]time.Duration{
	10 * time.Second, 30 * time.Second, 60 * time.Second, 100 * time.Second,
	120 * time.Second, 180 * time.Second, 300 * time.Second,
}

const (
	// nearLimit is how far off a limit an end may be to be laid to it, and
	// atLimit the same for an end that looks orderly, as some hops make it look.
	nearLimit = time.Second
	atLimit   = 100 * time.Millisecond
	// fewestCuts is how many make a habit of it.
	fewestCuts = 2
	// mostCutHosts bounds what a collection remembers; hosts that come later are
	// not looked at.
	mostCutHosts = 256
)

// Cutoffs collects exchanges of which several show what one cannot: that
// something on the way ends them at an age, or after a silence. The zero value
// is ready. It is not safe for concurrent use.
type Cutoffs struct {
	seen map[cut]ages
}

// cut is where exchanges were cut.
type cut struct {
	host    string
	code    ReasonCode
	limit   time.Duration
	orderly bool // the end looked orderly
}

type ages struct {
	n   int
	sum time.Duration
}

// Cutoff is a habit of a path.
type Cutoff struct {
	// Host is the origin, host:port.
	Host string
	Reason
}

// Add takes an exchange that has ended into account. One that runs, or that the
// client ended, says nothing.
func (c *Cutoffs) Add(ex *tunnel.Exchange) {
	ended, ok := ex.Phases.At(tunnel.Ended)
	if !ok || ex.End == tunnel.Running || ex.End == tunnel.ClientClosed {
		return
	}
	since, _ := ex.Phases.At(tunnel.Sent)
	silence := ended - max(ex.Totals.Last, since)
	near := nearLimit
	if ex.End == tunnel.Complete {
		near = atLimit
	}
	// A silence that long is the stronger sign; an answer of which nothing came
	// is as old as its silence.
	if c.note(ex, SilentToEnd, silence, nearLimit) {
		return
	}
	c.note(ex, CutAtAge, ended-since, near)
}

func (c *Cutoffs) note(ex *tunnel.Exchange, code ReasonCode, age, near time.Duration) bool {
	for _, limit := range limits {
		if (age - limit).Abs() > near {
			continue
		}
		if c.seen == nil {
			c.seen = map[cut]ages{}
		}
		key := cut{ex.Host, code, limit, ex.End == tunnel.Complete}
		if _, known := c.seen[key]; known || len(c.seen) < mostCutHosts {
			c.seen[key] = ages{c.seen[key].n + 1, c.seen[key].sum + age}
		}
		return true
	}
	return false
}

// Found lists the habits seen so far, by host.
func (c *Cutoffs) Found() []Cutoff {
	var found []Cutoff
	for key, a := range c.seen {
		if a.n >= fewestCuts {
			found = append(found, Cutoff{key.host, Reason{Code: key.code, Lumps: a.n, Wait: a.sum / time.Duration(a.n), Gap: key.limit}})
		}
	}
	slices.SortFunc(found, func(a, b Cutoff) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Gap, b.Gap), cmp.Compare(a.Code, b.Code), cmp.Compare(b.Lumps, a.Lumps))
	})
	return found
}
