// Package graph is the chart widgets of the window: [Stream], [Gaps], [Phases],
// [Strip], [Timeline] and [Compare]. Each takes snapshots by Set, draws what
// package plot lays out, and knows nothing of the proxy.
//
// A widget is one raster of our own pixels with texts above it. It draws only
// when what it shows has changed, at most 30 times a second under the hand, and
// moves a crosshair without drawing anew. All methods are for the goroutine of
// the user interface. A snapshot given to Set must not change afterwards.
package graph
