package recording

import (
	"encoding/json"
	"fmt"
	"io"

	"streamgauge/tunnel"
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
	// Answer is there only for a model's stream.
	Answer *answer `json:"answer,omitempty"`
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

func judgementLineOf(file string, ex *tunnel.Exchange, j *Judgement) judgementLine {
	l := judgementLine{
		File: file, ID: ex.ID, ClientLimited: j.ClientLimited,
		Layers: []layerLine{}, Reasons: append([]string{}, j.Reasons()...), Advice: []adviceLine{},
	}
	if ex.Answer.API != "" {
		l.Answer = answerOf(ex)
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

// WriteJudgement writes j, which is of ex in that file, as one line of JSON. Of ex
// it takes its ID and what a model's answer is said to be, as they are.
func WriteJudgement(w io.Writer, file string, ex *tunnel.Exchange, j *Judgement) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(judgementLineOf(file, ex, j)); err != nil {
		return fmt.Errorf("write judgement of %s: %w", ex.ID, err)
	}
	return nil
}
