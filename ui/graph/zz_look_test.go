package graph

import (
	"image/png"
	"os"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/words"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	test.NewTempApp(t)
	words.Use(words.Chinese)
	ex := tunneltest.Arrivals(40, 420*time.Millisecond, 100*time.Millisecond, 220)
	s := NewStream()
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(900, 400))
	s.Set(ex, verdict.Assess(ex), 0)
	test.MoveMouse(w.Canvas(), fyne.NewPos(400, 200))
	f, _ := os.Create(dir + "/fyne.png")
	png.Encode(f, w.Canvas().Capture())
	f.Close()
	b, err := s.PNG(Picture{Title: "POST x", Subtitle: "流", Dark: true})
	os.WriteFile(dir+"/fyne-export.png", b, 0o600)
	if err != nil {
		t.Fatal(err)
	}
}
