package terminal

import "streamgauge/tunnel/verdict"

// look is how a label is shown. The mark says the same as the colour, for
// those who see no colours and for terminals that have none.
type look struct {
	mark, asciiMark string
	color           color
	// meaning is what the label says of the stream, in one sentence.
	meaning string
}

var looks = map[verdict.Label]look{
	verdict.Incremental:   {"✓", "+", green, "every piece arrived as soon as it was made"},
	verdict.Bursty:        {"≈", "~", cyan, "pieces arrived in clumps now and then, but they flowed"},
	verdict.Coalesced:     {"≡", "=", yellow, "pieces were held back and arrived joined in blocks"},
	verdict.Stalled:       {"‖", "|", yellow, "the stream flowed, but fell silent for seconds"},
	verdict.BufferedWhole: {"✗", "x", red, "everything was held back and arrived at once, at the end"},
	verdict.Truncated:     {"!", "!", red, "the stream broke off before its end"},
	verdict.NotAStream:    {"–", "-", faint, "one answer in one go: nothing there to stream"},
	verdict.TooShort:      {"?", "?", faint, "too few pieces, or too close together, to tell"},
}

func (s Style) lookOf(label verdict.Label) look {
	l := looks[label]
	if !s.Unicode {
		l.mark = l.asciiMark
	}
	return l
}
