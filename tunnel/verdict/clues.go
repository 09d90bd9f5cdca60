package verdict

import (
	"strings"
	"time"
)

// Clue names one observation that points at layers, or away from them.
type Clue string

// The clues.
const (
	NamesItself     Clue = "names_itself"     // a header that only this layer writes
	LowerNames      Clue = "lower_names"      // all header names in lower case
	SortedNames     Clue = "sorted_names"     // sorted header names and no Server: a Go program
	PageBlocks      Clue = "page_blocks"      // lumps of a page of memory, the first short of the head
	RewrittenBlocks Clue = "rewritten_blocks" // lumps of 4090: a page that a second hop cut again
	FlushedBlocks   Clue = "flushed_blocks"   // lumps of 4082: two unflushed wire chunks of 2048
	SniffedBlock    Clue = "sniffed_block"    // a first lump of 512, then 2 KiB pieces
	DoublePages     Clue = "double_pages"     // lumps near 8 KiB
	PHPCharset      Clue = "php_charset"      // the head is PHP's, by X-Powered-By or by how it adds the charset
	RecordBlocks    Clue = "record_blocks"    // lumps of a full TLS record
	HeadWithBody    Clue = "head_with_body"   // the head was held with the first bytes
	HeadMidway      Clue = "head_midway"      // the head came late, and the bytes far later
	HeadBefore      Clue = "head_before"      // the head came early: what holds sits behind who wrote it, or after
	WholeWithLength Clue = "whole_length"     // all at the end, with a Content-Length
	WholeToClose    Clue = "whole_to_close"   // all at the end, delimited by the close
	WholeChunked    Clue = "whole_chunked"    // all at the end, in wire chunks
	LoneCoding      Clue = "lone_coding"      // the head of a coding alone, then silence
	WholeCoded      Clue = "whole_coded"      // all at the end, encoded
	Aged            Clue = "aged"             // Age on a first fetch is how long it was kept
	CorkCadence     Clue = "cork_cadence"     // a lump each 200 to 260 ms: the kernel's cork
	SliceCadence    Clue = "slice_cadence"    // a lump each 200 ms to the millisecond
	SameCount       Clue = "same_count"       // the same number of units in each lump
	NoPattern       Clue = "no_pattern"       // neither size nor clock nor count cut the lumps
	PathSilent      Clue = "path_silent"      // a silence ended with all that was missed
	SourceSilent    Clue = "source_silent"    // a silence ended as if nothing had been made in it
	WritesClumps    Clue = "writes_clumps"    // the source itself writes several units at a time
	BrokenOff       Clue = "broken_off"       // the body ended before its framing said
	SlowClient      Clue = "slow_client"      // the client did not read on
	HeldByProgram   Clue = "held_by_program"  // unit by unit within a moment: made whole, then played
)

// blame is what a clue adds to the log-odds of a layer.
type blame struct {
	layer  string
	weight float64
}

// clue is one row of the model. holds says whether it is seen, and what.
type clue struct {
	code   Clue
	holds  func(f *facts) (detail string, ok bool)
	blames []blame
}

// The weights, in log-odds: 1 is a hint, 2 a habit of few others, 3 and more a fingerprint.
// A name in a header says who passed the answer on, not who held it, so it
// weighs little; it makes the mechanisms count that this layer is known for.
// Layers that were measured to stream get less still.
var clues = slicesOf(headerClues, blockClues, wholeClues, paceClues, otherClues)

func slicesOf(groups ...[]clue) []clue {
	var all []clue
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}

