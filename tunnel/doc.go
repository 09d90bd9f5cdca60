// Package tunnel is the vocabulary of Streamgauge: the values that travel from
// the socket to the graph, and nothing that moves them. It does no I/O and
// knows no HTTP library, so that measuring, judging and drawing share one set
// of words without pulling one another in.
//
// The path of the data, one direction only:
//
//	client ── proxy ──┬─ CONNECT, SOCKS ── relay ──┐
//	                  └─ absolute form ── forward ─┴─ tap ── upstream ── origin
//	                                                   │
//	                                                 Chunk
//	                                                   ▼
//	                     Live (one exchange while it runs, one writer)
//	                                                   ▼
//	                  Recorder (the journal) ──► snapshots ──► verdict
//	                                                      ├──► recording, HAR, CSV
//	                                                      └──► terminal, window
//
// Nothing flows back: whoever reads pulls a snapshot, and the writer never
// waits for a reader.
//
// Every duration counts from [Exchange.Start] on the monotonic clock. Every
// size is in bytes as they travelled, payload only (RFC 9112 framing removed,
// content-encoding kept); for an opaque tunnel the bytes are those on the wire.
package tunnel
