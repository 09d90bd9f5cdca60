//go:build desktop && linux

package peers

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// picture is what the screen shows, from the file in which the X server keeps it:
// reading that takes a millisecond or two, where a program for screenshots takes
// a hundred.
func (d *desktop) picture(t *testing.T) *image.RGBA {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, "Xvfb_screen0"))
	if err != nil {
		t.Fatal(err)
	}
	// The format of xwd(1), XWDFile.h: a head of big-endian words, the colour
	// map of 12 bytes a colour, the pixels.
	const (
		headSize, width, height, byteOrder, bitsPerPixel, bytesPerLine, colours = 0, 4, 5, 7, 11, 12, 19
		littleEndian                                                            = 0
	)
	word := func(i int) int { return int(binary.BigEndian.Uint32(data[4*i:])) }
	if word(byteOrder) != littleEndian || word(bitsPerPixel) != 32 {
		t.Fatalf("the screen's picture has %d bits a pixel in order %d", word(bitsPerPixel), word(byteOrder))
	}
	pixels := data[word(headSize)+12*word(colours):]
	img := image.NewRGBA(image.Rect(0, 0, word(width), word(height)))
	for y := range img.Rect.Max.Y {
		line := pixels[y*word(bytesPerLine):]
		for x := range img.Rect.Max.X {
			copy(img.Pix[img.PixOffset(x, y):], []byte{line[4*x+2], line[4*x+1], line[4*x], 0xff})
		}
	}
	return img
}

// photograph leaves a picture of the screen where they are wanted.
func (d *desktop) photograph(t *testing.T, name string) {
	t.Helper()
	d.save(t, name, d.picture(t))
}

func (d *desktop) save(t *testing.T, name string, img image.Image) {
	t.Helper()
	dir := os.Getenv("STREAMGAUGE_SCREENSHOTS")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+"-"+name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// is reports whether a pixel has a colour, but for what smooth edges and
// rounding do to it.
func is(img *image.RGBA, x, y int, want color.NRGBA) bool {
	const slack = 36
	p := img.Pix[img.PixOffset(x, y):]
	near := func(a, b uint8) bool { return max(a, b)-min(a, b) <= slack }
	return near(p[0], want.R) && near(p[1], want.G) && near(p[2], want.B)
}

// spot is the middle of all pixels of a colour in a part of the picture, and how
// many there are.
func spot(img *image.RGBA, in image.Rectangle, want color.NRGBA) (at image.Point, n int) {
	in = in.Intersect(img.Rect)
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if is(img, x, y, want) {
				at = at.Add(image.Pt(x, y))
				n++
			}
		}
	}
	if n > 0 {
		at = at.Div(n)
	}
	return at, n
}

// runs is how many separate strokes of a colour lie side by side in the line of
// the picture that has the most of them.
func runs(img *image.RGBA, in image.Rectangle, want color.NRGBA) int {
	most := 0
	in = in.Intersect(img.Rect)
	for y := in.Min.Y; y < in.Max.Y; y++ {
		n, inside := 0, false
		for x := in.Min.X; x < in.Max.X; x++ {
			now := is(img, x, y, want)
			if now && !inside {
				n++
			}
			inside = now
		}
		most = max(most, n)
	}
	return most
}