// blockClues look at the sizes of the lumps.
var blockClues = []clue{
	{PageBlocks, both(named("nginx"), blocks(4096, 4096)), []blame{{"nginx", 4}}},
	{PageBlocks, both(named("nginx"), all(heldHead, first(3960, 4095))), []blame{{"nginx", 3}}},
	{PageBlocks, both(named("nginx"), all(heldHead, first(3500, 3899))), []blame{{"nginx", 3}}},
	{PageBlocks, both(named("nginx"), all(heldHead, isUncoded, first(3900, 3959))), []blame{{"nginx", 1.5}, {"origin", 2.5}}},
	{PageBlocks, both(blocks(3500, 4081), both(named("nginx"), isHeldHead)), []blame{{"nginx", 2}}},
	{PageBlocks, both(named("gunicorn"), blocks(4096, 4096)), []blame{{"gunicorn", 3}, {"flask", 1.5}, {"django", 1}}},
	{PageBlocks, both(named("apache"), blocks(4096, 4096)), []blame{{"apache", 1}, {"php-fpm", 1}}},
	{RewrittenBlocks, blocks(4090, 4090), []blame{{"nginx", 3}}},
	{FlushedBlocks, all(isUncoded, blocks(4082, 4084)), []blame{{"origin", 5}, {"go-handler", 4}, {"goproxy", 1.5}, {"nginx", -2}}},
	{FlushedBlocks, all(isUncoded, blocks(2040, 2048)), []blame{{"origin", 3.5}, {"go-handler", 3}, {"goproxy", 1.5}}},
	{FlushedBlocks, both(sortedNames, all(isUncoded, first(3900, 3960))), []blame{{"origin", 2}, {"go-handler", 1.5}}},
	{SniffedBlock, all(isUncoded, first(512, 512)), []blame{{"goproxy", 6}}},
	{DoublePages, all(isPHP, first(7900, 8400)), []blame{{"php-fpm", 4}}},
	{DoublePages, all(isPHP, blocks(8100, 8400)), []blame{{"php-fpm", 2}}},
	{PHPCharset, isPHP, []blame{{"php-fpm", 0.5}}},
	{DoublePages, all(isNotPHP, blocks(8176, 8192)), []blame{{"php-fpm", 1.5}, {"nginx", 1.5}, {"origin", 1}, {"apache", 0.5}}},
	{RecordBlocks, both(named("nginx"), all(isHTTP, blocks(15_000, 16_500))), []blame{{"nginx", 2}}},
	{RecordBlocks, all(isTunnel, first(16_000, 16_700)), []blame{{"nginx", 3}}},
}

// wholeClues look at what came all at the end.
var wholeClues = []clue{
	{WholeWithLength, both(named("lighttpd"), wholeLength), []blame{{"lighttpd", 3}}},
	{WholeWithLength, both(named("varnish"), wholeLength), []blame{{"varnish", 3}}},
	{WholeWithLength, both(named("express"), wholeLength), []blame{{"express", 2}, {"node", 1}, {"webpack-dev-server", 0.5}}},
	{WholeWithLength, both(lowerNode, wholeLength), []blame{{"node", 3}, {"express", 1}}},
	{WholeWithLength, both(lowerPlain, wholeLength), []blame{{"haproxy", 1}, {"node", 1}}},
	{WholeWithLength, both(sortedNames, wholeLength), []blame{{"origin", 1.5}, {"go-handler", 1}, {"privoxy", 1}}},
	{WholeWithLength, both(sortedNames, all(wholeLengthOnly, closes)), []blame{{"privoxy", 2.5}}},
	{WholeToClose, both(sortedNames, all(wholeToClose, closes)), []blame{{"privoxy", 2}, {"origin", 1}}},
	{WholeWithLength, both(named("gunicorn"), wholeLength), []blame{{"flask", 1.5}, {"gunicorn", 1}, {"django", 0.5}}},
	{WholeWithLength, both(named("uvicorn"), wholeLength), []blame{{"starlette", 2}}},
	{WholeWithLength, both(named("nginx"), wholeLength), []blame{{"nginx", -1}, {"origin", 1}}},
	{WholeWithLength, both(named("squid"), wholeLength), []blame{{"squid", 1}}},
	{WholeWithLength, both(named("caddy"), wholeLength), []blame{{"caddy", 1}, {"origin", 1}}},
	{WholeWithLength, both(named("apache"), wholeLength), []blame{{"apache", 1}, {"origin", 1}}},
	{WholeWithLength, all(isPHP, wholeLengthOnly), []blame{{"php-fpm", 2}}},
	{WholeChunked, both(named("nginx"), all(wholeChunked, isHeldHead)), []blame{{"nginx", 2.5}}},
	{WholeChunked, both(named("caddy"), all(wholeChunked, isHeldHead)), []blame{{"caddy", 2.5}}},
	{WholeChunked, both(lowerPlain, all(wholeChunked, isHeldHead)), []blame{{"haproxy", 2}}},
	{WholeChunked, both(lowerNode, all(wholeChunked, isHeldHead)), []blame{{"node", 2}, {"express", 0.5}}},
	{WholeChunked, both(sortedNames, all(wholeChunked, isHeldHead, isUncoded)), []blame{{"go-handler", 3}, {"origin", 2}, {"goproxy", 0.5}}},
	{WholeChunked, both(named("gunicorn"), all(wholeChunked, isHeldHead, isUncoded)), []blame{{"gunicorn", 1.5}, {"flask", 1}, {"django", 1}}},
	{WholeChunked, both(named("uvicorn"), all(wholeChunked, isHeldHead)), []blame{{"starlette", 2}}},
	{WholeChunked, both(named("apache"), all(wholeChunked, isHeldHead)), []blame{{"apache", 2}, {"origin", 1}}},
	{WholeChunked, both(named("squid"), all(wholeChunked, isHeldHead)), []blame{{"squid", 1}, {"origin", 1}}},
	{WholeChunked, both(named("lighttpd"), all(wholeChunked, isHeldHead)), []blame{{"lighttpd", 2}}},
	{WholeChunked, both(named("varnish"), all(wholeChunked, isHeldHead)), []blame{{"varnish", 2}}},
	{WholeChunked, all(isPHP, wholeChunked), []blame{{"php-fpm", 1}}},
	{LoneCoding, both(named("express"), all(not(lowerNode), loneCoding)), []blame{{"express", 3}}},
	{LoneCoding, both(named("caddy"), loneCoding), []blame{{"caddy", 4}}},
	{LoneCoding, both(named("varnish"), loneCoding), []blame{{"varnish", 4}}},
	{LoneCoding, both(named("gunicorn"), loneCoding), []blame{{"django", 4}, {"gunicorn", 1}, {"flask", 1}}},
	{LoneCoding, both(named("wsgiserver"), loneCoding), []blame{{"django", 4}}},
	{LoneCoding, both(named("uvicorn"), loneCoding), []blame{{"starlette", 4}}},
	{LoneCoding, both(lowerNode, loneCoding), []blame{{"webpack-dev-server", 6}, {"express", 1}, {"node", 2}, {"vite", 1}}},
	{LoneCoding, both(sortedNames, loneCoding), []blame{{"origin", 3}, {"go-handler", 2.5}}},
	{LoneCoding, both(named("nginx"), loneCoding), []blame{{"origin", 2}, {"nginx", 1}, {"express", 1}}},
	{LoneCoding, both(named("apache"), loneCoding), []blame{{"apache", 1}, {"origin", 2}}},
	{LoneCoding, loneCoding, []blame{{"origin", 0.5}, {"express", 0.5}}},
	{WholeCoded, both(named("nginx"), wholeCoded), []blame{{"nginx", 1.5}}},
	{WholeCoded, both(named("express"), wholeCoded), []blame{{"express", 1.5}}},
	{WholeCoded, both(named("uvicorn"), wholeCoded), []blame{{"starlette", 2}}},
	{WholeCoded, both(named("gunicorn"), wholeCoded), []blame{{"django", 2.5}, {"flask", 0.5}}},
	{WholeCoded, both(named("caddy"), wholeCoded), []blame{{"caddy", 2}}},
	{WholeCoded, both(named("varnish"), wholeCoded), []blame{{"varnish", 2}}},
	{WholeCoded, both(sortedNames, wholeCoded), []blame{{"origin", 2}, {"go-handler", 2.5}}},
	{Aged, both(named("varnish"), aged), []blame{{"varnish", 2}}},
	{Aged, aged, []blame{{"varnish", 0.5}, {"squid", 0.5}}},
	{HeldByProgram, func(f *facts) (string, bool) { return round(f.Wait).String(), f.Played }, []blame{{"origin", 1.5}}},
}

