package plot

import (
	"image"
	"image/color"
	"math"
)

// Paint draws the marks onto img, which it fills, at so many pixels a unit. Texts
// are left to the caller. Boxes, axis-aligned lines and steps stand on whole
// pixels, so that they are as sharp at scale 1 as at 2; all else is smoothed.
func (s *Scene) Paint(img *image.RGBA) {
	b := brush{img: img, scale: s.Scale}
	b.clear(s.Theme.Paper)
	for i := range s.Marks {
		b.mark(s, &s.Marks[i])
	}
}

// brush draws onto pixels, which may be clear: they hold their colour times their
// opacity.
type brush struct {
	img   *image.RGBA
	scale float32
}

// px is the pixel border nearest to a place.
func (b *brush) px(v float32) int { return int(math.Floor(float64(v*b.scale) + 0.5)) }

// width is a stroke's width in whole pixels.
func (b *brush) width(size float32) int { return max(1, int(size*b.scale+0.5)) }

func (b *brush) mark(s *Scene, m *Mark) {
	switch m.Shape {
	case Box:
		x, y := b.px(m.X), b.px(m.Y)
		b.fill(x, y, max(b.px(m.X+m.W), x+1), max(b.px(m.Y+m.H), y+1), m.Color)
	case Hatch:
		b.hatch(b.px(m.X), b.px(m.Y), b.px(m.X+m.W), b.px(m.Y+m.H), m.Color)
	case Line, Dashes:
		b.stroke(m)
	case Steps:
		b.steps(s.Points[m.From:m.To], m)
	case Area:
		b.area(s.Points[m.From:m.To], m)
	default:
		b.symbol(m)
	}
}

// clear fills the picture with the colour of the paper, or with nothing if that is
// clear.
func (b *brush) clear(c color.NRGBA) {
	pix := b.img.Pix
	if len(pix) < 4 {
		return
	}
	pix[0], pix[1], pix[2], pix[3] = 0, 0, 0, 0
	if c.A != 0 {
		pix[0], pix[1], pix[2], pix[3] = c.R, c.G, c.B, 0xff
	}
	for done := 4; done < len(pix); done *= 2 {
		copy(pix[done:], pix[:done])
	}
}

// fill colours the pixels of a box.
func (b *brush) fill(x0, y0, x1, y1 int, c color.NRGBA) {
	r := b.img.Rect
	x0, y0, x1, y1 = max(x0, r.Min.X), max(y0, r.Min.Y), min(x1, r.Max.X), min(y1, r.Max.Y)
	if x0 >= x1 {
		return
	}
	for y := y0; y < y1; y++ {
		row := b.img.Pix[b.img.PixOffset(x0, y) : b.img.PixOffset(x1-1, y)+4]
		if c.A == 0xff {
			solid(row, c)
			continue
		}
		for i := 0; i < len(row); i += 4 {
			blend(row[i:i+4:i+4], c, uint32(c.A))
		}
	}
}

// solid fills a row.
func solid(row []uint8, c color.NRGBA) {
	row[0], row[1], row[2], row[3] = c.R, c.G, c.B, 0xff
	if len(row) <= 64 {
		for i := 4; i+3 < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = c.R, c.G, c.B, 0xff
		}
		return
	}
	for done := 4; done < len(row); done *= 2 {
		copy(row[done:], row[:done])
	}
}

// blend lays c over a pixel with an opacity of 0 to 255.
func blend(p []uint8, c color.NRGBA, a uint32) {
	rest := 255 - a
	p[0] = div255(uint32(c.R)*a + uint32(p[0])*rest)
	p[1] = div255(uint32(c.G)*a + uint32(p[1])*rest)
	p[2] = div255(uint32(c.B)*a + uint32(p[2])*rest)
	p[3] = div255(255*a + uint32(p[3])*rest)
}

func div255(v uint32) uint8 { return uint8((v + 128 + (v+128)>>8) >> 8) }

// dot lays c over one pixel with a coverage of 0 to 1.
func (b *brush) dot(x, y int, c color.NRGBA, coverage float32) {
	if coverage <= 0 || !(image.Point{x, y}).In(b.img.Rect) {
		return
	}
	i := b.img.PixOffset(x, y)
	blend(b.img.Pix[i:i+4:i+4], c, uint32(min(coverage, 1)*float32(c.A)+0.5))
}

// hatchPeriod is the distance of two lines along the axis, in units.
const hatchPeriod = 6

func (b *brush) hatch(x0, y0, x1, y1 int, c color.NRGBA) {
	r := b.img.Rect
	x0, y0, x1, y1 = max(x0, r.Min.X), max(y0, r.Min.Y), min(x1, r.Max.X), min(y1, r.Max.Y)
	period := max(3, int(hatchPeriod*b.scale))
	middle, half := float32(period)/2, 0.75*max(b.scale, 1)
	for y := y0; y < y1; y++ {
		phase := (x0 + y) % period
		for x := x0; x < x1; x++ {
			off := float32(phase) + 0.5 - middle
			b.dot(x, y, c, half+0.5-max(off, -off))
			if phase++; phase == period {
				phase = 0
			}
		}
	}
}

