package graph

import (
	"image/color"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// forced is Fyne's own theme in one variant, whatever the system wants.
type forced struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (f forced) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}

const light, dark = theme.VariantLight, theme.VariantDark

// world is a window of 600 by 280 units that shows one chart, in virtual time.
type world struct {
	*testing.T
	window fyne.Window
	// due is what timers have left for the goroutine of the user interface, which
	// is that of the test.
	due chan func()
}

// later is what Fyne's own loop does for a timer.
func (w world) later(wait time.Duration, f func()) {
	time.AfterFunc(wait, func() { w.due <- f })
}

func inWorld(t *testing.T, variant fyne.ThemeVariant, f func(world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		app := test.NewTempApp(t)
		app.Settings().SetTheme(forced{theme.DefaultTheme(), variant})
		if err := words.Use(words.English); err != nil {
			t.Fatal(err)
		}
		w := test.NewTempWindow(t, nil)
		w.SetPadded(false)
		w.Resize(fyne.NewSize(600, 280))
		f(world{t, w, make(chan func(), 10)})
	})
}

// show puts a chart into the window.
func (w world) show(chart fyne.CanvasObject) {
	if m, ok := chart.(interface{ paces() [2]*pace }); ok {
		for _, p := range m.paces() {
			p.later = w.later
		}
	}
	w.window.SetContent(chart)
	w.window.Resize(fyne.NewSize(600, 280))
}

func (m *moving) paces() [2]*pace { return [2]*pace{&m.redraw, &m.aim} }

// settle lets what was put off to the next frame happen.
func (w world) settle() {
	time.Sleep(2 * frame)
	synctest.Wait()
	for len(w.due) > 0 {
		(<-w.due)()
	}
}

func (w world) looks(name string) {
	w.Helper()
	test.AssertRendersToImage(w.T, name+".png", w.window.Canvas())
}

func events(n int) *tunnel.Exchange {
	return tunneltest.Arrivals(n, 420*time.Millisecond, 100*time.Millisecond, 220)
}

func streamOf(ex *tunnel.Exchange, elapsed time.Duration) *Stream {
	s := NewStream()
	s.Set(ex, verdict.Assess(ex), elapsed)
	return s
}

// model is a stream of a language model that reasons before it answers.
func model() *tunnel.Exchange {
	ex := events(40)
	ex.Answer.API = "openai-chat"
	for i := range ex.Units {
		switch {
		case i == 0:
			ex.Units[i].Part = tunnel.Opening
		case i%13 == 12:
			ex.Units[i].Part = tunnel.Heartbeat
		case i < 18:
			ex.Units[i].Part = tunnel.Reasoning
		default:
			ex.Units[i].Part = tunnel.Content
		}
	}
	ex.Chunks[25].Blocked, ex.Chunks[26].Blocked = 40*time.Millisecond, 40*time.Millisecond
	return ex
}

func TestStreamPictures(t *testing.T) {
	for name, draw := range map[string]func() *Stream{
		"empty": NewStream,
		"waiting": func() *Stream {
			return streamOf(tunneltest.Until(events(40), 200*time.Millisecond), 1340*time.Millisecond)
		},
		"incremental": func() *Stream { return streamOf(events(40), 0) },
		"lumped":      func() *Stream { return streamOf(tunneltest.Lumped(events(40)), 0) },
		"stalled":     func() *Stream { return streamOf(tunneltest.Paused(events(40), 22, 4*time.Second), 0) },
		"live": func() *Stream {
			return streamOf(tunneltest.Until(events(40), 2600*time.Millisecond), 2700*time.Millisecond)
		},
		"model": func() *Stream { return streamOf(model(), 0) },
		"100k": func() *Stream {
			return streamOf(tunneltest.Arrivals(100_000, 420*time.Millisecond, time.Millisecond, 220), 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, light, func(w world) {
				w.show(draw())
				w.looks(name)
			})
		})
	}
}

func TestDarkAndScaled(t *testing.T) {
	inWorld(t, dark, func(w world) {
		w.window.Canvas().(software.WindowlessCanvas).SetScale(2)
		w.show(streamOf(tunneltest.Paused(events(40), 22, 4*time.Second), 0))
		w.looks("stalled-dark")
	})
}

func TestOtherPictures(t *testing.T) {
	slow := model()
	for name, draw := range map[string]func() fyne.CanvasObject{
		"gaps": func() fyne.CanvasObject {
			g := NewGaps()
			g.Set(slow, verdict.Assess(slow))
			return g
		},
		"phases": func() fyne.CanvasObject {
			p := NewPhases()
			p.Set(slow, 0)
			return p
		},
		"compare":  func() fyne.CanvasObject { return compared() },
		"timeline": func() fyne.CanvasObject { return timelineOf() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, light, func(w world) {
				w.show(draw())
				w.looks(name)
			})
		})
	}
}

func compared() *Compare {
	var of []Compared
	add := func(name string, ex *tunnel.Exchange) {
		of = append(of, Compared{Exchange: ex, Verdict: verdict.Assess(ex), Name: name})
	}
	add("direct", events(40))
	add("through nginx, its default", tunneltest.Lumped(events(40)))
	add("socks5://127.0.0.1:1080", tunneltest.Arrivals(38, 900*time.Millisecond, 100*time.Millisecond, 220))
	c := NewCompare()
	c.Set(of)
	return c
}

func timelineOf() *Timeline {
	t := NewTimeline()
	epoch := time.Date(2026, 1, 24, 18, 29, 0, 0, time.UTC)
	var tracks []plot.Track
	for i := 7; i >= 0; i-- {
		ex := tunneltest.Arrivals(20+i*4, time.Duration(200+i*90)*time.Millisecond, 60*time.Millisecond, 200)
		switch i {
		case 2, 5:
			ex = tunneltest.Lumped(ex)
		case 4:
			ex.End = tunnel.Truncated
		case 6, 7:
			ex = tunneltest.Until(ex, 8*time.Second-time.Duration(i)*900*time.Millisecond)
		}
		ex.ID = string(rune('a' + i))
		ex.Start = epoch.Add(time.Duration(i) * 900 * time.Millisecond)
		tracks = append(tracks, plot.Track{Exchange: ex, Label: verdict.Assess(ex).Label, Name: "llm.example/v1/chat"})
	}
	t.Set(tracks, epoch.Add(8*time.Second))
	t.Select("c")
	return t
}

func TestStripPictures(t *testing.T) {
	inWorld(t, light, func(w world) {
		rows := container.NewWithoutLayout()
		running := tunneltest.Until(events(40), 2600*time.Millisecond)
		cut := events(30)
		cut.End = tunnel.Truncated
		for i, ex := range []*tunnel.Exchange{events(40), tunneltest.Lumped(events(40)), tunneltest.Paused(events(40), 22, 4*time.Second), running, cut} {
			s := NewStrip()
			s.Set(ex, verdict.Assess(ex).Label, 2700*time.Millisecond)
			s.Resize(fyne.NewSize(160, 20))
			s.Move(fyne.NewPos(8, float32(8+28*i)))
			rows.Add(s)
		}
		w.show(rows)
		w.looks("strips")
	})
}

func TestMarkup(t *testing.T) {
	inWorld(t, light, func(w world) {
		w.show(streamOf(events(10), 0))
		test.AssertRendersToMarkup(t, "stream.xml", w.window.Canvas())
	})
}
