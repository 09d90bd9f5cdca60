package graph

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"streamgauge/tunnel"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// Timeline shows many exchanges as lanes on one axis of time. See
// [plot.TimelineChart].
type Timeline struct {
	moving
	// OnChosen is called with the ID of a lane that was touched. It may be nil.
	OnChosen func(id string)

	draw plot.TimelineChart
	hair *crosshair
}

// NewTimeline makes a timeline without exchanges.
func NewTimeline() *Timeline {
	t := &Timeline{hair: newCrosshair()}
	t.whole = t.draw.Whole
	t.edge = func() (plot.View, bool) { return plot.View{To: t.draw.Now}, true }
	t.act, t.pointed = t.touched, t.hover
	t.drop = t.scroll
	t.above = append(t.above, t.hair.objects()...)
	t.follow()
	t.beginMoving(t, fyne.NewSize(320, 160), func(scene *plot.Scene, area plot.Rect) {
		t.draw.View = t.view
		t.draw.Lay(scene, area)
	})
	return t
}

// Set shows these exchanges, the first one on top, as they are now. Names beside
// the lanes are shown as given: mask credentials before.
func (t *Timeline) Set(tracks []plot.Track, now time.Time) {
	if t.draw.Epoch.IsZero() || len(t.draw.Tracks) == 0 {
		// Far from where it was, times since the epoch would not be exact.
		t.draw.Epoch = now
	}
	t.draw.Tracks, t.draw.Now = tracks, now.Sub(t.draw.Epoch)
	t.follow()
	t.changed()
}

// Select marks the lane of the exchange with this ID.
func (t *Timeline) Select(id string) {
	if t.draw.Selected != id {
		t.draw.Selected = id
		t.changed()
	}
}

// scroll moves the lanes by so many units of the screen, up if negative.
func (t *Timeline) scroll(dy float32) {
	t.draw.Scroll -= dy
	t.redraw.ask(t.changed)
}

// Scrolled is for Fyne: beside the plot, over the names, the wheel moves the
// lanes.
func (t *Timeline) Scrolled(ev *fyne.ScrollEvent) {
	if ev.Position.X < t.scene.Plot.X {
		t.scroll(ev.Scrolled.DY * 2)
		return
	}
	t.moving.Scrolled(ev)
}

// TypedKey is for Fyne: up and down choose a lane.
func (t *Timeline) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyUp:
		t.choose(t.draw.Beside(t.draw.Selected, -1))
	case fyne.KeyDown:
		t.choose(t.draw.Beside(t.draw.Selected, 1))
	default:
		t.moving.TypedKey(ev)
	}
}

// choose marks a track and tells of it; a negative one is none.
func (t *Timeline) choose(i int) {
	if i < 0 {
		return
	}
	id := t.draw.Tracks[i].Exchange.ID
	t.draw.Reveal(&t.scene, i)
	t.draw.Selected = id
	t.redraw.ask(t.changed)
	if t.OnChosen != nil {
		t.OnChosen(id)
	}
}

func (t *Timeline) touched(a plot.Action, at fyne.Position) {
	if a == plot.NoAction {
		t.choose(t.draw.TrackAt(&t.scene, at.Y))
	}
}

// hover says of the lane under the pointer what it is.
func (t *Timeline) hover(at fyne.Position, inside bool) {
	i := t.draw.TrackAt(&t.scene, at.Y)
	if !inside || i < 0 || at.X < t.scene.Plot.X || at.X > t.scene.Plot.Right() {
		t.hair.hide()
		return
	}
	t.hair.show(&t.scene, t.scene.Plot, fyne.NewPos(at.X, -1), tellTrack(&t.draw.Tracks[i]))
}

func tellTrack(t *plot.Track) string {
	ex := t.Exchange
	said := []string{plot.Clean(ex.Method), plot.Clean(t.Name)}
	sent, _ := ex.Phases.At(tunnel.Sent)
	if first, ok := ex.Phases.At(tunnel.FirstByte); ok && first >= sent {
		said = append(said, words.T("graph.wait")+" "+plot.Span(first-sent))
	}
	said = append(said, plot.Span(max(ex.Duration(), ex.Totals.Last)), plot.Bytes(ex.Totals.Bytes))
	return strings.Join(said, "   ")
}

// AccessibilityLabel says in words what is shown.
func (t *Timeline) AccessibilityLabel() string {
	return words.N("graph.name.timeline", len(t.draw.Tracks))
}

// AccessibilityRole is for Fyne.
func (t *Timeline) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
