//go:build desktop && linux

package peers

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"streamgauge/ui/look"
	"streamgauge/ui/plot"
)

// colours are what to look for in a window.
type colours struct {
	primary color.NRGBA
	graph   plot.Palette
}

var (
	dark  = colours{primaryOf(look.Dark, theme.VariantDark), plot.Dark()}
	light = colours{primaryOf(look.Light, theme.VariantLight), plot.Light()}
)

func primaryOf(choice string, variant fyne.ThemeVariant) color.NRGBA {
	return color.NRGBAModel.Convert(look.NewTheme(choice).Color(theme.ColorNamePrimary, variant)).(color.NRGBA)
}
