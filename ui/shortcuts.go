package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// shortcuts are the keys of the whole window. The table has its own.
func (w *Window) shortcuts() {
	on := func(key fyne.KeyName, do func()) {
		w.fyne.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}, func(fyne.Shortcut) { do() })
	}
	on(fyne.KeyF, w.find)
	on(fyne.KeyP, func() { w.setPaused(!w.session.paused) })
	on(fyne.KeyL, w.clear)
	on(fyne.KeyT, w.toggleLanes)
	if w.cfg.OpenSettings != nil {
		on(fyne.KeyComma, func() { w.cfg.OpenSettings("") })
	}
}
