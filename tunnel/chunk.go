package tunnel

import "time"

// BlockedThreshold is how long a write to the client must block before the
// chunk after it counts as client-limited: shorter waits are the ordinary cost
// of a system call.
const BlockedThreshold = 5 * time.Millisecond

// Direction says which way bytes travel through the proxy.
type Direction uint8

// The two directions.
const (
	ToOrigin Direction = iota // from the client
	ToClient                  // from the origin
)

// String returns "to origin" or "to client".
func (d Direction) String() string {
	if d == ToOrigin {
		return "to origin"
	}
	return "to client"
}

// Chunk is what one read from the origin side returned. In an exchange whose
// chunks were merged for lack of room, one Chunk stands for up to
// [Exchange.ReadsPerChunk] neighbouring reads: At is then that of the first,
// the other fields are sums.
type Chunk struct {
	// At is when the read returned, since Exchange.Start.
	At time.Duration
	// Blocked is how long handing these bytes to the client took. Zero until
	// the write has returned.
	Blocked time.Duration
	// Bytes is the payload carried: no framing, content-encoding kept.
	Bytes int32
	// Units is how many units this read completed.
	Units int32
}

// ClientLimited reports whether the chunk at index i of chunks arrived only
// when it did because the client had been slow to take the one before. Such a
// chunk says nothing about the origin.
func ClientLimited(chunks []Chunk, i int) bool {
	return i > 0 && i < len(chunks) && chunks[i-1].Blocked > BlockedThreshold
}

// UnitKind says by which rule units were told apart.
type UnitKind uint8

// The kinds of unit.
const (
	NoUnits   UnitKind = iota // not looked for, or not found
	SSE                       // one server-sent event (WHATWG HTML §9.2)
	NDJSON                    // one line of newline-delimited JSON
	Text                      // one read of text without a length
	WebSocket                 // one frame (RFC 6455)
	TLSRecord                 // one TLS record of application data
)

var unitNames = [...]string{"", "sse", "ndjson", "text", "ws", "tls"}

// String returns the name used in recordings: "sse", "ndjson", "text", "ws",
// "tls", or "" for NoUnits.
func (k UnitKind) String() string {
	if int(k) < len(unitNames) {
		return unitNames[k]
	}
	return ""
}

// ParseUnitKind is the inverse of [UnitKind.String]. Unknown names are NoUnits.
func ParseUnitKind(name string) UnitKind {
	for k, n := range unitNames {
		if n == name {
			return UnitKind(k)
		}
	}
	return NoUnits
}

// Unit is the application's own piece of a stream.
type Unit struct {
	// At is the arrival of the read that completed it, since Exchange.Start.
	At time.Duration
	// Offset is where it begins in the content-decoded body, in bytes; what of
	// it was kept is Exchange.Body from there on. Zero in an opaque tunnel.
	Offset int64
	// Bytes is its size after content-decoding, delimiters included; for a TLS
	// record the estimated plaintext.
	Bytes int32
	Kind  UnitKind
	// Part is what it carries of a language model's answer.
	Part Part
}
