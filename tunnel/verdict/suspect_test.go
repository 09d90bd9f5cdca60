package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

// reply makes the exchange of an event stream. head is the header as on the
// wire, "Name: value" a line; headAt when it came; each lump is one read.
func reply(head string, headAt time.Duration, lumps ...tunnel.Chunk) tunnel.Exchange {
	ex := tunnel.Exchange{Kind: tunnel.KindHTTP, Protocol: "HTTP/1.1", Status: 200, UnitKind: tunnel.SSE, End: tunnel.Complete, ReadsPerChunk: 1, Chunks: lumps}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if name != "" {
			ex.ResponseHeaders = append(ex.ResponseHeaders, tunnel.Header{Name: name, Value: value})
		}
	}
	for _, c := range lumps {
		ex.Totals.Units += int64(c.Units)
	}
	ex.Phases.Set(tunnel.Sent, 0)
	ex.Phases.Set(tunnel.Head, headAt)
	return ex
}

// lumpsOf makes reads a gap apart, the first after the first gap.
func lumpsOf(gap time.Duration, units int32, sizes ...int32) []tunnel.Chunk {
	chunks := make([]tunnel.Chunk, len(sizes))
	for i, n := range sizes {
		chunks[i] = tunnel.Chunk{At: time.Duration(i+1) * gap, Bytes: n, Units: units}
	}
	return chunks
}

// atEnd is everything after three seconds.
func atEnd(bytes int32) []tunnel.Chunk {
	return []tunnel.Chunk{{At: 3 * time.Second, Bytes: bytes, Units: 80}}
}

// unflushed is the head of a coding, and everything after three seconds.
func unflushed() []tunnel.Chunk {
	return []tunnel.Chunk{{At: 150 * ms, Bytes: 10}, {At: 3 * time.Second, Bytes: 1800, Units: 80}}
}

const (
	nginxHead   = "Server: nginx/1.22.1\nDate: D\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\nConnection: keep-alive\n"
	goHead      = "Cache-Control: no-cache\nContent-Type: text/event-stream\nDate: D\nTransfer-Encoding: chunked\n"
	lowerHead   = "cache-control: no-cache\ncontent-type: text/event-stream\ndate: D\ntransfer-encoding: chunked\n"
	gunicorn    = "Server: gunicorn\nDate: D\nConnection: close\nTransfer-Encoding: chunked\nContent-Type: text/event-stream\n"
	expressHead = "X-Powered-By: Express\nContent-Type: text/event-stream\nDate: D\nConnection: keep-alive\nTransfer-Encoding: chunked\n"
	phpHead     = "Server: nginx/1.22.1\nDate: D\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\nConnection: keep-alive\nX-Powered-By: PHP/8.2.1\n"
	apacheHead  = "Date: D\nServer: Apache/2.4.71\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n"
	gzipped     = "Content-Encoding: gzip\n"
	sized       = "Content-Length: 9000\n"
)

func unchunked(head string) string {
	return strings.ReplaceAll(strings.ReplaceAll(head, "Transfer-Encoding: chunked\n", ""), "transfer-encoding: chunked\n", "") + sized
}

