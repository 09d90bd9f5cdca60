package verdict

import (
	"strings"
	"time"

	"streamgauge/tunnel"
)

// The bounds of the labels, those of the definitions where these can be applied
// to what is seen.
const (
	// LumpWindow is how long after the first arrival of a lump others still
	// belong to it.
	LumpWindow = 8 * time.Millisecond
	// BufferedBelow is the score under which a stream was held to its end.
	BufferedBelow = 0.15
	// coalescedFrom and burstyFrom are the shares of joined units that make a
	// stream coalesced, and bursty.
	coalescedFrom = 0.6
	burstyFrom    = 0.15
	// shortest is how long a stream must have been in the making for anything
	// to be said, and shortestWhole the same for one that came in one lump: how
	// much of the wait was not the making of its units cannot be seen.
	shortest      = 250 * time.Millisecond
	shortestWhole = 500 * time.Millisecond
	// instant is how long what was made in one piece may take to arrive.
	instant = 50 * time.Millisecond
	// fewest is how many pieces (units, or lumps where units are not known) a
	// stream has.
	fewest = 3
)

// judge sets the label. The score of what came at once after a long wait says
// only how that moment went, so it does not stand.
func (v *Verdict) judge(ex *tunnel.Exchange, s *shape) {
	v.Label = v.label(ex, s)
	if v.Label == BufferedWhole && (v.Score >= BufferedBelow || s.inOne()) {
		v.Score, v.HasScore = 0, true
	}
}

func (v *Verdict) label(ex *tunnel.Exchange, s *shape) Label {
	switch {
	case ex.End == tunnel.Truncated:
		return Truncated
	case s.lumps == 0:
		return unanswered(ex)
	case ex.Kind == tunnel.KindTunnel && v.fewInTunnel(s):
		if v.Provisional {
			return TooShort
		}
		v.Guessed = true
		return inTunnel(s)
	case s.download(), !s.known && v.wholeBody(ex, s), s.known && s.units == 1 && hasHeader(ex, "Content-Length"):
		return NotAStream
	case v.tooShort(s):
		return TooShort
	case s.known && s.atOnce(), v.Score < BufferedBelow:
		return BufferedWhole
	case v.stalled():
		return Stalled
	case v.Joined >= coalescedFrom:
		return Coalesced
	case v.Joined >= burstyFrom, v.Clumped:
		return Bursty
	}
	return Incremental
}

// unanswered labels an exchange of which no payload came.
func unanswered(ex *tunnel.Exchange) Label {
	switch ex.End {
	case tunnel.Running:
		return TooShort
	case tunnel.Complete:
		return NotAStream
	}
	return None
}

// tooShort reports that too few pieces came, or within too short a time.
func (v *Verdict) tooShort(s *shape) bool {
	pieces := max(s.units, int64(s.lumps))
	if s.blocks {
		pieces *= inBlock
	}
	switch {
	case pieces < fewest, s.known && s.units < fewest && v.Heartbeats == 0:
		return true
	case s.known && s.atOnce():
		return s.largest.at < shortestWhole
	}
	return s.making() < shortest || !v.HasScore
}

// stalled leaves aside what came at the end of a silence: it was joined by the
// silence.
func (v *Verdict) stalled() bool {
	return v.Stalls >= 1 && v.Stalls <= mostStalls && v.outside < coalescedFrom
}

// The bounds of a download: faster than a stream of messages or of sound, in
// reads as large as packets.
const (
	downloadRate = 100_000 // bytes a second
	packet       = 1000    // bytes that a read of a packet has at least
	// packetPause is how far apart the lumps of a slow line's packets are at most.
	packetPause = 40 * time.Millisecond
)

// download reports that the lumps came as fast as the line took them.
func (s *shape) download() bool {
	if s.lumps < fewest || s.span() <= 0 || s.lumpBytes < packet || s.known && s.lumpUnits <= 1 {
		return false
	}
	rate := float64(s.bytes-s.first.bytes) / s.span().Seconds()
	return rate >= downloadRate || !s.known && s.readBytes >= packet && s.gap <= packetPause
}

// wholeBody reports, of a body without countable units, that its framing or its
// arrival is that of something made in one piece.
func (v *Verdict) wholeBody(ex *tunnel.Exchange, s *shape) bool {
	if ex.Kind == tunnel.KindTunnel {
		return false
	}
	if s.lumps == 1 {
		return !v.Provisional
	}
	if s.span() < instant && !v.Provisional {
		return true
	}
	return hasHeader(ex, "Content-Length") && (s.readBytes >= packet/2 || s.lumps < fewest)
}

// The bounds by which a tunnel that brought one lump is guessed at.
const (
	// preamble is how many bytes an early head, or what HTTP/2 says before any
	// response, has at most, and earlyHead how many the head has at least.
	preamble  = 600
	earlyHead = 150
	// littleInTunnel is less than a stream's few events take with their head and
	// records; muchInTunnel is more than most streams have in all.
	littleInTunnel = 1_000
	muchInTunnel   = 64_000
	// thinking is how long after the request a lump must come to be a stream
	// that was held, rather than an answer that took its time.
	thinking = 1_800 * time.Millisecond
)

// fewInTunnel reports that a tunnel brought all at once, but for what comes
// before a response.
func (v *Verdict) fewInTunnel(s *shape) bool {
	return s.lumps == 1 || s.lumps == 2 && s.first.bytes <= preamble || s.span() < instant
}

// inTunnel guesses at a tunnel that brought all at once: late and of middling
// size, it is likelier a stream that was held than an answer. An answer's head
// does not come long before it.
func inTunnel(s *shape) Label {
	headFirst := s.span() >= instant && s.first.bytes >= earlyHead
	bytes := s.bytes
	if s.span() >= instant {
		bytes = s.last.bytes
	}
	switch {
	case s.last.at < shortestWhole && bytes < muchInTunnel/8:
		return TooShort
	case s.last.at >= thinking && bytes < muchInTunnel && (bytes >= littleInTunnel || headFirst):
		return BufferedWhole
	}
	return NotAStream
}

func hasHeader(ex *tunnel.Exchange, name string) bool {
	_, ok := header(ex, name)
	return ok
}

// header returns the first field of that name.
func header(ex *tunnel.Exchange, name string) (tunnel.Header, bool) {
	for _, h := range ex.ResponseHeaders {
		if strings.EqualFold(h.Name, name) {
			return h, true
		}
	}
	return tunnel.Header{}, false
}
