// Package station is the proxy as a person has it: switched on and off, led by
// the settings, with the journal that it writes. It follows a change of the
// settings at once and cuts no stream for it; what cannot be followed, a port
// that is taken or a password that is nowhere, is told in its state, and the
// proxy goes on as before.
//
//	settings ──> Station ──> proxy.Apply, gate ──> proxy ──> journal
//	                 │
//	                 └─ State, Subscribe ──> window, tray, terminal
//
// It carries no byte and draws nothing: package proxy does the one, the mains
// join it to a window or a terminal for the other. The demo, an origin with an
// honest hop and a buffering one, lives here too.
package station
