package recording

import (
	"encoding/json"
	"fmt"
	"io"

	"streamgauge/tunnel/verdict"
)

// judgementLine is a judgement for other programs: lists without anything are
// empty, a label or score that there is not is null.
type judgementLine struct {
	File          string       `json:"file"`
	ID            string       `json:"id"`
	Label         *string      `json:"label"`
	Score         *float64     `json:"score"`
	ClientLimited bool         `json:"client_limited"`
	Layers        []layerLine  `json:"layers"`
	Reasons       []string     `json:"reasons"`
	Advice        []adviceLine `json:"advice"`
}

type layerLine struct {
	Layer      string   `json:"layer"`
	Confidence float64  `json:"confidence"`
	Evidence   []string `json:"evidence"`
}

type adviceLine struct {
	Layer   string `json:"layer"`
	Why     string `json:"why"`
	Fix     string `json:"fix"`
	Snippet string `json:"snippet"`
	Source  string `json:"source"`
	// Basis is measured or documented.
	Basis string `json:"basis"`
}

func judgementLineOf(file, id string, j *Judgement) judgementLine {
	l := judgementLine{
		File: file, ID: id, ClientLimited: j.ClientLimited,
		Layers: []layerLine{}, Reasons: append([]string{}, j.Reasons()...), Advice: []adviceLine{},
	}
	if label := string(j.Label); j.Label != verdict.None {
		l.Label = &label
	}
	if score := thousandths(j.Score); j.HasScore {
		l.Score = &score
	}
	for _, s := range j.Suspects {
		l.Layers = append(l.Layers, layerLine{s.Layer, thousandths(s.Confidence), append([]string{}, evidence(&s)...)})
	}
	if a, ok := j.Advice(); ok {
		l.Advice = append(l.Advice, adviceLine{a.Layer, a.Why.EN, a.Fix.EN, a.Snippet, a.Source, string(a.Evidence)})
	}
	return l
}

// WriteJudgement writes j as one line of JSON. file and id say of which exchange
// it is.
func WriteJudgement(w io.Writer, file, id string, j *Judgement) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(judgementLineOf(file, id, j)); err != nil {
		return fmt.Errorf("write judgement of %s: %w", id, err)
	}
	return nil
}
