package llm

import (
	"bytes"

	"streamgauge/tunnel"
)

// DashScope's own format, beside the one that it shares with OpenAI: an output
// with choices, or a text of its own. Unless increments are asked for, each event
// repeats all that was said before.

func (f *fields) isDashScope() bool {
	return len(f.output) > 0 && f.output[0] == '{' && quoted(f.requestID) != nil
}

func (r *Reader) readDashScope(f *fields) {
	first := !r.opened
	r.is(dashScope)
	var finish []byte
	for m := object(f.output); m.next(); {
		switch string(m.key) {
		case "text":
			r.grows(tunnel.Content, m.value)
		case "finish_reason":
			finish = m.value
		case "choices":
			for choices := array(m.value); choices.next(); {
				finish = memberOf(choices.value, "finish_reason")
				r.readDashScopeMessage(memberOf(choices.value, "message"))
			}
		}
	}
	if r.finishes(finish) {
		r.ends()
	}
	r.readUsage(f.usage)
	if first {
		r.carries(tunnel.Opening)
	} else {
		r.carries(tunnel.Heartbeat)
	}
}

func (r *Reader) readDashScopeMessage(message []byte) {
	for m := object(message); m.next(); {
		switch string(m.key) {
		case "content":
			r.grows(tunnel.Content, m.value)
			for parts := array(m.value); parts.next(); { // of models that see and hear
				r.grows(tunnel.Content, memberOf(parts.value, "text"))
			}
		case "reasoning_content":
			r.grows(tunnel.Reasoning, m.value)
		case "tool_calls":
			for calls := array(m.value); calls.next(); {
				r.readCall(calls.value)
			}
		}
	}
}

// grows adds what is new in a text that may repeat the one before. The first that
// does not tells that the stream comes in increments.
func (r *Reader) grows(p tunnel.Part, raw []byte) {
	before, text := &r.before[0], &r.delta.Content
	if p == tunnel.Reasoning {
		before, text = &r.before[1], &r.delta.Reasoning
	}
	from := len(*text)
	*text = appendText(*text, raw)
	all := (*text)[from:]
	added := all
	if !r.increments {
		var repeats bool
		if added, repeats = bytes.CutPrefix(all, *before); repeats {
			*before = append(*before, added...)
		}
		r.increments = !repeats
	}
	*text = (*text)[:from+copy(all, added)]
	if len(added) > 0 {
		r.carries(p)
		r.begun = true
	}
}
