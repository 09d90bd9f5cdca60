// Package llm reads what the streams of language models say: the wire formats of
// OpenAI (chat completions, responses, and the many that speak like the former:
// DeepSeek, DashScope, Moonshot, vLLM …), Anthropic, Gemini, Ollama, and DashScope's own.
//
// [Reader] is fed with one unit of a decoded body after the other, while the
// stream runs, and says what each carries. A format is told by what the units
// hold, never by URL or content type. [NumbersOf], [EventsOf] and [TextOf] are
// for whoever looks at an exchange afterwards.
//
// It is not a client of these formats: it takes what it knows, passes over the
// rest, and never fails. It does no I/O and knows no clock; package tap, which
// has the arrivals, joins it to the stream.
package llm
