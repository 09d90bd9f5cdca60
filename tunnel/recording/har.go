package recording

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// The objects of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).
// Fields that begin with an underscore are ours. Times are in milliseconds.
type (
	harEntry struct {
		Started  time.Time   `json:"startedDateTime"`
		Time     float64     `json:"time"`
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`
		Events   []harEvent  `json:"_eventSourceMessages,omitempty"`

		Verdict *judged `json:"_verdict,omitempty"`
		harOwn
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int64     `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harContent struct {
		Size     int64  `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Encoding string `json:"encoding,omitempty"`
	}
	// harOwn are the fields of a recording for which the standard has none.
	harOwn struct {
		ID            string   `json:"_id"`
		Kind          string   `json:"_kind"`
		Host          string   `json:"_host,omitempty"`
		Client        string   `json:"_client,omitempty"`
		Upstream      string   `json:"_upstream,omitempty"`
		End           string   `json:"_end"`
		Error         string   `json:"_error,omitempty"`
		Phases        *phases  `json:"_phases_us,omitempty"`
		Chunks        chunks   `json:"_chunks"`
		Units         units    `json:"_units"`
		Ending        string   `json:"_ending,omitempty"`
		ReadsPerChunk int      `json:"_reads_per_chunk,omitempty"`
		UnitKind      string   `json:"_unit_kind,omitempty"`
		Totals        *totals  `json:"_totals,omitempty"`
		TLS           *tlsInfo `json:"_tls,omitempty"`
		Turns         turns    `json:"_turns,omitempty"`
		Tunnel        string   `json:"_tunnel,omitempty"`
		Answer        *answer  `json:"_answer,omitempty"`
		Frames        frames   `json:"_frames,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	// harTimings hold -1 where a step did not happen. Connect includes SSL.
	harTimings struct {
		Blocked float64 `json:"blocked"`
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		SSL     float64 `json:"ssl"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// harSheet writes the entries of one log as they come.
type harSheet struct {
	w       io.Writer
	bodies  bool
	entries int
}

func (s *harSheet) begin() error {
	build := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		build = info.Main.Version
	}
	quoted, err := json.Marshal(build)
	if err != nil {
		return fmt.Errorf("write har: %w", err)
	}
	return s.print(`{"log":{"version":"1.2","creator":{"name":"Streamgauge","version":%s},"entries":[`, quoted)
}

func (s *harSheet) add(ex *tunnel.Exchange) error {
	text, err := json.Marshal(harEntryOf(ex, s.bodies))
	if err != nil {
		return fmt.Errorf("write har: exchange %s: %w", ex.ID, err)
	}
	separator := "\n"
	if s.entries++; s.entries > 1 {
		separator = ",\n"
	}
	return s.print("%s%s", separator, text)
}

func (s *harSheet) end() error { return s.print("\n]}}\n") }

func (s *harSheet) print(format string, args ...any) error {
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return fmt.Errorf("write har: %w", err)
	}
	return nil
}

// harEntryOf takes event names from the body, and the rest of it only if bodies
// are wanted.
func harEntryOf(ex *tunnel.Exchange, bodies bool) *harEntry {
	l := lineOf(ex)
	target := harURL(ex)
	timings, total := harTimingsOf(ex)
	entry := &harEntry{
		Started: ex.Start.UTC(), Time: total, Timings: timings, Comment: ex.Error,
		Request: harRequest{
			Method: ex.Method, URL: target, HTTPVersion: ex.Protocol,
			Cookies: []harPair{}, Headers: harHeaders(ex.RequestHeaders), QueryString: harQuery(target),
			HeadersSize: -1, BodySize: ex.Totals.RequestBytes,
		},
		Response: harResponse{
			Status: ex.Status, StatusText: http.StatusText(ex.Status), HTTPVersion: ex.Protocol,
			Cookies: []harPair{}, Headers: harHeaders(ex.ResponseHeaders),
			Content:     harContent{Size: ex.Totals.Bytes, MimeType: headerOf(ex.ResponseHeaders, "Content-Type")},
			RedirectURL: headerOf(ex.ResponseHeaders, "Location"), HeadersSize: -1, BodySize: ex.Totals.Bytes,
		},
		Verdict: l.Verdict,
		harOwn: harOwn{
			ID: l.ID, Kind: l.Kind, Host: l.Host, Client: l.Client, Upstream: l.Upstream, End: l.End, Error: l.Error,
			Phases: &l.Phases, Chunks: l.Chunks, Units: l.Units, Ending: l.Ending, ReadsPerChunk: l.ReadsPerChunk,
			UnitKind: l.UnitKind, Totals: l.Totals, TLS: l.TLS, Turns: l.Turns,
			Tunnel: l.Tunnel, Answer: l.Answer, Frames: l.Frames,
		},
		Events: harEvents(ex, bodies),
	}
	if bodies {
		entry.Response.Content.setText(ex.Body)
	}
	return entry
}

// harURL is absolute, as readers of HAR require: an opaque tunnel has only its
// destination.
func harURL(ex *tunnel.Exchange) string {
	if strings.Contains(ex.URL, "://") {
		return ex.URL
	}
	scheme := "http"
	if ex.TLS != (tunnel.TLSInfo{}) {
		scheme = "https"
	}
	path := ""
	if strings.HasPrefix(ex.URL, "/") {
		path = ex.URL
	}
	return scheme + "://" + ex.Host + path
}

func harHeaders(headers []tunnel.Header) []harPair {
	pairs := make([]harPair, len(headers))
	for i, h := range headers {
		pairs[i] = harPair(h)
	}
	return pairs
}

func headerOf(headers []tunnel.Header, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// harQuery lists the query in its order, decoded where it can be.
func harQuery(target string) []harPair {
	pairs := []harPair{}
	target, _, _ = strings.Cut(target, "#")
	_, query, found := strings.Cut(target, "?")
	if !found || query == "" {
		return pairs
	}
	for field := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(field, "=")
		pairs = append(pairs, harPair{unescape(name), unescape(value)})
	}
	return pairs
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// harTimingsOf splits the exchange at its phases, so that the parts which are
// not -1 add up to the total, SSL aside, which is a part of connect. What went
// by before a failure counts as waiting.
func harTimingsOf(ex *tunnel.Exchange) (harTimings, float64) {
	t := harTimings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1}
	total := ex.Duration().Microseconds()
	var passed int64 // microseconds since the start that are accounted for
	step := func(p tunnel.Phase) (float64, bool) {
		at, ok := ex.Phases.At(p)
		us := min(max(at.Microseconds(), passed), total)
		took := us - passed
		if ok {
			passed = us
		}
		return float64(took) / 1000, ok
	}
	if ms, ok := step(tunnel.DNS); ok {
		t.DNS = ms
	}
	before := passed
	for _, p := range []tunnel.Phase{tunnel.Connect, tunnel.Handshake, tunnel.TLS} {
		if ms, ok := step(p); ok {
			t.Connect = float64(passed-before) / 1000
			if p == tunnel.TLS {
				t.SSL = ms
			}
		}
	}
	sent, ok := ex.Phases.At(tunnel.Sent)
	if head, early := ex.Phases.At(tunnel.Head); ok && (!early || sent <= head) {
		t.Send, _ = step(tunnel.Sent)
	}
	if ms, ok := step(tunnel.Head); ok {
		t.Wait, t.Receive = ms, float64(total-passed)/1000
	} else {
		t.Wait = float64(total-passed) / 1000
	}
	return t, float64(total) / 1000
}
