package form

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/ui/words"
)

// row is a field on the page: its name, its control, and beneath that a note,
// which is a hint or, while something is wrong, what that is.
type row struct {
	object fyne.CanvasObject
	note   *prose
	hint   string
	// moved reports that the note may be higher or lower than before.
	moved bool
}

// newRow returns a row; a name may be empty, as with switches, which carry theirs
// themselves.
func newRow(name string, control fyne.CanvasObject, hint string) *row {
	r := &row{note: newNote(hint), hint: hint}
	label := widget.NewLabel(name)
	label.Wrapping = fyne.TextWrapWord
	r.object = container.New(beside{}, label, container.New(column{}, control, r.note))
	return r
}

// say puts a note in the place of the hint; an empty one brings the hint back.
func (r *row) say(text string, t tone) {
	if text == "" {
		text, t = r.hint, quiet
	}
	if r.note.say(text, t) {
		r.moved = true
	}
}

// page is a room of the form.
type page struct {
	name string
	icon fyne.Resource
	body *fyne.Container
	view *container.Scroll
}

// newPage returns a page with a heading and a sentence that says what it is for.
func newPage(name string, icon fyne.Resource, about string) *page {
	heading := widget.NewLabelWithStyle(words.T("form.page."+name), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	p := &page{name: name, icon: icon}
	p.body = container.New(column{gap: theme.Padding() * 2}, heading)
	if about != "" {
		p.add(newProse(about))
	}
	p.view = container.NewVScroll(container.New(inset{by: theme.Padding() * 2}, p.body))
	return p
}

func (p *page) add(objects ...fyne.CanvasObject) { p.body.Objects = append(p.body.Objects, objects...) }

// group begins a part of the page under a smaller heading.
func (p *page) group(title string) {
	p.add(space(theme.Padding()), widget.NewSeparator(), widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
}

// settle lays the page out anew after a note has come or gone. It draws nothing
// again that stays as it is.
func (p *page) settle() {
	p.body.Layout.Layout(p.body.Objects, p.body.Size())
	p.view.Refresh()
}

// space is room between two objects.
func space(height float32) fyne.CanvasObject {
	room := canvas.NewRectangle(color.Transparent)
	room.SetMinSize(fyne.NewSize(1, height))
	return room
}

// reveal scrolls as far as it takes to see the whole of an object of the page.
func (p *page) reveal(o fyne.CanvasObject) {
	const below = 16
	end := o.Position().Y + o.Size().Height + below
	if offset := end - p.view.Size().Height; offset > p.view.Offset.Y {
		p.view.ScrollToOffset(fyne.NewPos(0, offset))
	}
}
