// Package assets holds what the programs carry with them that is not code: the
// application's and the tray's icons as PNG bytes, and the texts of the window in each language.
// It knows no drawing library; whoever shows an icon decodes it.
//
// The pictures are drawn from icons/icon.svg and, up to 32 pixels,
// icons/icon-small.svg, and for the tray from icons/tray-STATE.svg, with
// rsvg-convert -w SIZE -h SIZE.
package assets

import (
	"embed"
	"fmt"
)

//go:embed icons/*.png
var icons embed.FS

// iconSizes are the widths and heights of the icons, in pixels.
var iconSizes = [...]int{16, 24, 32, 48, 64, 128, 256, 512}

// Icon returns the application's icon as PNG: the smallest that has at least
// size pixels a side, or the largest there is. The slice is the caller's.
func Icon(size int) []byte {
	best := iconSizes[len(iconSizes)-1]
	for _, s := range iconSizes {
		if s >= size {
			best = s
			break
		}
	}
	data, err := icons.ReadFile(fmt.Sprintf("icons/icon-%d.png", best))
	if err != nil {
		panic(err) // an icon was not built in: seen by any test that runs
	}
	return data
}

// TrayState is what the icon in the tray says.
type TrayState string

// The states of the tray.
const (
	TrayOff      TrayState = "off"
	TrayOn       TrayState = "on"
	TrayBuffered TrayState = "buffered" // on, and the last stream was held back
	TrayDown     TrayState = "down"     // on, and the upstream cannot be reached
)

// traySize is the side of the tray's pictures in pixels. Whoever shows the tray
// scales them down: to 16 on Windows, to 22 or 24 on Linux, twice that on fine
// screens.
const traySize = 64

// Tray returns the tray's icon for a state as PNG. It stands out from light and
// from dark panels; the states differ in shape as well as in colour. The slice
// is the caller's.
func Tray(state TrayState) []byte {
	data, err := icons.ReadFile("icons/tray-" + string(state) + ".png")
	if err != nil {
		panic(err) // as in Icon
	}
	return data
}

//go:embed translations/*.json
var translations embed.FS

// Translation returns the texts of a language, "en" or "zh", in the format of
// Fyne's lang. Of another language there are none: nil.
func Translation(language string) []byte {
	data, err := translations.ReadFile("translations/" + language + ".json")
	if err != nil {
		return nil
	}
	return data
}
