package detail

import (
	"fmt"

	"streamgauge/tunnel/verdict"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// reasonText says a finding in the language of the window. Which of its numbers a
// sentence uses is the sentence's business.
func reasonText(r verdict.Reason) string {
	values := words.Values{
		"Units": plot.Count(r.Units), "Lumps": plot.Count(int64(r.Lumps)), "Share": fmt.Sprintf("%.0f %%", 100*r.Share),
		"Wait": plot.Span(r.Wait), "Span": plot.Span(r.Span), "Gap": plot.Span(r.Gap),
	}
	if r.Units == 0 {
		values["Units"] = ""
	}
	switch {
	case r.Code == verdict.Arrivals && r.Lumps == 1:
		return words.T("verdict.reason.arrivals.whole", values)
	case r.Code == verdict.Arrivals && r.Units == 0:
		return words.T("verdict.reason.arrivals.uncounted", values)
	case r.Code == verdict.Timing && r.Span == 0:
		return words.T("verdict.reason.timing.once", values)
	}
	return words.T("verdict.reason."+string(r.Code), values)
}
