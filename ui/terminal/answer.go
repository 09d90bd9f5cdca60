package terminal

import (
	"fmt"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/recording"
)

// answerTail is what a line says of a model's answer behind the label: that its
// last words are missing, else how long its first one took.
func answerTail(ex *tunnel.Exchange) string {
	n, ok := llm.NumbersOf(ex)
	switch {
	case !ok:
		return ""
	case n.Ending == tunnel.EndingMissing && ex.End == tunnel.Complete:
		return llm.LastWords(n.API) + " missing"
	case n.HasTTFT:
		return "ttft " + formatSpan(n.TTFT)
	}
	return ""
}

// answerFields are the fields that a bare line has for a model's answer, each
// with its name, so that they can be told from what stands elsewhere.
func answerFields(ex *tunnel.Exchange) []string {
	n, ok := llm.NumbersOf(ex)
	if !ok {
		return nil
	}
	var fields []string
	if n.HasTTFT {
		fields = append(fields, "ttft="+formatSpan(n.TTFT))
	}
	if n.ICL.N > 0 {
		fields = append(fields, "icl_p50="+formatSpan(n.ICL.P50), "icl_p95="+formatSpan(n.ICL.P95), "icl_max="+formatSpan(n.ICL.Max))
	}
	if n.TokensPerSecond > 0 {
		fields = append(fields, fmt.Sprintf("tokens_per_s=%.1f", n.TokensPerSecond))
	}
	if n.Ending != tunnel.EndingUnknown {
		fields = append(fields, "ending="+string(n.Ending))
	}
	return fields
}

// reportAnswers is of how many models' answers a report tells the numbers.
const reportAnswers = 8

// answers tells the numbers of the models' answers among rows, in their order.
func (s Style) answers(b *strings.Builder, rows []Row) {
	shown, rest := 0, 0
	for i := range rows {
		answered := recording.Answered(&rows[i].Exchange)
		switch {
		case answered == "":
		case shown == reportAnswers:
			rest++
		default:
			if shown++; shown == 1 {
				b.WriteString("\n" + s.paint(bold, "what models answered") + "\n")
			}
			s.writeWrapped(b, "  ", recording.Place(&rows[i].Exchange)+", "+answered)
		}
	}
	if rest > 0 {
		fmt.Fprintf(b, "  and %s; sgauge judge tells of each in a recording\n", plural(int64(rest), "more answer"))
	}
}
