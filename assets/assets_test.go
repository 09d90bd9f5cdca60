package assets

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"slices"
	"testing"
)

// TestEmbeddedFiles decodes every file and finds it in the list of sizes, so
// that nothing is carried along unused.
func TestEmbeddedFiles(t *testing.T) {
	var found []string
	err := fs.WalkDir(icons, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found = append(found, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, size := range iconSizes {
		want = append(want, fmt.Sprintf("icons/icon-%d.png", size))
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("embedded %q, want %q", found, want)
	}
}

func TestIconSizes(t *testing.T) {
	cases := map[int]int{-1: 16, 0: 16, 16: 16, 17: 24, 22: 24, 32: 32, 33: 48, 100: 128, 256: 256, 512: 512, 4096: 512}
	for size, want := range cases {
		img := decode(t, Icon(size))
		if got := img.Bounds().Size(); got != image.Pt(want, want) {
			t.Errorf("Icon(%d) has %v, want %d a side", size, got, want)
		}
	}
}

// TestIconStandsOut: the corners let the background through, and the icon has
// parts that differ from a white and from a black one.
func TestIconStandsOut(t *testing.T) {
	for _, size := range iconSizes {
		img := decode(t, Icon(size))
		if _, _, _, alpha := img.At(0, 0).RGBA(); alpha == 0xffff {
			t.Errorf("%d: the corner is opaque", size)
		}
		light, dark := 0, 0
		for y := range size {
			for x := range size {
				r, g, b, a := img.At(x, y).RGBA()
				switch luma := (299*r + 587*g + 114*b) / 1000; {
				case a < 0xffff:
				case luma > 0xb000:
					light++
				case luma < 0x8000:
					dark++
				}
			}
		}
		if least := size * size / 10; light < least || dark < least {
			t.Errorf("%d: %d light and %d dark pixels, want at least %d of each", size, light, dark, least)
		}
	}
}

func TestIconIsTheCallers(t *testing.T) {
	clear(Icon(16))
	decode(t, Icon(16))
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
