package verdict

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"streamgauge/tunnel"
)

// Unknown is the layer named when nothing points anywhere.
const Unknown = "unknown"

// Suspect is a layer that may have held the stream back.
type Suspect struct {
	// Layer is its name in lower case, as in the advice catalogue: a program,
	// "origin", "link", "client", or [Unknown].
	Layer string `json:"layer"`
	// Confidence is the probability given to it, 0…1; those of all suspects and
	// of Unknown add up to 1.
	Confidence float64 `json:"confidence"`
	// Evidence is what speaks for it or against it, the weightiest first.
	Evidence []Evidence `json:"evidence"`
}

// Percent is the confidence for people: from 0 to 99, for nobody can be sure from
// outside.
func (s *Suspect) Percent() int { return min(int(math.Round(100*s.Confidence)), 99) }

// Evidence is one clue as it counts for one layer.
type Evidence struct {
	Clue Clue `json:"clue"`
	// Detail is what was seen, in no language: a header, a size, a time. A header
	// is the origin's text: whoever prints it makes it safe to print.
	Detail string `json:"detail,omitempty"`
	// Weight is what the clue adds to the layer's log-odds against Unknown.
	Weight float64 `json:"weight"`
}

// unknownWeight is the log-odds of none of the known layers: what a lone header
// must exceed.
const unknownWeight = 0.5

// leastConfidence is below what a suspect is not worth a line.
const leastConfidence = 0.01

// Suspects names who may have held ex back, the likeliest first. v is its
// verdict. Nil where nothing was held back. The weights of all clues that hold
// are added up for each layer; exp of the sums, with a fixed one for Unknown,
// are the odds.
func Suspects(ex *tunnel.Exchange, v Verdict) []Suspect {
	switch v.Label {
	case Coalesced, BufferedWhole, Bursty, Stalled, Truncated:
	default:
		return nil
	}
	found := map[string][]Evidence{Unknown: nil}
	f := factsOf(ex, v)
	for i := range clues {
		clue := &clues[i]
		detail, holds := clue.holds(f)
		if !holds {
			continue
		}
		for _, b := range clue.blames {
			found[b.layer] = append(found[b.layer], Evidence{clue.code, detail, b.weight})
		}
	}
	return weigh(found)
}

func weigh(found map[string][]Evidence) []Suspect {
	odds, all := map[string]float64{}, 0.0
	for layer, evidence := range found {
		sum := 0.0
		for _, e := range evidence {
			sum += e.Weight
		}
		if layer == Unknown {
			sum = unknownWeight
		}
		odds[layer] = math.Exp(sum)
		all += odds[layer]
	}
	var suspects []Suspect
	for _, layer := range slices.Sorted(maps.Keys(found)) {
		if p := odds[layer] / all; p >= leastConfidence {
			evidence := found[layer]
			slices.SortStableFunc(evidence, func(a, b Evidence) int { return cmp.Compare(b.Weight, a.Weight) })
			suspects = append(suspects, Suspect{layer, p, evidence})
		}
	}
	slices.SortStableFunc(suspects, func(a, b Suspect) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return suspects
}

// String is the evidence as an English sentence without a full stop.
func (e Evidence) String() string {
	text, ok := clueTexts[e.Clue]
	if !ok {
		text = string(e.Clue)
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.Weight < 0 {
		return "against it: " + text
	}
	return text
}

// clueTexts are the clues in English.
var clueTexts = map[Clue]string{
	NamesItself:     "a header names it",
	LowerNames:      "all header names are in lower case",
	SortedNames:     "sorted header names and no Server, as a Go program writes them",
	PageBlocks:      "lumps of a page of memory",
	RewrittenBlocks: "lumps of a page that a second hop cut again",
	FlushedBlocks:   "lumps of two unflushed wire chunks",
	SniffedBlock:    "a first lump of the bytes that are looked at for a type",
	DoublePages:     "lumps near 8 KiB",
	PHPCharset:      "the head is written as PHP does",
	RecordBlocks:    "lumps of a full TLS record",
	HeadWithBody:    "the head was held with the first bytes",
	HeadMidway:      "the head came late, and the bytes far later",
	HeadBefore:      "the head came before the first bytes",
	WholeWithLength: "all at the end, with a length",
	WholeToClose:    "all at the end, ended by the close",
	WholeChunked:    "all at the end, in wire chunks",
	LoneCoding:      "the head of a coding alone, then silence",
	WholeCoded:      "all at the end, encoded",
	Aged:            "its age is how long it was kept",
	CorkCadence:     "a lump each 200 to 260 ms, as the kernel's cork lets go",
	SliceCadence:    "lumps by a clock",
	SameCount:       "the same number of units in each lump",
	NoPattern:       "neither size nor clock nor count cut the lumps",
	PathSilent:      "a silence ended with all that was missed",
	SourceSilent:    "a silence ended as if nothing had been made in it",
	WritesClumps:    "several units at a time, with pauses, as a source writes",
	BrokenOff:       "the body ended before its framing said",
	SlowClient:      "the client did not read on",
	HeldByProgram:   "made whole, then played unit by unit",
}
