package recording

import (
	"fmt"
	"slices"
	"time"

	"streamgauge/tunnel"
)

// version is the one of the format this package writes and the only one it reads.
const version = 1

// line is an exchange as it stands in a recording. Times are in microseconds
// since Start; the fields at the end are there only where they say something
// that the others do not.
type line struct {
	Version         int       `json:"v"`
	ID              string    `json:"id"`
	Start           time.Time `json:"start"`
	Kind            string    `json:"kind"`
	Method          string    `json:"method"`
	URL             string    `json:"url"`
	Host            string    `json:"host"`
	Protocol        string    `json:"protocol"`
	Client          string    `json:"client"`
	Upstream        string    `json:"upstream"`
	Status          int       `json:"status"`
	RequestHeaders  headers   `json:"request_headers"`
	ResponseHeaders headers   `json:"response_headers"`
	Phases          phases    `json:"phases_us"`
	Chunks          chunks    `json:"chunks"`
	Units           units     `json:"units"`
	Bytes           int64     `json:"bytes"`
	End             string    `json:"end"`
	Error           string    `json:"error"`
	Verdict         *judged   `json:"verdict,omitempty"`

	Ending        string   `json:"ending,omitempty"`
	ReadsPerChunk int      `json:"reads_per_chunk,omitempty"`
	UnitKind      string   `json:"unit_kind,omitempty"`
	Totals        *totals  `json:"totals,omitempty"`
	TLS           *tlsInfo `json:"tls,omitempty"`
	Turns         turns    `json:"turns,omitempty"`
	Tunnel        string   `json:"tunnel,omitempty"`
	Remark        string   `json:"remark,omitempty"`
	Answer        *answer  `json:"answer,omitempty"`
	Frames        frames   `json:"frames,omitempty"`
	Body          body     `json:"body,omitempty"`
}

// totals are those of tunnel.Totals which the chunks do not show.
type totals struct {
	Reads        int64 `json:"reads"`
	RequestBytes int64 `json:"request_bytes"`
	Units        int64 `json:"units"`
	Blocked      int64 `json:"blocked_us"`
	LongestGap   int64 `json:"longest_gap_us"`
	LongestGapAt int64 `json:"longest_gap_at_us"`
	Last         int64 `json:"last_us"`
}

type tlsInfo struct {
	ServerName string `json:"server_name,omitempty"`
	ALPN       string `json:"alpn,omitempty"`
	Version    string `json:"version,omitempty"`
}

func lineOf(ex *tunnel.Exchange) *line {
	ex = asRead(ex)
	l := &line{
		Version: version, ID: ex.ID, Start: ex.Start.UTC(), Kind: string(ex.Kind),
		Method: ex.Method, URL: ex.URL, Host: ex.Host, Protocol: ex.Protocol,
		Client: ex.Client, Upstream: ex.Upstream, Status: ex.Status,
		RequestHeaders: ex.RequestHeaders, ResponseHeaders: ex.ResponseHeaders,
		Phases: phasesOf(&ex.Phases), Chunks: ex.Chunks, Units: ex.Units,
		Bytes: ex.Totals.Bytes, End: string(ex.End), Error: ex.Error,
		Verdict: judge(ex), Turns: ex.Turns, Ending: string(ex.Ending),
		Tunnel: ex.Tunnel, Remark: string(ex.Remark), Answer: answerOf(ex), Frames: ex.Frames, Body: ex.Body,
	}
	if ex.ReadsPerChunk > 1 {
		l.ReadsPerChunk = ex.ReadsPerChunk
	}
	if n := len(ex.Units); ex.UnitKind != tunnel.NoUnits && (n == 0 || ex.Units[n-1].Kind != ex.UnitKind) {
		l.UnitKind = ex.UnitKind.String()
	}
	if ex.TLS != (tunnel.TLSInfo{}) {
		l.TLS = (*tlsInfo)(&ex.TLS)
	}
	if all := totalsOf(ex.Totals); all != totalsOf(sum(ex.Chunks)) {
		l.Totals = &all
	}
	return l
}

