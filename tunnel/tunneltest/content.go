package tunneltest

import (
	"fmt"
	"strings"
)

// Body is the format of a streamed body.
type Body uint8

// The formats, with the content type that is usual for each.
const (
	SSE       Body = iota // text/event-stream, as chat completion APIs send it
	NDJSON                // application/x-ndjson, a line an object
	Text                  // text/plain, a word after another
	JSONArray             // application/json, an array written element by element
)

// NoType as a content type means that the field is not sent.
const NoType = "none"

func (b Body) contentType() string {
	return [...]string{"text/event-stream", "application/x-ndjson", "text/plain; charset=utf-8", "application/json"}[b]
}

// tokens is what the origin says, in pieces such as a language model makes.
var tokens = strings.Split("A river |does not |ask |how much |water |it carries; |a gauge |on its bank |writes |the level |down |"+
	"every |few |minutes, |day |and |night, |and |whoever |reads |the line |later |sees |the rain |in the hills, |the gate |"+
	"that |was closed, |and |the hour |when |it opened |again. ", "|")

// piece returns event i of n. A size above zero pads or cuts the text so that
// the event has that many bytes, as far as its frame leaves room.
func (b Body) piece(i, n, size int) []byte {
	text := tokens[i%len(tokens)]
	if size > 0 {
		room := max(size-len(b.frame("", i, n)), 0)
		text = strings.Repeat(text, room/len(text)+1)[:room]
	}
	return []byte(b.frame(text, i, n))
}

func (b Body) frame(text string, i, n int) string {
	switch b {
	case SSE:
		return fmt.Sprintf("data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", text)
	case NDJSON:
		return fmt.Sprintf("{\"message\":{\"role\":\"assistant\",\"content\":%q},\"done\":%t}\n", text, i == n-1)
	case JSONArray:
		before, after := ",\n", ""
		if i == 0 {
			before = "["
		}
		if i == n-1 {
			after = "]\n"
		}
		return fmt.Sprintf("%s{\"content\":%q}%s", before, text, after)
	default:
		return text
	}
}
