// Package ui is the window: the switch and the upstream, the table of exchanges
// with its timeline, and the exchange that is looked at. It starts no proxy and
// reads no settings; the main hands it a [Station] that does, a [Journal] to look
// into, and what to call when the user asks for what is not its business.
//
//	journal ──> feed ──Frame──> Window ──> table, timeline, detail, compare
//	station ──State──> header       <── the user
//
// One goroutine makes frames and waits until each was taken over, another waits
// for changes of the station; both are [Window.Run]'s. All else happens on the
// goroutine of the user interface, and nothing there waits.
package ui
