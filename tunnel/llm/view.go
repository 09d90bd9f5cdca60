package llm

import (
	"bytes"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"streamgauge/tunnel"
	"streamgauge/tunnel/wire"
)

// Event is one unit as a reader wants to see it.
type Event struct {
	// Index is its place in Exchange.Units.
	Index int
	// At is when it arrived, since the request was sent, and Gap the time since
	// the unit before; the first one's Gap is At.
	At, Gap time.Duration
	// Name and ID are an SSE event's.
	Name, ID string
	// Bytes is its size, delimiters included.
	Bytes int
	Part  tunnel.Part
	// Data is its data, or the text of a comment, as valid UTF-8; empty where the
	// body was not kept so far. Cut says that there is more than is shown.
	Data string
	Cut  bool
}

// longestData bounds in bytes how much of an event is shown.
const longestData = 2 << 10

// EventsOf returns up to n units of ex from index from on, heartbeats included,
// with what they hold as far as the body was kept.
func EventsOf(ex *tunnel.Exchange, from, n int) []Event {
	from = min(max(from, 0), len(ex.Units))
	sent, _ := ex.Phases.At(tunnel.Sent)
	var joined []byte
	events := make([]Event, 0, min(max(n, 0), len(ex.Units)-from))
	for i := from; len(events) < cap(events); i++ {
		u := &ex.Units[i]
		before := sent
		if i > 0 {
			before = ex.Units[i-1].At
		}
		e := Event{Index: i, At: max(u.At-sent, 0), Gap: max(u.At-before, 0), Bytes: int(u.Bytes), Part: u.Part}
		e.show(u.Kind, unitOf(ex, u), &joined)
		events = append(events, e)
	}
	return events
}

// unitOf is what was kept of a unit.
func unitOf(ex *tunnel.Exchange, u *tunnel.Unit) []byte {
	kept := int64(len(ex.Body))
	if u.Offset < 0 || u.Offset >= kept || u.Kind == tunnel.TLSRecord || u.Kind == tunnel.WebSocket {
		return nil
	}
	return ex.Body[u.Offset:min(u.Offset+int64(max(u.Bytes, 0)), kept)]
}

// show fills in what the unit holds.
func (e *Event) show(kind tunnel.UnitKind, unit []byte, joined *[]byte) {
	data := unit
	if kind == tunnel.SSE {
		var parsed event
		parsed.parse(unit[:min(len(unit), maxUnit)], joined)
		data = parsed.data
		e.Name, e.ID = legible(parsed.name), legible(parsed.id)
		if len(data) == 0 && bytes.HasPrefix(unit, colon) {
			data = unit
		}
	}
	data = bytes.TrimRight(data, "\r\n")
	e.Cut = len(unit) < e.Bytes || len(data) > longestData
	e.Data = legible(data[:min(len(data), longestData)])
}

// legible is b as text: a character that was cut at the end is left out, other
// bytes that are none are marked.
func legible(b []byte) string {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if start := len(b) - i; utf8.RuneStart(b[start]) {
			if !utf8.FullRune(b[start:]) {
				b = b[:start]
			}
			break
		}
	}
	return strings.ToValidUTF8(string(b), string(utf8.RuneError))
}

// Transcript is the text of an answer, its deltas joined.
type Transcript struct {
	// Reasoning, Content and Tool hold what was said in each; a tool call is its
	// name, a blank and its arguments, each call on a line of its own.
	Reasoning, Content, Tool string
	// Cut says that the body was not kept to its end, so that text is missing.
	Cut bool
}

// TextOf joins the deltas of ex as far as the body was kept. Where no model's
// stream is recognised it is empty.
func TextOf(ex *tunnel.Exchange) Transcript {
	var r Reader
	var reasoning, content, tool []byte
	var found int64
	splitUnits(ex, func(kind tunnel.UnitKind, unit []byte) {
		delta := r.Read(kind, unit)
		found++
		reasoning = append(reasoning, delta.Reasoning...)
		content = append(content, delta.Content...)
		tool = append(tool, delta.Tool...)
	})
	return Transcript{Reasoning: legible(reasoning), Content: legible(content), Tool: legible(tool), Cut: isCut(ex, found)}
}

// splitUnits tells the units of the kept body apart anew: the body may reach
// further than the units that were kept.
func splitUnits(ex *tunnel.Exchange, each func(tunnel.UnitKind, []byte)) {
	contentType := ""
	switch ex.UnitKind {
	case tunnel.SSE:
		contentType = "text/event-stream"
	case tunnel.NDJSON:
		contentType = "application/x-ndjson"
	case tunnel.Text:
		each(tunnel.Text, ex.Body)
		return
	default:
		return
	}
	take := func(p wire.Piece) {
		if !p.Comment {
			each(p.Kind, ex.Body[p.Offset:p.Offset+int64(p.Bytes)])
		}
	}
	units := wire.NewUnits(contentType, true)
	units.Feed(ex.Body, take)
	units.End(take)
}

// isCut reports that the kept body, in which that many units were found, lacks
// something that came.
func isCut(ex *tunnel.Exchange, found int64) bool {
	kept := int64(len(ex.Body))
	if n := len(ex.Units); n > 0 {
		if last := &ex.Units[n-1]; last.Offset+int64(last.Bytes) > kept {
			return true
		}
	}
	if isEncoded(ex) {
		return found < ex.Totals.Units && ex.UnitKind != tunnel.Text
	}
	return kept < ex.Totals.Bytes
}

// isEncoded reports a content-coding: then the sizes of body and payload differ.
func isEncoded(ex *tunnel.Exchange) bool {
	for _, h := range ex.ResponseHeaders {
		if textproto.CanonicalMIMEHeaderKey(h.Name) == "Content-Encoding" && !strings.EqualFold(strings.TrimSpace(h.Value), "identity") {
			return true
		}
	}
	return false
}
