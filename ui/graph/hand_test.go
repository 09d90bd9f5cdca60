package graph

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// TestWheelKeepsTheTimeUnderThePointer is what makes zooming feel right.
func TestWheelKeepsTheTimeUnderThePointer(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		for _, x := range []float32{80, 300, 590} {
			s.fit()
			w.settle()
			before, span := s.view.At(s.place(x)), s.view.Span()
			s.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 100)}, Scrolled: fyne.NewDelta(0, 30)})
			w.settle()
			if after := s.view.At(s.place(x)); (after - before).Abs() > time.Millisecond {
				t.Errorf("at %v the wheel moved %v to %v", x, before, after)
			}
			if s.view.Span() >= span || s.fitted {
				t.Errorf("the view spans %v after zooming in, before %v", s.view.Span(), span)
			}
		}
	})
}

func TestDragMovesTheView(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		s.TypedRune('+')
		s.TypedRune('+')
		w.settle()
		before, at := s.view, s.view.At(s.place(300))
		test.Drag(w.window.Canvas(), fyne.NewPos(300, 100), -40, 0)
		w.settle()
		if got := s.view.At(s.place(260)); (got-at).Abs() > time.Millisecond || s.view.Span() != before.Span() {
			t.Errorf("the time under the hand was %v, is %v; view %v, before %v", at, got, s.view, before)
		}
		s.DoubleTapped(nil)
		w.settle()
		if s.view != s.series.Whole() {
			t.Errorf("two taps show %v, want all, %v", s.view, s.series.Whole())
		}
	})
}

func TestKeys(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		w.window.Canvas().Focus(s)
		whole := s.view
		key := func(name fyne.KeyName) { s.TypedKey(&fyne.KeyEvent{Name: name}) }
		test.Type(s, "++")
		zoomed := s.view
		if zoomed.Span() >= whole.Span() {
			t.Errorf("+ shows %v, not less than %v", zoomed, whole)
		}
		for _, step := range []struct {
			press func()
			holds func() bool
			what  string
		}{
			{func() { key(fyne.KeyHome) }, func() bool { return s.view.From == 0 && s.view.Span() == zoomed.Span() }, "Home"},
			{func() { key(fyne.KeyRight) }, func() bool { return s.view.From > 0 && s.view.Span() == zoomed.Span() }, "→"},
			{func() { key(fyne.KeyEnd) }, func() bool { return s.view.To == whole.To }, "End"},
			{func() { key(fyne.KeyLeft) }, func() bool { return s.view.To < whole.To }, "←"},
			{func() { s.TypedRune('-') }, func() bool { return s.view.Span() > zoomed.Span() }, "-"},
			{func() { s.TypedRune('0') }, func() bool { return s.view == whole }, "0"},
			{func() { s.TypedRune('u') }, func() bool { return s.Measure() == plot.ByUnits }, "u"},
		} {
			if step.press(); !step.holds() {
				t.Errorf("after %s the view is %v of %v", step.what, s.view, whole)
			}
		}
		w.settle()
	})
}

func TestFocusIsSeen(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		if w.window.Canvas().Focus(s); !s.border.Visible() {
			t.Error("a chart with the focus has no border")
		}
		if w.window.Canvas().Unfocus(); s.border.Visible() {
			t.Error("a chart without the focus has a border")
		}
	})
}

func TestHoverTells(t *testing.T) {
	inWorld(t, light, func(w world) {
		ex := events(40)
		s := streamOf(ex, 0)
		w.show(s)
		x, _ := s.draw.Spot(&s.scene, 16)
		test.MoveMouse(w.window.Canvas(), fyne.NewPos(x+1, 120))
		w.settle()
		want := "chunk 17 of 40   " + plot.Span(ex.Chunks[16].At) + "   gap " + plot.Span(ex.Chunks[16].At-ex.Chunks[15].At) +
			"   " + plot.Bytes(int64(ex.Chunks[16].Bytes)) + "   1 event, 17 so far"
		if s.hair.text.Text != want || !s.hair.text.Visible() {
			t.Errorf("hover says %q, want %q", s.hair.text.Text, want)
		}
		w.looks("hover")
		s.MouseOut()
		if s.hair.line.Visible() {
			t.Error("the crosshair stays when the pointer has left")
		}
		s.TypedRune('.')
		if !strings.HasPrefix(s.AccessibilityLabel(), "chunk 1 of 40") || !s.hair.line.Visible() {
			t.Errorf("the first step by key says %q", s.AccessibilityLabel())
		}
		s.TypedRune('.')
		if got := s.AccessibilityLabel(); !strings.HasPrefix(got, "chunk 2 of 40") {
			t.Errorf("the second step by key says %q", got)
		}
	})
}

