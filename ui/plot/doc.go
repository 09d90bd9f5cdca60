// Package plot is the geometry of the graphs: scales with round ticks, the
// staircase of a stream, lanes of ticks, histograms, bars, and the little strip
// of a table's row. It knows no toolkit: a Scene is a list of boxes, lines,
// steps and texts in units of the screen, which [Scene.Paint] puts onto pixels,
// [Scene.SVG] and [Scene.PNG] into files, and package graph into a window. What
// is exported is therefore what was shown.
//
//	Exchange ─> Series ─┬─> StreamChart ┐
//	                    ├─> Gaps        ├─> Scene ─> pixels │ SVG │ PNG
//	                    └─> Compare …   ┘
//
// However long a stream is, a Scene holds a few marks for each column of pixels:
// what falls into one column is drawn as its first, lowest and highest value, so
// that no arrival and no gap of a column's width is lost. Nothing here is safe
// for concurrent use; distinct scenes may be drawn concurrently.
package plot
