// Command streamgauge is Streamgauge on the desktop.
package main

import (
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	a := app.NewWithID("io.github.streamgauge")
	w := a.NewWindow("Streamgauge")
	w.SetContent(widget.NewLabel("Streamgauge"))
	w.ShowAndRun()
}
