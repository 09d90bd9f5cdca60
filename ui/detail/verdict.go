package detail

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// mostSuspects is how many suspects are shown; the others have next to no weight.
const mostSuspects = 4

// verdictPage says why the label was given, who is suspected, and what to change.
type verdictPage struct {
	actions Actions
	column  *fyne.Container
	scroll  *container.Scroll
	// drawn is what the column was made of, and when in the exchange's life.
	drawn string
	id    string
	label verdict.Label
	at    time.Duration
	// trapped is made once, so that what was opened in it stays open.
	trapped *widget.Accordion
}

// pace is how often the findings of a running exchange are written anew: faster
// nobody reads.
const pace = time.Second

func newVerdictPage(actions Actions) *verdictPage {
	v := &verdictPage{actions: actions, column: look.Column(7)}
	v.scroll = container.NewVScroll(look.Inset(12, 16, 16, 18, v.column))
	return v
}

func (v *verdictPage) object() fyne.CanvasObject { return v.scroll }

func (v *verdictPage) show(s *Shown) {
	j := &s.Judgement
	same := v.id == s.Exchange.ID && v.label == j.Label
	if same && j.Provisional && s.Elapsed-v.at < pace {
		return
	}
	reasons := reasonLines(s)
	of := fmt.Sprint(s.Exchange.ID, j.Label, reasons, j.Suspects)
	if of == v.drawn {
		return
	}
	if v.id != s.Exchange.ID {
		v.scroll.ScrollToTop()
	}
	v.drawn, v.id, v.label, v.at = of, s.Exchange.ID, j.Label, s.Elapsed
	v.column.RemoveAll()
	v.reasons(j, reasons)
	v.suspects(j)
	v.advice(j)
	v.traps(j)
	v.column.Refresh()
	v.scroll.Refresh()
}

func (v *verdictPage) title(key string) {
	if len(v.column.Objects) > 0 {
		v.column.Add(look.Inset(6, 4, 0, 0, rule()))
	}
	v.column.Add(look.Strong(words.T(key), theme.SizeNameText))
}

func (v *verdictPage) bullet(text string) {
	dot := look.Muted("•")
	v.column.Add(look.Frame(nil, nil, look.Inset(2, 0, 2, 8, look.Column(0, dot)), nil, look.Paragraph(text)))
}

func (v *verdictPage) reasons(j *recording.Judgement, reasons []string) {
	v.title("verdict.title.reasons")
	if len(reasons) == 0 {
		v.column.Add(look.Note(words.T("verdict.meaning.none")))
	}
	for _, reason := range reasons {
		v.bullet(reason)
	}
	if j.HasScore {
		v.column.Add(look.Note(words.T("verdict.score", words.Values{"Score": fmt.Sprintf("%.2f", j.Score)})))
	}
}

// suspects lists who may have held the stream back, with what speaks for it.
func (v *verdictPage) suspects(j *recording.Judgement) {
	if len(j.Suspects) == 0 {
		return
	}
	v.title("verdict.title.suspects")
	for i, s := range j.Suspects[:min(len(j.Suspects), mostSuspects)] {
		if i > 0 && s.Percent() == 0 {
			break
		}
		name := look.Strong(layerName(s.Layer), theme.SizeNameText)
		share := container.NewGridWrap(fyne.NewSize(140, 6), look.Share(float32(s.Confidence), theme.ColorNamePrimary))
		percent := look.Caption(fmt.Sprintf("%d %%", s.Percent()))
		v.column.Add(look.Frame(nil, nil, nil, look.Row(8, share, percent), name))
		if texts := evidenceLines(&s); len(texts) > 0 {
			v.column.Add(look.Note(strings.Join(texts, words.T("verdict.evidence.join"))))
		}
	}
	v.column.Add(look.Note(words.T("verdict.suspicion")))
}

// layerName is what people call a layer; its own name where the catalogue has no
// better one.
func layerName(layer string) string {
	if layer == verdict.Unknown {
		return words.T("verdict.layer.unknown")
	}
	if a, ok := verdict.AdviceFor(layer); ok {
		return a.Name.In(words.Language())
	}
	return recording.Visible(layer)
}

func (v *verdictPage) advice(j *recording.Judgement) {
	a, ok := j.Advice()
	if !ok {
		return
	}
	v.title("verdict.title.advice")
	v.piece(&a)
}

// piece is one piece of advice: why, what to change, lines to copy, the source.
func (v *verdictPage) piece(a *verdict.Advice) {
	language := words.Language()
	v.column.Add(look.Paragraph(a.Why.In(language)))
	if fix := a.Fix.In(language); fix != "" {
		v.column.Add(look.Paragraph(fix))
	}
	if a.Snippet != "" {
		v.column.Add(look.CodeBlock(a.Snippet, words.T("Copy"), func(text string) { v.actions.Copy(text, words.T("verdict.copied")) }))
	}
	v.column.Add(v.source(a))
}

func (v *verdictPage) source(a *verdict.Advice) fyne.CanvasObject {
	basis := words.T("verdict.basis.documented")
	if a.Evidence == verdict.Measured {
		basis = words.T("verdict.basis.measured", words.Values{"Version": a.Version})
	}
	if a.Source == "" {
		return look.Note(basis)
	}
	link := widget.NewHyperlink(words.T("verdict.source"), nil)
	link.OnTapped = func() { v.actions.Follow(a.Source) }
	return container.NewHBox(look.Inset(3, 0, 0, 0, look.Caption(basis)), link)
}

// traps are what makes a stream late only in the program that receives it: where
// it flows up to here, or where that program was the slow one.
func (v *verdictPage) traps(j *recording.Judgement) {
	if !j.ClientLimited && j.Label != verdict.Incremental && j.Label != verdict.Bursty {
		return
	}
	v.title("verdict.title.traps")
	v.column.Add(look.Paragraph(words.T("verdict.traps")))
	if v.trapped == nil {
		v.trapped = v.everyTrap()
	}
	v.column.Add(v.trapped)
}

func (v *verdictPage) everyTrap() *widget.Accordion {
	language := words.Language()
	accordion := widget.NewAccordion()
	for _, trap := range verdict.Traps() {
		inner := &verdictPage{actions: v.actions, column: look.Column(6)}
		inner.column.Add(look.Note(trap.Recognise.In(language)))
		inner.piece(&trap)
		accordion.Append(widget.NewAccordionItem(trap.Name.In(language), look.Inset(0, 8, 8, 4, inner.column)))
	}
	return accordion
}

// reasonLines are the findings in the language of the window.
func reasonLines(s *Shown) []string {
	j := &s.Judgement
	var lines []string
	for _, r := range j.Why() {
		lines = append(lines, reasonText(r))
	}
	if j.Untimed {
		lines = append(lines, words.T("window.head.untimed"))
	}
	for _, r := range s.Habits {
		lines = append(lines, reasonText(r))
	}
	return lines
}

// evidenceLines are the clues once each, the weightiest first: several may rest on
// the same.
func evidenceLines(s *verdict.Suspect) []string {
	var texts []string
	for _, e := range s.Evidence {
		text := words.T("verdict.clue." + string(e.Clue))
		if e.Detail != "" {
			text = words.T("verdict.evidence.detail", words.Values{"Text": text, "Detail": recording.Visible(e.Detail)})
		}
		if e.Weight < 0 {
			text = words.T("verdict.evidence.against", words.Values{"Text": text})
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}
