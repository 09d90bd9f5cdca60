package verdict_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"streamgauge/tunnel/verdict"
)

// card adds up how well verdicts fit the truth.
type card struct {
	matrix          map[[2]string]int // truth, said
	byLabel         map[string]int    // truth
	all, right      int
	tunnels, opened int // tunnels, those right, truncation aside
	scored, close   int
	blamed          int
	first, third    int
	flips           int
	errors          []string
	byScore         []float64
}

func newCard() *card { return &card{matrix: map[[2]string]int{}, byLabel: map[string]int{}} }

func (c *card) mark(t *trace) {
	ex := t.exchange()
	v := verdict.Assess(&ex)
	said := string(v.Label)
	c.all++
	c.byLabel[t.Truth.Label]++
	c.matrix[[2]string{t.Truth.Label, said}]++
	if said == t.Truth.Label {
		c.right++
	} else {
		c.errors = append(c.errors, fmt.Sprintf("%-12s %-14s said %-14s %s %s %s joined %.2f/%.2f score %.2f units %d lumps %d wait %v span %v lump %d/%d", t.ID, t.Truth.Label, said, t.Truth.Layer, t.Truth.Scenario, t.Truth.Config, v.Joined, t.Truth.Joined, v.Score, v.Units, v.Lumps, v.Wait, v.Span, v.LumpBytes, v.LumpUnits))
	}
	pair := []string{t.Truth.Label, said}
	if slices.Contains(pair, "incremental") && slices.Contains(pair, "buffered_whole") {
		c.flips++
	}
	if t.Visible.Tunnel && t.Truth.Label != "truncated" {
		c.tunnels++
		if said == t.Truth.Label {
			c.opened++
		}
	}
	c.markScore(t, &v)
	c.markLayer(t)
}

func (c *card) markScore(t *trace, v *verdict.Verdict) {
	if t.Truth.Score == nil {
		return
	}
	c.scored++
	off := 1.0
	if v.HasScore {
		off = math.Abs(v.Score - *t.Truth.Score)
	}
	if off <= 0.1 {
		c.close++
	} else {
		c.errors = append(c.errors, fmt.Sprintf("%-12s %-14s score %.2f, truth %.2f %s %s %s", t.ID, t.Truth.Label, v.Score, *t.Truth.Score, t.Truth.Layer, t.Truth.Scenario, t.Truth.Config))
	}
	c.byScore = append(c.byScore, off)
}

func (c *card) recall(label string) float64 {
	return share(c.matrix[[2]string{label, label}], c.byLabel[label])
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// String prints the confusion matrix and what follows from it.
func (c *card) String() string {
	var b strings.Builder
	labels := []string{}
	for _, l := range verdict.Labels() {
		labels = append(labels, string(l))
	}
	fmt.Fprintf(&b, "%-15s", "truth \\ said")
	for _, said := range labels {
		fmt.Fprintf(&b, "%9.8s", said)
	}
	fmt.Fprintf(&b, "%9s\n", "recall")
	for _, is := range labels {
		fmt.Fprintf(&b, "%-15s", is)
		for _, said := range labels {
			fmt.Fprintf(&b, "%9d", c.matrix[[2]string{is, said}])
		}
		fmt.Fprintf(&b, "%9.3f\n", c.recall(is))
	}
	fmt.Fprintf(&b, "labels %d/%d %.3f, tunnels %d/%d, score within 0.1 %d/%d %.3f, layer first %d/%d, in three %d/%d, flips %d\n",
		c.right, c.all, share(c.right, c.all), c.opened, c.tunnels, c.close, c.scored, share(c.close, c.scored), c.first, c.blamed, c.third, c.blamed, c.flips)
	slices.SortFunc(c.errors, func(a, b string) int { return cmp.Compare(a[13:], b[13:]) })
	for _, e := range c.errors {
		b.WriteString(e + "\n")
	}
	return b.String()
}

// tracesFile is where the developers' traces lie: named by STREAMGAUGE_TRACES,
// or beside the checkout. Empty if there are none.
func tracesFile() string {
	if name := os.Getenv("STREAMGAUGE_TRACES"); name != "" {
		return name
	}
	name := filepath.Join("..", "..", "..", "shared", "hops", "traces", "dev.ndjson")
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	return name
}

func TestTraces(t *testing.T) {
	name := tracesFile()
	if name == "" {
		t.Skip("no traces beside the checkout; TestSynthetic judges")
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := newCard()
	for tr, err := range readTraces(f) {
		if err != nil {
			t.Error(err)
			continue
		}
		c.mark(&tr)
	}
	t.Logf("%s\n%s", name, c)
}

// TestSynthetic judges streams whose making is known, of every schedule behind
// every hold, so that the rules are not fitted to a few files. Even seeds stand
// for the half that the bounds were chosen on, odd ones for the half that
// checks them.
func TestSynthetic(t *testing.T) {
	for half, name := range []string{"chosen on", "checked on"} {
		c := newCard()
		for seed := half; seed < 80; seed += 2 {
			for i, s := range schedules {
				for j, h := range holds {
					r := rand.New(rand.NewPCG(uint64(seed), uint64(100*i+j)))
					tr := observe(r, s, h, os.Getenv("TUN") != "")
					c.mark(&tr)
				}
			}
		}
		t.Logf("%s:\n%s", name, c)
	}
}

// markLayer checks the suspects where the head was visible and something was
// held.
func (c *card) markLayer(t *trace) {
	if t.Visible.Tunnel || t.Truth.Guilty == "" || t.Truth.Label != "coalesced" && t.Truth.Label != "buffered_whole" {
		return
	}
	ex := t.exchange()
	suspects := verdict.Suspects(&ex, verdict.Assess(&ex))
	at := slices.IndexFunc(suspects, func(s verdict.Suspect) bool { return s.Layer == t.Truth.Guilty })
	c.blamed++
	if at == 0 {
		c.first++
	} else {
		c.errors = append(c.errors, fmt.Sprintf("%-12s layer %s is %d in %.2v, %s %s %s", t.ID, t.Truth.Guilty, at+1, suspects, t.Truth.Layer, t.Truth.Scenario, t.Truth.Config))
	}
	if at >= 0 && at < 3 {
		c.third++
	}
}
