package tunneltest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Framing is how the end of a body is told (RFC 9112 §6.3).
type Framing uint8

// The framings.
const (
	Chunked        Framing = iota // one wire chunk for each write
	ContentLength                 // length told in advance
	CloseDelimited                // the end of the connection is the end
)

// Cut is how an answer breaks off.
type Cut uint8

// The ways to break off.
const (
	NoCut   Cut = iota // the answer is complete
	CutFIN             // the connection is closed
	CutRST             // the connection is reset
	BadSize            // a chunk size line that is none, then FIN; chunked only
)

// Stream describes an answer that comes in events. The zero value is ten
// events of SSE at once, chunked.
type Stream struct {
	// Body is the format of the events.
	Body Body
	// ContentType replaces the one usual for Body; [NoType] leaves the field out.
	ContentType string
	// Framing applies to requests that can take it: an HTTP/1.0 client gets
	// CloseDelimited instead of Chunked.
	Framing Framing
	// Status is the status code. Zero means 200.
	Status int
	// Header holds further fields in their order.
	Header [][2]string

	// Interim are the times of 103 answers, since the request was read in full.
	Interim []time.Duration
	// HeadDelay is from the request to the head.
	HeadDelay time.Duration
	// First is from the head to the first event. Zero means in the same
	// instant, though in a write of its own.
	First time.Duration
	// Every is from one event to the next, or from burst to burst.
	Every time.Duration
	// Pauses are silences in addition, before the event of that number (from 0).
	Pauses map[int]time.Duration
	// Tail is from the last event to the end of the answer.
	Tail time.Duration

	// Events counts the events. Zero means ten.
	Events int
	// EventSize is bytes an event, its delimiter included. Zero means as long
	// as its words are.
	EventSize int
	// Pieces, if any, are the events word for word, instead of Body, Events
	// and EventSize.
	Pieces []string
	// Burst is how many events are written at once. Zero means one.
	Burst int
	// HalfChunks sends each wire chunk in two writes, the second half of Every
	// later. The event is complete with the second.
	HalfChunks bool

	// Encoding is gzip, deflate, br, zstd, or "" for none.
	Encoding string
	// Unflushed leaves it to the encoder when bytes come out: the classical
	// mistake.
	Unflushed bool
	// Trailer holds the fields behind the last wire chunk. Chunked only.
	Trailer [][2]string

	// Cut breaks the answer off in the place of the event of the number CutAt
	// (from 0; beyond the last: in place of the end), or of the burst it is in.
	Cut   Cut
	CutAt int
	// CutInside sends half of that event's wire chunk first, and cuts half of
	// Every later.
	CutInside bool
}

// Payload returns the body without framing, content-encoded if the stream is.
func (s Stream) Payload() ([]byte, error) {
	encoded, err := encode(s.Encoding, s.bursts(), !s.Unflushed)
	return bytes.Join(encoded, nil), err
}

// Plain returns the body as the application wrote it, before any encoding.
func (s Stream) Plain() []byte { return bytes.Join(s.bursts(), nil) }

// Script returns the steps that answer req.
func (s Stream) Script(req *http.Request) (Script, error) {
	encoded, err := encode(s.Encoding, s.bursts(), !s.Unflushed)
	if err != nil {
		return nil, err
	}
	if s.Framing == Chunked && !req.ProtoAtLeast(1, 1) {
		s.Framing = CloseDelimited
	}
	var script Script
	for _, at := range s.Interim { // RFC 9110 §15.2: none to HTTP/1.0
		if !req.ProtoAtLeast(1, 1) {
			break
		}
		script = append(script, Step{At: at, Data: []byte("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")})
	}
	script = append(script, Step{At: s.HeadDelay, Data: s.head(req, encoded)})
	if req.Method != http.MethodHead {
		script = append(script, s.body(encoded)...)
	}
	if req.Close || s.Framing == CloseDelimited {
		script = append(script, Step{Do: FIN})
	}
	return script, nil
}

