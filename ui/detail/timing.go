package detail

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// timingPage shows on what the time was spent, and over which path.
type timingPage struct {
	chart *graph.Phases
	facts *fyne.Container
	box   fyne.CanvasObject
	said  [][2]string
}

func newTimingPage() *timingPage {
	t := &timingPage{chart: graph.NewPhases(), facts: container.New(layout.NewFormLayout())}
	t.box = look.Frame(nil, look.Inset(4, 12, 14, 14, t.facts), nil, nil, look.Inset(8, 4, 8, 8, t.chart))
	return t
}

func (t *timingPage) object() fyne.CanvasObject { return t.box }
func (t *timingPage) picture() Chart            { return t.chart }

func (t *timingPage) show(s *Shown) {
	t.chart.Set(&s.Exchange, s.Elapsed)
	facts := pathFacts(&s.Exchange)
	if equalFacts(facts, t.said) {
		return
	}
	t.said = facts
	t.facts.RemoveAll()
	for _, fact := range facts {
		t.facts.Add(look.Inset(1, 0, 0, 10, look.Column(0, look.Muted(fact[0]))))
		t.facts.Add(look.Paragraph(fact[1]))
	}
	t.box.Refresh()
}

func equalFacts(a, b [][2]string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// pathFacts are names and values of the path of an exchange.
func pathFacts(ex *tunnel.Exchange) [][2]string {
	var facts [][2]string
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, [2]string{words.T(key), recording.Visible(value)})
		}
	}
	add("window.fact.client", ex.Client)
	upstream := ex.Upstream
	if upstream == "direct" {
		upstream = words.T("window.upstream.direct")
	}
	add("window.fact.upstream", upstream)
	add("window.fact.host", ex.Host)
	if ex.TLS.ServerName != "" && ex.Kind == tunnel.KindTunnel {
		add("window.fact.sni", ex.TLS.ServerName)
	}
	if ex.Totals.RequestBytes > 0 {
		add("window.fact.sent", plot.Bytes(ex.Totals.RequestBytes))
	}
	if ex.Totals.Blocked > tunnel.BlockedThreshold {
		add("window.fact.blocked", plot.Span(ex.Totals.Blocked))
	}
	if ex.ReadsPerChunk > 1 {
		add("window.fact.merged", words.T("window.fact.merged.text", words.Values{"Count": ex.ReadsPerChunk}))
	}
	return facts
}
