package tunnel

import "time"

// Part says what a unit carries of a language model's answer.
type Part uint8

// The parts. Heartbeats and openings are never a first token.
const (
	NoPart    Part = iota // not a model's, or not told apart
	Opening               // names role or message, without content
	Reasoning             // thinking that comes before or between content
	Content               // text of the answer
	Tool                  // a tool call, or a piece of its arguments
	Closing               // finish reason, usage, the last words
	Heartbeat             // keep-alive: a comment, a ping, an empty delta
)

var partNames = [...]string{"", "opening", "reasoning", "content", "tool", "closing", "heartbeat"}

// String returns the name used in recordings, "" for NoPart.
func (p Part) String() string {
	if int(p) < len(partNames) {
		return partNames[p]
	}
	return ""
}

// ParsePart is the inverse of [Part.String]. Unknown names are NoPart.
func ParsePart(name string) Part {
	for p, n := range partNames {
		if n == name {
			return Part(p)
		}
	}
	return NoPart
}

// Answer is what the stream of a language model says of itself; without an API
// it is no such stream, and only its heartbeats count.
type Answer struct {
	// API is the wire format: "openai-chat", "openai-responses", "anthropic",
	// "gemini", "ollama", "dashscope"; empty while none was recognised.
	API string
	// Model is the name that the stream gives.
	Model string
	// Finish is the reason given for the end, in the words of the format.
	Finish string
	// InputTokens and OutputTokens are the usage as sent; 0 where it was not.
	InputTokens, OutputTokens int64
	// ReasoningTokens are those of OutputTokens that went into reasoning; 0 where
	// the stream does not say.
	ReasoningTokens int64
	// FirstContent and FirstReasoning are when the first unit of that part
	// arrived, since Exchange.Start; zero while there is none. A tool call
	// counts as content.
	FirstContent, FirstReasoning time.Duration
	// Deltas is how many units carried content, reasoning or a tool call, and
	// LastDelta when the latest did.
	Deltas    int64
	LastDelta time.Duration
	// Heartbeats is how many units or comments carried nothing.
	Heartbeats int64
}

// Describe takes over what said tells in words and tokens, and leaves times and
// counts as they are.
func (a *Answer) Describe(said Answer) {
	a.API, a.Model, a.Finish = said.API, said.Model, said.Finish
	a.InputTokens, a.OutputTokens, a.ReasoningTokens = said.InputTokens, said.OutputTokens, said.ReasoningTokens
}

// count adds a unit that carries p and arrived at. A time of zero would read as
// none, so the first moment is a nanosecond.
func (a *Answer) count(p Part, at time.Duration) {
	at = max(at, 1)
	switch p {
	case Content, Tool:
		if a.FirstContent == 0 {
			a.FirstContent = at
		}
	case Reasoning:
		if a.FirstReasoning == 0 {
			a.FirstReasoning = at
		}
	case Heartbeat:
		a.Heartbeats++
		return
	default:
		return
	}
	a.Deltas++
	a.LastDelta = at
}
