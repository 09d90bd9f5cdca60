package plot

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

func layStream(ex *tunnel.Exchange, elapsed time.Duration, change func(*StreamChart)) *Scene {
	s := seriesOf(ex, elapsed)
	c := StreamChart{Series: s, View: s.Whole(), Following: true}
	if change != nil {
		change(&c)
	}
	scene := &Scene{Theme: Light(), Words: EnglishWords()}
	scene.Reset(900, 400, 1)
	c.Lay(scene, Rect{W: 900, H: 400})
	return scene
}

func (s *Scene) says(text string) bool {
	for _, t := range s.Texts {
		if strings.Contains(t.Text, text) {
			return true
		}
	}
	return false
}

func (s *Scene) count(shape Shape, c color.NRGBA) (n int) {
	for _, m := range s.Marks {
		if m.Shape == shape && m.Color == c {
			n++
		}
	}
	return n
}

func TestStreamShowsEachArrival(t *testing.T) {
	scene := layStream(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 0, nil)
	if n := scene.count(Disc, scene.Theme.Flow); n != 40 {
		t.Errorf("%d discs on the staircase, want 40", n)
	}
	if n := scene.count(Box, scene.Theme.Flow); n != 40+1 { // one beneath the chosen measure
		t.Errorf("%d ticks beneath it, want 40", n-1)
	}
	for _, m := range scene.Marks {
		if m.Shape == Steps && m.To-m.From != 40+2 {
			t.Errorf("%d corners, want 40, a beginning and an end", m.To-m.From)
		}
	}
}

func TestStreamMarksTheClient(t *testing.T) {
	ex := tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200)
	if scene := layStream(ex, 0, nil); scene.says("client slow") {
		t.Error("a quick client is called slow")
	}
	ex.Chunks[10].Blocked = 50 * time.Millisecond
	scene := layStream(ex, 0, nil)
	if n := scene.count(Triangle, scene.Theme.Slow); n != 2 || !scene.says("client slow") { // one in the legend
		t.Errorf("%d triangles, want one for the chunk and one in the legend", n)
	}
}

func TestStreamEnds(t *testing.T) {
	for end, want := range map[tunnel.End]struct {
		word  string
		shape Shape
	}{
		tunnel.Complete: {"complete 4.", Square}, tunnel.Truncated: {"cut off 4.", Cross},
		tunnel.ClientClosed: {"client left 4.", Diamond}, tunnel.Failed: {"failed 4.", Cross},
	} {
		ex := tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200)
		ex.End = end
		scene := layStream(ex, 0, nil)
		if _, shape, c := scene.endOf(ex); !scene.says(want.word) || shape != want.shape || scene.count(shape, c) == 0 {
			t.Errorf("end %q: want the words %q and a mark", end, want.word)
		}
	}
	short := tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200)
	if short.Ending = tunnel.EndingMissing; !layStream(short, 0, nil).says("cut off") {
		t.Error("an answer without its last words is called complete")
	}
}

func TestFollowIsOfferedWhereItIsOff(t *testing.T) {
	ex := tunneltest.Until(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 2*time.Second)
	if layStream(ex, 3*time.Second, nil).says("follow") {
		t.Error("follow is offered although it is on")
	}
	scene := layStream(ex, 3*time.Second, func(c *StreamChart) { c.Following = false })
	offered := false
	for _, z := range scene.Zones {
		offered = offered || z.Action == ToggleFollow
	}
	if !offered || !scene.says("follow") {
		t.Error("follow is off and not offered")
	}
}

func TestMeasureFallsBackToBytes(t *testing.T) {
	ex := tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200)
	units := func(c *StreamChart) { c.Measure = ByUnits }
	if scene := layStream(ex, 0, units); !scene.says("events") || scene.says("kB") {
		t.Error("a chart of units has an axis of bytes")
	}
	for i := range ex.Chunks {
		ex.Chunks[i].Units = 0
	}
	if scene := layStream(tunneltest.Summed(ex), 0, units); scene.says("events") || !scene.says("kB") {
		t.Error("a stream without units is measured by them")
	}
}

