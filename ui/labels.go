package ui

import (
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/words"
)

// labelName is what a label is called; of none, that nothing is known yet.
func labelName(label verdict.Label) string {
	if label == verdict.None {
		return words.T("verdict.label.none")
	}
	return words.T("verdict.label." + string(label))
}

// labelMeaning says in one sentence what it says of the stream.
func labelMeaning(label verdict.Label) string {
	if label == verdict.None {
		return words.T("verdict.meaning.none")
	}
	return words.T("verdict.meaning." + string(label))
}
