package tunnel

import "time"

// Phase is a step of an exchange.
type Phase uint8

// The steps in the order in which they end.
const (
	DNS       Phase = iota // name resolved here (never when the upstream resolves it)
	Connect                // TCP connected, to the origin or to the upstream
	Handshake              // upstream agreed to carry us (SOCKS, CONNECT, TLS to the upstream)
	TLS                    // TLS with the origin
	Sent                   // request written, body included
	Head                   // blank line after the final response head read
	FirstByte              // first payload byte read
	Ended                  // exchange over
	phaseCount
)

var phaseNames = [phaseCount]string{"dns", "connect", "upstream", "tls", "sent", "head", "first_byte", "end"}

// String returns the name used in recordings.
func (p Phase) String() string {
	if p < phaseCount {
		return phaseNames[p]
	}
	return ""
}

// AllPhases lists the phases in the order in which they end.
func AllPhases() []Phase {
	all := make([]Phase, phaseCount)
	for i := range all {
		all[i] = Phase(i)
	}
	return all
}

// Phases holds when each phase ended, since Exchange.Start. A phase that did
// not happen (a reused connection resolves and dials nothing) is absent. The
// zero value has none.
type Phases struct {
	ends [phaseCount]time.Duration
	have uint16
}

// Set records that p ended at. The first time given stays: a retry on a second
// connection does not overwrite what the user waited for. Only Sent keeps the
// last.
func (ps *Phases) Set(p Phase, at time.Duration) {
	if p >= phaseCount || (ps.Has(p) && p != Sent) {
		return
	}
	ps.ends[p] = at
	ps.have |= 1 << p
}

// Has reports whether p happened.
func (ps *Phases) Has(p Phase) bool { return p < phaseCount && ps.have&(1<<p) != 0 }

// At returns when p ended, since Exchange.Start, and whether it happened.
func (ps *Phases) At(p Phase) (time.Duration, bool) {
	if !ps.Has(p) {
		return 0, false
	}
	return ps.ends[p], true
}
