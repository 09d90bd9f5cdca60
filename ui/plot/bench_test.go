package plot

import (
	"fmt"
	"image"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

// BenchmarkStream is a full redraw at 900 by 400 units: layout and pixels.
func BenchmarkStream(b *testing.B) {
	for _, scale := range []float32{1, 2} {
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("scale=%v/chunks=%d", scale, n), func(b *testing.B) {
				s := seriesOf(tunneltest.Arrivals(n, 400*time.Millisecond, 10*time.Millisecond, 300), 0)
				scene := Scene{Theme: Light(), Words: EnglishWords()}
				img := image.NewRGBA(image.Rect(0, 0, int(900*scale), int(400*scale)))
				chart := StreamChart{Series: s, View: s.Whole(), Following: true}
				b.ReportAllocs()
				for b.Loop() {
					scene.Reset(900, 400, scale)
					chart.Lay(&scene, Rect{W: 900, H: 400})
					scene.Paint(img)
				}
			})
		}
	}
}

// BenchmarkPaint is what a frame costs whose layout has not changed.
func BenchmarkPaint(b *testing.B) {
	s := seriesOf(tunneltest.Arrivals(100_000, 400*time.Millisecond, 10*time.Millisecond, 300), 0)
	scene := Scene{Theme: Light(), Words: EnglishWords()}
	img := image.NewRGBA(image.Rect(0, 0, 900, 400))
	scene.Reset(900, 400, 1)
	(&StreamChart{Series: s, View: s.Whole()}).Lay(&scene, Rect{W: 900, H: 400})
	b.ReportAllocs()
	for b.Loop() {
		scene.Paint(img)
	}
}

// BenchmarkSet is what each snapshot of a live stream costs beside its drawing.
func BenchmarkSet(b *testing.B) {
	ex := tunneltest.Arrivals(100_000, 400*time.Millisecond, 10*time.Millisecond, 300)
	v := verdict.Assess(ex)
	var s Series
	b.ReportAllocs()
	for b.Loop() {
		s.Set(ex, v, 0)
	}
}

func BenchmarkNearest(b *testing.B) {
	s := seriesOf(tunneltest.Arrivals(100_000, 400*time.Millisecond, 10*time.Millisecond, 300), 0)
	at := time.Duration(0)
	for b.Loop() {
		s.Nearest(at)
		at = (at + 7919*time.Millisecond) % s.elapsed
	}
}

func BenchmarkStrip(b *testing.B) {
	ex := tunneltest.Arrivals(10_000, 400*time.Millisecond, 10*time.Millisecond, 300)
	scene := Scene{Theme: Light(), Words: EnglishWords()}
	img := image.NewRGBA(image.Rect(0, 0, 160, 20))
	strip := Strip{Exchange: ex, Label: verdict.Incremental}
	b.ReportAllocs()
	for b.Loop() {
		scene.Reset(160, 20, 1)
		strip.Lay(&scene, Rect{W: 160, H: 20})
		scene.Paint(img)
	}
}

// BenchmarkTimeline is 100 lanes of 1,000 arrivals, 20 of them in sight.
func BenchmarkTimeline(b *testing.B) {
	ex := tunneltest.Arrivals(1_000, 400*time.Millisecond, 10*time.Millisecond, 300)
	var tracks []Track
	for i := range 100 {
		copied := *ex
		copied.Start = ex.Start.Add(-time.Duration(i) * time.Second)
		copied.End = tunnel.Running
		tracks = append(tracks, Track{Exchange: &copied, Label: verdict.Incremental, Name: "llm.example/v1/chat/completions"})
	}
	scene := Scene{Theme: Light(), Words: EnglishWords()}
	img := image.NewRGBA(image.Rect(0, 0, 900, 460))
	chart := TimelineChart{Tracks: tracks, Epoch: ex.Start, Now: 10 * time.Second}
	chart.View = chart.Whole()
	b.ReportAllocs()
	for b.Loop() {
		scene.Reset(900, 460, 1)
		chart.Lay(&scene, Rect{W: 900, H: 460})
		scene.Paint(img)
	}
}