func TestSuspects(t *testing.T) {
	const late, early = 3 * time.Second, 2 * ms
	cork := []tunnel.Chunk{}
	for i, at := range []time.Duration{205, 425, 649, 861, 1081, 1305, 1520, 1600} {
		cork = append(cork, tunnel.Chunk{At: at * ms, Bytes: int32(500 + 37*(i%3)), Units: int32(4 + i%3)})
	}
	jam := []tunnel.Chunk{}
	for i, at := range []time.Duration{300, 940, 1300, 2100, 2450, 3200, 3300, 4100} {
		jam = append(jam, tunnel.Chunk{At: at * ms, Bytes: []int32{130, 900, 480, 1130, 470, 1000, 140, 1100}[i], Units: []int32{1, 8, 4, 10, 4, 9, 1, 10}[i]})
	}
	tests := []struct {
		name string
		ex   tunnel.Exchange
		want string // first, or first of several as likely, after "|"
	}{
		{"nginx, pages", reply(nginxHead, 500*ms, lumpsOf(500*ms, 30, 3982, 4096, 4096, 4096, 900)...), "nginx"},
		{"nginx, a page and a rest", reply(nginxHead, 1700*ms, tunnel.Chunk{At: 1700 * ms, Bytes: 3982, Units: 33}, tunnel.Chunk{At: 3000 * ms, Bytes: 2500, Units: 20}), "nginx"},
		{"nginx, little", reply(nginxHead, late, atEnd(2000)...), "nginx"},
		{"nginx, gzip", reply(nginxHead+gzipped, late, atEnd(2000)...), "nginx"},
		{"openresty", reply(strings.Replace(nginxHead, "nginx/1.22.1", "openresty/1.25", 1), late, atEnd(2000)...), "nginx|openresty"},
		{"uwsgi behind nginx", reply(nginxHead, 700*ms, lumpsOf(700*ms, 25, 4019, 4096, 4096, 1500)...), "nginx"},
		{"php, eight KiB", reply(phpHead, 900*ms, lumpsOf(900*ms, 37, 8084, 8184, 8184, 8184, 700)...), "php-fpm"},
		{"php that hides, eight KiB and a rest", reply(strings.ReplaceAll(nginxHead, "event-stream", "event-stream;charset=UTF-8"), 3400*ms, tunnel.Chunk{At: 3400 * ms, Bytes: 8135, Units: 81}, tunnel.Chunk{At: 4100 * ms, Bytes: 1881, Units: 19}), "php-fpm"},
		{"php flushes, nginx gathers", reply(phpHead, 600*ms, lumpsOf(600*ms, 24, 3720, 3821, 3819, 3826, 3791)...), "nginx"},
		{"php behind apache", reply(apacheHead+"X-Powered-By: PHP/8.2\n", early, jam...), "apache"},
		{"apache ratelimit", reply(apacheHead, early, lumpsOf(200*ms, 5, 600, 640, 580, 610, 590, 630, 600)...), "apache"},
		{"haproxy", reply(lowerHead, 205*ms, cork...), "haproxy"},
		{"haproxy before nginx", reply("server: nginx/1.22.1\n"+lowerHead, 205*ms, cork...), "haproxy"},
		{"haproxy behind nginx", reply(nginxHead, 205*ms, cork...), "haproxy"},
		{"haproxy waits for the body", reply(lowerHead, late, atEnd(9000)...), "haproxy"},
		{"varnish stores", reply(unchunked("Content-Type: text/event-stream\nX-Varnish: 3\nAge: 3\nVia: 1.1 host (Varnish/7.1)\n"), late, atEnd(9000)...), "varnish"},
		{"varnish gzips", reply("Content-Type: text/event-stream\nX-Varnish: 3\nAge: 0\nVia: 1.1 host (Varnish/7.1)\nTransfer-Encoding: chunked\n"+gzipped, early, unflushed()...), "varnish"},
		{"lighttpd", reply(unchunked("Content-Type: text/event-stream\nDate: D\nServer: lighttpd/1.4.69\n"), late, atEnd(9000)...), "lighttpd"},
		{"caddy encodes", reply(goHead+"Server: Caddy\n"+gzipped, early, unflushed()...), "caddy"},
		{"caddy stores", reply(goHead+"Server: Caddy\n", late, atEnd(9000)...), "caddy"},
		{"unflushed behind caddy", reply(goHead+"Server: Caddy\n", 1100*ms, atEnd(17_537)...), "origin"},
		{"express compresses", reply(expressHead+gzipped, early, unflushed()...), "express"},
		{"express sends", reply(unchunked(expressHead)+"ETag: W/x\n", late, atEnd(9000)...), "express"},
		{"webpack-dev-server", reply("X-Powered-By: Express\ncache-control: no-cache\ncontent-type: text/event-stream\ndate: D\nVary: Accept-Encoding\nConnection: keep-alive\nTransfer-Encoding: chunked\n"+gzipped, early, unflushed()...), "webpack-dev-server"},
		{"node intercepts", reply(strings.ToLower(unchunked(lowerHead))+"connection: close\n", late, atEnd(9000)...), "node"},
		{"django", reply(gunicorn+gzipped, early, unflushed()...), "django"},
		{"starlette", reply("date: D\nserver: uvicorn\ncontent-type: text/event-stream\nTransfer-Encoding: chunked\n"+gzipped, early, unflushed()...), "starlette"},
		{"flask joins", reply(unchunked(gunicorn), late, atEnd(9000)...), "flask"},
		{"a wsgi program cuts", reply(gunicorn, 500*ms, lumpsOf(500*ms, 30, 4096, 4096, 4096, 4096, 900)...), "gunicorn"},
		{"go without flush", reply(goHead, 700*ms, lumpsOf(700*ms, 30, 3942, 4082, 4082, 1600)...), "origin|go-handler"},
		{"the same behind squid", reply(goHead+"X-Cache: MISS\nVia: 1.1 host (squid/5.7)\n", 700*ms, lumpsOf(700*ms, 30, 3942, 4082, 4082, 1600)...), "origin"},
		{"the same behind nginx", reply(nginxHead, 700*ms, lumpsOf(700*ms, 30, 3942, 4082, 4082, 1600)...), "origin"},
		{"go gzips without flush", reply(strings.Replace(goHead, "Content-Type", gzipped+"Content-Type", 1), early, unflushed()...), "origin|go-handler"},
		{"go timeout handler", reply(goHead, late, atEnd(17_000)...), "go-handler"},
		{"goproxy, ndjson", reply(goHead, 400*ms, tunnel.Chunk{At: 400 * ms, Bytes: 512, Units: 6}, tunnel.Chunk{At: 3500 * ms, Bytes: 4084, Units: 56}, tunnel.Chunk{At: 5000 * ms, Bytes: 2091, Units: 28}), "goproxy"},
		{"privoxy filters", reply(unchunked(goHead)+"Connection: close\n", late, atEnd(9000)...), "privoxy"},
		{"eight at a time", reply(goHead, early, lumpsOf(320*ms, 8, 1009, 1038, 1027, 1031, 1088, 1043, 983, 546)...), "origin"},
		{"eight at a time behind nginx", reply(nginxHead, early, lumpsOf(320*ms, 8, 1009, 1038, 1027, 1031, 1088, 1043, 983, 546)...), "origin"},
		{"a jamming line", reply(goHead, early, jam...), "link"},
		{"a jamming line to nginx", reply(nginxHead, early, jam...), "link"},
		{"api gateway", reply(unchunked("Content-Type: text/event-stream\nx-amzn-RequestId: 1\nx-amz-apigw-id: 2\n"), late, atEnd(9000)...), "aws-api-gateway"},
		{"nothing known", reply("X-Own: 1\nContent-Type: text/event-stream\n", late, atEnd(9000)...), Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := Assess(&test.ex)
			got := Suspects(&test.ex, v)
			if len(got) == 0 || !slices.Contains(strings.Split(test.want, "|"), got[0].Layer) {
				t.Errorf("%s: suspects %+v, want %s first", v.Label, got, test.want)
			}
			checkSuspects(t, got)
		})
	}
}

