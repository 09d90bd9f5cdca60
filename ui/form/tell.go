package form

import (
	"net/url"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// withPassword returns the upstream with one that is not stored yet.
func withPassword(upstream, password string) string {
	up, err := tunnel.ParseUpstream(upstream)
	if err != nil || up.User == "" || password == "" {
		return upstream
	}
	u := url.URL{Scheme: string(up.Scheme), User: url.UserPassword(up.User, password), Host: up.Addr()}
	return u.String()
}

// steps are the phases that a test of a path shows.
var steps = []struct {
	phase tunnel.Phase
	key   string
}{
	{tunnel.DNS, "dns"},
	{tunnel.Connect, "connect"},
	{tunnel.Handshake, "handshake"},
	{tunnel.FirstByte, "echo"},
}

// tellPath shows the steps of a test on one time axis, and how it ended.
func tellPath(result tunnel.PathTest) []fyne.CanvasObject {
	var whole, before time.Duration
	for _, s := range steps {
		if at, ok := result.Phases.At(s.phase); ok {
			whole = max(whole, at)
		}
	}
	var told []fyne.CanvasObject
	for _, s := range steps {
		if at, ok := result.Phases.At(s.phase); ok {
			told = append(told, stepLine(words.T("form.step."+s.key), before, at, whole))
			before = at
		}
	}
	if result.Err != nil {
		return append(told, verdictLine(words.T("form.test.failed", words.Values{"Reason": sayFailure(result.Err)}), alarm))
	}
	return append(told, tellStream(result.Stream)...)
}

// stepLine is a step's name, its part of the time, and how long it took.
func stepLine(name string, from, to, whole time.Duration) fyne.CanvasObject {
	bar := canvas.NewRectangle(theme.Color(theme.ColorNamePrimary))
	bar.CornerRadius = 2
	track := canvas.NewRectangle(theme.Color(theme.ColorNameInputBackground))
	track.CornerRadius = 2
	var begin, end float32 = 0, 1
	if whole > 0 {
		begin, end = float32(from)/float32(whole), float32(to)/float32(whole)
	}
	title := newText(name, plain, theme.SizeNameCaptionText)
	took := canvas.NewText(milliseconds(to-from), theme.Color(theme.ColorNameForeground))
	took.TextSize, took.Alignment = theme.Size(theme.SizeNameCaptionText), fyne.TextAlignTrailing
	return container.New(stepLayout{begin, end}, title, track, bar, took)
}

// stepLayout places name, track, bar and time of a step.
type stepLayout struct{ begin, end float32 }

// Layout implements fyne.Layout.
func (l stepLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const name, time, thick = 124, 84, 6
	wide := max(size.Width-name-time, 0)
	objects[0].Resize(fyne.NewSize(name, size.Height))
	objects[0].Move(fyne.NewPos(0, 0))
	y := (size.Height - thick) / 2
	objects[1].Resize(fyne.NewSize(wide, thick))
	objects[1].Move(fyne.NewPos(name, y))
	objects[2].Resize(fyne.NewSize(max((l.end-l.begin)*wide, 2), thick))
	objects[2].Move(fyne.NewPos(name+l.begin*wide, y))
	objects[3].Resize(fyne.NewSize(time-theme.InnerPadding(), size.Height))
	objects[3].Move(fyne.NewPos(name+wide, 0))
}

// MinSize implements fyne.Layout.
func (stepLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(leastControl, objects[0].MinSize().Height)
}

// tellStream says how the stream came through.
func tellStream(s tunnel.StreamTest) []fyne.CanvasObject {
	values := words.Values{
		"Sent": s.Sent, "Received": s.Received, "Age": seconds(s.Age), "P50": milliseconds(s.P50), "P99": milliseconds(s.P99),
	}
	t := alarm
	switch s.Outcome {
	case "":
		return nil
	case tunnel.StreamPasses:
		t = good
	case tunnel.StreamUnreachable:
		t = caution
	}
	return []fyne.CanvasObject{verdictLine(words.T("form.stream."+string(s.Outcome), values), t)}
}

// tellSelf says what we add.
func tellSelf(s tunnel.SelfTest) []fyne.CanvasObject {
	if s.Err != nil {
		return []fyne.CanvasObject{verdictLine(words.T("form.self.failed", words.Values{"Reason": sayFailure(s.Err)}), alarm)}
	}
	values := words.Values{"P50": milliseconds(s.P50), "P99": milliseconds(s.P99), "Events": s.Events, "Joined": s.Joined}
	if s.Joined > 0 {
		return []fyne.CanvasObject{verdictLine(words.T("form.self.joined", values), caution)}
	}
	return []fyne.CanvasObject{verdictLine(words.T("form.self.fine", values), good)}
}

// verdictLine is what a test found, with a sign before it.
func verdictLine(text string, t tone) fyne.CanvasObject {
	sign := map[tone]fyne.Resource{
		good: theme.NewSuccessThemedResource(theme.ConfirmIcon()), caution: theme.NewWarningThemedResource(theme.WarningIcon()),
		alarm: theme.NewErrorThemedResource(theme.CancelIcon()),
	}[t]
	return container.New(signLayout{}, widget.NewIcon(sign), newProse(text))
}

// signLayout puts a sign before the first line of a text that wraps.
type signLayout struct{}

// Layout implements fyne.Layout.
func (signLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	icon := theme.IconInlineSize()
	objects[0].Resize(fyne.NewSquareSize(icon))
	objects[0].Move(fyne.NewPos(theme.InnerPadding(), theme.InnerPadding()))
	left := theme.InnerPadding() + icon
	fit(objects[1], size.Width-left)
	objects[1].Move(fyne.NewPos(left, 0))
}

// MinSize implements fyne.Layout.
func (signLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[1].MinSize().AddWidthHeight(theme.InnerPadding()+theme.IconInlineSize(), 0)
}

// milliseconds writes a duration with three figures at most.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	digits := 2
	switch {
	case ms >= 100:
		digits = 0
	case ms >= 10:
		digits = 1
	}
	return strconv.FormatFloat(ms, 'f', digits, 64) + " ms"
}

// seconds writes an age.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}
