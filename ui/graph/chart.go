package graph

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// chart is what all widgets here share: a scene, its pixels and its texts.
type chart struct {
	widget.BaseWidget
	self fyne.Widget
	// lay draws the scene anew.
	lay func(*plot.Scene, plot.Rect)
	// least is how small the widget may get.
	least fyne.Size

	// words are those of the language named. Asking for them costs more than
	// drawing them.
	words    plot.Words
	language string

	scene  plot.Scene
	stale  bool // the scene is not what should be shown
	image  *image.RGBA
	raster *canvas.Raster
	texts  []*canvas.Text
	// above stands over raster and texts: crosshair, tooltip, focus.
	above []fyne.CanvasObject
	// laid is called when the scene has been laid, to move what stands above.
	laid func()
}

// begin joins the chart to its widget.
func (c *chart) begin(self fyne.Widget, least fyne.Size, lay func(*plot.Scene, plot.Rect)) {
	c.self, c.lay, c.least, c.stale = self, lay, least, true
	c.raster = canvas.NewRaster(c.paint)
	c.ExtendBaseWidget(self)
}

// changed says that there is something else to show, and shows it unless nobody
// would see it.
func (c *chart) changed() {
	c.stale = true
	if c.Visible() {
		c.Refresh()
	}
}

// CreateRenderer is for Fyne.
func (c *chart) CreateRenderer() fyne.WidgetRenderer { return &renderer{c} }

// relay lays the scene for the present size, scale, theme and language.
func (c *chart) relay(scale float32) {
	size := c.Size()
	c.scene.Theme, c.scene.Words = c.palette(), c.spoken()
	c.scene.Theme.Paper.A = 0 // the window has its own
	c.scene.Reset(size.Width, size.Height, scale)
	if size.Width >= 1 && size.Height >= 1 {
		c.lay(&c.scene, plot.Rect{W: size.Width, H: size.Height})
	}
	c.stale = false
}

// spoken returns the words in the present language.
func (c *chart) spoken() plot.Words {
	if language := words.Language(); c.language != language {
		c.language, c.words = language, read()
	}
	return c.words
}

// scale is how many pixels a unit of the screen has where the widget is shown.
func (c *chart) scale() float32 {
	if shown := fyne.CurrentApp().Driver().CanvasForObject(c.raster); shown != nil {
		return shown.Scale()
	}
	return 1
}

// palette fits the theme that the widget stands in.
func (c *chart) palette() plot.Palette {
	current := theme.CurrentForWidget(c.self)
	variant := fyne.CurrentApp().Settings().ThemeVariant()
	return plot.NewPalette(opaque(current.Color(theme.ColorNameBackground, variant)), opaque(current.Color(theme.ColorNameForeground, variant)))
}

func opaque(c color.Color) color.NRGBA {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = 0xff
	return n
}

// paint draws the marks at the size that Fyne asks for, in pixels of the device.
// The picture is used again: Fyne has copied it when it asks for the next.
func (c *chart) paint(w, h int) image.Image {
	if c.image == nil || c.image.Rect.Dx() != w || c.image.Rect.Dy() != h {
		c.image = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	if scale := float32(w) / max(c.scene.W, 1); c.stale || math.Abs(float64(scale-c.scene.Scale)) > 0.01 {
		c.relay(scale)
	}
	c.scene.Paint(c.image)
	return c.image
}

// writeTexts puts the scene's texts into objects, which are used again.
func (c *chart) writeTexts() {
	for len(c.texts) < len(c.scene.Texts) {
		c.texts = append(c.texts, canvas.NewText("", color.Transparent))
	}
	for i, object := range c.texts {
		if i >= len(c.scene.Texts) {
			object.Hide()
			continue
		}
		write(object, &c.scene.Texts[i])
	}
}

// write makes object show t, and redraws it only if it reads or looks different.
func write(object *canvas.Text, t *plot.Text) {
	if object.Text != t.Text || object.Color != color.Color(t.Color) || object.TextSize != t.Size || object.TextStyle.Bold != t.Bold {
		object.Text, object.Color, object.TextSize, object.TextStyle.Bold = t.Text, t.Color, t.Size, t.Bold
		object.Refresh()
	}
	size := object.MinSize()
	x := t.X
	switch t.Anchor {
	case plot.Middle:
		x -= size.Width / 2
	case plot.End:
		x -= size.Width
	}
	object.Resize(size)
	object.Move(fyne.NewPos(x, t.Y-size.Height/2))
	object.Show()
}

// renderer shows a chart.
type renderer struct{ *chart }

func (r *renderer) MinSize() fyne.Size { return r.least }

func (r *renderer) Layout(size fyne.Size) {
	r.stale = true
	r.raster.Resize(size)
	r.arrange()
}

func (r *renderer) Refresh() {
	r.stale = true
	r.arrange()
	r.raster.Refresh()
}

// arrange lays the scene and moves all objects to it.
func (r *renderer) arrange() {
	r.relay(r.scale())
	r.writeTexts()
	if r.laid != nil {
		r.laid()
	}
}

func (r *renderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, 0, 1+len(r.texts)+len(r.above))
	objects = append(objects, r.raster)
	for _, text := range r.texts {
		objects = append(objects, text)
	}
	return append(objects, r.above...)
}

func (r *renderer) Destroy() {}