// checkSuspects: probabilities in order, that with what was too little to name
// make one; evidence in order.
func checkSuspects(t *testing.T, suspects []Suspect) {
	t.Helper()
	sum := 0.0
	for i, s := range suspects {
		sum += s.Confidence
		if i > 0 && s.Confidence > suspects[i-1].Confidence {
			t.Errorf("%s comes after the less likely %s", s.Layer, suspects[i-1].Layer)
		}
		if !slices.IsSortedFunc(s.Evidence, func(a, b Evidence) int { return int(100 * (b.Weight - a.Weight)) }) {
			t.Errorf("%s: evidence %v is not in order of weight", s.Layer, s.Evidence)
		}
		if s.Layer != Unknown && len(s.Evidence) == 0 {
			t.Errorf("%s is suspected for nothing", s.Layer)
		}
	}
	if sum > 1+1e-9 || sum < 0.7 {
		t.Errorf("confidences add up to %v", sum)
	}
}

// TestNobodyIsSuspectedOfAStreamThatFlows, whatever its headers say.
func TestNobodyIsSuspectedOfAStreamThatFlows(t *testing.T) {
	ex := reply(nginxHead, ms, lumpsOf(50*ms, 1, 120, 130, 110, 125, 118, 122, 131, 119)...)
	if got := Suspects(&ex, Assess(&ex)); got != nil {
		t.Errorf("suspects %+v of an incremental stream, want none", got)
	}
}

