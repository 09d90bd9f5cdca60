package plot

import (
	"os"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

func seriesOf(ex *tunnel.Exchange, elapsed time.Duration) *Series {
	var s Series
	s.Set(ex, verdict.Assess(ex), elapsed)
	return &s
}

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	write := func(name string, s *Scene) {
		f, _ := os.Create(dir + "/" + name + ".png")
		if err := s.PNG(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		f, _ = os.Create(dir + "/" + name + ".svg")
		s.SVG(f, name)
		f.Close()
	}
	llm := tunneltest.Arrivals(60, 640*time.Millisecond, 90*time.Millisecond, 180)
	llm.Answer.API = "openai-chat"
	for i := range llm.Units {
		switch {
		case i == 0:
			llm.Units[i].Part = tunnel.Opening
		case i%17 == 16:
			llm.Units[i].Part = tunnel.Heartbeat
		case i < 25:
			llm.Units[i].Part = tunnel.Reasoning
		default:
			llm.Units[i].Part = tunnel.Content
		}
	}
	slow := tunneltest.Arrivals(50, 300*time.Millisecond, 80*time.Millisecond, 900)
	for i := 20; i < 30; i++ {
		slow.Chunks[i].Blocked = 30 * time.Millisecond
	}
	cut := tunneltest.Arrivals(30, 300*time.Millisecond, 80*time.Millisecond, 900)
	cut.End = tunnel.Truncated
	for name, ex := range map[string]*tunnel.Exchange{
		"incremental": tunneltest.Arrivals(40, 420*time.Millisecond, 100*time.Millisecond, 220),
		"lumped":      tunneltest.Lumped(tunneltest.Arrivals(40, 420*time.Millisecond, 100*time.Millisecond, 220)),
		"stalled":     tunneltest.Paused(tunneltest.Arrivals(40, 420*time.Millisecond, 100*time.Millisecond, 220), 22, 4*time.Second),
		"llm":         llm,
		"slow":        slow,
		"cut":         cut,
		"100k":        tunneltest.Arrivals(100_000, 420*time.Millisecond, 1*time.Millisecond, 220),
		"live":        tunneltest.Until(tunneltest.Arrivals(40, 420*time.Millisecond, 100*time.Millisecond, 220), 2600*time.Millisecond),
	} {
		for _, dark := range []bool{false, true} {
			p := Picture{Title: "POST http://llm.example/v1/chat/completions", Subtitle: "incremental — 40 units in 40 lumps, first after 420 ms", Scale: 1}
			n := name
			if dark {
				p.Theme = Dark()
				n += "-dark"
				p.Scale = 2
			}
			s := seriesOf(ex, 2700*time.Millisecond)
			c := &StreamChart{Series: s, View: s.Whole(), Following: name != "live", Caption: true}
			write(n, p.Compose(c.Lay))
			var g Gaps
			g.Set(s)
			write("gaps-"+n, p.Compose(g.Lay))
			write("phases-"+n, p.Compose((&PhasesChart{s}).Lay))
			strip := Strip{Exchange: ex, Label: verdict.Assess(ex).Label, Elapsed: 2700 * time.Millisecond}
			write("strip-"+n, Picture{W: 220, H: 72, Scale: p.Scale, Theme: p.Theme}.Compose(func(s *Scene, r Rect) {
				s.Texts = nil
				strip.Lay(s, Rect{10, 25, 200, 22})
			}))
		}
	}
}
