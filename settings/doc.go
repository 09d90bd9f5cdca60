// Package settings is what the user decided: where to listen, which upstream to
// chain through, what to keep. It reads and writes one JSON file, says which
// field is wrong and what to write instead, and tells subscribers of changes.
//
// It applies nothing itself: a main reads the store, joins flags to it and
// hands the result to the proxy. Passwords are never part of [Settings] nor of
// the file; they live in [Secrets], found through [Settings.ResolveUpstream]
// and [Settings.ResolveListenPassword].
//
// The file holds only what differs from the defaults, so that a better default
// reaches everyone who never touched the field. What this version does not know
// is reported and written back as it was.
package settings
