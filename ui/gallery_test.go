package ui

import (
	"testing"

	"fyne.io/fyne/v2"
)

// TestGallery shows every view in both languages and themes. It looks at nothing
// but that they can be drawn: see [world.picture].
func TestGallery(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string) {
		w.show()
		w.settle(0)
		w.picture("empty-" + name)
		ids := populate(w.journal)
		w.settle(len(ids))
		w.seen()
		w.picture("table-" + name)
		for tab, view := range []string{"stream", "gaps", "timing", "headers", "units", "verdict"} {
			w.open(ids["lump"], tab)
			w.picture(view + "-" + name)
		}
		w.open(ids["good"], 5)
		w.picture("traps-" + name)
		w.open(ids["good"], 4)
		w.picture("model-" + name)
		w.window.side.pane.Turn(0)
		w.picture("good-" + name)
		w.open(ids["socket"], 4)
		w.picture("frames-" + name)
		w.open(ids["failed"], 0)
		w.picture("failed-" + name)
		w.open(ids["tunnel"], 0)
		w.picture("tunnel-" + name)
		w.window.fyne.Resize(fyne.NewSize(860, 560))
		w.quiet()
		w.picture("narrow-" + name)
		w.window.fyne.Resize(windowSize)
		w.window.explainInside("api.openai.com:443")
		w.picture("inside-" + name)
		w.dismiss()
		w.window.askExport()
		w.picture("export-" + name)
		w.dismiss()
		w.window.explainFilter(w.window.tools.filter)
		w.picture("filter-" + name)
		w.dismiss()
		w.window.table.Tick([]string{ids["good"], ids["lump"], ids["blocks"]})
		w.window.toggleCompare()
		w.pump(func() bool { return len(w.window.frame.Open) == 3 })
		w.picture("compare-" + name)
		w.window.toggleCompare()
		w.window.toggleLanes()
		w.pump(func() bool { return len(w.window.frame.Lanes) > 0 })
		w.picture("lanes-" + name)
	})
}
