// Package tap stamps what passes. It wraps the connection to the origin, the
// body of the response and the writer towards the client, so that net/http and
// goproxy between them can neither falsify an arrival time nor hold a byte.
//
//	origin ─► Conn.Read ── stamp, follow head and framing ──► Response (arrivals)
//	              │                                               │
//	              ▼ net/http Transport                            ▼ how much has come
//	          resp.Body ──────────► Body.WriteTo ── chunk, units, blocked ──► Live
//	                                    │
//	                                    ▼ goproxy
//	                                 Writer ── flushed before every wait ──► client
//
// Two facts of net/http shape it. Its chunked reader hands out nothing until a
// wire chunk has ended or the buffer is full, which would delay the bytes and
// falsify their times; so Body never asks for more than Conn has already seen
// arrive, and for a single byte when nothing is waiting. And its server buffers
// what a handler writes; so Body flushes Writer whenever the next read could
// wait, and not more often, which costs one system call a chunk on a live
// stream and none extra on a fast download.
//
// The package decides nothing about what is forwarded. Where its own reading of
// the framing disagrees with net/http, net/http is followed and only the
// figures are coarser.
package tap