func TestFollow(t *testing.T) {
	inWorld(t, light, func(w world) {
		at := func(elapsed time.Duration) (*tunnel.Exchange, verdict.Verdict, time.Duration) {
			ex := tunneltest.Until(events(100), elapsed)
			return ex, verdict.Assess(ex), elapsed
		}
		s := NewStream()
		w.show(s)
		s.Set(at(2 * time.Second))
		s.Set(at(5500 * time.Millisecond))
		if s.view != (plot.View{To: 6 * time.Second}) || !s.Following() {
			t.Errorf("the view grows to %v, want 6s", s.view)
		}
		s.zoom(0, 0.5) // the beginning: the end is out of sight
		w.settle()
		if s.Following() {
			t.Error("it follows although the end is out of sight")
		}
		still := s.view
		s.Set(at(7 * time.Second))
		if s.view != still {
			t.Errorf("the view went from %v to %v while nobody followed", still, s.view)
		}
		for _, z := range s.scene.Zones {
			if z.Action == plot.ToggleFollow {
				s.Tapped(&fyne.PointEvent{Position: fyne.NewPos(z.X+z.W/2, z.Y+z.H/2)})
			}
		}
		w.settle()
		if !s.Following() || s.view.To < 7*time.Second || s.view.Span() != still.Span() {
			t.Errorf("after a touch of follow: %v, following %v", s.view, s.Following())
		}
		s.Set(at(8 * time.Second))
		if s.view.To < 8*time.Second || s.view.Span() != still.Span() {
			t.Errorf("it follows to %v, want the same span with 8s in sight", s.view)
		}
	})
}

func TestAnotherExchangeIsShownWhole(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		s.zoom(0.5, 0.3)
		zoomed := s.view
		s.Set(events(40), verdict.Verdict{}, 0)
		if s.view != zoomed {
			t.Errorf("the same exchange again is shown as %v, want %v as before", s.view, zoomed)
		}
		s.Set(events(41), verdict.Verdict{}, 0)
		if s.view != s.series.Whole() {
			t.Errorf("another exchange is shown as %v, want all of it", s.view)
		}
		w.settle()
	})
}

func TestTouchOfTheLegend(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		z := s.scene.Zones[0]
		if test.TapAt(s, fyne.NewPos(z.X+1, z.Y+1)); s.Measure() != plot.ByUnits {
			t.Errorf("measure %v after a touch of the legend, want units", s.Measure())
		}
	})
}

func TestTimelineIsChosenFrom(t *testing.T) {
	inWorld(t, light, func(w world) {
		timeline := timelineOf()
		chosen := ""
		timeline.OnChosen = func(id string) { chosen = id }
		w.show(timeline)
		test.TapAt(timeline, fyne.NewPos(300, timeline.scene.Plot.Y+30))
		if chosen != "g" {
			t.Errorf("the second lane is %q, want g", chosen)
		}
		test.MoveMouse(w.window.Canvas(), fyne.NewPos(300, timeline.scene.Plot.Y+30))
		w.settle()
		if got := timeline.hair.text.Text; !strings.HasPrefix(got, "POST   llm.example/v1/chat   wait ") {
			t.Errorf("hover says %q", got)
		}
	})
}

func TestTimelineByKeysAndWheel(t *testing.T) {
	inWorld(t, light, func(w world) {
		timeline := timelineOf()
		var chosen []string
		timeline.OnChosen = func(id string) { chosen = append(chosen, id) }
		w.show(timeline)
		w.window.Resize(fyne.NewSize(600, 130))
		timeline.Select("")
		for _, name := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyUp} {
			timeline.TypedKey(&fyne.KeyEvent{Name: name})
			w.settle()
		}
		if got := strings.Join(chosen, ""); got != "hgfede" {
			t.Errorf("five times down and once up choose %q, want hgfede", got)
		}
		if timeline.draw.Scroll == 0 {
			t.Error("a lane out of sight was chosen and not scrolled to")
		}
		view, scrolled := timeline.view, timeline.draw.Scroll
		timeline.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, 60)}, Scrolled: fyne.NewDelta(0, 10)})
		w.settle()
		if timeline.view != view || timeline.draw.Scroll >= scrolled {
			t.Errorf("the wheel over the names scrolls from %v to %v, the view from %v to %v", scrolled, timeline.draw.Scroll, view, timeline.view)
		}
	})
}

