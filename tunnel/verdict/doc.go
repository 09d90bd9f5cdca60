// Package verdict says of an exchange whether it streamed: arrivals in, a label
// and the numbers behind it out. It is pure: no clock, no I/O, the same answer
// for the same exchange.
//
// The rule is plain. Arrivals that begin within 8 ms of one another are one
// lump. The bytes of a lump are taken to have been made evenly since the lump
// before; the score is one less the share of the stream's time that bytes spent
// waiting for their lump:
//
//	score = 1 - Σ share(k)·gap(k) / Σ gap(k)
//
// One lump scores 0, n equal lumps evenly spaced 1 - 1/n. Arrival decides, never
// the content type; only how many units a lump holds tells a stream that was
// held to its end from an answer that was made in one piece.
//
// It knows the symptom, not the cause: which layer held the stream back, and
// pauses within a stream, are not looked for.
package verdict
