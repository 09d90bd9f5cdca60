package ui

import (
	"errors"
	"syscall"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/look"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// header says how the proxy stands and lets the user change it.
type header struct {
	window   *Window
	object   *fyne.Container
	power    *look.Switch
	address  *canvas.Text
	standing *canvas.Text
	path     *widget.Button
	dot      *canvas.Circle
	health   *canvas.Text
	problem  *look.Notice
	left     *fyne.Container
}

func newHeader(w *Window) *header {
	h := &header{window: w, dot: canvas.NewCircle(nil), health: look.Caption(""), standing: look.Caption("")}
	h.power = look.NewSwitch(h.turn)
	h.address = look.Strong("", theme.SizeNameSubHeadingText)
	h.path = menuButton("", nil, func() *fyne.Menu { return h.upstreams() })
	h.path.Alignment = widget.ButtonAlignLeading
	h.problem = look.NewNotice(theme.ColorNameError)
	h.problem.Hide()
	dot := container.NewGridWrap(fyne.NewSquareSize(7), h.dot)
	upstream := look.Column(2, look.Caption(words.T("window.upstream")), look.Row(6, dot, h.health))
	copying := menuButton(words.T("window.copy.environment"), theme.ContentCopyIcon(), w.copyMenu)
	copying.Importance = widget.HighImportance
	right := look.Row(6, copying)
	if w.cfg.OpenSettings != nil {
		settings := toolButton(words.T("window.settings"), theme.SettingsIcon(), func() { w.cfg.OpenSettings("") })
		right.Add(settings)
	}
	h.left = look.Row(12, h.power, look.Column(1, h.address, h.standing), gap(12), upstream, h.path)
	bar := container.NewHBox(h.left, layout.NewSpacer(), right)
	h.object = look.Column(0, band(look.Inset(10, 10, 14, 14, bar)), h.problem)
	if words.Language() == words.Chinese && !look.HasChinese() {
		fonts := look.NewNotice(theme.ColorNameWarning)
		fonts.Say(words.T("window.problem.fonts"))
		h.object.Add(fonts)
	}
	return h
}

// set shows a state of the proxy.
func (h *header) set(state *tunnel.State) {
	h.power.Set(state.On)
	h.power.Enable()
	look.SetLine(h.address, state.Address, theme.ColorNameForeground)
	switch {
	case state.On:
		look.SetLine(h.standing, words.T("window.state.on"), theme.ColorNameSuccess)
	case state.Err != nil:
		look.SetLine(h.standing, words.T("window.state.failed"), theme.ColorNameError)
	default:
		look.SetLine(h.standing, words.T("window.state.off"), theme.ColorNamePlaceHolder)
	}
	h.setUpstream(state)
	before := h.problem.MinSize().Height * visible(h.problem)
	h.setProblem(state)
	h.left.Refresh() // texts of another length have another place
	if root := h.window.root; root != nil && before != h.problem.MinSize().Height*visible(h.problem) {
		root.Refresh()
	}
}

// visible is 1 for what can be seen, 0 for what is hidden.
func visible(o fyne.CanvasObject) float32 {
	if o.Visible() {
		return 1
	}
	return 0
}

func (h *header) setUpstream(state *tunnel.State) {
	h.path.SetText(upstreamName(state.Upstream))
	colour, text := theme.ColorNamePlaceHolder, ""
	switch health := state.Health; {
	case state.Upstream == direct:
		text = words.T("window.upstream.none")
	case health.Checked.IsZero():
		text = words.T("window.upstream.unknown")
	case health.Err != nil:
		colour, text = theme.ColorNameError, words.T("window.upstream.down")
	default:
		colour, text = theme.ColorNameSuccess, words.T("window.upstream.up", words.Values{"Latency": plot.Span(health.Latency)})
	}
	h.dot.FillColor = look.Color(colour)
	h.dot.Refresh()
	look.SetLine(h.health, text, theme.ColorNamePlaceHolder)
}

// setProblem says what keeps the proxy from running, or from reaching anything,
// and what to do.
func (h *header) setProblem(state *tunnel.State) {
	switch {
	case state.Err != nil:
		text, actions := h.explain(state)
		h.problem.Say(text, actions...)
	case state.Health.Err != nil && state.Upstream != direct:
		h.problem.Say(words.T("window.problem.upstream", words.Values{"Upstream": state.Upstream, "Reason": reason(state.Health.Err)}),
			h.settingsAction("upstream")...)
	default:
		h.problem.Hide()
	}
}

// explain says why the proxy could not be switched on, and offers what may help.
func (h *header) explain(state *tunnel.State) (string, []look.Action) {
	again := look.Action{Text: words.T("window.action.again"), Do: func() { h.turn(true) }}
	actions := append([]look.Action{again}, h.settingsAction("listen")...)
	var listen *tunnel.ListenError
	if !errors.As(state.Err, &listen) {
		return words.T("window.problem.other", words.Values{"Reason": reason(state.Err)}), actions
	}
	values := words.Values{"Address": listen.Address, "Program": listen.Program, "Free": listen.Free, "Reason": reason(listen.Err)}
	switch {
	case errors.Is(listen.Err, tunnel.ErrListenInUse) && listen.Program != "":
		return words.T("window.problem.used.by", values), actions
	case errors.Is(listen.Err, tunnel.ErrListenInUse), errors.Is(listen.Err, syscall.EADDRINUSE):
		return words.T("window.problem.used", values), actions
	case errors.Is(listen.Err, tunnel.ErrListenDenied):
		return words.T("window.problem.denied", values), actions
	case errors.Is(listen.Err, tunnel.ErrListenUnknown):
		return words.T("window.problem.unknown", values), actions
	}
	return words.T("window.problem.listen", values), actions
}

func (h *header) settingsAction(field string) []look.Action {
	if h.window.cfg.OpenSettings == nil {
		return nil
	}
	return []look.Action{{Text: words.T("window.settings"), Do: func() { h.window.cfg.OpenSettings(field) }}}
}

// turn switches the proxy. The switch follows when the station has done it.
func (h *header) turn(on bool) {
	w := h.window
	h.power.Disable()
	look.SetLine(h.standing, words.T("window.state.turning"), theme.ColorNamePlaceHolder)
	w.later(func() error { return w.cfg.Station.SetOn(on) }, func(error) { w.setState(w.cfg.Station.State()) })
}

// setState shows how the proxy stands. A failure to start is part of the state.
func (w *Window) setState(state tunnel.State) {
	w.state = state
	w.header.set(&state)
	w.teach.set(&state)
}
