package wire

import (
	"bytes"

	"streamgauge/tunnel"
)

// Ending tells whether a body of a format that says its own end has said it.
// Some hops end a broken stream as if it were whole, and then only the missing
// last words tell. It looks at the first and the last bytes of a decoded body
// and is not safe for concurrent use. The zero value is ready.
type Ending struct {
	first, last []byte
	foreign     bool // it begins as none of the formats does
}

// endingWindow is how much is kept of each end, in bytes: the formats name
// themselves in their first event, and their last one is small or has the word
// near its end.
const endingWindow = 2 << 10

// Feed takes the next bytes of the body.
func (e *Ending) Feed(p []byte) {
	if len(e.first) == 0 && len(p) > 0 {
		e.foreign = e.foreign || bytes.IndexByte([]byte("{[:deir\xef \r\n"), p[0]) < 0
	}
	if e.foreign || len(p) == 0 {
		return
	}
	if room := endingWindow - len(e.first); room > 0 {
		e.first = append(e.first, p[:min(room, len(p))]...)
	}
	if len(p) >= endingWindow {
		e.last = append(e.last[:0], p[len(p)-endingWindow:]...)
		return
	}
	if over := len(e.last) + len(p) - endingWindow; over > 0 {
		e.last = e.last[:copy(e.last, e.last[over:])]
	}
	e.last = append(e.last, p...)
}

// endings are the formats that say their end: how they begin, and the words of
// which one stands in the last event. White space in JSON is left out.
var endings = []struct {
	begins []string
	ends   []string
}{
	{ // Anthropic messages
		[]string{"event:message_start", `"type":"message_start"`},
		[]string{"message_stop", "event:error"},
	},
	{ // OpenAI responses
		[]string{"event:response.", `"type":"response.`},
		[]string{"response.completed", "response.incomplete", "response.failed", "response.cancelled", "event:error"},
	},
	{ // OpenAI chat completions, and the many that speak like it
		[]string{`"object":"chat.completion.chunk"`, `"object":"text_completion"`},
		[]string{"data:[DONE]", `"error":`},
	},
	{ // Ollama
		[]string{`"done":false`},
		[]string{`"done":true`, `"error":`},
	},
	{ // Gemini
		[]string{`"candidates":[`},
		[]string{`"finishReason":`, `"blockReason":`, `"error":`},
	},
}

// Said returns what the bytes so far tell.
func (e *Ending) Said() tunnel.Ending {
	first := withoutSpace(e.first)
	for _, format := range endings {
		if containsAny(first, format.begins) {
			if containsAny(withoutSpace(e.last), format.ends) {
				return tunnel.EndingSaid
			}
			return tunnel.EndingMissing
		}
	}
	return tunnel.EndingUnknown
}

func withoutSpace(p []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, p)
}

func containsAny(p []byte, words []string) bool {
	for _, word := range words {
		if bytes.Contains(p, []byte(word)) {
			return true
		}
	}
	return false
}
