package plot

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Clean makes what hides or turns the text around it visible: texts of other
// people's making stand in titles and names.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// SVG writes the scene as a picture without scripts or references; name is read
// by screen readers.
func (s *Scene) SVG(w io.Writer, name string) error {
	out := &svgWriter{w: bufio.NewWriter(w), s: s}
	out.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img" font-family="Inter, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif">`, number(s.W), number(s.H))
	out.printf("\n<title>")
	out.escape(Clean(name))
	out.printf("</title>\n")
	out.patterns()
	out.printf(`<rect width="100%%" height="100%%" fill="%s"/>`+"\n", hex(s.Theme.Paper))
	for i := range s.Marks {
		out.mark(&s.Marks[i])
	}
	for i := range s.Texts {
		out.text(&s.Texts[i])
	}
	out.printf("</svg>\n")
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("write svg: %w", err)
	}
	return nil
}

// svgWriter writes a scene. Its errors are the buffer's, which keeps the first.
type svgWriter struct {
	w *bufio.Writer
	s *Scene
}

func (o *svgWriter) printf(format string, args ...any) { fmt.Fprintf(o.w, format, args...) }

func (o *svgWriter) escape(text string) { _ = xml.EscapeText(o.w, []byte(text)) }

// patterns defines a hatch for each colour that is hatched with.
func (o *svgWriter) patterns() {
	seen := map[string]bool{}
	for _, m := range o.s.Marks {
		id := hatchName(m.Color)
		if m.Shape != Hatch || seen[id] {
			continue
		}
		seen[id] = true
		o.printf(`<pattern id="%s" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1,1l2,-2M0,6l6,-6M5,7l2,-2" %s/></pattern>`+"\n",
			id, stroke(m.Color, 1.2))
	}
}

func hatchName(c color.NRGBA) string { return fmt.Sprintf("h%02x%02x%02x%02x", c.R, c.G, c.B, c.A) }

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func fill(c color.NRGBA) string {
	if c.A == 0xff {
		return fmt.Sprintf(`fill="%s"`, hex(c))
	}
	return fmt.Sprintf(`fill="%s" fill-opacity="%s"`, hex(c), number(float32(c.A)/255))
}

func stroke(c color.NRGBA, width float32) string {
	s := fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%s"`, hex(c), number(width))
	if c.A != 0xff {
		s += fmt.Sprintf(` stroke-opacity="%s"`, number(float32(c.A)/255))
	}
	return s
}

func number(v float32) string {
	text := strconv.FormatFloat(float64(v), 'f', 2, 32)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func (o *svgWriter) mark(m *Mark) {
	switch m.Shape {
	case Box:
		o.rect(m, fill(m.Color))
	case Hatch:
		o.rect(m, fmt.Sprintf(`fill="url(#%s)"`, hatchName(m.Color)))
	case Line, Dashes:
		dashes := ""
		if m.Shape == Dashes {
			dashes = ` stroke-dasharray="3 3"`
		}
		o.printf(`<path d="M%s,%sL%s,%s" %s%s/>`+"\n", number(m.X), number(m.Y), number(m.X+m.W), number(m.Y+m.H), stroke(m.Color, m.Size), dashes)
	case Steps, Area:
		o.steps(m)
	default:
		o.symbol(m)
	}
}

func (o *svgWriter) rect(m *Mark, paint string) {
	o.printf(`<rect x="%s" y="%s" width="%s" height="%s" %s/>`+"\n", number(m.X), number(m.Y), number(m.W), number(m.H), paint)
}

func (o *svgWriter) steps(m *Mark) {
	points := o.s.Points[m.From:m.To]
	if len(points) == 0 {
		return
	}
	o.printf(`<path d="M%s,%s`, number(points[0].X), number(points[0].Y))
	for _, p := range points[1:] {
		o.printf(`H%sV%s`, number(p.X), number(p.Y))
	}
	if m.Shape == Steps {
		o.printf(`" stroke-linejoin="round" %s/>`+"\n", stroke(m.Color, m.Size))
		return
	}
	o.printf(`V%sH%sZ" %s/>`+"\n", number(m.Y), number(points[0].X), fill(m.Color))
}

func (o *svgWriter) symbol(m *Mark) {
	r := m.Size / 2
	switch m.Shape {
	case Disc:
		o.printf(`<circle cx="%s" cy="%s" r="%s" %s/>`+"\n", number(m.X), number(m.Y), number(r), fill(m.Color))
	case Ring:
		o.printf(`<circle cx="%s" cy="%s" r="%s" %s/>`+"\n", number(m.X), number(m.Y), number(r), stroke(m.Color, 1.5))
	case Square:
		r *= 0.88
		o.rect(&Mark{X: m.X - r, Y: m.Y - r, W: 2 * r, H: 2 * r}, fill(m.Color))
	case Diamond:
		r *= 1.2
		o.printf(`<path d="M%s,%sl%[3]s,%[3]sl-%[3]s,%[3]sl-%[3]s,-%[3]sZ" %[4]s/>`+"\n", number(m.X), number(m.Y-r), number(r), fill(m.Color))
	case Triangle:
		o.printf(`<path d="M%s,%sh%sl-%s,%sZ" %s/>`+"\n", number(m.X-r), number(m.Y-r*0.75), number(2*r), number(r), number(1.7*r), fill(m.Color))
	default:
		o.printf(`<path d="M%s,%sl%[3]s,%[3]sM%[1]s,%[4]sl%[3]s,-%[3]s" %[5]s/>`+"\n", number(m.X-r), number(m.Y-r), number(2*r), number(m.Y+r), stroke(m.Color, 1.5))
	}
}

func (o *svgWriter) text(t *Text) {
	anchor := [...]string{Start: "start", Middle: "middle", End: "end"}[t.Anchor]
	weight := ""
	if t.Bold {
		weight = ` font-weight="600"`
	}
	// The middle of the height of lower-case letters with their stems.
	o.printf(`<text x="%s" y="%s" font-size="%s" text-anchor="%s"%s %s>`, number(t.X), number(t.Y+t.Size*0.35), number(t.Size), anchor, weight, fill(t.Color))
	o.escape(t.Text)
	o.printf("</text>\n")
}
