package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// menuButton is a button that opens a menu below itself.
func menuButton(text string, icon fyne.Resource, menu func() *fyne.Menu) *widget.Button {
	b := widget.NewButtonWithIcon(text, icon, nil)
	if icon == nil {
		b.Icon, b.IconPlacement = theme.MenuDropDownIcon(), widget.ButtonIconTrailingText
	}
	b.OnTapped = func() {
		c := fyne.CurrentApp().Driver().CanvasForObject(b)
		widget.ShowPopUpMenuAtRelativePosition(menu(), c, fyne.NewPos(0, b.Size().Height+2), b)
	}
	return b
}

// toolButton is a quiet button of a row of tools.
func toolButton(text string, icon fyne.Resource, do func()) *widget.Button {
	b := widget.NewButtonWithIcon(text, icon, do)
	b.Importance = widget.LowImportance
	return b
}
