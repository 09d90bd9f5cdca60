package tunnel

import "time"

// Kind says how much of an exchange the proxy could see.
type Kind string

// The kinds of exchange, as written in recordings.
const (
	KindHTTP      Kind = "http"      // absolute-form request, seen whole
	KindTunnel    Kind = "tunnel"    // CONNECT or SOCKS, opaque
	KindWebSocket Kind = "websocket" // an Upgrade, seen from 101 on as frames
	KindGateway   Kind = "gateway"   // through a base URL on our own port
	KindKeylog    Kind = "keylog"    // a tunnel opened with the client's TLS keys
	KindDecrypted Kind = "decrypted" // a tunnel opened with our own CA
)

// End says how an exchange finished.
type End string

// How exchanges end. Running is the zero value.
const (
	Running      End = ""
	Complete     End = "complete"      // ended as its framing said it would
	Truncated    End = "truncated"     // the origin side broke off within the body
	ClientClosed End = "client_closed" // the client left first
	Failed       End = "error"         // no answer of the origin reached the client
)

// Ending is what the last words of a body tell. Some hops end a broken stream
// as if it were whole; then the protocol is complete and the content is not.
type Ending string

// The endings, as written in recordings.
const (
	EndingUnknown Ending = ""        // of a format that does not say
	EndingSaid    Ending = "said"    // "[DONE]", "message_stop" or the like was there
	EndingMissing Ending = "missing" // it was not
)

// Remark is a code for what a person should know of an exchange though nothing
// failed: how far it could be seen into, and why no further. The sentence for
// it is the user interface's.
type Remark string

// The remarks on tunnels that were to be opened with the client's keys. Empty
// says nothing: nobody tried, or it is open.
const (
	RemarkNoKey      Remark = "no_key"      // the client has not written its key down, so far
	RemarkWrongKey   Remark = "wrong_key"   // with the key that was written down a record does not open
	RemarkCipher     Remark = "cipher"      // of a version or cipher suite that is not opened
	RemarkEarlyData  Remark = "early_data"  // began with data whose key was not written down
	RemarkFellBehind Remark = "fell_behind" // more came than could be held or opened in time
	RemarkNotHTTP    Remark = "not_http"    // opened, but there is no HTTP inside that can be followed
)

// The remarks on tunnels to listed hosts that were passed on unopened.
const (
	RemarkUntrusted  Remark = "untrusted"   // a client of this host did not trust our authority before
	RemarkNotCovered Remark = "not_covered" // our authority was made for other hosts
)

// Header is one field line of a head, in the order and spelling of the wire
// where the wire was seen.
type Header struct {
	Name, Value string
}

// TLSInfo is what the two hellos of a tunnel tell without decrypting it.
type TLSInfo struct {
	ServerName string // SNI; empty when absent or hidden by ECH
	ALPN       string // the protocol agreed or, in TLS 1.3, the first one offered
	Version    string // "TLS 1.3"; empty until the server's hello was seen
}

// Exchange is one request and its response, or one opaque tunnel. As returned
// by [Live.Snapshot] it is a private copy.
type Exchange struct {
	// ID is unique within a run and short enough to type.
	ID string
	// Start is when the request's head was complete. It carries the monotonic
	// reading; wall time appears only in recordings.
	Start time.Time
	Kind  Kind
	// Tunnel is the ID of the exchange through which this one was seen, where a
	// tunnel was opened by keys or by our own CA; empty for all others.
	Tunnel string
	// Method, URL and Protocol are the request's. URL is as the client sent it
	// and may hold credentials: whoever prints it redacts it.
	Method, URL, Protocol string
	// Host is the origin as host:port.
	Host string
	// Client is the client's address as host:port.
	Client string
	// Upstream is the path taken, without credentials: "direct" or a URL.
	Upstream string
	// Status is the response's status code; 0 while there is none.
	Status int
	// RequestHeaders and ResponseHeaders are unredacted.
	RequestHeaders, ResponseHeaders []Header
	TLS                             TLSInfo
	Phases                          Phases
	// Chunks are the arrivals from the origin, in order.
	Chunks []Chunk
	// ReadsPerChunk is 1, or the power of two of neighbouring reads that one
	// Chunk stands for at most after merging.
	ReadsPerChunk int
	// Units are the first units of the stream, up to the recorder's bound;
	// Totals.Units counts all. The comments of an event stream stand among them
	// as heartbeats and are not counted, there and in Chunk.Units.
	Units []Unit
	// Turns are the requests and responses told apart inside an opaque HTTP/1.1
	// tunnel by the direction of its records; empty where they cannot be.
	Turns []Turn
	// Frames are the first WebSocket frames of both directions, control frames
	// included, up to the bound of units.
	Frames []Frame
	// Body is the beginning of the response's body after content-decoding, up to
	// the recorder's bound: for the eye, never recorded unless asked. It is never
	// changed in place, so copies share it.
	Body []byte
	// Answer is what a language model's stream says of itself.
	Answer Answer
	// UnitKind is the rule by which units were told apart.
	UnitKind UnitKind
	// Ending tells whether a body that says its own end has said it.
	Ending Ending
	Totals Totals
	End    End
	// Error says in one line what failed, without credentials; empty if nothing did.
	Error string
	// Remark is what a person should know of an exchange that has not failed.
	Remark Remark
}

// Turn is one request and its response inside an opaque tunnel. Times are
// since Exchange.Start.
type Turn struct {
	Sent  time.Duration // last request record passed to the origin
	First time.Duration // first response record; zero while there is none
	Last  time.Duration // latest response record
	Bytes int64         // estimated plaintext of the response
}

// Totals are exact however much of the detail was merged or dropped.
type Totals struct {
	// Reads is how many reads from the origin carried payload.
	Reads int64
	// Bytes is the payload they carried towards the client.
	Bytes int64
	// RequestBytes is the payload that went to the origin.
	RequestBytes int64
	// Units is how many units were completed.
	Units int64
	// Blocked is the time spent waiting for the client to take bytes.
	Blocked time.Duration
	// LongestGap is the longest time between two neighbouring reads, and
	// LongestGapAt when it began, since Exchange.Start.
	LongestGap, LongestGapAt time.Duration
	// Last is when the last read returned, since Exchange.Start.
	Last time.Duration
}

// Duration is how long the exchange took, or has taken when it was copied.
func (e *Exchange) Duration() time.Duration {
	if end, ok := e.Phases.At(Ended); ok {
		return end
	}
	return e.Totals.Last
}