// TestAnythingCanBeDrawn draws what no rule holds for, at odd sizes and views.
func TestAnythingCanBeDrawn(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 889))
	for range 300 {
		ex := anyExchange(random)
		ex.End = []tunnel.End{tunnel.Running, tunnel.Complete, tunnel.Truncated}[random.IntN(3)]
		if random.IntN(10) == 0 {
			ex.Chunks = nil
		}
		s := seriesOf(ex, time.Duration(random.Int64N(int64(time.Hour))))
		whole := s.Whole()
		w, h := 1+random.Float32()*500, 1+random.Float32()*300
		scene := &Scene{Theme: Dark(), Words: EnglishWords()}
		scene.Reset(w, h, 0.7+random.Float32()*2)
		area := Rect{W: w, H: h}
		var gaps Gaps
		gaps.Set(s)
		view := whole.Zoom(random.Float64(), random.Float64(), whole)
		strip := Strip{Exchange: ex, Label: verdict.Bursty, Elapsed: time.Second}
		for _, lay := range []func(*Scene, Rect){
			(&StreamChart{Series: s, View: view}).Lay, gaps.Lay, (&PhasesChart{Series: s}).Lay, strip.Lay,
			(&CompareChart{Of: []Compared{{"", s}, {"", s}}, View: view}).Lay,
		} {
			lay(scene, area)
		}
		for _, m := range scene.Marks {
			if m.X != m.X || m.Y != m.Y || m.W != m.W || m.H != m.H {
				t.Fatalf("a mark without a place: %+v", m)
			}
		}
		scene.Paint(image.NewRGBA(image.Rect(0, 0, int(w), int(h))))
	}
}

// TestNoTimeIsTooLongOrTooShort draws what a recording of other people's making
// may claim.
func TestNoTimeIsTooLongOrTooShort(t *testing.T) {
	times := []time.Duration{math.MinInt64, -time.Hour, -1, 0, 1, time.Second, 30 * 365 * 24 * time.Hour, math.MaxInt64}
	for _, from := range times {
		for _, to := range times {
			ex := &tunnel.Exchange{ID: "x", End: tunnel.ClientClosed, Start: time.Unix(0, int64(from))}
			ex.Chunks = []tunnel.Chunk{{At: from, Bytes: -5, Units: math.MinInt32}, {At: to, Bytes: math.MaxInt32, Units: math.MaxInt32, Blocked: to}}
			ex.Totals = tunnel.Totals{Reads: 2, Bytes: math.MaxInt64, Units: 3, Last: to}
			ex.Turns = []tunnel.Turn{{Sent: to, First: from, Last: to, Bytes: 1}}
			for _, p := range tunnel.AllPhases() {
				ex.Phases.Set(p, to-from)
			}
			drawAll(t, ex)
			ex.End = tunnel.Running
			drawAll(t, ex)
		}
	}
}

// drawAll draws ex in each way, and asks that nothing is placed nowhere.
func drawAll(t *testing.T, ex *tunnel.Exchange) {
	t.Helper()
	s := &Series{}
	s.Set(ex, verdict.Verdict{Lumps: 9}, time.Second)
	scene := &Scene{Theme: Dark(), Words: EnglishWords()}
	scene.Reset(400, 200, 1)
	var gaps Gaps
	gaps.Set(s)
	compare := &CompareChart{Of: []Compared{{"", s}}}
	compare.View = compare.Whole()
	timeline := &TimelineChart{Tracks: []Track{{Exchange: ex}}, Epoch: time.Unix(1e9, 0)}
	timeline.View = timeline.Whole()
	for _, lay := range []func(*Scene, Rect){
		(&StreamChart{Series: s, View: s.Whole()}).Lay, gaps.Lay, (&PhasesChart{Series: s}).Lay,
		(&Strip{Exchange: ex}).Lay, compare.Lay, timeline.Lay,
	} {
		lay(scene, Rect{W: 400, H: 200})
	}
	if whole := s.Whole(); whole.Span() <= 0 || timeline.View.Span() <= 0 || compare.View.Span() <= 0 {
		t.Errorf("views of nothing: %v, %v, %v", whole, compare.View, timeline.View)
	}
	for _, m := range scene.Marks {
		if sum := float64(m.X + m.Y + m.W + m.H); math.IsNaN(sum) || math.Abs(sum) > 1e5 {
			t.Fatalf("a mark far out: %+v", m)
		}
	}
	scene.Paint(image.NewRGBA(image.Rect(0, 0, 400, 200)))
}

