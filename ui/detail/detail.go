// Package detail is the exchange that is looked at: what was made of it in a
// sentence, its graph, gaps, phases, headers and units, and who is suspected of
// holding it back and what to change. It is handed one [feed.Whole] after the
// other and asks its [Actions] for everything else.
//
// Only the tab in front is kept up to date. All methods are for the goroutine of
// the user interface.
package detail

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/graph"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// Actions are what the pane asks the window for.
type Actions struct {
	// Copy puts text onto the clipboard and says so.
	Copy func(text, said string)
	// Choose shows another exchange, "" none.
	Choose func(id string)
	// CopyRequest copies the request as a command.
	CopyRequest func(id string)
	// Follow opens a page, when the user asks for it.
	Follow func(url string)
	// Inside shows how to see what is in a tunnel to a host.
	Inside func(host string)
	// Turned is told which tab is in front.
	Turned func(tab int)
}

// Shown is what the pane shows.
type Shown struct {
	*feed.Whole
	// Inside are what was seen within this tunnel, the newest first.
	Inside []*feed.Row
	// Habits are what only several exchanges of its host show.
	Habits []verdict.Reason
}

// Pane shows one exchange.
type Pane struct {
	// Object is what to place.
	Object  fyne.CanvasObject
	actions Actions
	shown   Shown

	head   *head
	inside *inside
	tabs   *container.AppTabs
	pages  []page
}

// page is one of the tabs.
type page interface {
	object() fyne.CanvasObject
	// show draws what differs from the last time.
	show(s *Shown)
}

// New returns a pane without an exchange, with a tab in front.
func New(actions Actions, tab int) *Pane {
	p := &Pane{actions: actions, head: newHead(actions), inside: newInside(actions)}
	p.tabs = container.NewAppTabs()
	for _, t := range []struct {
		key  string
		page page
	}{
		{"window.tab.stream", newStreamPage()},
		{"window.tab.gaps", newGapsPage()},
		{"window.tab.timing", newTimingPage()},
		{"window.tab.headers", newHeadersPage(actions)},
		{"window.tab.units", newUnitsPage(actions)},
		{"window.tab.verdict", newVerdictPage(actions)},
	} {
		p.pages = append(p.pages, t.page)
		p.tabs.Append(container.NewTabItem(words.T(t.key), t.page.object()))
	}
	p.tabs.SelectIndex(tab)
	p.tabs.OnSelected = func(*container.TabItem) {
		p.draw()
		if actions.Turned != nil {
			actions.Turned(p.tabs.SelectedIndex())
		}
	}
	p.head.toVerdict = func() { p.Turn(len(p.pages) - 1) }
	p.Object = look.Frame(look.Column(0, p.head.content, p.inside.content), nil, nil, nil, p.tabs)
	p.head.moved, p.inside.moved = p.arrange, p.arrange
	return p
}

// Show shows an exchange from now on.
func (p *Pane) Show(shown Shown) {
	p.shown = shown
	p.draw()
}

// arrange gives head and notice the room they need: first the widths within, from
// which follow the heights.
func (p *Pane) arrange() {
	p.head.content.Refresh()
	p.inside.content.Refresh()
	p.Object.Refresh()
}

// Turn brings a tab to the front.
func (p *Pane) Turn(tab int) { p.tabs.SelectIndex(tab) }

func (p *Pane) draw() {
	if p.shown.Whole == nil {
		return
	}
	p.head.show(&p.shown)
	p.inside.show(&p.shown)
	p.pages[p.tabs.SelectedIndex()].show(&p.shown)
}

// Picture returns the graph in front, or the stream where the tab has none, and
// what to write above it.
func (p *Pane) Picture() (chart Chart, title, subtitle string) {
	chart = p.pages[0].(*streamPage).chart
	if front, ok := p.pages[p.tabs.SelectedIndex()].(interface{ picture() Chart }); ok {
		chart = front.picture()
		front.(page).show(&p.shown)
	} else {
		p.pages[0].show(&p.shown)
	}
	return chart, p.head.place.Text(), labelName(p.shown.Judgement.Label)
}

// Chart is a graph that can be written to a file.
type Chart interface {
	PNG(graph.Picture) ([]byte, error)
	SVG(graph.Picture) ([]byte, error)
}

type streamPage struct {
	chart *graph.Stream
	box   fyne.CanvasObject
}

func newStreamPage() *streamPage {
	s := &streamPage{chart: graph.NewStream()}
	s.box = look.Inset(6, 6, 8, 8, s.chart)
	return s
}

func (s *streamPage) object() fyne.CanvasObject { return s.box }
func (s *streamPage) picture() Chart            { return s.chart }

func (s *streamPage) show(shown *Shown) {
	s.chart.Set(&shown.Exchange, shown.Judgement.Verdict, shown.Elapsed)
}

type gapsPage struct {
	chart *graph.Gaps
	box   fyne.CanvasObject
}

func newGapsPage() *gapsPage {
	g := &gapsPage{chart: graph.NewGaps()}
	g.box = look.Frame(nil, look.Inset(2, 10, 14, 14, look.Note(words.T("window.gaps.note"))), nil, nil, look.Inset(6, 2, 8, 8, g.chart))
	return g
}

func (g *gapsPage) object() fyne.CanvasObject { return g.box }
func (g *gapsPage) picture() Chart            { return g.chart }

func (g *gapsPage) show(shown *Shown) { g.chart.Set(&shown.Exchange, shown.Judgement.Verdict) }

// labelName is what a label is called.
func labelName(label verdict.Label) string {
	if label == verdict.None {
		return words.T("verdict.label.none")
	}
	return words.T("verdict.label." + string(label))
}

// rule is a hairline in a column.
func rule() fyne.CanvasObject {
	line := look.Fill(theme.ColorNameSeparator)
	line.SetMinSize(fyne.NewSize(1, 1))
	return line
}