func totalsOf(t tunnel.Totals) totals {
	return totals{
		Reads: t.Reads, RequestBytes: t.RequestBytes, Units: t.Units, Blocked: t.Blocked.Microseconds(),
		LongestGap: t.LongestGap.Microseconds(), LongestGapAt: t.LongestGapAt.Microseconds(), Last: t.Last.Microseconds(),
	}
}

// asRead returns ex as readers of its recording will see it, with times in whole
// microseconds: they must come to the same verdict.
func asRead(ex *tunnel.Exchange) *tunnel.Exchange {
	seen := *ex
	seen.Chunks, seen.Units = slices.Clone(ex.Chunks), slices.Clone(ex.Units)
	seen.Turns, seen.Frames = slices.Clone(ex.Turns), slices.Clone(ex.Frames)
	for i := range seen.Chunks {
		cut(&seen.Chunks[i].At)
		cut(&seen.Chunks[i].Blocked)
	}
	for i := range seen.Units {
		cut(&seen.Units[i].At)
	}
	for i := range seen.Turns {
		turn := &seen.Turns[i]
		cut(&turn.Sent)
		cut(&turn.First)
		cut(&turn.Last)
	}
	for i := range seen.Frames {
		cut(&seen.Frames[i].At)
	}
	cutAnswer(&seen.Answer)
	p := phasesOf(&ex.Phases)
	seen.Phases = p.phases()
	return &seen
}

func cut(d *time.Duration) { *d = d.Truncate(time.Microsecond) }

// sum is what the totals are if each chunk is one read.
func sum(chunks []tunnel.Chunk) tunnel.Totals {
	var t tunnel.Totals
	for i, c := range chunks {
		if gap := c.At - t.Last; i > 0 && gap > t.LongestGap {
			t.LongestGap, t.LongestGapAt = gap, t.Last
		}
		t.Reads++
		t.Last = c.At
		t.Bytes += int64(c.Bytes)
		t.Units += int64(c.Units)
		t.Blocked += c.Blocked
	}
	return t
}

// exchange is the inverse of lineOf.
func (l *line) exchange() (tunnel.Exchange, error) {
	if err := l.check(); err != nil {
		return tunnel.Exchange{}, err
	}
	ex := tunnel.Exchange{
		ID: l.ID, Start: l.Start, Kind: tunnel.Kind(l.Kind),
		Method: l.Method, URL: l.URL, Host: l.Host, Protocol: l.Protocol,
		Client: l.Client, Upstream: l.Upstream, Status: l.Status,
		RequestHeaders: l.RequestHeaders, ResponseHeaders: l.ResponseHeaders,
		Phases: l.Phases.phases(), Chunks: l.Chunks, Units: l.Units, Turns: l.Turns,
		ReadsPerChunk: max(l.ReadsPerChunk, 1), UnitKind: tunnel.ParseUnitKind(l.UnitKind),
		End: tunnel.End(l.End), Error: l.Error, Ending: tunnel.Ending(l.Ending),
		Tunnel: l.Tunnel, Remark: tunnel.Remark(l.Remark), Answer: l.Answer.answer(), Frames: l.Frames, Body: l.Body,
	}
	if n := len(ex.Units); n > 0 && l.UnitKind == "" {
		ex.UnitKind = ex.Units[n-1].Kind
	}
	if l.TLS != nil {
		ex.TLS = tunnel.TLSInfo(*l.TLS)
	}
	ex.Totals = sum(ex.Chunks)
	if l.Totals != nil {
		ex.Totals = l.Totals.totals()
	}
	ex.Totals.Bytes = l.Bytes
	return ex, nil
}

func (t *totals) totals() tunnel.Totals {
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	return tunnel.Totals{
		Reads: t.Reads, RequestBytes: t.RequestBytes, Units: t.Units, Blocked: us(t.Blocked),
		LongestGap: us(t.LongestGap), LongestGapAt: us(t.LongestGapAt), Last: us(t.Last),
	}
}