func TestGapsTell(t *testing.T) {
	inWorld(t, light, func(w world) {
		g := NewGaps()
		g.Set(events(40), verdict.Verdict{})
		w.show(g)
		sum, before := 0, ""
		for x := range 600 { // over all bars, each of which says the same all along
			test.MoveMouse(w.window.Canvas(), fyne.NewPos(float32(x), 150))
			said := g.hair.text.Text
			if !g.hair.text.Visible() || said == before {
				continue
			}
			n, err := strconv.Atoi(strings.Fields(said)[0])
			if err != nil || !strings.Contains(said, " between ") {
				t.Fatalf("a bar says %q", said)
			}
			sum, before = sum+n, said
		}
		if sum != 39 {
			t.Errorf("the bars say that there are %d gaps, want 39", sum)
		}
	})
}

func TestCompareTells(t *testing.T) {
	inWorld(t, light, func(w world) {
		c := compared()
		w.show(c)
		test.MoveMouse(w.window.Canvas(), fyne.NewPos(c.scene.Plot.Right()-1, 150))
		w.settle()
		said := strings.Split(c.hair.text.Text, "   ")
		if len(said) != 4 || said[2] != plot.Bytes(c.of[1].Exchange.Totals.Bytes) {
			t.Errorf("hover says %q", said)
		}
	})
}

// TestStripDrawsOnlyWhatIsNew asks that Set for a row that has not changed costs
// no drawing.
func TestStripDrawsOnlyWhatIsNew(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := NewStrip()
		w.show(s)
		ex := tunneltest.Until(events(40), 2*time.Second)
		s.Set(ex, verdict.Incremental, 2001*time.Millisecond)
		w.window.Canvas().Capture()
		s.stale = false
		if s.Set(ex, verdict.Incremental, 2002*time.Millisecond); s.stale {
			t.Error("a millisecond without an arrival draws the strip anew")
		}
		drawn := s.drawn
		if s.Set(ex, verdict.Incremental, 2900*time.Millisecond); s.drawn == drawn {
			t.Error("a second does not")
		}
	})
}

func TestHiddenChartsDoNotDraw(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		s.Hide()
		s.scene.Marks = nil
		s.Set(events(41), verdict.Verdict{}, 0)
		if len(s.scene.Marks) != 0 {
			t.Error("a hidden chart was laid out")
		}
		s.Show()
		w.window.Canvas().Capture()
		if len(s.scene.Marks) == 0 {
			t.Error("a chart that is shown again is empty")
		}
	})
}

// TestThirtyFramesUnderTheHand asks that a flood of events is drawn at most 30
// times a second, and its last one always.
func TestThirtyFramesUnderTheHand(t *testing.T) {
	inWorld(t, light, func(w world) {
		p := pace{later: w.later}
		drawn, last := 0, 0
		for i := range 1000 { // for a second
			p.ask(func() { drawn, last = drawn+1, i })
			time.Sleep(time.Millisecond)
			for len(w.due) > 0 {
				(<-w.due)()
			}
		}
		w.settle()
		if drawn > 32 || drawn < 25 || last < 999-40 {
			t.Errorf("1000 events drew %d frames, the last for event %d", drawn, last)
		}
	})
}

func TestExports(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		s.zoom(0, 0.5)
		w.settle()
		svg, err := s.SVG(Picture{Title: "GET http://h/<>"})
		if err != nil || !strings.Contains(string(svg), "GET http://h/&lt;&gt;") || !strings.Contains(string(svg), "since the request began") || strings.Contains(string(svg), ">4 s<") {
			t.Errorf("the SVG does not show what the chart does: %v", err)
		}
		pixels, err := s.PNG(Picture{W: 300, H: 200, Scale: 1, Dark: true})
		if err != nil || !strings.HasPrefix(string(pixels), "\x89PNG") {
			t.Errorf("PNG: %v", err)
		}
		if s.chart.raster.Refresh(); s.palette().Paper != opaque(theme.DefaultTheme().Color(theme.ColorNameBackground, light)) {
			t.Error("an export changed the theme of the window")
		}
	})
}

func TestThemeAndLanguageChangeAtRuntime(t *testing.T) {
	inWorld(t, light, func(w world) {
		s := streamOf(events(40), 0)
		w.show(s)
		paper := s.scene.Theme.Paper
		fyne.CurrentApp().Settings().SetTheme(forced{theme.DefaultTheme(), dark})
		if err := words.Use(words.Chinese); err != nil {
			t.Fatal(err)
		}
		s.Refresh()
		if s.scene.Theme.Paper == paper {
			t.Error("the ground stayed light")
		}
		if got := s.scene.Words.Wait; got != "等待" {
			t.Errorf("the wait is called %q, want 等待", got)
		}
		if err := words.Use(words.English); err != nil {
			t.Fatal(err)
		}
	})
}
