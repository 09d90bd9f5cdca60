// Package recording turns exchanges into files and back: our own NDJSON, one
// line an exchange, and HAR 1.2, in and out; hop traces in; CSV and a text report
// out. HARs of other programs are read as far as their fields go.
//
// What leaves is safe to hand on: credentials are masked unless the caller asks
// for [ExportUnredacted] or sets [Options.Unredacted], cells cannot become
// formulas, and nothing can act on a terminal. What comes in is data: sizes are
// bounded, and no path or URL in it is used.
//
// [Judge] gathers all that is said of an exchange: it asks package verdict, and
// decides no label but that what was not written down cannot be judged. Verdicts
// are made at the time of writing and are not read back.
//
// [Redact], [Visible] and [Sparkline] make an exchange fit to be shown. They are
// here because a report needs them, and exported so that terminal and window
// show the same.
//
// Bodies stay behind unless [Options.Bodies] asks for them.
package recording