// steps draws lines that go on level to the next point's X and then to its Y.
func (b *brush) steps(points []Point, m *Mark) {
	w := b.width(m.Size)
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		left, right := b.px(from.X)-w/2, b.px(to.X)-w/2
		y, next := b.px(from.Y)-w/2, b.px(to.Y)-w/2
		if i == 1 {
			left += w / 2
		}
		b.fill(left, y, right, y+w, m.Color)
		b.fill(right, min(y, next), right+w, max(y, next)+w, m.Color)
	}
}

// area fills what lies under rising steps, row by row: each row is full from
// where the steps reach it on.
func (b *brush) area(points []Point, m *Mark) {
	if len(points) < 2 {
		return
	}
	bottom, right := b.px(m.Y), b.px(points[len(points)-1].X)
	for _, p := range points {
		top := b.px(p.Y)
		if top < bottom {
			b.fill(b.px(p.X), top, right, bottom, m.Color)
			bottom = top
		}
	}
}

func (b *brush) stroke(m *Mark) {
	w := b.width(m.Size)
	x0, y0, x1, y1 := b.px(m.X), b.px(m.Y), b.px(m.X+m.W), b.px(m.Y+m.H)
	on, off := math.MaxInt32/2, 0
	if m.Shape == Dashes {
		on, off = b.width(3), b.width(3)
	}
	switch {
	case m.H == 0:
		for x := min(x0, x1); x < max(x0, x1); x += on + off {
			b.fill(x, y0-w/2, min(x+on, max(x0, x1)), y0-w/2+w, m.Color)
		}
	case m.W == 0:
		for y := min(y0, y1); y < max(y0, y1); y += on + off {
			b.fill(x0-w/2, y, x0-w/2+w, min(y+on, max(y0, y1)), m.Color)
		}
	default:
		b.slanted(m)
	}
}

// slanted draws a line by the distance of each pixel from it.
func (b *brush) slanted(m *Mark) {
	x0, y0 := m.X*b.scale, m.Y*b.scale
	x1, y1 := (m.X+m.W)*b.scale, (m.Y+m.H)*b.scale
	half := m.Size * b.scale / 2
	b.cover(min(x0, x1)-half, min(y0, y1)-half, max(x0, x1)+half, max(y0, y1)+half, m.Color,
		func(x, y float32) float32 { return segment(x-x0, y-y0, x1-x0, y1-y0) - half })
}

// cover lays a shape over a box of pixels. outside is how far a place lies
// outside of the shape, negative within.
func (b *brush) cover(x0, y0, x1, y1 float32, c color.NRGBA, outside func(x, y float32) float32) {
	for y := int(y0) - 1; y <= int(y1)+1; y++ {
		for x := int(x0) - 1; x <= int(x1)+1; x++ {
			b.dot(x, y, c, 0.5-outside(float32(x)+0.5, float32(y)+0.5))
		}
	}
}

// segment is the distance of x, y from the line from 0, 0 to dx, dy.
func segment(x, y, dx, dy float32) float32 {
	along := min(max((x*dx+y*dy)/max(dx*dx+dy*dy, 1e-9), 0), 1)
	return hypot(x-along*dx, y-along*dy)
}

func hypot(x, y float32) float32 { return float32(math.Sqrt(float64(x*x + y*y))) }

func abs(v float32) float32 { return max(v, -v) }

// symbol draws a shape around its middle.
func (b *brush) symbol(m *Mark) {
	cx, cy, r := m.X*b.scale, m.Y*b.scale, m.Size*b.scale/2
	thick := max(b.scale*0.75, 0.6)
	var outside func(x, y float32) float32
	switch m.Shape {
	case Disc:
		outside = func(x, y float32) float32 { return hypot(x, y) - r }
	case Ring:
		outside = func(x, y float32) float32 { return abs(hypot(x, y)-r) - thick }
	case Square:
		outside = func(x, y float32) float32 { return max(abs(x), abs(y)) - r*0.88 }
	case Diamond:
		outside = func(x, y float32) float32 { return (abs(x) + abs(y) - r*1.2) * 0.7071 }
	case Triangle:
		outside = func(x, y float32) float32 {
			return max(-y-r*0.75, (abs(x)*1.7+y-r*0.95)*0.5)
		}
	default:
		outside = func(x, y float32) float32 {
			return min(segment(x-r, y-r, -2*r, -2*r), segment(x-r, y+r, -2*r, 2*r)) - thick
		}
	}
	edge := r*1.3 + thick
	b.cover(cx-edge, cy-edge, cx+edge, cy+edge, m.Color, func(x, y float32) float32 { return outside(x-cx, y-cy) })
}
