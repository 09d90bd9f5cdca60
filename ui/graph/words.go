package graph

import (
	"streamgauge/tunnel"
	"streamgauge/ui/plot"
	"streamgauge/ui/words"
)

// read returns the words of the graphs in the present language.
func read() plot.Words {
	w := plot.Words{
		Bytes: words.T("graph.bytes"),
		Wait:  words.T("graph.wait"), Silence: words.T("graph.silence"), AtOnce: words.T("graph.at_once"), ClientSlow: words.T("graph.client_slow"),
		Sent: words.T("graph.sent"), Head: words.T("graph.head"),
		Chunks: words.T("graph.chunks"), Turns: words.T("graph.turns"),
		Up: words.T("graph.up"), Down: words.T("graph.down"),
		Complete: words.T("graph.end.complete"), Truncated: words.T("graph.end.truncated"),
		ClientClosed: words.T("graph.end.client_closed"), Failed: words.T("graph.end.error"),
		Following: words.T("graph.follow"), Empty: words.T("graph.empty"),
		Gaps: words.T("graph.gaps"), P50: "p50", P95: "p95", Max: words.T("graph.max"),
		NoGaps: words.T("graph.no_gaps"), NoPhases: words.T("graph.no_phases"), NoExchanges: words.T("graph.no_exchanges"),
		SinceSent: words.T("graph.since_sent"), SinceStart: words.T("graph.since_start"),
	}
	for part := tunnel.Opening; part <= tunnel.Heartbeat; part++ {
		w.Parts[part] = words.T("graph.part." + part.String())
	}
	w.Units[tunnel.NoUnits] = words.T("graph.units")
	for kind := tunnel.SSE; kind <= tunnel.TLSRecord; kind++ {
		w.Units[kind] = words.T("graph.units." + kind.String())
	}
	for i, phase := range tunnel.AllPhases() {
		w.Phases[i] = words.T("graph.phase." + phase.String())
	}
	return w
}
