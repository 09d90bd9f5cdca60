package verdict

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Advice is what to know of one layer and what to change in it.
type Advice struct {
	// Layer is the name that [Suspect.Layer] uses, in lower case; Also lists
	// others that it goes by.
	Layer string   `json:"layer"`
	Also  []string `json:"also"`
	Name  Text     `json:"name"`
	// Recognise is what it does to a stream, Why the reason.
	Recognise Text `json:"recognise"`
	Why       Text `json:"why"`
	// Fix says what to change and Snippet the lines to copy, in no language;
	// empty where there is nothing to set.
	Fix     Text   `json:"fix"`
	Snippet string `json:"snippet"`
	// Source is a page to read on.
	Source string `json:"source"`
	// Evidence says whether the behaviour was measured, with Version if it has
	// one, or is only documented.
	Evidence Proof  `json:"evidence"`
	Version  string `json:"version"`
	// Client is set for traps on the receiving side, which no verdict can see:
	// there the stream is late only behind us.
	Client bool `json:"client"`
}

// Proof says what a piece of advice rests on.
type Proof string

// The proofs.
const (
	Measured   Proof = "measured"
	Documented Proof = "documented"
)

// Text is a text in each language.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In returns the text for a language tag: Chinese for "zh" and its variants,
// else English.
func (t Text) In(language string) string {
	if tag, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-"); strings.EqualFold(tag, "zh") {
		return t.ZH
	}
	return t.EN
}

//go:embed advice.json
var adviceFile []byte

// catalogue is the embedded file by the names of layers. The tests read the same
// file, so it parses.
var catalogue = sync.OnceValue(func() map[string]Advice {
	all, err := parseAdvice(adviceFile)
	if err != nil {
		panic(err)
	}
	byLayer := map[string]Advice{}
	for _, a := range all {
		for _, name := range append([]string{a.Layer}, a.Also...) {
			byLayer[name] = a
		}
	}
	return byLayer
})

func parseAdvice(file []byte) ([]Advice, error) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.DisallowUnknownFields()
	var all []Advice
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("parse advice.json: %w", err)
	}
	return all, nil
}

// AdviceFor returns the advice for a layer, whatever the case of its name.
func AdviceFor(layer string) (Advice, bool) {
	a, ok := catalogue()[strings.ToLower(layer)]
	return a, ok
}

// particular names the entries that fit a layer better where a clue tells how it
// holds.
var particular = map[string]map[Clue]string{
	"nginx":   {WholeCoded: "nginx-gzip", RewrittenBlocks: "nginx+nginx"},
	"apache":  {SliceCadence: "apache-ratelimit"},
	"haproxy": {WholeChunked: "haproxy-filters", WholeWithLength: "haproxy-filters"},
}

// AdviceOn returns the advice that fits how a suspect holds a stream back, as
// far as the evidence tells.
func AdviceOn(s Suspect) (Advice, bool) {
	for _, e := range s.Evidence {
		if layer, ok := particular[s.Layer][e.Clue]; ok {
			return AdviceFor(layer)
		}
	}
	return AdviceFor(s.Layer)
}

// Traps returns what makes a stream late only in the program that receives it,
// in the order of the catalogue.
func Traps() []Advice {
	all, err := parseAdvice(adviceFile)
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(all, func(a Advice) bool { return !a.Client })
}