var (
	kinds   = []string{"http", "gateway", "keylog", "decrypted", "tunnel", "websocket"}
	endings = []string{"", "said", "missing"}
	ends    = []string{"", "complete", "truncated", "client_closed", "error"}
)

// check refuses what no recording of ours holds and what later arithmetic could
// not bear.
func (l *line) check() error {
	switch {
	case l.Version != version:
		return fmt.Errorf("version %d is not known: this program reads version %d", l.Version, version)
	case !slices.Contains(kinds, l.Kind):
		return fmt.Errorf("kind %q is not one of %q", clip(l.Kind), kinds)
	case !slices.Contains(ends, l.End):
		return fmt.Errorf("end %q is not one of %q", clip(l.End), ends[1:])
	case !slices.Contains(endings, l.Ending):
		return fmt.Errorf("ending %q is not one of %q", clip(l.Ending), endings[1:])
	case l.Status < 0 || l.Status > 999:
		return fmt.Errorf("status %d is not from 0 to 999", l.Status)
	case l.Bytes < 0:
		return fmt.Errorf("bytes %d is negative", l.Bytes)
	case l.ReadsPerChunk < 0 || l.ReadsPerChunk > maxReadsPerChunk:
		return fmt.Errorf("reads_per_chunk %d is not from 1 to %d", l.ReadsPerChunk, maxReadsPerChunk)
	}
	if err := l.Phases.check(); err != nil {
		return err
	}
	if err := l.Answer.check(); err != nil {
		return err
	}
	return l.Totals.check()
}

const maxReadsPerChunk = 1 << 40

func (t *totals) check() error {
	if t == nil {
		return nil
	}
	for name, n := range map[string]int64{
		"blocked_us": t.Blocked, "longest_gap_us": t.LongestGap, "longest_gap_at_us": t.LongestGapAt, "last_us": t.Last,
	} {
		if n < 0 || n > maxMicros {
			return fmt.Errorf("totals: %s %d is not from 0 to %d", name, n, int64(maxMicros))
		}
	}
	if t.Reads < 0 || t.Units < 0 || t.RequestBytes < 0 {
		return fmt.Errorf("totals: a count is negative")
	}
	return nil
}

// clip shortens what an error repeats of a file.
func clip(s string) string {
	const most = 40 // bytes
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// phases are the ends of the phases that happened, by their names and in their
// order.
type phases struct {
	DNS       *int64 `json:"dns,omitempty"`
	Connect   *int64 `json:"connect,omitempty"`
	Upstream  *int64 `json:"upstream,omitempty"`
	TLS       *int64 `json:"tls,omitempty"`
	Sent      *int64 `json:"sent,omitempty"`
	Head      *int64 `json:"head,omitempty"`
	FirstByte *int64 `json:"first_byte,omitempty"`
	End       *int64 `json:"end,omitempty"`
}

func (p *phases) field(phase tunnel.Phase) **int64 {
	return [...]**int64{&p.DNS, &p.Connect, &p.Upstream, &p.TLS, &p.Sent, &p.Head, &p.FirstByte, &p.End}[phase]
}

func phasesOf(ps *tunnel.Phases) phases {
	var p phases
	for _, phase := range tunnel.AllPhases() {
		if at, ok := ps.At(phase); ok {
			us := at.Microseconds()
			*p.field(phase) = &us
		}
	}
	return p
}

func (p *phases) phases() tunnel.Phases {
	var ps tunnel.Phases
	for _, phase := range tunnel.AllPhases() {
		if us := *p.field(phase); us != nil {
			ps.Set(phase, time.Duration(*us)*time.Microsecond)
		}
	}
	return ps
}

func (p *phases) check() error {
	for _, phase := range tunnel.AllPhases() {
		if us := *p.field(phase); us != nil && (*us < 0 || *us > maxMicros) {
			return fmt.Errorf("phases_us: %s %d is not from 0 to %d", phase, *us, int64(maxMicros))
		}
	}
	return nil
}
