package ui

import (
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"streamgauge/tunnel/verdict"
	"streamgauge/ui/detail"
	"streamgauge/ui/feed"
)

// side is the right half: the exchange looked at, a comparison, or what the marks
// mean while there is neither.
type side struct {
	window  *Window
	object  *fyne.Container
	legend  fyne.CanvasObject
	pane    *detail.Pane
	compare *comparison
}

func newSide(w *Window) *side {
	s := &side{window: w, legend: newLegend(), compare: newComparison(w)}
	s.pane = detail.New(detail.Actions{
		Copy: w.copy, Choose: w.table.Choose, CopyRequest: w.copyRequest, Follow: w.follow, Inside: w.explainInside,
		Turned: func(tab int) { w.session.tab = tab },
	}, w.session.tab)
	s.object = container.NewStack(s.legend, s.pane.Object, s.compare.object)
	return s
}

// update shows what the latest frame says of what is looked at.
func (s *side) update() {
	w := s.window
	whole := w.whole(w.session.chosen)
	comparing := w.session.compare
	setHidden(s.compare.object, !comparing)
	setHidden(s.pane.Object, comparing || whole == nil)
	setHidden(s.legend, comparing || whole != nil)
	switch {
	case comparing:
		s.compare.show(w.frame.Open)
	case whole != nil:
		s.pane.Show(detail.Shown{Whole: whole, Inside: w.inside(whole.Exchange.ID), Habits: w.habits(whole)})
	}
}

// inside lists what was seen within a tunnel, the newest first.
func (w *Window) inside(id string) []*feed.Row {
	var rows []*feed.Row
	for _, row := range w.frame.Inside {
		if row.Exchange.Tunnel == id {
			rows = append(rows, row)
		}
	}
	return rows
}

// habits are what several exchanges of the same host show.
func (w *Window) habits(whole *feed.Whole) []verdict.Reason {
	var reasons []verdict.Reason
	for _, cutoff := range w.frame.Cutoffs {
		if cutoff.Host == whole.Exchange.Host {
			reasons = append(reasons, cutoff.Reason)
		}
	}
	return reasons
}

// follow opens a page in the browser, because the user asked for it.
func (w *Window) follow(address string) {
	if u, err := url.Parse(address); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		if err := w.cfg.App.OpenURL(u); err != nil {
			w.footer.say(err.Error())
		}
	}
}
