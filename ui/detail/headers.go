package detail

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// mostHeaders is how many lines of a head are shown; a head may have far more.
const mostHeaders = 200

// headersPage shows both heads, credentials masked until the user asks for them.
type headersPage struct {
	actions  Actions
	lines    *fyne.Container
	scroll   *container.Scroll
	box      fyne.CanvasObject
	reveal   *widget.Button
	bar      *fyne.Container
	revealed string // the exchange whose credentials are shown
	drawn    string // what the lines were made of
	shown    *Shown
}

func newHeadersPage(actions Actions) *headersPage {
	h := &headersPage{actions: actions, lines: look.Column(3)}
	h.reveal = widget.NewButtonWithIcon("", theme.VisibilityIcon(), h.turn)
	copying := widget.NewButtonWithIcon(words.T("window.headers.copy"), theme.ContentCopyIcon(), h.copy)
	h.scroll = container.NewVScroll(look.Inset(4, 12, 14, 14, h.lines))
	h.bar = container.NewHBox(layout.NewSpacer(), copying, h.reveal)
	bar := look.Inset(6, 4, 10, 10, h.bar)
	h.box = look.Frame(bar, nil, nil, nil, h.scroll)
	return h
}

func (h *headersPage) object() fyne.CanvasObject { return h.box }

// turn shows credentials, of this one exchange only, or masks them again.
func (h *headersPage) turn() {
	if h.shown == nil {
		return
	}
	if h.revealed == h.shown.Exchange.ID {
		h.revealed = ""
	} else {
		h.revealed = h.shown.Exchange.ID
	}
	h.show(h.shown)
}

func (h *headersPage) show(s *Shown) {
	h.shown = s
	ex := s.Exchange
	if ex.ID != h.revealed {
		h.revealed = ""
	}
	of := fmt.Sprint(ex.ID, h.revealed, len(ex.RequestHeaders), len(ex.ResponseHeaders), ex.Status, ex.End == tunnel.Running)
	if of == h.drawn {
		return
	}
	h.drawn = of
	if h.revealed == "" {
		h.reveal.SetText(words.T("window.headers.reveal"))
		h.reveal.SetIcon(theme.VisibilityIcon())
		ex = recording.Redact(ex)
	} else {
		h.reveal.SetText(words.T("window.headers.mask"))
		h.reveal.SetIcon(theme.VisibilityOffIcon())
	}
	h.bar.Refresh()
	h.lines.RemoveAll()
	h.head(words.T("window.headers.request"), requestLine(&ex), ex.RequestHeaders)
	h.head(words.T("window.headers.response"), responseLine(&ex), ex.ResponseHeaders)
	h.lines.Refresh()
	h.scroll.ScrollToTop()
	h.scroll.Refresh()
}

func requestLine(ex *tunnel.Exchange) string {
	return strings.TrimSpace(ex.Method + " " + ex.URL + " " + ex.Protocol)
}

func responseLine(ex *tunnel.Exchange) string {
	if ex.Status == 0 {
		return ""
	}
	return fmt.Sprint(ex.Status)
}

// head adds the lines of one head.
func (h *headersPage) head(title, first string, headers []tunnel.Header) {
	if len(h.lines.Objects) > 0 {
		h.lines.Add(look.Inset(8, 8, 0, 0, rule()))
	}
	h.lines.Add(look.Caption(title))
	if first != "" {
		start := look.Paragraph(recording.Visible(first))
		h.lines.Add(look.Inset(2, 4, 0, 0, start))
	}
	if len(headers) == 0 {
		h.lines.Add(look.Note(words.T("window.headers.none")))
	}
	form := container.New(layout.NewFormLayout())
	for _, header := range headers[:min(len(headers), mostHeaders)] {
		form.Add(look.Inset(1, 0, 0, 10, look.Column(0, look.Muted(short(recording.Visible(header.Name))))))
		form.Add(look.Paragraph(recording.Visible(header.Value)))
	}
	h.lines.Add(form)
	if more := len(headers) - mostHeaders; more > 0 {
		h.lines.Add(look.Note(words.N("window.headers.more", more)))
	}
}

// longestName is how much of a header's name is shown.
const longestName = 40

func short(name string) string {
	if runes := []rune(name); len(runes) > longestName {
		return string(runes[:longestName]) + "…"
	}
	return name
}

// copy copies both heads as they are shown: masked unless revealed.
func (h *headersPage) copy() {
	if h.shown == nil {
		return
	}
	ex, said := h.shown.Exchange, words.T("window.headers.copied.open")
	if h.revealed != ex.ID {
		ex, said = recording.Redact(ex), words.T("window.headers.copied")
	}
	var b strings.Builder
	for _, part := range []struct {
		first   string
		headers []tunnel.Header
	}{{requestLine(&ex), ex.RequestHeaders}, {responseLine(&ex), ex.ResponseHeaders}} {
		b.WriteString(recording.Visible(part.first) + "\n")
		for _, header := range part.headers {
			b.WriteString(recording.Visible(header.Name) + ": " + recording.Visible(header.Value) + "\n")
		}
		b.WriteString("\n")
	}
	h.actions.Copy(strings.TrimRight(b.String(), "\n")+"\n", said)
}
