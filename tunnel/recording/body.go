package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
)

// maxBody is how many bytes of a body are written and read: what a journal keeps
// by default.
const maxBody = 1 << 20

// body is the beginning of a decoded body: as text where it is, else as
// {"base64":"…"}.
type body []byte

type encodedBody struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON is the inverse of UnmarshalJSON.
func (b body) MarshalJSON() ([]byte, error) {
	if !isText(b) {
		return json.Marshal(encodedBody{b})
	}
	return appendString(nil, string(b)), nil
}

// isText reports whether b is best written as text: it is, and its escapes make
// it no longer than the other form would.
func isText(b []byte) bool {
	more := 0 // bytes
	for _, c := range b {
		switch {
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			more++
		case c < ' ' || c == '<' || c == '>' || c == '&':
			more += len(`\u0000`) - 1
		}
	}
	return more <= len(b)/3 && utf8.Valid(b)
}

// UnmarshalJSON reads both forms.
func (b *body) UnmarshalJSON(data []byte) error {
	var text string
	var encoded encodedBody
	switch {
	case len(data) > 0 && data[0] == '{':
		if err := json.Unmarshal(data, &encoded); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		*b = encoded.Base64
	case json.Unmarshal(data, &text) == nil:
		*b = body(text)
	default:
		return errors.New("body: neither text nor base64")
	}
	if len(*b) > maxBody {
		return fmt.Errorf("body: longer than %d bytes", maxBody)
	}
	return nil
}

// maskKeys covers what looks like a key in a body with asterisks, as many as it
// has bytes: the places of its units stay.
func maskKeys(b []byte) []byte {
	if len(b) == 0 || !containsAnyOf(string(b), keyMarks) {
		return b
	}
	return keys.ReplaceAllFunc(b, func(key []byte) []byte { return bytes.Repeat([]byte("*"), len(key)) })
}

// setText puts a body into the content of a HAR.
func (c *harContent) setText(b []byte) {
	if isText(b) {
		c.Text = string(b)
		return
	}
	c.Text, c.Encoding = base64.StdEncoding.EncodeToString(b), "base64"
}

// text is the inverse of setText.
func (c *harContent) text() (body, error) {
	b := []byte(c.Text)
	if c.Encoding == "base64" {
		var err error
		if b, err = base64.StdEncoding.DecodeString(c.Text); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	if len(b) > maxBody {
		return nil, fmt.Errorf("body: longer than %d bytes", maxBody)
	}
	return b, nil
}

// harEvent is an event as Chromium writes it into a HAR. Data and ID are there
// only where bodies were asked for.
type harEvent struct {
	Time float64 `json:"time"` // seconds since 1970
	Name string  `json:"eventName"`
	ID   string  `json:"eventId,omitempty"`
	Data string  `json:"data"`
}

// harEvents are the events whose names are known, which are in the body.
func harEvents(ex *tunnel.Exchange, bodies bool) []harEvent {
	if ex.UnitKind != tunnel.SSE || len(ex.Body) == 0 {
		return nil
	}
	sent, _ := ex.Phases.At(tunnel.Sent)
	var events []harEvent
	for _, e := range llm.EventsOf(ex, 0, len(ex.Units)) {
		if e.Part == tunnel.Heartbeat && e.Name == "" {
			continue
		}
		at := float64(ex.Start.Add(e.At+sent).UnixMicro()) / 1e6
		out := harEvent{Time: at, Name: redactText(e.Name, 0)}
		if bodies {
			out.ID, out.Data = e.ID, e.Data
		}
		events = append(events, out)
	}
	return events
}
