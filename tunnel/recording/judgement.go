package recording

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// Judgement is all that is said of an exchange: the verdict, who is suspected of
// it, and what to change. It holds no reference to the exchange.
type Judgement struct {
	verdict.Verdict
	// Suspects are who may have held the stream back, the likeliest first; nil
	// where nothing was held back. Credentials in their evidence are masked.
	Suspects []verdict.Suspect
	// Untimed reports that something came, but that nobody wrote down when.
	Untimed bool
	// Further are reasons that the verdict does not know of, as sentences.
	Further []string
}

// Judge judges ex as far as it has come. Where ex holds no arrivals although
// something came, as in files of other tools, the label is too_short: what was
// not written down cannot be judged.
func Judge(ex *tunnel.Exchange) Judgement {
	j := Judgement{Verdict: verdict.Assess(ex)}
	if len(ex.Chunks) == 0 && (ex.Totals.Bytes > 0 || ex.Totals.Reads > 0) {
		j.Label, j.Untimed = verdict.TooShort, true
		j.Further = []string{untimed(ex)}
		return j
	}
	j.Suspects = maskEvidence(verdict.Suspects(ex, j.Verdict))
	return j
}

// untimed says what is missing, and what is known instead.
func untimed(ex *tunnel.Exchange) string {
	text := "cannot tell: when the pieces of the body arrived was not written down"
	ended, hasEnd := ex.Phases.At(tunnel.Ended)
	if head, ok := ex.Phases.At(tunnel.Head); ok && hasEnd {
		sent, _ := ex.Phases.At(tunnel.Sent)
		text += fmt.Sprintf("; only that the head came after %s and the end %s later", short(max(head-sent, 0)), short(max(ended-head, 0)))
	}
	return text
}

func maskEvidence(suspects []verdict.Suspect) []verdict.Suspect {
	for i := range suspects {
		for k := range suspects[i].Evidence {
			e := &suspects[i].Evidence[k]
			e.Detail = redactText(e.Detail, 0)
		}
	}
	return suspects
}

// Reasons are the findings behind the label, in English, the weightiest first.
func (j *Judgement) Reasons() []string {
	return append(j.Verdict.Reasons(), j.Further...)
}

// Suspect returns the likeliest suspect, [verdict.Unknown] included. ok is false
// where nothing was held back.
func (j *Judgement) Suspect() (suspect verdict.Suspect, ok bool) {
	if len(j.Suspects) == 0 {
		return verdict.Suspect{}, false
	}
	return j.Suspects[0], true
}

// Blamed is the layer that stands behind the label on a line: the likeliest
// suspect of a stream that came joined, with a question mark; empty where none
// is known.
func (j *Judgement) Blamed() string {
	if !j.heldBack() {
		return ""
	}
	if s, ok := j.Suspect(); ok && s.Layer != verdict.Unknown {
		return s.Layer + "?"
	}
	return ""
}

// heldBack reports whether the label says that something gathered what should
// have passed. A stream that broke off or fell silent has suspects, too, but the
// catalogue is about gathering and knows nothing against that.
func (j *Judgement) heldBack() bool {
	switch j.Label {
	case verdict.BufferedWhole, verdict.Coalesced, verdict.Bursty:
		return true
	}
	return false
}

// Advice returns what to change in the layer that is suspected first of holding
// the stream back.
func (j *Judgement) Advice() (advice verdict.Advice, ok bool) {
	if s, ok := j.Suspect(); ok && j.heldBack() {
		return verdict.AdviceOn(s)
	}
	return verdict.Advice{}, false
}

// mostSuspects is how many suspects a report names.
const mostSuspects = 3

// Report says in English who is suspected, why, and what to change, a line an
// element, without line ends; what belongs to a line above is indented. Nil
// where nothing was held back. Nothing in it can act on a terminal.
func (j *Judgement) Report() []string {
	var lines []string
	for _, s := range j.Suspects[:min(len(j.Suspects), mostSuspects)] {
		lines = append(lines, suspicion(&s))
	}
	if advice, ok := j.Advice(); ok {
		lines = append(lines, remedy(&advice)...)
	}
	return lines
}

// suspicion is a suspect with the evidence in one line.
func suspicion(s *verdict.Suspect) string {
	text := fmt.Sprintf("suspect: %s, %d %%", s.Layer, s.Percent())
	switch {
	case s.Layer == verdict.Unknown:
		text += ": none of the layers that are known"
	case len(s.Evidence) > 0:
		text += ": " + strings.Join(evidence(s), "; ")
	}
	return Visible(text)
}

// evidence is each clue once, the weightiest first: several may rest on the same.
func evidence(s *verdict.Suspect) []string {
	var texts []string
	for _, e := range s.Evidence {
		if text := e.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// remedy is a piece of advice, with the lines to copy indented.
func remedy(a *verdict.Advice) []string {
	lines := []string{"why: " + a.Why.EN, "to change: " + a.Fix.EN}
	if a.Snippet != "" {
		for line := range strings.SplitSeq(a.Snippet, "\n") {
			lines = append(lines, "    "+line)
		}
	}
	basis := string(a.Evidence)
	if a.Version != "" {
		basis += " with version " + a.Version
	}
	return append(lines, fmt.Sprintf("%s; see %s", basis, a.Source))
}

// judged is a judgement as it stands in a recording.
type judged struct {
	Label       string   `json:"label"`
	Score       *float64 `json:"score,omitempty"`
	Provisional bool     `json:"provisional,omitempty"`
	Layer       string   `json:"layer,omitempty"`
	Reasons     []string `json:"reasons,omitempty"`
	// Advice is what to change and the lines to copy.
	Advice []string `json:"advice,omitempty"`
}

// judge returns nil where there is no answer to judge.
func judge(ex *tunnel.Exchange) *judged {
	j := Judge(ex)
	if j.Label == verdict.None {
		return nil
	}
	out := &judged{Label: string(j.Label), Provisional: j.Provisional, Reasons: j.Reasons()}
	if j.HasScore {
		rounded := thousandths(j.Score)
		out.Score = &rounded
	}
	if s, ok := j.Suspect(); ok {
		out.Layer = s.Layer
	}
	if a, ok := j.Advice(); ok {
		out.Advice = []string{a.Fix.EN}
		if a.Snippet != "" {
			out.Advice = append(out.Advice, a.Snippet)
		}
	}
	return out
}

func thousandths(x float64) float64 { return math.Round(1000*x) / 1000 }
