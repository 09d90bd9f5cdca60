package plot

import "streamgauge/tunnel"

// Picture is how an exported graph is framed. Zero sizes and scale are 900 by
// 400 at 2 pixels a unit; zero colours are the light palette.
type Picture struct {
	Title, Subtitle string
	W, H, Scale     float32
	Theme           Palette
	Words           Words
}

func (p *Picture) defaults() {
	if p.W <= 0 {
		p.W = 900
	}
	if p.H <= 0 {
		p.H = 400
	}
	if p.Scale <= 0 {
		p.Scale = 2
	}
	if p.Theme == (Palette{}) {
		p.Theme = Light()
	}
	if p.Words.Bytes == "" {
		p.Words = EnglishWords()
	}
}

// pictureHead is the height of a picture's title and subtitle, margin the room
// around everything.
const pictureHead, margin = 50, 12

// Compose makes a scene of the picture: its title, what is said of it, and below
// what lay draws.
func (p Picture) Compose(lay func(*Scene, Rect)) *Scene {
	p.defaults()
	s := &Scene{Theme: p.Theme, Words: p.Words, Captions: true}
	s.Reset(p.W, p.H, p.Scale)
	p.head(s, 0)
	lay(s, Rect{margin, pictureHead, p.W - 2*margin, p.H - pictureHead - margin})
	return s
}

// head writes the title and what is said of it.
func (p *Picture) head(s *Scene, y float32) {
	room := p.W - 2*margin - 2*gutter
	s.Texts = append(s.Texts,
		Text{Text: fit(Clean(p.Title), room*small/title), X: margin + gutter, Y: y + 20, Size: title, Bold: true, Color: s.Theme.Ink},
		Text{Text: cut(Clean(p.Subtitle), room), X: margin + gutter, Y: y + 39, Size: small, Color: s.Theme.Muted})
}

// Sheet is several streams beneath each other, each with its own head.
type Sheet struct {
	Picture
	Of []SheetEntry
}

// SheetEntry is one stream of a sheet.
type SheetEntry struct {
	Title, Subtitle string
	Series          *Series
}

// Compose makes a scene of the sheet. H is the height of each stream.
func (t Sheet) Compose() *Scene {
	t.defaults()
	s := &Scene{Theme: t.Theme, Words: t.Words, Captions: true}
	s.Reset(t.W, t.H*float32(max(len(t.Of), 1)), t.Scale)
	for i, e := range t.Of {
		y := float32(i) * t.H
		p := t.Picture
		p.Title, p.Subtitle = e.Title, e.Subtitle
		p.head(s, y)
		measure := ByBytes
		if e.Series.HasUnits() && e.Series.ex.UnitKind != tunnel.Text {
			measure = ByUnits
		}
		chart := StreamChart{Series: e.Series, View: e.Series.Whole(), Measure: measure, Following: true}
		chart.Lay(s, Rect{margin, y + pictureHead, t.W - 2*margin, t.H - pictureHead - margin})
		if i > 0 {
			s.line(margin, y, t.W-margin, y, 1, s.Theme.Faint)
		}
	}
	return s
}
