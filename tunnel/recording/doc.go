// Package recording turns exchanges into files and back: our own NDJSON, one
// line an exchange, in and out; HAR 1.2, CSV and a text report out.
//
// What leaves is safe to hand on: credentials are masked unless the caller asks
// for [ExportUnredacted] or sets [Options.Unredacted], cells cannot become
// formulas, and nothing can act on a terminal. What comes in is data: sizes are
// bounded, and no path or URL in it is used.
//
// [Redact], [Visible] and [Sparkline] make an exchange fit to be shown. They are
// here because a report needs them, and exported so that terminal and window
// show the same.
//
// It moves no bodies, for none are kept, and it decides no labels: those come
// from package verdict at the time of writing and are not read back.
package recording