func (s Stream) events() [][]byte {
	if len(s.Pieces) > 0 {
		events := make([][]byte, len(s.Pieces))
		for i, p := range s.Pieces {
			events[i] = []byte(p)
		}
		return events
	}
	n := s.Events
	if n == 0 {
		n = 10
	}
	events := make([][]byte, n)
	for i := range events {
		events[i] = s.Body.piece(i, n, s.EventSize)
	}
	return events
}

// bursts joins the events that are written at once.
func (s Stream) bursts() [][]byte {
	events, size := s.events(), max(s.Burst, 1)
	var joined [][]byte
	for len(events) > 0 {
		k := min(size, len(events))
		joined = append(joined, bytes.Join(events[:k], nil))
		events = events[k:]
	}
	return joined
}

func (s Stream) head(req *http.Request, encoded [][]byte) []byte {
	status := s.Status
	if status == 0 {
		status = http.StatusOK
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	field("Date", time.Now().UTC().Format(http.TimeFormat))
	switch s.ContentType {
	case "":
		field("Content-Type", s.Body.contentType())
	case NoType:
	default:
		field("Content-Type", s.ContentType)
	}
	field("Content-Encoding", s.Encoding)
	switch s.Framing {
	case Chunked:
		field("Transfer-Encoding", "chunked")
		field("Trailer", trailerNames(s.Trailer))
	case ContentLength:
		field("Content-Length", fmt.Sprint(len(bytes.Join(encoded, nil))))
	}
	if req.Close || s.Framing == CloseDelimited {
		field("Connection", "close")
	}
	for _, f := range s.Header {
		field(f[0], f[1])
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func trailerNames(fields [][2]string) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f[0]
	}
	return strings.Join(names, ", ")
}

// body lays the events out in time.
func (s Stream) body(encoded [][]byte) Script {
	var script Script
	size := max(s.Burst, 1)
	left := len(s.events())
	at := s.HeadDelay + s.First
	for i, data := range encoded {
		if i > 0 {
			at += s.Every
		}
		n := min(size, left)
		for e := i * size; e < i*size+n; e++ {
			at += s.Pauses[e]
		}
		if s.Cut != NoCut && s.CutAt < i*size+n {
			return append(script, s.cut(at, data)...)
		}
		script = append(script, s.write(at, data, n)...)
		left -= n
	}
	at += s.Tail
	if s.Cut != NoCut {
		return append(script, s.cut(at, nil)...)
	}
	if s.Framing == Chunked {
		script = append(script, Step{At: at, Data: s.lastChunk()})
	}
	return append(script, Step{At: at})
}

// write sends one burst, whole or in two halves.
func (s Stream) write(at time.Duration, data []byte, events int) Script {
	data = s.frame(data)
	if !s.HalfChunks || len(data) < 2 {
		return Script{{At: at, Data: data, Events: events}}
	}
	half := len(data) / 2
	return Script{
		{At: at, Data: data[:half]},
		{At: at + s.Every/2, Data: data[half:], Events: events},
	}
}

func (s Stream) frame(data []byte) []byte {
	// A wire chunk of no bytes would be the last one (RFC 9112 §7.1).
	if s.Framing != Chunked || len(data) == 0 {
		return data
	}
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(data), data)
}

func (s Stream) lastChunk() []byte {
	b := []byte("0\r\n")
	for _, f := range s.Trailer {
		b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
	}
	return append(b, "\r\n"...)
}

// cut breaks off where data should have been sent.
func (s Stream) cut(at time.Duration, data []byte) Script {
	var script Script
	if s.CutInside && len(data) > 0 {
		data = s.frame(data)
		script = Script{{At: at, Data: data[:len(data)/2]}}
		at += s.Every / 2
	}
	switch s.Cut {
	case CutRST:
		return append(script, Step{At: at, Do: RST})
	case BadSize:
		return append(script, Step{At: at, Data: []byte("zz\r\n"), Do: FIN})
	}
	return append(script, Step{At: at, Do: FIN})
}
