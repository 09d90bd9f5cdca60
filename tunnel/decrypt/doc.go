// Package decrypt opens TLS tunnels to hosts that the user has named, with a
// certificate authority of this installation's own. It is off until then: no
// authority exists before the first opt-in, and no leaf is made for a host that
// is not on the list.
//
//	client ── hello ──┬─ not TLS, not listed, pinned ──────────► relay, as it came
//	                  │
//	                  └─ TLS with the origin first: what it really offers,
//	                     and whether its certificate holds
//	                        │
//	                        ▼
//	                     our leaf, that protocol and no other ──► [Conn], for an HTTP server
//	                                                                 │
//	                                      [Session] ◄────────────────┘
//	                                      the way to the origin, its first connection made
//
// The client sees the protocol that it would have seen. A certificate of the
// origin that is not accepted is never waved through: the session carries the
// failure, and whoever serves it answers with that. A client that does not
// trust the authority is left alone from then on.
//
// The package serves no HTTP and dials nothing on its own account: package
// proxy hands it tunnels and serves what it opens.
package decrypt
