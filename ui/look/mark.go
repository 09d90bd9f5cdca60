package look

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

// NoAnswer stands where a label would if there had been an answer to judge.
const NoAnswer verdict.Label = "no_answer"

// Shown is the label to show for an exchange that was judged so.
func Shown(ex *tunnel.Exchange, label verdict.Label) verdict.Label {
	if label == verdict.None && ex.End == tunnel.Failed {
		return NoAnswer
	}
	return label
}

// Mark is the sign of a label: colour and shape, either of which is enough. An
// exchange that runs and cannot be judged yet has an open ring.
func Mark(label verdict.Label) fyne.Resource {
	p := Palette()
	if label == NoAnswer {
		return mark(label, p.Bad, p.Paper)
	}
	return mark(label, p.Verdict(label), p.Paper)
}

// marks are the shapes in a square of 16 by 16. C is the label's colour and P the
// paper's.
var marks = map[verdict.Label]string{
	// A disc with a tick: as it should be.
	verdict.Incremental: `<circle cx="8" cy="8" r="7" fill="C"/><path d="M4.6 8.3 7 10.7 11.5 5.7" fill="none" stroke="P" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`,
	// A disc with a wave.
	verdict.Bursty: `<circle cx="8" cy="8" r="7" fill="C"/><path d="M4 6.8c1.3-1.6 2.7-1.6 4 0s2.7 1.6 4 0M4 10.2c1.3-1.6 2.7-1.6 4 0s2.7 1.6 4 0" fill="none" stroke="P" stroke-width="1.5" stroke-linecap="round"/>`,
	// Blocks.
	verdict.Coalesced: `<rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2.6" fill="C"/><path d="M4.2 5h7.6M4.2 8h7.6M4.2 11h7.6" stroke="P" stroke-width="1.7" stroke-linecap="round"/>`,
	// A pause.
	verdict.Stalled: `<rect x="1.2" y="1.2" width="13.6" height="13.6" rx="6" fill="C"/><path d="M6 4.8v6.4M10 4.8v6.4" stroke="P" stroke-width="2" stroke-linecap="round"/>`,
	// An octagon, as where one has to stop.
	verdict.BufferedWhole: `<path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" fill="C"/><path d="M5.4 5.4 10.6 10.6M10.6 5.4 5.4 10.6" stroke="P" stroke-width="1.8" stroke-linecap="round"/>`,
	// A triangle: broken.
	verdict.Truncated: `<path d="M8 1.2 15.2 14.4H.8z" fill="C" stroke="C" stroke-width="1" stroke-linejoin="round"/><path d="M8 5.6v4" stroke="P" stroke-width="1.8" stroke-linecap="round"/><circle cx="8" cy="12.2" r="1.05" fill="P"/>`,
	// Open shapes: nothing to judge.
	verdict.NotAStream: `<circle cx="8" cy="8" r="6.3" fill="none" stroke="C" stroke-width="1.3"/><path d="M5.2 8h5.6" stroke="C" stroke-width="1.6" stroke-linecap="round"/>`,
	verdict.TooShort:   `<circle cx="8" cy="8" r="6.3" fill="none" stroke="C" stroke-width="1.3"/><circle cx="5.2" cy="8" r=".95" fill="C"/><circle cx="8" cy="8" r=".95" fill="C"/><circle cx="10.8" cy="8" r=".95" fill="C"/>`,
	NoAnswer:           `<circle cx="8" cy="8" r="6.3" fill="none" stroke="C" stroke-width="1.3"/><path d="M5.6 5.6 10.4 10.4M10.4 5.6 5.6 10.4" stroke="C" stroke-width="1.6" stroke-linecap="round"/>`,
	verdict.None:       `<circle cx="8" cy="8" r="3.2" fill="none" stroke="C" stroke-width="1.3"/>`,
}

func mark(label verdict.Label, colour, paper color.NRGBA) fyne.Resource {
	shape, ok := marks[label]
	if !ok {
		shape = marks[verdict.None]
	}
	c, p := hex(colour), hex(paper)
	body := make([]byte, 0, len(shape)+32)
	for i := range len(shape) {
		switch inQuotes := i > 0 && shape[i-1] == '"'; {
		case inQuotes && shape[i] == 'C':
			body = append(body, c...)
		case inQuotes && shape[i] == 'P':
			body = append(body, p...)
		default:
			body = append(body, shape[i])
		}
	}
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">%s</svg>`, body)
	// The painter keeps pictures by their names.
	return fyne.NewStaticResource(fmt.Sprintf("mark-%s-%s-%s.svg", label, c[1:], p[1:]), []byte(svg))
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
