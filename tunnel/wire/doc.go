// Package wire splits bytes into units. It follows the framing of an HTTP/1
// response, tells server-sent events, JSON lines and WebSocket frames apart,
// and reads of an encrypted tunnel what can be read without a key.
//
// Everything here is fed with bytes as they came, cut anywhere, and answers
// with counts. It does no I/O, knows no clock and starts no goroutine; it
// allocates nothing per Feed once its buffers have grown to their bounds, and
// it looks at each byte a bounded number of times. Package tap and package
// relay stamp the reads and ask this package what each of them carried.
//
// Nothing here decides what is forwarded: it stands beside the parser that
// does. Whoever cannot follow says so (Lost, not TLS, NoUnits) and stays quiet.
package wire
