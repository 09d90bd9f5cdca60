package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Fill is a rectangle in a colour of the theme.
func Fill(name fyne.ThemeColorName) *canvas.Rectangle {
	return canvas.NewRectangle(Color(name))
}

// Rule is a hairline, as long as its place.
func Rule() fyne.CanvasObject {
	line := Fill(theme.ColorNameSeparator)
	line.SetMinSize(fyne.NewSize(1, 1))
	return line
}

// Tick is the small box in front of a row. It is drawn, not touched: whoever
// shows it knows what a touch means.
type Tick struct {
	box     *canvas.Rectangle
	check   *canvas.Image
	content *fyne.Container
	on, lit bool
}

// NewTick returns an open box.
func NewTick() *Tick {
	t := &Tick{box: canvas.NewRectangle(color.Transparent), check: canvas.NewImageFromResource(checkIcon())}
	t.box.CornerRadius, t.box.StrokeWidth = 3, 1.2
	t.check.FillMode = canvas.ImageFillContain
	t.content = container.NewStack(t.box, t.check)
	t.draw()
	return t
}

// Object is what to place.
func (t *Tick) Object() fyne.CanvasObject { return t.content }

// Set ticks the box or not. One that is not ticked is faint unless lit.
func (t *Tick) Set(on, lit bool) {
	if t.on != on || t.lit != lit {
		t.on, t.lit = on, lit
		t.draw()
	}
}

func (t *Tick) draw() {
	primary := Color(theme.ColorNamePrimary)
	switch {
	case t.on:
		t.box.FillColor, t.box.StrokeColor = primary, primary
		t.check.Show()
	case t.lit:
		t.box.FillColor, t.box.StrokeColor = color.Transparent, Color(theme.ColorNamePlaceHolder)
		t.check.Hide()
	default:
		t.box.FillColor, t.box.StrokeColor = color.Transparent, Color(theme.ColorNameInputBorder)
		t.check.Hide()
	}
	t.box.Refresh()
}

func checkIcon() fyne.Resource {
	paper := hex(opaque(Color(theme.ColorNameForegroundOnPrimary)))
	return fyne.NewStaticResource("check-"+paper[1:]+".svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="14" height="14" viewBox="0 0 14 14"><path d="M3.4 7.3 6 9.8 10.7 4.4" fill="none" stroke="`+paper+`" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round"/></svg>`))
}

// Badge is a number in a disc.
func Badge(text string) fyne.CanvasObject {
	disc := canvas.NewCircle(Color(theme.ColorNameSelection))
	number := colored(text, theme.ColorNameForeground, theme.SizeNameText)
	number.TextStyle.Bold = true
	number.Alignment = fyne.TextAlignCenter
	return container.NewGridWrap(fyne.NewSquareSize(26), container.NewStack(disc, container.NewCenter(number)))
}

// Code is a line of code within a text.
func Code(text string) *canvas.Text {
	t := colored(text, theme.ColorNameForeground, theme.SizeNameText)
	t.TextStyle.Monospace = true
	return t
}

// LanesIcon shows lanes on a time axis.
func LanesIcon() fyne.Resource {
	return theme.NewThemedResource(fyne.NewStaticResource("lanes.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000" d="M3 4h8v3H3zM8 10.5h13v3H8zM5 17h9v3H5z"/></svg>`)))
}

// CompareIcon shows two staircases.
func CompareIcon() fyne.Resource {
	return theme.NewThemedResource(fyne.NewStaticResource("compare.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000" d="M3 19v-2h4v-5h4V7h4V3h6v2h-4v4h-4v5H9v5zM13 21v-2h3v-4h3v-4h2v6h-3v4z"/></svg>`)))
}

// CodeBlock is lines to copy, with a button that does.
func CodeBlock(text, copyText string, copied func(text string)) fyne.CanvasObject {
	lines := widget.NewLabel(text)
	lines.TextStyle.Monospace = true
	lines.Selectable = true
	button := widget.NewButtonWithIcon(copyText, theme.ContentCopyIcon(), func() { copied(text) })
	ground := Fill(theme.ColorNameHeaderBackground)
	ground.CornerRadius, ground.StrokeWidth, ground.StrokeColor = 6, 1, Color(theme.ColorNameSeparator)
	return container.NewStack(ground, Inset(2, 2, 4, 6,
		Frame(nil, nil, nil, Column(0, Inset(3, 0, 4, 0, button)), container.NewHScroll(lines))))
}

// Share is a bar that is filled to a part, 0…1.
func Share(part float32, name fyne.ThemeColorName) fyne.CanvasObject {
	ground, bar := Fill(theme.ColorNameButton), Fill(name)
	ground.CornerRadius, bar.CornerRadius = 3, 3
	return &fyne.Container{Layout: share(min(max(part, 0), 1)), Objects: []fyne.CanvasObject{ground, bar}}
}

type share float32

// MinSize is for Fyne.
func (share) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(60, 6) }

// Layout is for Fyne.
func (s share) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, size.Height)
	place(objects[1], 0, 0, size.Width*float32(s), size.Height)
}
