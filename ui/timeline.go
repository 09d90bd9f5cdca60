package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"streamgauge/ui/feed"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
)

// mostLanes is how many of the newest exchanges the timeline shows.
const mostLanes = 60

// timeline is the lanes of the newest exchanges on one axis of time.
type timeline struct {
	chart  *graph.Timeline
	object fyne.CanvasObject
}

func newTimeline(w *Window) *timeline {
	t := &timeline{chart: graph.NewTimeline()}
	t.chart.OnChosen = func(id string) { w.table.Choose(id) }
	t.object = container.NewStack(look.Inset(4, 4, 8, 8, t.chart))
	return t
}

func (t *timeline) show(frame *feed.Frame, chosen string) {
	tracks := make([]plot.Track, len(frame.Lanes))
	for i, row := range frame.Lanes {
		tracks[i] = plot.Track{Exchange: &row.Exchange, Label: row.Verdict.Label, Name: row.Place}
	}
	t.chart.Select(chosen)
	t.chart.Set(tracks, frame.At)
}

func (w *Window) toggleLanes() {
	w.session.lanes = !w.session.lanes
	w.showLeft()
	w.tools.update()
}

// showLeft shows the table or the timeline.
func (w *Window) showLeft() {
	lanes := 0
	if w.session.lanes {
		lanes = mostLanes
	}
	setHidden(w.timeline.object, !w.session.lanes)
	setHidden(w.table, w.session.lanes)
	w.feed.Look(func(v *feed.View) {
		v.Lanes, v.InSight = lanes, w.table.Sight()
		if lanes > 0 {
			v.InSight = nil
		}
	})
}
