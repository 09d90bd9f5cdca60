package graph

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"

	"streamgauge/ui/plot"
)

// Picture is how what a chart shows is framed in a file. Sizes are in units of
// the screen; zero ones are 900 by 400 at 2 pixels a unit. Title and subtitle are
// written as given: mask credentials before.
type Picture struct {
	Title, Subtitle string
	W, H, Scale     float32
	Dark            bool
}

// compose lays what the chart shows into a scene of its own.
func (c *chart) compose(p Picture) *plot.Scene {
	colors := plot.Light()
	if p.Dark {
		colors = plot.Dark()
	}
	framed := plot.Picture{Title: p.Title, Subtitle: p.Subtitle, W: p.W, H: p.H, Scale: p.Scale, Theme: colors, Words: c.spoken()}
	scene := framed.Compose(c.lay)
	c.stale = true // what it was laid with belongs to the picture now
	return scene
}

// SVG returns what the chart shows as a picture without scripts or references.
func (c *chart) SVG(p Picture) ([]byte, error) {
	var out bytes.Buffer
	err := c.compose(p).SVG(&out, p.Title)
	return out.Bytes(), err
}

// PNG returns what the chart shows as pixels, its texts in the fonts of the
// window, which have what a language needs.
func (c *chart) PNG(p Picture) ([]byte, error) {
	scene := c.compose(p)
	raster := canvas.NewRaster(func(w, h int) image.Image {
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		scene.Paint(img)
		return img
	})
	size := fyne.NewSize(scene.W, scene.H)
	raster.Resize(size)
	content := container.NewWithoutLayout(raster)
	for i := range scene.Texts {
		object := canvas.NewText("", color.Transparent)
		write(object, &scene.Texts[i])
		content.Add(object)
	}
	paper := software.NewCanvas()
	paper.SetPadded(false)
	paper.SetScale(scene.Scale)
	paper.SetContent(content)
	paper.Resize(size)
	var out bytes.Buffer
	if err := png.Encode(&out, paper.Capture()); err != nil {
		return nil, fmt.Errorf("write png: %w", err)
	}
	return out.Bytes(), nil
}
