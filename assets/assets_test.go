package assets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"slices"
	"testing"
)

var trayStates = []TrayState{TrayOff, TrayOn, TrayBuffered, TrayDown}

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
	for _, state := range trayStates {
		want = append(want, fmt.Sprintf("icons/tray-%s.png", state))
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

// TestTrayStandsOut computes the contrast (WCAG 2.2) of the outermost colour of
// each tray icon with a light and a dark panel, and asks that the four differ.
func TestTrayStandsOut(t *testing.T) {
	seen := map[string]TrayState{}
	for _, state := range trayStates {
		img := decode(t, Tray(state))
		if got := img.Bounds().Size(); got != image.Pt(traySize, traySize) {
			t.Errorf("%s has %v, want %d a side", state, got, traySize)
		}
		if _, _, _, alpha := img.At(0, 0).RGBA(); alpha != 0 {
			t.Errorf("%s: the corner is not transparent", state)
		}
		rim := img.At(traySize/2, 6)
		for _, panel := range []color.Color{color.White, color.Gray{Y: 0x22}} {
			if got, want := contrast(rim, panel), 3.0; got < want {
				t.Errorf("%s: contrast %.2f with a panel of %v, want %.1f", state, got, panel, want)
			}
		}
		data := string(Tray(state))
		if other, ok := seen[data]; ok {
			t.Errorf("%s and %s look alike", state, other)
		}
		seen[data] = state
	}
}

func contrast(a, b color.Color) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
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
