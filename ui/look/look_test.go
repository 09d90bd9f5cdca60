package look

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel/verdict"
)

func TestMarksDifferInShape(t *testing.T) {
	test.NewTempApp(t)
	seen := map[string]verdict.Label{}
	for _, label := range append(verdict.Labels(), verdict.None, NoAnswer) {
		// With one colour for all only the shape is left.
		shape := string(mark(label, color.NRGBA{A: 0xff}, color.NRGBA{R: 0xff, A: 0xff}).Content())
		if other, twice := seen[shape]; twice {
			t.Errorf("%q and %q look the same without colour", label, other)
		}
		seen[shape] = label
		if strings.Contains(shape, `"C"`) || strings.Contains(shape, `"P"`) {
			t.Errorf("the mark of %q has no colour: %s", label, shape)
		}
	}
}

// TestContrast asks for what WCAG 2.1 §1.4.3 asks for texts, and for 3 where a
// colour fills a mark or a line.
func TestContrast(t *testing.T) {
	test.NewTempApp(t)
	for _, choice := range []string{Light, Dark} {
		colors := NewTheme(choice)
		of := func(name fyne.ThemeColorName) color.Color { return colors.Color(name, theme.VariantLight) }
		for _, pair := range []struct {
			ink, paper fyne.ThemeColorName
			least      float64
		}{
			{theme.ColorNameForeground, theme.ColorNameBackground, 7},
			{theme.ColorNamePlaceHolder, theme.ColorNameBackground, 4.5},
			{theme.ColorNamePlaceHolder, theme.ColorNameHeaderBackground, 4.5},
			{theme.ColorNamePrimary, theme.ColorNameBackground, 4.5},
			{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary, 4.5},
			{theme.ColorNameError, theme.ColorNameBackground, 4.5},
			{theme.ColorNameSuccess, theme.ColorNameHeaderBackground, 4},
			{theme.ColorNameDisabled, theme.ColorNameBackground, 3},
			{theme.ColorNameForeground, theme.ColorNameSelection, 7},
			{theme.ColorNameForeground, theme.ColorNameButton, 7},
		} {
			if got := contrast(of(pair.ink), of(pair.paper)); got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %v", choice, pair.ink, pair.paper, got, pair.least)
			}
		}
	}
}

func contrast(a, b color.Color) float64 {
	la, lb := relative(a), relative(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func relative(c color.Color) float64 {
	n := opaque(c)
	channel := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.03928 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n.R) + 0.7152*channel(n.G) + 0.0722*channel(n.B)
}

func TestElide(t *testing.T) {
	test.NewTempApp(t)
	const text = "api.example.com/v1/chat/completions"
	wide := fyne.MeasureText(text, 13, fyne.TextStyle{}).Width
	if got := Elide(text, wide+1, 13, fyne.TextStyle{}); got != text {
		t.Errorf("what fits is cut to %q", got)
	}
	for width := float32(0); width < wide; width += 7 {
		got := Elide(text, width, 13, fyne.TextStyle{})
		if used := fyne.MeasureText(got, 13, fyne.TextStyle{}).Width; got != "" && used > width {
			t.Errorf("in %v %q takes %v", width, got, used)
		}
		if got != "" && !strings.HasSuffix(got, "…") {
			t.Errorf("in %v it reads %q, which hides that it was cut", width, got)
		}
	}
}

func TestElideMiddle(t *testing.T) {
	test.NewTempApp(t)
	const text = "api.example.com/v1/chat/completions"
	wide := fyne.MeasureText(text, 13, fyne.TextStyle{}).Width
	if got := ElideMiddle(text, wide*0.6, 13, fyne.TextStyle{}); !strings.HasPrefix(got, "api.") || !strings.HasSuffix(got, "tions") || fyne.MeasureText(got, 13, fyne.TextStyle{}).Width > wide*0.6 {
		t.Errorf("cut in the middle it reads %q", got)
	}
	if got := ElideMiddle(text, wide+1, 13, fyne.TextStyle{}); got != text {
		t.Errorf("what fits is cut to %q", got)
	}
	if got := ElideMiddle("一二三四五六七八九十", 60, 13, fyne.TextStyle{}); strings.Contains(got, "\uFFFD") {
		t.Errorf("a character is broken: %q", got)
	}
}

func TestSwitchFollowsOnlyWhenSet(t *testing.T) {
	test.NewTempApp(t)
	var asked []bool
	s := NewSwitch(func(on bool) { asked = append(asked, on) })
	test.NewTempWindow(t, s)
	test.Tap(s)
	if len(asked) != 1 || !asked[0] || s.On() {
		t.Fatalf("a tap asked %v and the switch stands %v; want to be asked for on, and off", asked, s.On())
	}
	s.Set(true)
	s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	s.TypedRune(' ')
	if len(asked) != 3 || asked[1] || asked[2] {
		t.Errorf("keys asked %v, want off twice", asked[1:])
	}
	s.Disable()
	test.Tap(s)
	if len(asked) != 3 {
		t.Errorf("a disabled switch asks")
	}
}

func TestNotice(t *testing.T) {
	test.NewTempApp(t)
	done := false
	n := NewNotice(theme.ColorNameError)
	n.Say("broken", Action{"Mend", func() { done = true }})
	test.Tap(n.Buttons()[0])
	if n.Text() != "broken" || !done {
		t.Errorf("the notice says %q, its action was done: %v", n.Text(), done)
	}
	n.Say("broken") // the same without an action
	if len(n.Buttons()) != 0 {
		t.Errorf("an action stays that is no longer offered")
	}
}

// TestTextsGetTheirRoom asks that what stands beneath a text that wraps stands
// beneath all its lines, at once.
func TestTextsGetTheirRoom(t *testing.T) {
	test.NewTempApp(t)
	prose, below := Paragraph(strings.Repeat("word ", 60)), canvas.NewText("below", color.Black)
	column := Frame(Inset(5, 5, 5, 5, Column(4, prose, below)), nil, nil, nil, widget.NewLabel("centre"))
	window := test.NewTempWindow(t, column)
	window.Resize(fyne.NewSize(240, 500))
	if end := prose.Position().Y + prose.MinSize().Height; below.Position().Y < end {
		t.Errorf("the next line stands at %v, the text ends at %v", below.Position().Y, end)
	}
}

func TestShares(t *testing.T) {
	test.NewTempApp(t)
	one, two, three := canvas.NewText("1", color.Black), canvas.NewText("2", color.Black), canvas.NewText("3", color.Black)
	grid := Shares(3, 1)
	grid.Objects = []fyne.CanvasObject{one, two, three}
	grid.Resize(fyne.NewSize(400, 100))
	if two.Position().X != 300 || three.Position().X != 0 || three.Position().Y <= one.Position().Y {
		t.Errorf("the second stands at %v, the third at %v; want a second column at 300 and a second row", two.Position(), three.Position())
	}
}

func TestChineseFontIsFound(t *testing.T) {
	test.NewTempApp(t)
	if !HasChinese() {
		t.Skip("this system has no font with Chinese characters")
	}
	if width := fyne.MeasureText("\U0010FFFF", 100, fyne.TextStyle{}).Width; width > 90 && width < 110 {
		t.Errorf("what stands in for a missing character is as wide as a Chinese one: %v", width)
	}
}
