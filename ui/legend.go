package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"streamgauge/tunnel/verdict"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// newLegend says what the marks mean, where nothing else is to be shown.
func newLegend() fyne.CanvasObject {
	list := look.Column(10, look.Strong(words.T("window.legend.title"), theme.SizeNameSubHeadingText), look.Paragraph(words.T("window.legend.text")))
	for _, label := range verdict.Labels() {
		mark := canvas.NewImageFromResource(look.Mark(label))
		mark.SetMinSize(fyne.NewSquareSize(18))
		name := look.Strong(labelName(label), theme.SizeNameText)
		list.Add(container.NewBorder(nil, nil, container.NewVBox(mark), nil,
			look.Inset(0, 0, 8, 0, look.Column(2, name, look.Paragraph(labelMeaning(label))))))
	}
	return container.NewVScroll(look.Inset(28, 20, 24, 24, container.New(columnLayout{460}, list)))
}
