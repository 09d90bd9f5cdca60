// Package tunneltest is a small world to measure in: an in-memory network that
// behaves as TCP does, an origin that plays a script byte by byte, a hop that
// holds bytes back, and SOCKS and HTTP upstreams that write down what they
// were asked for.
//
// Everything runs in two ways with the same code: in virtual time, inside a
// testing/synctest bubble over a [Network], and in real time over listeners of
// package net. Nothing waits on a mutex for longer than a copy, so that a
// bubble's clock can move whenever all are idle.
//
// It is the workbench of the tests and of the demonstration; no part of the
// proxy uses it.
package tunneltest
