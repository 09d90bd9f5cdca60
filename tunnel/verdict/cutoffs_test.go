package verdict

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"streamgauge/tunnel"
)

func TestCutoffs(t *testing.T) {
	ended := func(host string, end tunnel.End, last, at time.Duration) tunnel.Exchange {
		ex := tunnel.Exchange{Host: host, End: end}
		ex.Phases.Set(tunnel.Sent, 100*ms)
		ex.Totals.Last = last
		ex.Phases.Set(tunnel.Ended, at)
		return ex
	}
	const s = time.Second
	tests := []struct {
		name string
		seen []tunnel.Exchange
		want []string
	}{
		{"twice after a minute of silence", []tunnel.Exchange{
			ended("a:80", tunnel.Truncated, 5*s, 65*s), ended("a:80", tunnel.Truncated, 20*s, 80*s+40*ms),
		}, []string{"a:80 silent_to_end 2 1m0.02s of 1m0s"}},
		{"twice at an age, while it flowed", []tunnel.Exchange{
			ended("a:80", tunnel.Truncated, 29_900*ms, 30_100*ms), ended("a:80", tunnel.Truncated, 30_500*ms, 30_500*ms),
		}, []string{"a:80 cut_at_age 2 30.2s of 30s"}},
		{"never answered, twice", []tunnel.Exchange{
			ended("a:80", tunnel.Failed, 0, 60_100*ms), ended("a:80", tunnel.Failed, 0, 60_100*ms),
		}, []string{"a:80 silent_to_end 2 1m0s of 1m0s"}},
		{"once", []tunnel.Exchange{ended("a:80", tunnel.Truncated, 5*s, 65*s)}, nil},
		{"once on each of two hosts", []tunnel.Exchange{
			ended("a:80", tunnel.Truncated, 5*s, 65*s), ended("b:80", tunnel.Truncated, 5*s, 65*s),
		}, nil},
		{"at no usual limit", []tunnel.Exchange{
			ended("a:80", tunnel.Truncated, 5*s, 50*s), ended("a:80", tunnel.Truncated, 5*s, 50*s),
		}, nil},
		{"the client left", []tunnel.Exchange{
			ended("a:80", tunnel.ClientClosed, 5*s, 65*s), ended("a:80", tunnel.ClientClosed, 5*s, 65*s),
		}, nil},
		{"an orderly end on the dot", []tunnel.Exchange{
			ended("a:80", tunnel.Complete, 60*s, 60_150*ms), ended("a:80", tunnel.Complete, 60*s, 60_120*ms),
		}, []string{"a:80 cut_at_age 2 1m0.035s of 1m0s"}},
		{"an orderly end thereabouts", []tunnel.Exchange{
			ended("a:80", tunnel.Complete, 60*s, 60_600*ms), ended("a:80", tunnel.Complete, 60*s, 59_500*ms),
		}, nil},
		{"still running", []tunnel.Exchange{
			ended("a:80", tunnel.Running, 5*s, 65*s), ended("a:80", tunnel.Running, 5*s, 65*s),
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c Cutoffs
			for _, ex := range test.seen {
				c.Add(&ex)
			}
			var got []string
			for _, f := range c.Found() {
				got = append(got, fmt.Sprintf("%s %s %d %v of %v", f.Host, f.Code, f.Lumps, f.Wait, f.Gap))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestCutoffsAreBounded(t *testing.T) {
	var c Cutoffs
	for i := range 3 * mostCutHosts {
		ex := tunnel.Exchange{Host: fmt.Sprint(i), End: tunnel.Failed}
		ex.Phases.Set(tunnel.Ended, 30*time.Second)
		c.Add(&ex)
	}
	if len(c.seen) != mostCutHosts {
		t.Errorf("%d hosts are remembered, want %d", len(c.seen), mostCutHosts)
	}
}
