package ui

import "testing"

// TestGallery shows every view in both languages and themes. It looks at nothing
// but that they can be drawn: see [world.picture].
func TestGallery(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string) {
		w.window.Show()
		w.window.fyne.Resize(windowSize)
		w.run()
		w.settle(0)
		w.picture("empty-" + name)
		populate(w.journal)
		w.settle(12)
		w.pump(func() bool { return w.window.frame.Rows[0].Exchange.Chunks != nil })
		w.picture("table-" + name)
	})
}
