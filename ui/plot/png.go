package plot

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// PNG writes the scene as pixels, texts in the Go fonts, which have no Chinese: a
// window draws its texts with its own.
func (s *Scene) PNG(w io.Writer) error {
	img := image.NewRGBA(image.Rect(0, 0, int(s.W*s.Scale+0.5), int(s.H*s.Scale+0.5)))
	s.Paint(img)
	if err := s.write(img); err != nil {
		return fmt.Errorf("write png: %w", err)
	}
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("write png: %w", err)
	}
	return nil
}

// fonts are parsed once: regular and bold.
var fonts = sync.OnceValues(func() ([2]*opentype.Font, error) {
	var both [2]*opentype.Font
	for i, text := range [][]byte{goregular.TTF, gobold.TTF} {
		parsed, err := opentype.Parse(text)
		if err != nil {
			return both, err
		}
		both[i] = parsed
	}
	return both, nil
})

// style is what texts of one look share.
type style struct {
	size float32
	bold bool
}

func (s *Scene) write(img *image.RGBA) error {
	faces := map[style]font.Face{}
	for i := range s.Texts {
		t := &s.Texts[i]
		key := style{t.Size, t.Bold}
		if faces[key] == nil {
			face, err := s.face(key)
			if err != nil {
				return err
			}
			faces[key] = face
		}
		s.set(img, t, faces[key])
	}
	return nil
}

func (s *Scene) face(key style) (font.Face, error) {
	both, err := fonts()
	if err != nil {
		return nil, err
	}
	which := both[0]
	if key.bold {
		which = both[1]
	}
	return opentype.NewFace(which, &opentype.FaceOptions{Size: float64(key.size * s.Scale), DPI: 72, Hinting: font.HintingFull})
}

func (s *Scene) set(img *image.RGBA, t *Text, face font.Face) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(t.Color), Face: face}
	x := fixed.Int26_6(t.X * s.Scale * 64)
	switch width := d.MeasureString(t.Text); t.Anchor {
	case Middle:
		x -= width / 2
	case End:
		x -= width
	}
	d.Dot = fixed.Point26_6{X: x, Y: fixed.I(int((t.Y+t.Size*0.35)*s.Scale + 0.5))}
	d.DrawString(t.Text)
}
