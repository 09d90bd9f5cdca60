package graph

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

// BenchmarkFrame is what a frame under the hand costs the widget: layout, texts,
// crosshair and pixels, without Fyne's own painting.
func BenchmarkFrame(b *testing.B) {
	for _, scale := range []int{1, 2} {
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("scale=%d/chunks=%d", scale, n), func(b *testing.B) {
				test.NewTempApp(b)
				ex := tunneltest.Arrivals(n, 400*time.Millisecond, 10*time.Millisecond, 300)
				s := NewStream()
				s.Set(ex, verdict.Assess(ex), 0)
				w := test.NewTempWindow(b, s)
				w.SetPadded(false)
				w.Resize(fyne.NewSize(900, 400))
				w.Canvas().(software.WindowlessCanvas).SetScale(float32(scale))
				b.ReportAllocs()
				for b.Loop() {
					s.Refresh()
					s.paint(900*scale, 400*scale)
				}
			})
		}
	}
}

// BenchmarkSet is what a live snapshot costs a chart that is seen, its layout
// included.
func BenchmarkSet(b *testing.B) {
	test.NewTempApp(b)
	ex := tunneltest.Arrivals(10_000, 400*time.Millisecond, 10*time.Millisecond, 300)
	v := verdict.Assess(ex)
	s := NewStream()
	w := test.NewTempWindow(b, s)
	w.Resize(fyne.NewSize(900, 400))
	b.ReportAllocs()
	for b.Loop() {
		s.Set(ex, v, 0)
	}
}
