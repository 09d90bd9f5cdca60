package plot

import (
	"image/color"
	"math"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// Palette is the colours of a graph. Those that mean something are of the set of
// Okabe and Ito, which people with any kind of colour vision can tell apart;
// wherever one means something a shape, a pattern or a place says the same.
type Palette struct {
	// Paper is what the graph is drawn on; in a window, which has a ground of its
	// own, it is clear.
	Paper, Ink color.NRGBA
	// Muted is for texts that name things, Faint for lines that only help the
	// eye, Shade for the time in which nothing was due.
	Muted, Faint, Shade color.NRGBA
	// Flow is the stream itself, Tint the area beneath it.
	Flow, Tint color.NRGBA
	// Good, Stall, Slow and Bad mark a whole end, a silence, a slow client and a
	// broken end; Alt is a second kind of the same thing.
	Good, Stall, Slow, Bad, Alt color.NRGBA
	dark                        bool
}

// The set of Okabe and Ito, for a light paper and, lighter, for a dark one.
var (
	onLight = Palette{
		Flow: rgb(0x0072b2), Good: rgb(0x00875f), Stall: rgb(0xcb8200), Slow: rgb(0xb5598c), Bad: rgb(0xc84b00), Alt: rgb(0x3d9bd1),
	}
	onDark = Palette{
		Flow: rgb(0x6cc0f0), Good: rgb(0x3fbf95), Stall: rgb(0xf0b429), Slow: rgb(0xdb93bb), Bad: rgb(0xf2813f), Alt: rgb(0x4a92d9),
		dark: true,
	}
)

// Light and Dark are the palettes of exported files.
func Light() Palette { return NewPalette(rgb(0xffffff), rgb(0x1c2126)) }

// Dark is the palette for a dark ground.
func Dark() Palette { return NewPalette(rgb(0x16191d), rgb(0xe8eaed)) }

// NewPalette makes a palette that fits a ground and a colour of text.
func NewPalette(paper, ink color.NRGBA) Palette {
	p := onLight
	if luminance(paper) < luminance(ink) {
		p = onDark
	}
	p.Paper, p.Ink = paper, ink
	for part := 0.62; part <= 1; part += 0.02 {
		if p.Muted = mix(paper, ink, part); contrast(p.Muted, paper) >= readable {
			break
		}
	}
	p.Faint = mix(paper, ink, 0.13)
	p.Shade = mix(paper, ink, 0.055)
	p.Tint = mix(paper, p.Flow, 0.10)
	return p
}

// Lines are the colours of streams that are compared, the first one first. Seen
// without colour they still differ: each has a symbol of its own too.
func (p *Palette) Lines() []color.NRGBA {
	if p.dark {
		return []color.NRGBA{p.Flow, p.Bad, p.Good, p.Slow, rgb(0xf0e442), mix(p.Paper, p.Ink, 0.7)}
	}
	return []color.NRGBA{p.Flow, p.Bad, p.Good, p.Slow, rgb(0x8a7d00), mix(p.Paper, p.Ink, 0.7)}
}

// Verdict is the colour of a label.
func (p *Palette) Verdict(label verdict.Label) color.NRGBA {
	switch label {
	case verdict.Incremental:
		return p.Good
	case verdict.Bursty:
		return p.Alt
	case verdict.Coalesced, verdict.Stalled:
		return p.Stall
	case verdict.BufferedWhole, verdict.Truncated:
		return p.Bad
	}
	return p.Muted
}

// part is the colour of a part of a model's answer.
func (p *Palette) part(part tunnel.Part) color.NRGBA {
	switch part {
	case tunnel.Reasoning:
		return p.Slow
	case tunnel.Tool:
		return p.Good
	case tunnel.Content:
		return p.Flow
	}
	return p.Muted
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// mix goes a part of the way from a to b. Both are opaque.
func mix(a, b color.NRGBA, part float64) color.NRGBA {
	channel := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*part + 0.5) }
	return color.NRGBA{R: channel(a.R, b.R), G: channel(a.G, b.G), B: channel(a.B, b.B), A: 0xff}
}

// faded is c with so much of its opacity.
func faded(c color.NRGBA, part float64) color.NRGBA {
	c.A = uint8(float64(c.A)*part + 0.5)
	return c
}

// readable is the contrast that texts of this size need (WCAG 2.2, 1.4.3).
const readable = 4.5

// contrast is that of WCAG 2, by a gamma of 2.2.
func contrast(a, b color.NRGBA) float64 {
	la, lb := linear(a)+0.05, linear(b)+0.05
	return max(la, lb) / min(la, lb)
}

func linear(c color.NRGBA) float64 {
	channel := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
	return 0.2126*channel(c.R) + 0.7152*channel(c.G) + 0.0722*channel(c.B)
}

func luminance(c color.NRGBA) float64 {
	return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
}
