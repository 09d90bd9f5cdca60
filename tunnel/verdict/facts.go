package verdict

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// facts are what the clues look at: the head, and the lumps beyond what the
// verdict says of them.
type facts struct {
	Verdict
	ex *tunnel.Exchange

	server, via, powered string // header values, in lower case
	chunked, length      bool   // how the body is framed
	coded                bool   // Content-Encoding
	lower                bool   // all names in lower case, in HTTP/1
	sorted               bool   // names in the order of Go's server, which names itself nowhere
	age                  int    // seconds; 0 if absent
	php                  bool   // the head is PHP's

	sizes      []int64 // of the lumps
	gaps       []time.Duration
	counts     []int // units of the lumps
	headMidway bool  // it came late, but well before the payload
	loneCoding bool  // a first read with the head of a coding and nothing more
}

// late is how long a head must be away to say that it was held: longer than
// servers take to answer at all.
const late = 250 * time.Millisecond

func factsOf(ex *tunnel.Exchange, v Verdict) *facts {
	f := &facts{Verdict: v, ex: ex}
	f.readFields()
	f.readLumps()
	f.headMidway = v.Head >= late && v.Wait-v.Head >= late
	return f
}

func (f *facts) readFields() {
	f.server = f.field("Server")
	f.via = f.field("Via")
	f.powered = f.field("X-Powered-By")
	f.chunked = strings.Contains(f.field("Transfer-Encoding"), "chunked")
	f.length = f.has("Content-Length")
	f.coded = f.has("Content-Encoding") && f.field("Content-Encoding") != "identity"
	f.age, _ = strconv.Atoi(f.field("Age"))
	// HTTP/2 has only lower-case names (RFC 9113 §8.2).
	f.lower = !strings.HasPrefix(f.ex.Protocol, "HTTP/2") && len(f.ex.ResponseHeaders) > 1 &&
		!slices.ContainsFunc(f.ex.ResponseHeaders, func(h tunnel.Header) bool { return h.Name != strings.ToLower(h.Name) })
	f.sorted = f.goOrder()
	// PHP adds its default charset without a space, whatever expose_php says.
	kind, _ := header(f.ex, "Content-Type")
	f.php = strings.HasPrefix(f.powered, "php") || strings.HasSuffix(kind.Value, ";charset=UTF-8")
}

// goOrder reports that the head is as Go's server writes it: the program's
// fields sorted, then what the server adds. Sorted throughout and without wire
// chunks it may be one whose order was not seen.
func (f *facts) goOrder() bool {
	if f.server != "" || f.via != "" || f.powered != "" || f.lower || !f.has("Date") {
		return false
	}
	names := make([]string, 0, len(f.ex.ResponseHeaders))
	for _, h := range f.ex.ResponseHeaders {
		names = append(names, h.Name)
	}
	if slices.IsSorted(names) && !f.chunked {
		return false
	}
	return slices.IsSorted(slices.DeleteFunc(names, func(name string) bool {
		return name == "Date" || name == "Transfer-Encoding" || name == "Content-Length" || name == "Connection"
	}))
}

// field is the value of a header in lower case.
func (f *facts) field(name string) string {
	h, _ := header(f.ex, name)
	return strings.ToLower(strings.TrimSpace(h.Value))
}

func (f *facts) has(name string) bool { return hasHeader(f.ex, name) }

// mostForClues is how many lumps are looked at: a habit shows earlier.
const mostForClues = 1000

func (f *facts) readLumps() {
	a := arrivalsOf(f.ex)
	previous := time.Duration(-1)
	for i := 0; i < a.len() && len(f.sizes) < mostForClues; {
		var l lump
		if l, i = a.lump(i); l.bytes == 0 {
			break
		}
		f.sizes, f.counts = append(f.sizes, l.bytes), append(f.counts, l.units)
		if previous >= 0 {
			f.gaps = append(f.gaps, l.at-previous)
		}
		previous = l.at
	}
	// RFC 1952 §2.3: ten bytes of head; compressors that flush it at once add
	// up to five of an empty block.
	f.loneCoding = f.coded && len(f.sizes) > 1 && f.sizes[0] <= 15 && f.counts[0] == 0 && f.gaps[0] >= late
}

// whole reports that all came at the end, in one piece, the head of a coding
// aside.
func (f *facts) whole() bool { return f.Label == BufferedWhole }

// inner are the sizes of the lumps without the first, which shares its buffer
// with the head, and the last, which is what was left.
func (f *facts) inner() []int64 {
	if len(f.sizes) < 3 {
		return nil
	}
	return f.sizes[1 : len(f.sizes)-1]
}

// inBlocksOf returns the size that most inner lumps have, if it lies within the
// bounds.
func (f *facts) inBlocksOf(low, high int64) (string, bool) {
	fits := func(n int64) bool { return n >= low && n <= high }
	inner := f.inner()
	if len(inner) == 0 {
		return "", false
	}
	n, like := int64(0), 0
	for _, size := range inner {
		if fits(size) {
			n, like = size, like+1
		}
	}
	return bytesText(n), 2*like >= len(inner) && like > 0
}

// firstOf returns the size of the first lump if it lies within the bounds.
func (f *facts) firstOf(low, high int64) (string, bool) {
	if len(f.sizes) == 0 || f.sizes[0] < low || f.sizes[0] > high {
		return "", false
	}
	return bytesText(f.sizes[0]), true
}

// cadence returns the usual gap if it and nearly all gaps but the last lie
// within the bounds.
func (f *facts) cadence(low, high time.Duration) (string, bool) {
	if len(f.gaps) < 4 {
		return "", false
	}
	inner, within := f.gaps[:len(f.gaps)-1], 0
	for _, gap := range inner {
		if gap >= low && gap <= high {
			within++
		}
	}
	return round(f.UsualGap).String(), 5*within >= 4*len(inner)
}

// sameCount returns how many units nearly each lump holds, if it is the same
// while the bytes are not.
func (f *facts) sameCount() (string, bool) {
	if len(f.counts) < 4 {
		return "", false
	}
	inner, like := f.counts[:len(f.counts)-1], 0
	for _, n := range inner {
		if int64(n) == f.LumpUnits {
			like++
		}
	}
	return fmt.Sprintf("%d a lump", f.LumpUnits), f.LumpUnits > 1 && 10*like >= 9*len(inner) && deviation(f.inner()) > 0.01
}

// jammed reports that neither size nor clock nor count cut the lumps.
func (f *facts) jammed() bool {
	if len(f.sizes) < 5 {
		return false
	}
	_, counted := f.sameCount()
	_, ticked := f.cadence(195*time.Millisecond, 300*time.Millisecond)
	return !counted && !ticked && deviation(f.inner()) > 0.1 && deviation(f.gaps[:len(f.gaps)-1]) > 0.15
}

// deviation is the standard deviation of the logarithm.
func deviation[N int64 | time.Duration](values []N) float64 {
	var r relation
	for _, v := range values {
		r.add(math.Log(float64(max(v, 1))), 0)
	}
	if r.n == 0 {
		return 0
	}
	return math.Sqrt(r.xx / float64(r.n))
}

func bytesText(n int64) string { return fmt.Sprintf("%d B", n) }
