//go:build desktop && linux

package peers

import (
	"image"
	"testing"
	"time"
)

// TestViews goes through every view in both themes and languages, and leaves a
// picture of each where they are wanted.
func TestViews(t *testing.T) {
	for _, language := range []string{"en", "zh"} {
		for _, choice := range []string{"dark", "light"} {
			t.Run(choice+"-"+language, func(t *testing.T) {
				a := launch(t, map[string]any{"language": language, "theme": choice})
				v := &views{app: a, colours: dark, words: texts[language]}
				if choice == "light" {
					v.colours = light
				}
				v.goThrough()
			})
		}
	}
}

// words are what depends on the language.
type words struct {
	settings string      // their title
	compare  image.Point // where in the window its button is
}

var texts = map[string]words{
	"en": {"Streamgauge settings", image.Pt(1138, 80)},
	"zh": {"Streamgauge 设置", image.Pt(1165, 80)},
}

// views is the program in one theme and language.
type views struct {
	*app
	colours colours
	words   words
	area    image.Rectangle
}

func (v *views) goThrough() {
	until(v.T, "the window", v.shown)
	v.area = v.app.area(title)
	v.settled("empty")
	v.demonstrate()
	v.settled("table")
	v.shortcut("t")
	v.settled("timeline")
	v.shortcut("t")
	v.choose()
	v.tabs()
	v.compare()
	v.shortcut("comma")
	until(v.T, "the settings", func() bool { return v.window(v.words.settings) != "" })
	v.settled("settings")
}

// demonstrate clicks the button of the demo and waits for the end of both streams.
func (v *views) demonstrate() {
	v.Helper()
	below := v.area
	below.Min.Y += 100
	var button image.Point
	until(v.T, "the button of the demo", func() bool {
		at, n := spot(screen.picture(v.T), below, v.colours.primary)
		button = at
		return n > 1000
	})
	click(button)
	strips := image.Rect(v.area.Min.X, v.area.Min.Y+110, v.area.Min.X+v.area.Dx()*59/100, v.area.Max.Y-30)
	until(v.T, "the stream that was held", func() bool {
		_, bad := spot(screen.picture(v.T), strips, v.colours.graph.Bad)
		return bad > 50
	})
}

// Where things are in the window, which always has the same size here.
var (
	secondRow = image.Pt(260, 172)
	boxes     = []image.Point{{16, 144}, {16, 172}}
	tabsFrom  = image.Pt(775, 276)
)

const tabsUntil = 1130

// choose opens the stream that flows.
func (v *views) choose() {
	v.Helper()
	click(v.area.Min.Add(secondRow))
	graph := image.Rect(v.area.Min.X+v.area.Dx()*60/100, v.area.Min.Y+300, v.area.Max.X, v.area.Max.Y)
	until(v.T, "the staircase", func() bool {
		_, n := spot(screen.picture(v.T), graph, v.colours.graph.Flow)
		return n > 500
	})
}

// tabs clicks from left to right along the names of the views of an exchange; a
// name that was clicked has a line beneath it.
func (v *views) tabs() {
	v.Helper()
	names := []string{"stream", "gaps", "timing", "headers", "units", "verdict"}
	line := image.Rect(v.area.Min.X+tabsFrom.X-10, v.area.Min.Y+tabsFrom.Y+6, v.area.Min.X+tabsUntil, v.area.Min.Y+tabsFrom.Y+18)
	last, seen := -1, 0
	for x := tabsFrom.X; x < tabsUntil && seen < len(names); x += 16 {
		click(v.area.Min.Add(image.Pt(x, tabsFrom.Y)))
		v.still(200 * time.Millisecond) // the line moves there
		at, n := spot(screen.picture(v.T), line, v.colours.primary)
		if n > 8 && at.X > last+15 {
			last = at.X
			screen.photograph(v.T, names[seen])
			seen++
		}
	}
	if seen < len(names) {
		v.Errorf("%d views of an exchange found, want %v", seen, names)
	}
}

// compare ticks both streams and lays them over one another.
func (v *views) compare() {
	for _, box := range boxes {
		click(v.area.Min.Add(box))
	}
	v.settled("ticked")
	click(v.area.Min.Add(v.words.compare))
	v.settled("compare")
}

// settled photographs the screen once nothing changes on it any more.
func (v *views) settled(name string) {
	v.Helper()
	v.still(400 * time.Millisecond)
	screen.photograph(v.T, name)
}

// still waits until nothing has changed in the window for so long.
func (v *views) still(d time.Duration) {
	v.Helper()
	before, since := screen.picture(v.T), time.Now()
	within(5*time.Second, func() bool {
		now := screen.picture(v.T)
		if !same(before, now, v.area) {
			before, since = now, time.Now()
		}
		return time.Since(since) > d
	})
}

func same(a, b *image.RGBA, in image.Rectangle) bool {
	in = in.Intersect(a.Rect)
	for y := in.Min.Y; y < in.Max.Y; y++ {
		from, to := a.PixOffset(in.Min.X, y), a.PixOffset(in.Max.X, y)
		if string(a.Pix[from:to]) != string(b.Pix[from:to]) {
			return false
		}
	}
	return true
}
