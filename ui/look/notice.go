package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// Action is something that a notice offers to do.
type Action struct {
	Text string
	Do   func()
}

// Notice says in a sentence what is the matter, where it matters, with what can
// be done about it beside. It is hidden until it has something to say.
type Notice struct {
	widget.BaseWidget
	text    *widget.Label
	actions *fyne.Container
	content *fyne.Container
	colour  fyne.ThemeColorName
}

// NewNotice returns a notice in the colour of its gravity: an error's, a
// warning's, or any other of the theme.
func NewNotice(colour fyne.ThemeColorName) *Notice {
	n := &Notice{text: widget.NewLabel(""), actions: container.NewHBox(), colour: colour}
	n.text.Wrapping = fyne.TextWrapWord
	n.text.Selectable = true
	ground := canvas.NewRectangle(Tint(colour, 0x1c))
	bar := Fill(colour)
	bar.SetMinSize(fyne.NewSize(4, 1))
	centred := container.NewVBox(layout.NewSpacer(), n.actions, layout.NewSpacer())
	n.content = container.NewStack(ground, container.NewBorder(nil, nil, bar, nil,
		Inset(3, 3, 8, 10, container.NewBorder(nil, nil, nil, centred, n.text))))
	n.ExtendBaseWidget(n)
	return n
}

// Say shows a sentence with what can be done.
func (n *Notice) Say(text string, actions ...Action) {
	if n.text.Text == text && n.Visible() && len(actions) == len(n.actions.Objects) {
		return
	}
	n.text.SetText(text)
	n.actions.RemoveAll()
	for _, action := range actions {
		n.actions.Add(widget.NewButton(action.Text, action.Do))
	}
	n.Show()
	n.Refresh()
}

// Text is what it says.
func (n *Notice) Text() string { return n.text.Text }

// Buttons are what it offers.
func (n *Notice) Buttons() []*widget.Button {
	var buttons []*widget.Button
	for _, o := range n.actions.Objects {
		buttons = append(buttons, o.(*widget.Button))
	}
	return buttons
}

// CreateRenderer is for Fyne.
func (n *Notice) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(n.content) }

// Tint is a colour of the theme with so much of its opacity.
func Tint(name fyne.ThemeColorName, alpha uint8) color.NRGBA {
	return fade(opaque(Color(name)), alpha)
}
