// Package look is how the window looks: its theme in light and dark, the marks of
// the verdicts, and the few small pieces that every view is put together from. It
// shows nothing of its own and knows no exchange; package ui and its rooms use it.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"streamgauge/ui/plot"
)

// The choices of theme, as settings name them.
const (
	System = "system"
	Light  = "light"
	Dark   = "dark"
)

// Theme is Fyne's with calm colours, those of the graphs, and closer rows.
type Theme struct {
	fyne.Theme
	choice string
}

// NewTheme returns the theme for a choice: Light, Dark, or else the system's.
func NewTheme(choice string) *Theme {
	return &Theme{Theme: theme.DefaultTheme(), choice: choice}
}

// Color returns a colour of the theme.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch t.choice {
	case Light:
		variant = theme.VariantLight
	case Dark:
		variant = theme.VariantDark
	}
	colors := lightColors
	if variant == theme.VariantDark {
		colors = darkColors
	}
	if c, ok := colors[name]; ok {
		return c
	}
	return t.Theme.Color(name, variant)
}

// Size returns a size of the theme: smaller texts and less room around them than
// Fyne's, which is made for fingers.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return t.Theme.Size(name)
}

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:            13,
	theme.SizeNameCaptionText:     11,
	theme.SizeNameSubHeadingText:  16,
	theme.SizeNameHeadingText:     20,
	theme.SizeNameInnerPadding:    6,
	theme.SizeNameInlineIcon:      18,
	theme.SizeNameInputRadius:     6,
	theme.SizeNameButtonRadius:    6,
	theme.SizeNameSelectionRadius: 4,
	theme.SizeNameLineSpacing:     4,
	theme.SizeNameSplitThickness:  5,
}

// On what stands directly on the paper and in its ink the graphs rest too.
var lightColors = palette(plot.Light(), tones{
	band: rgb(0xf4f6f8), raised: rgb(0xffffff), button: rgb(0xe9edf1), input: rgb(0xffffff), border: rgb(0xc9d1d9),
	line: rgb(0xe1e6eb), primary: rgb(0x0b69a3), onPrimary: rgb(0xffffff),
	hover: ink(0x1c2126, 0x10), pressed: ink(0x1c2126, 0x22), selection: rgb(0xd8ebf8), scroll: ink(0x1c2126, 0x55), shadow: ink(0x1c2126, 0x24),
})

var darkColors = palette(plot.Dark(), tones{
	band: rgb(0x1d2126), raised: rgb(0x22272d), button: rgb(0x2b3138), input: rgb(0x1d2126), border: rgb(0x434b55),
	line: rgb(0x2c323a), primary: rgb(0x5db2ea), onPrimary: rgb(0x0d1a24),
	hover: ink(0xe8eaed, 0x12), pressed: ink(0xe8eaed, 0x26), selection: rgb(0x1d3d54), scroll: ink(0xe8eaed, 0x55), shadow: ink(0, 0x80),
})

// tones are the colours of one variant beside those of the graphs.
type tones struct {
	band, raised, button, input, border, line color.NRGBA
	primary, onPrimary                        color.NRGBA
	hover, pressed, selection, scroll, shadow color.NRGBA
}

func palette(p plot.Palette, t tones) map[fyne.ThemeColorName]color.Color {
	faint := blend(p.Paper, p.Ink, 0.62)
	return map[fyne.ThemeColorName]color.Color{
		theme.ColorNameBackground:          p.Paper,
		theme.ColorNameForeground:          p.Ink,
		theme.ColorNamePlaceHolder:         blend(p.Paper, p.Ink, 0.7),
		theme.ColorNameDisabled:            faint,
		theme.ColorNameHeaderBackground:    t.band,
		theme.ColorNameButton:              t.button,
		theme.ColorNameDisabledButton:      t.band,
		theme.ColorNameInputBackground:     t.input,
		theme.ColorNameInputBorder:         t.border,
		theme.ColorNameMenuBackground:      t.raised,
		theme.ColorNameOverlayBackground:   t.raised,
		theme.ColorNameSeparator:           t.line,
		theme.ColorNamePrimary:             t.primary,
		theme.ColorNameForegroundOnPrimary: t.onPrimary,
		theme.ColorNameHyperlink:           t.primary,
		theme.ColorNameFocus:               fade(t.primary, 0x50),
		theme.ColorNameHover:               t.hover,
		theme.ColorNamePressed:             t.pressed,
		theme.ColorNameSelection:           t.selection,
		theme.ColorNameScrollBar:           t.scroll,
		theme.ColorNameShadow:              t.shadow,
		theme.ColorNameSuccess:             p.Good,
		theme.ColorNameWarning:             p.Stall,
		theme.ColorNameError:               p.Bad,
	}
}

func rgb(hex uint32) color.NRGBA { return ink(hex, 0xff) }

func ink(hex uint32, alpha uint8) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: alpha}
}

func fade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// blend goes a part of the way from a to b.
func blend(a, b color.NRGBA, part float32) color.NRGBA {
	channel := func(a, b uint8) uint8 { return uint8(float32(a) + (float32(b)-float32(a))*part) }
	return color.NRGBA{R: channel(a.R, b.R), G: channel(a.G, b.G), B: channel(a.B, b.B), A: 0xff}
}

// Color returns a colour of the theme in force.
func Color(name fyne.ThemeColorName) color.Color {
	settings := fyne.CurrentApp().Settings()
	return settings.Theme().Color(name, settings.ThemeVariant())
}

// Palette is the graphs' for the theme in force.
func Palette() plot.Palette {
	return plot.NewPalette(opaque(Color(theme.ColorNameBackground)), opaque(Color(theme.ColorNameForeground)))
}

func opaque(c color.Color) color.NRGBA {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = 0xff
	return n
}
