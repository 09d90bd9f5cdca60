package form

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// row is a field on the page: its name, its control, and beneath that a note,
// which is a hint or, while something is wrong, what that is.
type row struct {
	object fyne.CanvasObject
	note   *note
	hint   string
}

// newRow returns a row; a name may be empty, as with switches, which carry theirs
// themselves.
func newRow(name string, control fyne.CanvasObject, hint string) *row {
	r := &row{note: newNote(hint), hint: hint}
	label := widget.NewLabel(name)
	label.Wrapping = fyne.TextWrapWord
	r.object = container.New(beside{}, label, container.New(column{gap: -theme.InnerPadding() / 2}, control, r.note))
	return r
}

// say puts a note in the place of the hint; an empty one brings the hint back.
func (r *row) say(text string, t tone) {
	if text == "" {
		text, t = r.hint, quiet
	}
	r.note.say(text, t)
}

// page is a room of the form.
type page struct {
	title string
	icon  fyne.Resource
	body  *fyne.Container
	view  *container.Scroll
}

// newPage returns a page with a heading and a sentence that says what it is for.
func newPage(title string, icon fyne.Resource, about string) *page {
	heading := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	p := &page{title: title, icon: icon}
	p.body = container.New(column{gap: theme.Padding() * 2}, heading)
	if about != "" {
		p.add(wrapped(about))
	}
	p.view = container.NewVScroll(container.New(inset{by: theme.Padding() * 2}, p.body))
	return p
}

func (p *page) add(objects ...fyne.CanvasObject) { p.body.Objects = append(p.body.Objects, objects...) }

// group begins a part of the page under a smaller heading.
func (p *page) group(title string) {
	p.add(space(theme.Padding()), widget.NewSeparator(), widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
}

// settle lays the page out anew after a note has come or gone.
func (p *page) settle() {
	p.body.Refresh()
	p.view.Refresh()
}

func wrapped(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

// space is room between two objects.
func space(height float32) fyne.CanvasObject {
	room := canvas.NewRectangle(color.Transparent)
	room.SetMinSize(fyne.NewSize(1, height))
	return room
}

// buttons stand in a line from the left, under the controls.
func buttons(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(beside{}, widget.NewLabel(""), container.NewHBox(objects...))
}
