package llm

import (
	"bytes"

	"streamgauge/tunnel"
)

const (
	// maxUnit is how many bytes of a unit are looked at. What a delta carries
	// stands at its beginning; only the usage within a very large last event is
	// missed.
	maxUnit = 64 << 10
	// mostStrange is how many units may come before one is of a known format:
	// some services send events of their own first.
	mostStrange = 64
)

// The formats, as [tunnel.Answer] names them.
const (
	openAIChat      = "openai-chat"
	openAIResponses = "openai-responses"
	anthropic       = "anthropic"
	gemini          = "gemini"
	ollama          = "ollama"
	dashScope       = "dashscope"
)

// Delta is what one unit carries. Its texts are valid until the next Read.
type Delta struct {
	Part tunnel.Part
	// Reasoning, Content and Tool are what it adds to each. A tool call is its
	// name, a blank and its arguments, each call on a line of its own.
	Reasoning, Content, Tool []byte
	// Told says that [Reader.Answer] or [Reader.Said] has changed.
	Told bool
}

// Reader follows the units of one body. Its memory is bounded, and it allocates
// nothing per unit once its buffers have grown. The zero value is ready. It is
// not safe for concurrent use.
type Reader struct {
	answer  tunnel.Answer // without times and counts
	said    bool
	opened  bool // a unit of the format has come
	begun   bool // one that carries something
	inTool  bool // a tool call was named
	strange int  // units of no known format
	list    list
	// Of DashScope: the content and the reasoning so far, as each event may repeat
	// them; increments says that they do not.
	before     [2][]byte
	increments bool
	joined     []byte
	delta      Delta
	each       func(element []byte)
	// fields are those of the object at hand; nil before the first. They are too
	// large for the stack of a goroutine of which there are thousands.
	fields *fields
}

// Answer is what the units have said so far of API, model, finish and usage;
// its times and counts are zero.
func (r *Reader) Answer() tunnel.Answer { return r.answer }

// Said reports whether the format's last words have come: "[DONE]",
// message_stop, response.completed, "done":true, a finishReason, or an error in
// their place.
func (r *Reader) Said() bool { return r.said }

// Foreign reports that the body is no model's, as far as one looks: Read has
// nothing more to say.
func (r *Reader) Foreign() bool {
	return r.answer.API == "" && (r.strange > mostStrange || r.list.foreign)
}

// Read takes the next unit: an event with its blank line, a line, or of a body
// that is [tunnel.Text] what came. Of one longer than 64 KiB only the beginning
// is looked at.
func (r *Reader) Read(kind tunnel.UnitKind, unit []byte) Delta {
	r.delta = Delta{Reasoning: r.delta.Reasoning[:0], Content: r.delta.Content[:0], Tool: r.delta.Tool[:0]}
	if r.Foreign() || len(unit) == 0 {
		return r.delta
	}
	switch kind {
	case tunnel.SSE:
		r.readEvent(unit[:min(len(unit), maxUnit)])
	case tunnel.NDJSON:
		const recordSeparator = "\x1e" // RFC 7464
		r.readObject(bytes.TrimLeft(unit[:min(len(unit), maxUnit)], recordSeparator+"\xef\xbb\xbf \t\r\n"), nil)
	case tunnel.Text:
		if r.each == nil {
			r.each = r.readElement
		}
		r.list.feed(unit, r.each)
	}
	return r.delta
}

func (r *Reader) readElement(element []byte) { r.readObject(element, nil) }

func (r *Reader) readEvent(unit []byte) {
	var e event
	e.parse(unit, &r.joined)
	data := bytes.TrimSpace(e.data)
	switch {
	case string(data) == "[DONE]":
		if r.opened {
			r.carries(tunnel.Closing)
			r.ends()
		}
	case len(data) == 0, string(e.name) == "ping":
		r.carries(tunnel.Heartbeat)
	default:
		r.readObject(data, e.name)
	}
}

// fields are the members of an event that tell its format and what it carries.
type fields struct {
	kind, object, model, failure       []byte
	choices, usage                     []byte // OpenAI chat
	delta, message, block              []byte // Anthropic
	item, response                     []byte // OpenAI responses; response is also Ollama's and a wrapped Gemini's
	candidates, metadata, feedback     []byte // Gemini
	version                            []byte
	done, doneReason, thinking         []byte // Ollama
	output, requestID                  []byte // DashScope
	promptCount, outputCount, moreTold []byte
}

// longestField is above every name in fields, in bytes.
const longestField = 32

// fieldsOf returns the members of an object, valid until the next call.
func (r *Reader) fieldsOf(data []byte) *fields {
	if r.fields == nil {
		r.fields = new(fields)
	}
	f := r.fields
	*f = fields{}
	for m := object(data); m.next(); {
		if len(m.key) > longestField {
			continue // none of ours, and not to be copied
		}
		if field := f.of(string(m.key)); field != nil {
			*field = m.value
		}
	}
	return f
}

// of returns where the member of that name belongs, or nil.
func (f *fields) of(name string) *[]byte {
	switch name {
	case "type":
		return &f.kind
	case "object":
		return &f.object
	case "model":
		return &f.model
	case "error":
		return &f.failure
	case "choices":
		return &f.choices
	case "usage":
		return &f.usage
	case "delta":
		return &f.delta
	case "message":
		return &f.message
	case "content_block":
		return &f.block
	case "item":
		return &f.item
	case "response":
		return &f.response
	case "candidates":
		return &f.candidates
	case "usageMetadata":
		return &f.metadata
	case "promptFeedback":
		return &f.feedback
	}
	return f.ofOthers(name)
}

