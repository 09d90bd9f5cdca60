package tunnel

import (
	"testing"
	"time"
)

func TestPhases(t *testing.T) {
	var ps Phases
	for _, p := range AllPhases() {
		if at, ok := ps.At(p); ok || at != 0 || ps.Has(p) {
			t.Errorf("%v of the zero value = %v, %v: want absent", p, at, ok)
		}
	}
	ps.Set(DNS, 0) // instantly is not never
	ps.Set(Head, 30*ms)
	ps.Set(Head, 50*ms)
	ps.Set(Sent, 10*ms)
	ps.Set(Sent, 20*ms)
	ps.Set(Ended, 60*ms)
	ps.Set(Ended, 70*ms)
	ps.Set(phaseCount, ms)
	ps.Set(200, ms)
	want := map[Phase]time.Duration{DNS: 0, Head: 30 * ms, Sent: 20 * ms, Ended: 60 * ms}
	for _, p := range append(AllPhases(), phaseCount, 200) {
		at, ok := ps.At(p)
		if wantAt, wantOK := want[p]; at != wantAt || ok != wantOK || ps.Has(p) != wantOK {
			t.Errorf("%v = %v, %v: want %v, %v", p, at, ok, wantAt, wantOK)
		}
	}
}

func TestPhaseNames(t *testing.T) {
	want := []string{"dns", "connect", "upstream", "tls", "sent", "head", "first_byte", "end"}
	all := AllPhases()
	if len(all) != len(want) {
		t.Fatalf("%d phases, want %d", len(all), len(want))
	}
	for i, p := range all {
		if p.String() != want[i] {
			t.Errorf("phase %d = %q, want %q", i, p, want[i])
		}
	}
	if got := phaseCount.String(); got != "" {
		t.Errorf("no phase = %q, want nothing", got)
	}
}