// paceClues look at the times between lumps.
var paceClues = []clue{
	{CorkCadence, ticks(198*time.Millisecond, 300*time.Millisecond), []blame{{"haproxy", 2.5}, {"nginx", -1}}},
	{CorkCadence, both(lowerPlain, ticks(198*time.Millisecond, 300*time.Millisecond)), []blame{{"haproxy", 2}}},
	{SliceCadence, both(named("apache"), ticks(196*time.Millisecond, 206*time.Millisecond)), []blame{{"apache", 5}}},
	{SliceCadence, both(named("nginx"), ticks(205*time.Millisecond, 222*time.Millisecond)), []blame{{"nginx", 3}}},
	{SameCount, all(isCoalesced, (*facts).sameCount), []blame{{"origin", 5}}},
	{NoPattern, all(isCoalesced, isJammed, isNotPHP), []blame{{"link", 2.5}, {"nginx", -1}}},
	{HeadBefore, all(isCoalesced, isJammed, isNotPHP, isEarlyHead), []blame{{"link", 1}}},
	{NoPattern, both(fcgiApache, isCoalesced), []blame{{"apache", 3}, {"php-fpm", 1}}},
	{NoPattern, all(isJoining, isJammed), []blame{{"link", 2.5}}},
	{PathSilent, when(func(f *facts) bool { return f.Label == Stalled && f.CaughtUp }), []blame{{"link", 4}}},
	{SourceSilent, when(func(f *facts) bool { return f.Label == Stalled && !f.CaughtUp }), []blame{{"origin", 4}}},
	{WritesClumps, when(func(f *facts) bool { return f.Label == Bursty && f.Clumped }), []blame{{"origin", 4}}},
}