func TestSuspectsOfSilences(t *testing.T) {
	flow := lumpsOf(50*ms, 1, slices.Repeat([]int32{120, 130, 110, 125, 118}, 5)...)
	path := append(slices.Clone(flow), tunnel.Chunk{At: 4 * time.Second, Bytes: 6000, Units: 50})
	source := append(slices.Clone(flow), tunnel.Chunk{At: 4 * time.Second, Bytes: 130, Units: 1}, tunnel.Chunk{At: 4050 * ms, Bytes: 120, Units: 1})
	for want, chunks := range map[string][]tunnel.Chunk{"link": path, "origin": source} {
		ex := reply(nginxHead, ms, chunks...)
		v := Assess(&ex)
		if got := Suspects(&ex, v); v.Label != Stalled || got[0].Layer != want {
			t.Errorf("%s: suspects %+v, want stalled by %s", v.Label, got, want)
		}
	}
}

func TestSlowClientIsSuspectedFirst(t *testing.T) {
	chunks := lumpsOf(700*ms, 30, 3982, 4096, 4096, 4096)
	for i := range chunks {
		chunks[i].Blocked = 690 * ms
	}
	ex := reply(nginxHead, 700*ms, chunks...)
	v := Assess(&ex)
	if got := Suspects(&ex, v); !v.ClientLimited || got[0].Layer != "client" {
		t.Errorf("client limited %v, suspects %+v: want the client first", v.ClientLimited, got)
	}
}

func TestSuspectsInTunnels(t *testing.T) {
	ex := tunnel.Exchange{Kind: tunnel.KindTunnel, End: tunnel.Complete, ReadsPerChunk: 1, Chunks: lumpsOf(1900*ms, 0, 16_413, 16_413, 5_402)}
	if got := Suspects(&ex, Assess(&ex)); len(got) == 0 || got[0].Layer != "nginx" {
		t.Errorf("suspects %+v of full TLS records, want nginx first", got)
	}
	ex.Chunks = lumpsOf(1900*ms, 0, 9_000)
	if got := Suspects(&ex, Assess(&ex)); len(got) != 1 || got[0].Layer != Unknown {
		t.Errorf("suspects %+v of one lump in a tunnel, want only unknown", got)
	}
}

// TestClueTable: each row is whole.
func TestClueTable(t *testing.T) {
	for i, c := range clues {
		if c.code == "" || c.holds == nil || len(c.blames) == 0 {
			t.Errorf("row %d of the clues, %q, is not whole", i, c.code)
		}
		if clueTexts[c.code] == "" {
			t.Errorf("clue %s has no sentence", c.code)
		}
		for _, b := range c.blames {
			if b.layer != strings.ToLower(b.layer) || b.weight == 0 {
				t.Errorf("clue %s blames %q by %v", c.code, b.layer, b.weight)
			}
		}
	}
}

func TestEvidenceAsSentence(t *testing.T) {
	for want, e := range map[string]Evidence{
		"a header names it (Server: nginx/1.22.1)":               {NamesItself, "Server: nginx/1.22.1", 1.5},
		"all header names are in lower case":                     {LowerNames, "", 1.5},
		"against it: the head came before the first bytes (2ms)": {HeadBefore, "2ms", -1},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPercentIsNeverCertain(t *testing.T) {
	for confidence, want := range map[float64]int{0: 0, 0.004: 0, 0.005: 1, 0.5: 50, 0.994: 99, 0.999: 99, 1: 99} {
		if got := (&Suspect{Confidence: confidence}).Percent(); got != want {
			t.Errorf("confidence %v: %d %%, want %d", confidence, got, want)
		}
	}
}
