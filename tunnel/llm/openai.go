package llm

import (
	"bytes"

	"streamgauge/tunnel"
)

// The chat completions of OpenAI and of the many that speak like them, and the
// older completions: choices, each with a delta.

// isChat tells them by what their choices hold. A chunk without choices is
// theirs if it says so, or comes behind others.
func (f *fields) isChat(api string) bool {
	if len(f.choices) == 0 {
		return false
	}
	if bytes.HasPrefix(quoted(f.object), []byte("chat.completion")) || string(quoted(f.object)) == "text_completion" {
		return true
	}
	for choices := array(f.choices); choices.next(); {
		for m := object(choices.value); m.next(); {
			switch string(m.key) {
			case "delta", "message", "text", "finish_reason":
				return true
			}
		}
	}
	return string(f.choices) == "[]" && (api == openAIChat || len(f.moreTold) > 0 || len(f.usage) > 0)
}

func (r *Reader) readChat(f *fields) {
	first := !r.opened
	r.is(openAIChat)
	r.names(f.model)
	named, finished := false, false
	for choices := array(f.choices); choices.next(); {
		for m := object(choices.value); m.next(); {
			switch string(m.key) {
			case "delta":
				named = r.readChatDelta(m.value) || named
			case "message": // an answer that does not stream
				r.readChatDelta(m.value)
				r.ends()
			case "text":
				r.adds(tunnel.Content, m.value)
			case "finish_reason":
				finished = r.finishes(m.value) || finished
			case "usage": // Moonshot
				r.readUsage(m.value)
			}
		}
	}
	told := r.readUsage(f.usage)
	for m := object(f.moreTold); m.next(); { // Groq
		if string(m.key) == "usage" {
			told = r.readUsage(m.value) || told
		}
	}
	switch {
	case !isEmpty(f.failure):
		r.fails(f, nil)
	case told && (finished || isEmpty(f.choices)):
		r.carries(tunnel.Closing)
	case first, named && !r.begun:
		r.carries(tunnel.Opening)
	default:
		r.carries(tunnel.Heartbeat)
	}
}

// readChatDelta reports whether the delta names a role.
func (r *Reader) readChatDelta(delta []byte) (named bool) {
	for m := object(delta); m.next(); {
		switch string(m.key) {
		case "role":
			named = !isEmpty(m.value)
		case "content":
			r.readContent(m.value)
		case "refusal":
			r.adds(tunnel.Content, m.value)
		case "reasoning_content", "reasoning": // DeepSeek and others; OpenRouter
			r.adds(tunnel.Reasoning, m.value)
		case "reasoning_details":
			if !isEmpty(m.value) {
				r.carries(tunnel.Reasoning)
			}
		case "tool_calls":
			for calls := array(m.value); calls.next(); {
				r.readCall(calls.value)
			}
		case "function_call":
			r.readFunction(m.value)
		case "audio":
			if !isEmpty(m.value) {
				r.carries(tunnel.Content)
			}
		}
	}
	return named
}

// readContent takes a text, or the list of parts that Mistral makes of text and
// thinking.
func (r *Reader) readContent(content []byte) {
	if len(content) > 0 && content[0] != '[' {
		r.adds(tunnel.Content, content)
		return
	}
	for parts := array(content); parts.next(); {
		for m := object(parts.value); m.next(); {
			switch string(m.key) {
			case "text":
				r.adds(tunnel.Content, m.value)
			case "thinking":
				for texts := array(m.value); texts.next(); {
					r.adds(tunnel.Reasoning, memberOf(texts.value, "text"))
				}
			}
		}
	}
}

// readCall takes an element of tool_calls, OpenAI's or Ollama's.
func (r *Reader) readCall(call []byte) {
	for m := object(call); m.next(); {
		switch string(m.key) {
		case "function", "custom":
			r.readFunction(m.value)
		}
	}
}

// readFunction takes a name and arguments, or what comes of them. Gemini calls
// arguments args.
func (r *Reader) readFunction(function []byte) {
	var name, arguments []byte
	for m := object(function); m.next(); {
		switch string(m.key) {
		case "name":
			name = m.value
		case "arguments", "args", "input":
			arguments = m.value
		}
	}
	r.calls(name)
	r.passes(arguments)
}

// readUsage takes the usage of OpenAI's formats and of Anthropic's, whose names
// differ, and reports whether there is one.
func (r *Reader) readUsage(usage []byte) bool {
	if isEmpty(usage) {
		return false
	}
	for m := object(usage); m.next(); {
		switch string(m.key) {
		case "prompt_tokens", "input_tokens":
			r.spends(&r.answer.InputTokens, count(m.value))
		case "completion_tokens", "output_tokens":
			r.spends(&r.answer.OutputTokens, count(m.value))
		case "completion_tokens_details", "output_tokens_details":
			r.spends(&r.answer.ReasoningTokens, count(memberOf(m.value, "reasoning_tokens")))
		}
	}
	return true
}

// memberOf returns the value of one member, nil where there is none.
func memberOf(raw []byte, name string) []byte {
	for m := object(raw); m.next(); {
		if string(m.key) == name {
			return m.value
		}
	}
	return nil
}

// responsePrefix begins the types of the events of OpenAI's responses.
var responsePrefix = []byte("response.")

// readResponse takes an event whose type was of, behind the prefix.
func (r *Reader) readResponse(f *fields, of []byte) {
	r.is(openAIResponses)
	switch string(of) {
	case "completed", "incomplete", "failed", "cancelled":
		r.closeResponse(f.response)
		return
	case "output_item.added":
		r.readItem(f.item)
		return
	case "created", "in_progress", "queued":
		r.names(memberOf(f.response, "model"))
	}
	switch {
	case !bytes.HasSuffix(of, []byte(".delta")):
		r.carries(partOfStep(of))
	case !r.adds(partOfDelta(of), f.delta):
		r.carries(tunnel.Heartbeat)
	}
}

// partOfDelta is what a delta of that type adds to.
func partOfDelta(of []byte) tunnel.Part {
	switch {
	case bytes.HasPrefix(of, []byte("reasoning")):
		return tunnel.Reasoning
	case bytes.Contains(of, []byte("call")):
		return tunnel.Tool
	}
	return tunnel.Content
}

// partOfStep is for the events that begin and end the pieces of an answer, or
// tell how far it is.
func partOfStep(of []byte) tunnel.Part {
	if bytes.HasSuffix(of, []byte(".done")) || bytes.HasSuffix(of, []byte(".completed")) {
		return tunnel.Closing
	}
	return tunnel.Opening
}

// readItem takes the beginning of a message, or of a call, whose name counts.
func (r *Reader) readItem(item []byte) {
	r.carries(tunnel.Opening)
	if bytes.HasSuffix(quoted(memberOf(item, "type")), []byte("_call")) {
		r.calls(memberOf(item, "name"))
	}
}

func (r *Reader) closeResponse(response []byte) {
	r.carries(tunnel.Closing)
	r.ends()
	var reason []byte
	for m := object(response); m.next(); {
		switch string(m.key) {
		case "status":
			r.finishes(m.value)
		case "model":
			r.names(m.value)
		case "usage":
			r.readUsage(m.value)
		case "incomplete_details":
			reason = memberOf(m.value, "reason")
		case "error":
			reason = memberOf(m.value, "code")
		}
	}
	r.finishes(reason)
}
