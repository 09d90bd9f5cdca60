package plot

import "streamgauge/tunnel"

// Words are the texts of the graphs in one language.
type Words struct {
	Bytes            string                       // one measure, as a title
	Units            [tunnel.TLSRecord + 1]string // the other, by kind of unit
	Wait             string                       // before the first byte
	Silence          string
	AtOnce           string // behind a part in per cent: in one lump
	ClientSlow       string
	Sent, Head       string // marks on the axis
	Chunks, Turns    string // lanes
	Up, Down         string // lanes of a WebSocket
	Complete         string // ends
	Truncated        string
	ClientClosed     string
	Failed           string
	Following        string // what touching the mark does
	Empty            string // no exchange
	Nothing          string // no arrival in an exchange that ended
	Parts            [tunnel.Heartbeat + 1]string
	Phases           [8]string // as PhaseNames counts them
	Gaps             string    // title of the axis
	P50, P95, Max    string
	NoGaps, NoPhases string
	NoExchanges      string
	SinceSent        string // title of the axis of a comparison
	SinceStart       string // title of the axis of a stream
}

// EnglishWords are the words of exported files, and of a window in English.
func EnglishWords() Words {
	w := Words{
		Bytes: "bytes", Units: [...]string{"units", "events", "lines", "reads", "frames", "records"}, Wait: "wait", Silence: "silence", AtOnce: "at once", ClientSlow: "client slow",
		Sent: "sent", Head: "head", Chunks: "chunks", Turns: "turns", Up: "to origin", Down: "to client",
		Complete: "complete", Truncated: "cut off", ClientClosed: "client left", Failed: "failed",
		Following: "follow", Empty: "no exchange chosen", Nothing: "nothing arrived",
		Phases: [8]string{"DNS", "connect", "upstream", "TLS", "request", "wait for head", "first byte", "download"},
		Gaps:   "gap between arrivals", P50: "p50", P95: "p95", Max: "max",
		NoGaps: "one arrival has no gaps", NoPhases: "no phase was timed", NoExchanges: "no exchange yet",
		SinceSent: "since request sent", SinceStart: "since the request",
	}
	w.Parts = [...]string{"other", "opening", "reasoning", "content", "tool", "closing", "heartbeat"}
	return w
}