// otherClues are those of the head's time, the end and the client.
var otherClues = []clue{
	{HeadWithBody, both(named("nginx"), heldHead), []blame{{"nginx", 1}}},
	{HeadMidway, when(func(f *facts) bool { return f.headMidway && f.whole() && !f.coded }), []blame{{"origin", 3}}},
	{HeadBefore, both(named("nginx"), isEarlyHead), []blame{{"nginx", -1}}},
	{BrokenOff, when(func(f *facts) bool { return f.Label == Truncated }), []blame{{"origin", 3}, {"link", 1}}},
	{SlowClient, when(func(f *facts) bool { return f.ClientLimited }), []blame{{"client", 12}}},
}

// both joins a sign of the layer with one of what it does; the detail is that
// of the second, if it has one.
func both(who, what func(*facts) (string, bool)) func(*facts) (string, bool) {
	return func(f *facts) (string, bool) {
		name, ok := who(f)
		if !ok {
			return "", false
		}
		detail, ok := what(f)
		if detail == "" {
			detail = name
		}
		return detail, ok
	}
}

// all joins any number of observations; the detail is that of the last which
// has one.
func all(seen ...func(*facts) (string, bool)) func(*facts) (string, bool) {
	joined := seen[0]
	for _, next := range seen[1:] {
		joined = both(joined, next)
	}
	return joined
}

// not is the lack of an observation.
func not(seen func(*facts) (string, bool)) func(*facts) (string, bool) {
	return when(func(f *facts) bool {
		_, ok := seen(f)
		return !ok
	})
}

// when is an observation without a detail.
func when(holds func(*facts) bool) func(*facts) (string, bool) {
	return func(f *facts) (string, bool) { return "", holds(f) }
}

func blocks(low, high int64) func(*facts) (string, bool) {
	return func(f *facts) (string, bool) { return f.inBlocksOf(low, high) }
}

func first(low, high int64) func(*facts) (string, bool) {
	return func(f *facts) (string, bool) { return f.firstOf(low, high) }
}

func ticks(low, high time.Duration) func(*facts) (string, bool) {
	return func(f *facts) (string, bool) {
		if f.Label != Coalesced {
			return "", false
		}
		return f.cadence(low, high)
	}
}

var (
	isHTTP      = when(func(f *facts) bool { return len(f.ex.ResponseHeaders) > 0 })
	isTunnel    = when(func(f *facts) bool { return len(f.ex.ResponseHeaders) == 0 })
	isUncoded   = when(func(f *facts) bool { return !f.coded })
	isPHP       = when(func(f *facts) bool { return f.php })
	isNotPHP    = when(func(f *facts) bool { return !f.php })
	isCoalesced = when(func(f *facts) bool { return f.Label == Coalesced })
	isJoining   = when(func(f *facts) bool { return f.Label == Bursty && !f.Clumped })
	isJammed    = when((*facts).jammed)
	isHeldHead  = when(func(f *facts) bool { return f.HeadHeld })
	isEarlyHead = when(func(f *facts) bool { return f.Head > 0 && !f.HeadHeld && !f.headMidway })
	fcgiApache  = all(isPHP, named("apache"))
	closes      = when(func(f *facts) bool { return f.field("Connection") == "close" })
)

func heldHead(f *facts) (string, bool) { return round(f.Wait).String(), f.HeadHeld }

func wholeLength(f *facts) (string, bool) {
	h, ok := header(f.ex, "Content-Length")
	return "Content-Length: " + h.Value, ok && f.whole()
}

func wholeLengthOnly(f *facts) (string, bool) { return "", f.length && f.whole() }

func wholeToClose(f *facts) (string, bool) { return "", f.whole() && !f.length && !f.chunked }

func wholeChunked(f *facts) (string, bool) { return "", f.chunked && f.whole() && !f.loneCoding }

func wholeCoded(f *facts) (string, bool) {
	return "Content-Encoding: " + f.field("Content-Encoding"), f.coded && f.whole() && !f.loneCoding
}

func loneCoding(f *facts) (string, bool) {
	if !f.loneCoding {
		return "", false
	}
	return bytesText(f.sizes[0]), true
}

func aged(f *facts) (string, bool) {
	h, _ := header(f.ex, "Age")
	return "Age: " + h.Value, f.age > 0 && f.whole()
}

// lowerPlain is a head in lower case without the fields that Node adds of its
// own.
func lowerPlain(f *facts) (string, bool) {
	return "", f.lower && !f.has("Connection") && f.server != "uvicorn"
}

// lowerNode is a head that was copied by a Node program.
func lowerNode(f *facts) (string, bool) {
	copied := 0
	for _, h := range f.ex.ResponseHeaders {
		if h.Name == "content-type" || h.Name == "date" || h.Name == "cache-control" {
			copied++
		}
	}
	return "", copied >= 2 && (f.lower && f.has("Connection") || !f.lower && strings.HasPrefix(f.powered, "express") || !f.lower && f.field("Vary") == "origin")
}

func sortedNames(f *facts) (string, bool) { return "", f.sorted }
