package llm

import "streamgauge/tunnel"

// isAnthropic tells an event of Anthropic's messages by its type.
func isAnthropic(kind []byte) bool {
	switch string(kind) {
	case "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop":
		return true
	}
	return false
}

func (r *Reader) readAnthropic(f *fields, kind []byte) {
	r.is(anthropic)
	switch string(kind) {
	case "message_start":
		// Its output_tokens are those of the opening and would be taken for all.
		r.carries(tunnel.Opening)
		r.names(memberOf(f.message, "model"))
		r.spends(&r.answer.InputTokens, count(memberOf(memberOf(f.message, "usage"), "input_tokens")))
	case "content_block_start":
		r.carries(tunnel.Opening)
		r.openBlock(f.block)
	case "content_block_delta":
		r.readBlockDelta(f.delta)
		r.carries(tunnel.Heartbeat)
	case "content_block_stop":
		r.carries(tunnel.Closing)
	case "message_delta":
		r.carries(tunnel.Closing)
		r.finishes(memberOf(f.delta, "stop_reason"))
		r.readUsage(f.usage)
	case "message_stop":
		r.carries(tunnel.Closing)
		r.ends()
	}
}

// openBlock takes the beginning of a block. That of a tool call has its name.
func (r *Reader) openBlock(block []byte) {
	for m := object(block); m.next(); {
		switch string(m.key) {
		case "name":
			r.calls(m.value)
		case "text":
			r.adds(tunnel.Content, m.value)
		case "thinking":
			r.adds(tunnel.Reasoning, m.value)
		}
	}
}

func (r *Reader) readBlockDelta(delta []byte) {
	for m := object(delta); m.next(); {
		switch string(m.key) {
		case "text":
			r.adds(tunnel.Content, m.value)
		case "thinking":
			r.adds(tunnel.Reasoning, m.value)
		case "partial_json":
			r.adds(tunnel.Tool, m.value)
		case "signature", "citation": // ends a block of thinking; notes a source
			r.carries(tunnel.Closing)
		}
	}
}

func (f *fields) isGemini() bool {
	return len(f.candidates) > 0 && f.candidates[0] == '[' || len(f.metadata) > 0 || len(f.feedback) > 0
}

func (r *Reader) readGemini(f *fields) {
	first := !r.opened
	r.is(gemini)
	r.names(f.version)
	for candidates := array(f.candidates); candidates.next(); {
		for m := object(candidates.value); m.next(); {
			switch string(m.key) {
			case "content":
				for parts := array(memberOf(m.value, "parts")); parts.next(); {
					r.readPart(parts.value)
				}
			case "finishReason":
				if r.finishes(m.value) {
					r.ends()
				}
			}
		}
	}
	if r.finishes(memberOf(f.feedback, "blockReason")) {
		r.ends()
	}
	r.readMetadata(f.metadata)
	switch {
	case !isEmpty(f.failure):
		r.fails(f, nil)
	case first:
		r.carries(tunnel.Opening)
	default:
		r.carries(tunnel.Heartbeat)
	}
}

// readPart takes a part of Gemini's content: a text, which may be a thought, a
// call, or data.
func (r *Reader) readPart(part []byte) {
	var text []byte
	as := tunnel.Content
	for m := object(part); m.next(); {
		switch string(m.key) {
		case "text":
			text = m.value
		case "thought":
			if string(m.value) == "true" {
				as = tunnel.Reasoning
			}
		case "functionCall":
			r.readFunction(m.value)
		case "inlineData", "fileData", "executableCode", "codeExecutionResult":
			r.carries(tunnel.Content)
			r.begun = true
		}
	}
	r.adds(as, text)
}

// readMetadata takes Gemini's usage, which comes with every event and grows.
// Its thoughts are counted beside the candidates.
func (r *Reader) readMetadata(metadata []byte) {
	var output int64
	for m := object(metadata); m.next(); {
		switch n := count(m.value); string(m.key) {
		case "promptTokenCount":
			r.spends(&r.answer.InputTokens, n)
		case "candidatesTokenCount":
			output += n
		case "thoughtsTokenCount":
			output += n
			r.spends(&r.answer.ReasoningTokens, n)
		}
	}
	r.spends(&r.answer.OutputTokens, output)
}

// isOllama tells a line of Ollama's by its done and what stands beside it.
func (f *fields) isOllama() bool {
	return len(f.done) > 0 && (len(f.message) > 0 && f.message[0] == '{' || quoted(f.response) != nil)
}

func (r *Reader) readOllama(f *fields) {
	first := !r.opened
	r.is(ollama)
	r.names(f.model)
	r.adds(tunnel.Content, f.response)
	r.adds(tunnel.Reasoning, f.thinking)
	for m := object(f.message); m.next(); {
		switch string(m.key) {
		case "content":
			r.adds(tunnel.Content, m.value)
		case "thinking":
			r.adds(tunnel.Reasoning, m.value)
		case "tool_calls":
			for calls := array(m.value); calls.next(); {
				r.readCall(calls.value)
			}
		}
	}
	switch {
	case string(f.done) == "true":
		r.carries(tunnel.Closing)
		r.ends()
		r.finishes(f.doneReason)
		r.spends(&r.answer.InputTokens, count(f.promptCount))
		r.spends(&r.answer.OutputTokens, count(f.outputCount))
	case first:
		r.carries(tunnel.Opening)
	default:
		r.carries(tunnel.Heartbeat)
	}
}