func TestPaintLeavesNoPixelOut(t *testing.T) {
	scene := layStream(tunneltest.Arrivals(100, 400*time.Millisecond, 10*time.Millisecond, 200), 0, nil)
	img := image.NewRGBA(image.Rect(0, 0, 900, 400))
	scene.Paint(img)
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 0xff {
			t.Fatalf("pixel %d has an opacity of %d, want 255", i/4, img.Pix[i])
		}
	}
	if got := img.RGBAAt(1, 1); got != (color.RGBA{0xff, 0xff, 0xff, 0xff}) {
		t.Errorf("the ground is %v, want white", got)
	}
}

// TestPaletteIsTold asks that colours that mean something differ in lightness as
// well from the paper, and the two texts from it by the contrast of WCAG 2 AA.
func TestPaletteIsTold(t *testing.T) {
	for name, p := range map[string]Palette{"light": Light(), "dark": Dark(), "fyne's": NewPalette(rgb(0xffffff), rgb(0x565656))} {
		for what, c := range map[string]color.NRGBA{"ink": p.Ink, "muted": p.Muted} {
			if got := contrast(c, p.Paper); got < readable {
				t.Errorf("%s: contrast of %s %.1f, want %.1f", name, what, got, readable)
			}
		}
		for what, c := range map[string]color.NRGBA{"flow": p.Flow, "good": p.Good, "slow": p.Slow, "bad": p.Bad, "alt": p.Alt, "stall": p.Stall} {
			if got := contrast(c, p.Paper); got < 2.5 {
				t.Errorf("%s: contrast of %s %.1f, want 2.5", name, what, got)
			}
		}
	}
}

func TestGaps(t *testing.T) {
	ex := &tunnel.Exchange{End: tunnel.Complete}
	var at time.Duration
	for i := range 101 {
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: at, Bytes: 1})
		at += time.Duration(i+1) * time.Millisecond
	}
	var g Gaps
	g.Set(seriesOf(ex, 0))
	if g.N != 100 || g.P50 != 50*time.Millisecond || g.P95 != 95*time.Millisecond || g.Max != 100*time.Millisecond {
		t.Errorf("gaps of 1 to 100 ms: %d, p50 %v, p95 %v, max %v", g.N, g.P50, g.P95, g.Max)
	}
	sum := 0
	for _, b := range g.buckets {
		sum += b.all
	}
	if sum != g.N || g.buckets[0].all == 0 || g.buckets[len(g.buckets)-1].all == 0 {
		t.Errorf("the buckets hold %d gaps, want %d, the first and the last among them", sum, g.N)
	}
}

func TestPhases(t *testing.T) {
	ex := tunneltest.Arrivals(4, 400*time.Millisecond, 100*time.Millisecond, 200)
	var sum time.Duration
	for _, b := range (&PhasesChart{seriesOf(ex, 0)}).bars() {
		sum += b.to - b.from
	}
	if sum != ex.Duration() {
		t.Errorf("the phases add up to %v, want %v", sum, ex.Duration())
	}
	running := tunneltest.Until(ex, 100*time.Millisecond)
	bars := (&PhasesChart{seriesOf(running, 300*time.Millisecond)}).bars()
	if last := bars[len(bars)-1]; !last.open || last.name != int(tunnel.Head) || last.to != 300*time.Millisecond {
		t.Errorf("the last phase of a request that waits: %+v", last)
	}
}

func TestTrackAt(t *testing.T) {
	ex := tunneltest.Arrivals(4, 400*time.Millisecond, 100*time.Millisecond, 200)
	c := TimelineChart{Epoch: ex.Start, Tracks: []Track{{Exchange: ex}, {Exchange: ex}, {Exchange: ex}}}
	c.View = c.Whole()
	scene := &Scene{Theme: Light(), Words: EnglishWords()}
	scene.Reset(600, 100, 1)
	c.Scroll = trackRow
	c.Lay(scene, Rect{W: 600, H: 100})
	for y, want := range map[float32]int{0: -1, scene.Plot.Y + 1: int(c.Scroll / trackRow), scene.Plot.Bottom() + 1: -1} {
		if got := c.TrackAt(scene, y); got != want {
			t.Errorf("track at %v: %d, want %d", y, got, want)
		}
	}
}
