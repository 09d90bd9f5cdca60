package plot

import (
	"image/color"
	"strings"
	"unicode"
)

// Shape is what a mark looks like.
type Shape uint8

// The shapes. X and Y are the left upper corner of those with a width, the middle
// of the symbols.
const (
	Box      Shape = iota // filled, its edges on whole pixels
	Hatch                 // diagonal lines in a box
	Line                  // from X, Y to X+W, Y+H, as wide as Size
	Dashes                // a Line, broken
	Steps                 // along Points, as wide as Size
	Area                  // between the steps along Points and Y, filled
	Disc                  // a filled circle of diameter Size
	Ring                  // an open one
	Square                // filled
	Diamond               // filled
	Triangle              // filled, pointing down
	Cross                 // two strokes
)

// Mark is one thing to draw, in units of the screen.
type Mark struct {
	Shape      Shape
	Color      color.NRGBA
	X, Y, W, H float32
	Size       float32
	// From and To are the points of Scene.Points that Steps and Area follow.
	From, To int
}

// Point is a corner of steps.
type Point struct{ X, Y float32 }

// Anchor says which part of a text stands at its place.
type Anchor uint8

// The anchors.
const (
	Start Anchor = iota
	Middle
	End
)

// Text is a line of text.
type Text struct {
	Text   string
	X, Y   float32 // Y is the middle of the line's height
	Size   float32
	Anchor Anchor
	Bold   bool
	Color  color.NRGBA
}

// Action is what touching a zone of a scene does.
type Action uint8

// The actions.
const (
	NoAction Action = iota
	ToggleMeasure
	ToggleFollow
)

// Zone is a part of a scene that answers to a touch.
type Zone struct {
	X, Y, W, H float32
	Action     Action
}

// Scene is a drawing in units of the screen, W by H of them. It may be used again
// and again: Reset keeps its memory.
type Scene struct {
	W, H float32
	// Scale is how many pixels a unit has. Marks do not depend on it, but what
	// falls into one column of pixels does.
	Scale float32
	Theme Palette
	Words Words
	// Captions is whether axes of time are named, as in a file that nobody can ask.
	Captions bool

	Marks  []Mark
	Points []Point
	Texts  []Text
	Zones  []Zone
	// Plot is where data stands, without axes and lanes.
	Plot Rect

	columns []column // work space of downsampling
}

// Rect is a part of a scene.
type Rect struct{ X, Y, W, H float32 }

// Right is the right edge.
func (r Rect) Right() float32 { return r.X + r.W }

// Bottom is the lower edge.
func (r Rect) Bottom() float32 { return r.Y + r.H }

// Holds reports whether a point lies in r.
func (r Rect) Holds(x, y float32) bool {
	return x >= r.X && x < r.Right() && y >= r.Y && y < r.Bottom()
}

// Reset empties the scene and gives it a size.
func (s *Scene) Reset(w, h, scale float32) {
	s.W, s.H, s.Scale = w, h, max(scale, 0.1)
	s.Marks, s.Points, s.Texts, s.Zones = s.Marks[:0], s.Points[:0], s.Texts[:0], s.Zones[:0]
	s.Plot = Rect{}
}

func (s *Scene) box(r Rect, c color.NRGBA) {
	if r.W > 0 && r.H > 0 {
		s.Marks = append(s.Marks, Mark{Shape: Box, X: r.X, Y: r.Y, W: r.W, H: r.H, Color: c})
	}
}

func (s *Scene) hatch(r Rect, c color.NRGBA) {
	if r.W > 0 && r.H > 0 {
		s.Marks = append(s.Marks, Mark{Shape: Hatch, X: r.X, Y: r.Y, W: r.W, H: r.H, Color: c})
	}
}

func (s *Scene) line(x0, y0, x1, y1, size float32, c color.NRGBA) {
	s.Marks = append(s.Marks, Mark{Shape: Line, X: x0, Y: y0, W: x1 - x0, H: y1 - y0, Size: size, Color: c})
}

func (s *Scene) dashes(x0, y0, x1, y1, size float32, c color.NRGBA) {
	s.Marks = append(s.Marks, Mark{Shape: Dashes, X: x0, Y: y0, W: x1 - x0, H: y1 - y0, Size: size, Color: c})
}

func (s *Scene) symbol(shape Shape, x, y, size float32, c color.NRGBA) {
	s.Marks = append(s.Marks, Mark{Shape: shape, X: x, Y: y, Size: size, Color: c})
}

// text adds a line of text and returns about how wide it is.
func (s *Scene) text(x, y float32, anchor Anchor, text string, c color.NRGBA) float32 {
	s.Texts = append(s.Texts, Text{Text: text, X: x, Y: y, Anchor: anchor, Size: small, Color: c})
	return textWidth(text, small)
}

// The sizes of texts, in units of the screen.
const (
	small = 11
	title = 14
)

// textWidth estimates how wide a text is, rather too wide than too narrow. How it
// will be set is known only to whoever sets it.
func textWidth(text string, size float32) float32 {
	var ems float32
	for _, r := range text {
		switch {
		case r >= 0x2e80: // Chinese, and what else is as wide as high
			ems++
		case strings.ContainsRune(" .,:;/|'ijlt()-", r):
			ems += 0.34
		case unicode.IsUpper(r) || strings.ContainsRune("mw%—@", r):
			ems += 0.74
		default:
			ems += 0.57
		}
	}
	return ems * size
}

// cut shortens a sentence to a width, at its end.
func cut(text string, width float32) string {
	if textWidth(text, small) <= width {
		return text
	}
	var kept float32
	for i, r := range text {
		if kept += textWidth(string(r), small); kept > width-small {
			return text[:i] + "…"
		}
	}
	return text
}

// fit shortens a text to a width, in the middle, where a path tells least.
func fit(text string, width float32) string {
	runes := []rune(text)
	if textWidth(text, small) <= width || len(runes) < 8 {
		return text
	}
	keep := len(runes)
	for keep > 6 && textWidth(string(runes[:keep]), small) > width {
		keep -= 2
	}
	half := (keep - 1) / 2
	return string(runes[:half]) + "…" + string(runes[len(runes)-half:])
}
