package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

// Elide returns as much of text as fits into width, with an ellipsis where
// something had to go. It measures as the screen will set it.
func Elide(text string, width, size float32, style fyne.TextStyle) string {
	if width <= 0 || text == "" {
		return ""
	}
	fits := func(s string) bool { return fyne.MeasureText(s, size, style).Width <= width }
	if fits(text) {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes) // runes that fit, runes that do not
	for high-low > 1 {
		if mid := (low + high) / 2; fits(string(runes[:mid]) + "…") {
			low = mid
		} else {
			high = mid
		}
	}
	if low == 0 {
		return ""
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// Caption is a small line in the colour of what only names things.
func Caption(text string) *canvas.Text {
	return colored(text, theme.ColorNamePlaceHolder, theme.SizeNameCaptionText)
}

// Strong is a line that stands out.
func Strong(text string, size fyne.ThemeSizeName) *canvas.Text {
	t := colored(text, theme.ColorNameForeground, size)
	t.TextStyle.Bold = true
	return t
}

func colored(text string, name fyne.ThemeColorName, size fyne.ThemeSizeName) *canvas.Text {
	t := canvas.NewText(text, Color(name))
	t.TextSize = theme.Size(size)
	return t
}
