package form

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Widths in Fyne's units.
const (
	labelWidth   = 168 // of the names of fields
	controlWidth = 400 // of what is typed: no wider, however wide the window
	leastControl = 240
)

// column stacks objects and gives each the height that it needs at the width
// there is: texts that wrap are higher in a narrow window.
type column struct{ gap float32 }

// Layout implements fyne.Layout.
func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		height := fit(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		y += height + c.gap
	}
}

// fit gives o a width and the height that it then needs, which it returns.
func fit(o fyne.CanvasObject, width float32) float32 {
	o.Resize(fyne.NewSize(width, o.MinSize().Height))
	height := o.MinSize().Height
	o.Resize(fyne.NewSize(width, height))
	return height
}

// MinSize implements fyne.Layout.
func (c column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var least fyne.Size
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		size := o.MinSize()
		least.Width = max(least.Width, size.Width)
		least.Height += size.Height + c.gap
	}
	least.Height = max(least.Height-c.gap, 0)
	return least
}

// beside puts the name of a field left of its control, both in columns that
// stand under those of the other fields.
type beside struct{}

// Layout implements fyne.Layout.
func (beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, control := objects[0], objects[1]
	width := min(max(size.Width-labelWidth-theme.Padding(), leastControl), controlWidth)
	fit(name, labelWidth)
	name.Move(fyne.NewPos(0, 0))
	fit(control, width)
	control.Move(fyne.NewPos(labelWidth+theme.Padding(), 0))
}

// MinSize implements fyne.Layout.
func (beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	name, control := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(labelWidth+theme.Padding()+leastControl, max(name.Height, control.Height))
}

// inset keeps an object away from the edge by as much on each side.
type inset struct{ by float32 }

// Layout implements fyne.Layout.
func (i inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(i.by, i.by))
		o.Resize(fyne.NewSize(size.Width-2*i.by, size.Height-2*i.by))
	}
}

// MinSize implements fyne.Layout.
func (i inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	least := fyne.NewSize(0, 0)
	for _, o := range objects {
		least = least.Max(o.MinSize())
	}
	return least.AddWidthHeight(2*i.by, 2*i.by)
}

// middle gives an object all the width and the middle of the height.
type middle struct{}

// Layout implements fyne.Layout.
func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := fit(objects[0], size.Width)
	objects[0].Move(fyne.NewPos(0, (size.Height-height)/2))
}

// MinSize implements fyne.Layout.
func (middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// measure gives text a width to be broken at.
type measure struct{ width float32 }

// Layout implements fyne.Layout.
func (measure) Layout(objects []fyne.CanvasObject, size fyne.Size) { fit(objects[0], size.Width) }

// MinSize implements fyne.Layout.
func (m measure) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(m.width, fit(objects[0], m.width))
}
