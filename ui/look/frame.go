package look

import "fyne.io/fyne/v2"

// Frame puts objects around a centre, as Fyne's border does, but without room
// between them. Any of them may be nil.
func Frame(top, bottom, left, right, centre fyne.CanvasObject) *fyne.Container {
	l := &frame{top, bottom, left, right, centre}
	c := &fyne.Container{Layout: l}
	for _, o := range []fyne.CanvasObject{centre, top, bottom, left, right} {
		if o != nil {
			c.Objects = append(c.Objects, o)
		}
	}
	return c
}

type frame struct{ top, bottom, left, right, centre fyne.CanvasObject }

func least(o fyne.CanvasObject) fyne.Size {
	if o == nil || !o.Visible() {
		return fyne.Size{}
	}
	return o.MinSize()
}

// MinSize is for Fyne.
func (f *frame) MinSize([]fyne.CanvasObject) fyne.Size {
	top, bottom, left, right, centre := least(f.top), least(f.bottom), least(f.left), least(f.right), least(f.centre)
	middle := fyne.NewSize(left.Width+centre.Width+right.Width, max(left.Height, centre.Height, right.Height))
	return fyne.NewSize(max(top.Width, middle.Width, bottom.Width), top.Height+middle.Height+bottom.Height)
}

// Layout is for Fyne.
func (f *frame) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	top, bottom := tall(f.top, size.Width), tall(f.bottom, size.Width)
	left, right := least(f.left).Width, least(f.right).Width
	height := max(size.Height-top-bottom, 0)
	place(f.top, 0, 0, size.Width, top)
	place(f.bottom, 0, size.Height-bottom, size.Width, bottom)
	place(f.left, 0, top, left, height)
	place(f.right, size.Width-right, top, right, height)
	place(f.centre, left, top, max(size.Width-left-right, 0), height)
}

// tall is how tall an object is at a width: texts that wrap know it only then.
func tall(o fyne.CanvasObject, width float32) float32 {
	height := least(o).Height
	if o != nil && o.Visible() && o.Size().Width != width {
		o.Resize(fyne.NewSize(width, height))
		height = least(o).Height
	}
	return height
}

func place(o fyne.CanvasObject, x, y, width, height float32) {
	if o != nil {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(width, height))
	}
}

// Column puts objects below one another with so much room between them.
func Column(room float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: line{room, true}, Objects: objects}
}

// Row puts objects beside one another, each in the middle of the height, with so
// much room between them.
func Row(room float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: line{room, false}, Objects: objects}
}

type line struct {
	room float32
	down bool
}

// MinSize is for Fyne.
func (l line) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var along, across float32
	shown := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		size := o.MinSize()
		if l.down {
			size = fyne.NewSize(size.Height, size.Width)
		}
		along += size.Width
		across = max(across, size.Height)
		shown++
	}
	along += l.room * float32(max(shown-1, 0))
	if l.down {
		return fyne.NewSize(across, along)
	}
	return fyne.NewSize(along, across)
}

// Layout is for Fyne.
func (l line) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	at := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		least := o.MinSize()
		if l.down {
			height := tall(o, size.Width)
			place(o, 0, at, size.Width, height)
			at += height + l.room
			continue
		}
		place(o, at, (size.Height-least.Height)/2, least.Width, least.Height)
		at += least.Width + l.room
	}
}

// Inset keeps room around an object.
func Inset(top, bottom, left, right float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: inset{top, bottom, left, right}, Objects: []fyne.CanvasObject{o}}
}

type inset struct{ top, bottom, left, right float32 }

// MinSize is for Fyne.
func (i inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().AddWidthHeight(i.left+i.right, i.top+i.bottom)
}

// Layout is for Fyne.
func (i inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], i.left, i.top, size.Width-i.left-i.right, size.Height-i.top-i.bottom)
}

// Shares puts objects into rows, each column with its share of the width.
func Shares(shares ...float32) *fyne.Container { return &fyne.Container{Layout: columns(shares)} }

type columns []float32

// Room between the columns and the rows of Shares.
const columnRoom, rowRoom = 10, 7

func (c columns) row(objects []fyne.CanvasObject, i int) (row []fyne.CanvasObject, tallest float32) {
	row = objects[i:min(i+len(c), len(objects))]
	for _, o := range row {
		tallest = max(tallest, o.MinSize().Height)
	}
	return row, tallest
}

// MinSize is for Fyne.
func (c columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for i := 0; i < len(objects); i += len(c) {
		_, tallest := c.row(objects, i)
		height += tallest + rowRoom
	}
	return fyne.NewSize(60*float32(len(c)), max(height-rowRoom, 0))
}

// Layout is for Fyne.
func (c columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	whole, y := float32(0), float32(0)
	for _, share := range c {
		whole += share
	}
	for i := 0; i < len(objects); i += len(c) {
		row, tallest := c.row(objects, i)
		x := float32(0)
		for k, o := range row {
			width := size.Width * c[k] / whole
			height := o.MinSize().Height
			place(o, x, y+(tallest-height)/2, max(width-columnRoom, 0), height)
			x += width
		}
		y += tallest + rowRoom
	}
}
