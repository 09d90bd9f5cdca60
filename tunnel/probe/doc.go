// Package probe runs streams of known making over a path, to say what the path
// does to them: [Upstream] whether an upstream can be reached, how long each step
// takes and whether a stream passes it event by event, [Self] how much delay our
// own proxy adds.
//
// The origin is one of its own, on this machine's loopback: nothing is asked of
// anybody else but of the upstream under test, which carries the requests back
// here. An upstream on another machine cannot reach it; then the test ends after
// the handshake, and says so. Nothing of this is written into a journal.
package probe