func (f *fields) ofOthers(name string) *[]byte {
	switch name {
	case "modelVersion":
		return &f.version
	case "done":
		return &f.done
	case "done_reason":
		return &f.doneReason
	case "thinking":
		return &f.thinking
	case "prompt_eval_count":
		return &f.promptCount
	case "eval_count":
		return &f.outputCount
	case "output":
		return &f.output
	case "request_id":
		return &f.requestID
	case "prompt_filter_results", "x_groq":
		return &f.moreTold
	}
	return nil
}

// readObject takes the data of an event, or a line. name is the event's.
func (r *Reader) readObject(data, name []byte) {
	if len(data) == 0 || data[0] != '{' {
		r.strange++
		return
	}
	f := r.fieldsOf(data)
	kind := quoted(f.kind)
	switch {
	case f.isChat(r.answer.API):
		r.readChat(f)
	case f.isGemini():
		r.readGemini(f)
	case bytes.HasPrefix(kind, responsePrefix):
		r.readResponse(f, kind[len(responsePrefix):])
	case isAnthropic(kind):
		r.readAnthropic(f, kind)
	case f.isOllama():
		r.readOllama(f)
	case f.isDashScope():
		r.readDashScope(f)
	case string(kind) == "ping", string(kind) == "keepalive":
		r.carries(tunnel.Heartbeat)
	case r.opened && (!isEmpty(f.failure) || string(kind) == "error" || string(name) == "error"):
		r.fails(f, data)
	case len(f.response) > 0 && f.response[0] == '{':
		r.readWrapped(f.response)
	default:
		r.strange++
		return
	}
}

// readWrapped looks at what a gateway put into an object of its own.
func (r *Reader) readWrapped(data []byte) {
	if f := r.fieldsOf(data); f.isGemini() {
		r.readGemini(f)
		return
	}
	r.strange++
}

// is notes the format, the first time.
func (r *Reader) is(api string) {
	r.opened = true
	if r.answer.API == "" {
		r.answer.API = api
		r.delta.Told = true
	}
}

// rank orders parts by which of them a unit that has several is known for.
var rank = [...]int{
	tunnel.NoPart: 0, tunnel.Heartbeat: 1, tunnel.Opening: 2, tunnel.Closing: 3,
	tunnel.Reasoning: 4, tunnel.Tool: 5, tunnel.Content: 6,
}

func (r *Reader) carries(p tunnel.Part) {
	if rank[p] > rank[r.delta.Part] {
		r.delta.Part = p
	}
}

// adds notes that raw, a string, belongs to what p is; an empty one is nothing.
func (r *Reader) adds(p tunnel.Part, raw []byte) bool {
	if isEmpty(raw) {
		return false
	}
	r.carries(p)
	r.begun = true
	text := &r.delta.Content
	switch p {
	case tunnel.Reasoning:
		text = &r.delta.Reasoning
	case tunnel.Tool:
		text = &r.delta.Tool
	}
	*text = appendText(*text, raw)
	return true
}

// calls notes a tool call of that name.
func (r *Reader) calls(name []byte) bool {
	if isEmpty(name) {
		return false
	}
	if r.inTool {
		r.delta.Tool = append(r.delta.Tool, '\n')
	}
	r.inTool = true
	r.adds(tunnel.Tool, name)
	r.delta.Tool = append(r.delta.Tool, ' ')
	return true
}

// passes adds arguments that are an object and no string.
func (r *Reader) passes(arguments []byte) {
	if quoted(arguments) != nil {
		r.adds(tunnel.Tool, arguments)
	} else if !isEmpty(arguments) {
		r.carries(tunnel.Tool)
		r.delta.Tool = append(r.delta.Tool, arguments...)
	}
}

func (r *Reader) ends() {
	r.delta.Told = r.delta.Told || !r.said
	r.said = true
}

// finishes notes the reason given for the end and reports whether there is one.
func (r *Reader) finishes(raw []byte) bool {
	reason := quoted(raw)
	if len(reason) == 0 || string(reason) == "null" {
		return false
	}
	r.carries(tunnel.Closing)
	tell(r, &r.answer.Finish, reason)
	return true
}

// longestName bounds in bytes what is kept of a name.
const longestName = 200

func (r *Reader) names(raw []byte) {
	if name := quoted(raw); len(name) > 0 && r.answer.Model == "" {
		tell(r, &r.answer.Model, name)
	}
}

func tell(r *Reader, field *string, text []byte) {
	text = text[:min(len(text), longestName)]
	if *field != string(text) {
		*field = string(bytes.ToValidUTF8(text, nil))
		r.delta.Told = true
	}
}

// spends notes a number of tokens; 0 is no news.
func (r *Reader) spends(field *int64, n int64) {
	if n > 0 && *field != n {
		*field = n
		r.delta.Told = true
	}
}

// fails takes an error that stands in place of the format's last words. Its
// message is left out: it may repeat what was asked.
func (r *Reader) fails(f *fields, data []byte) {
	r.carries(tunnel.Closing)
	r.ends()
	details := f.failure
	if len(details) == 0 || details[0] != '{' {
		details = data
	}
	var kind, code []byte
	for m := object(details); m.next(); {
		switch string(m.key) {
		case "type", "status":
			kind = quoted(m.value)
		case "code":
			code = quoted(m.value)
		}
	}
	if len(kind) == 0 || string(kind) == "error" {
		kind = code
	}
	reason := []byte("error")
	if len(kind) > 0 {
		reason = append(append(reason, ": "...), kind...)
	}
	tell(r, &r.answer.Finish, reason)
}
