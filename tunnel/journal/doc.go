// Package journal is the bounded memory of exchanges: the running ones and the
// latest of those that ended. It implements [tunnel.Recorder].
//
// What it keeps is bounded three ways: by the number of exchanges, by the
// detail of each, and by the slots (chunks, units, turns, and heads by their
// size) of all together. When room is needed the exchanges that ended longest
// ago go first; then the series of running ones are thinned, which keeps their
// whole length at less resolution; only when more exchanges run than may be
// kept is a running one forgotten, and then its own path goes on undisturbed.
// What was given up is counted in [Stats].
//
// Writers never wait for readers. A chunk takes no lock of the journal; only
// the beginning, the end, and now and then the growth of an exchange take a
// short one. Readers are woken through channels of capacity one and pull.
//
// The package judges, stores and prints nothing. The mains join it to the
// proxy that writes and to the recording, terminal and window that read.
package journal
