//go:build peers && linux

package peers

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// layer is a program that holds streams back until it is told not to.
type layer struct {
	name string
	// guilty is what the verdict must call it, held what it must call the stream.
	// No name is wanted where one lump in a tunnel is all that can be seen.
	guilty string
	held   verdict.Label
	// setting is what makes it stream, as it stands in its configuration. The
	// advice that the verdict leads to must contain it.
	setting string
	// size is how many bytes an event has: buffers that count bytes need enough
	// of them to show a habit. encoding is what the client accepts.
	size     int
	encoding string
	// start runs it before the source at a URL, with the setting or without.
	start func(t *testing.T, source, setting string) stand
}

var layers = []layer{
	{
		name: "nginx", guilty: "nginx", held: verdict.Coalesced, setting: "proxy_buffering off;",
		size: 500, encoding: "identity", start: nginxPlain,
	},
	{
		name: "nginx gzip", guilty: "nginx", held: verdict.BufferedWhole, setting: "gzip off;",
		size: 300, encoding: "gzip", start: nginxGzip,
	},
	{
		name: "nginx TLS", guilty: "nginx", held: verdict.Coalesced, setting: "proxy_buffering off;",
		size: 2000, encoding: "identity", start: nginxTLS,
	},
	{
		name: "nginx TLS, less than a record", held: verdict.BufferedWhole, setting: "proxy_buffering off;",
		size: 300, encoding: "identity", start: nginxTLS,
	},
	{
		name: "nginx FastCGI", guilty: "nginx", held: verdict.Coalesced, setting: "fastcgi_buffering off;",
		size: 500, encoding: "identity", start: nginxFastCGI,
	},
	{
		name: "PHP-FPM", guilty: "php-fpm", held: verdict.Coalesced, setting: "ob_flush(); flush();",
		size: 1000, encoding: "identity", start: phpBuffering,
	},
	{
		name: "Apache FastCGI", guilty: "apache", held: verdict.Coalesced, setting: "flushpackets=on",
		size: 300, encoding: "identity", start: apacheFastCGI,
	},
	{
		name: "HAProxy", guilty: "haproxy", held: verdict.Coalesced, setting: "option http-no-delay",
		size: 300, encoding: "identity", start: haproxyHTTP,
	},
	{
		name: "Varnish", guilty: "varnish", held: verdict.BufferedWhole, setting: "set beresp.do_stream = true;",
		size: 300, encoding: "identity", start: varnish,
	},
	{
		name: "lighttpd", guilty: "lighttpd", held: verdict.BufferedWhole, setting: "server.stream-response-body = 1",
		size: 300, encoding: "identity", start: lighttpd,
	},
	{
		name: "Express", guilty: "express", held: verdict.BufferedWhole, setting: "res.flush?.();",
		size: 300, encoding: "gzip", start: express,
	},
}

// TestLayers: the verdict names the layer that held a stream back, its advice
// holds the setting, and with the setting the stream comes as it was made.
func TestLayers(t *testing.T) {
	for _, l := range layers {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			source := newSource(t, l.size)
			before, after := l.start(t, source, ""), l.start(t, source, l.setting)
			g := serve(t, peer{})
			l.drain(t, g, before, after)
			g.finish(t, 2)
			recorded := g.exchanges(t)
			t.Run("before", func(t *testing.T) { l.holds(t, recorded[before.host()]) })
			t.Run("after", func(t *testing.T) { streamed(t, recorded[after.host()]) })
		})
	}
}

// drain reads both streams at once.
func (l layer) drain(t *testing.T, g *gauge, stands ...stand) {
	t.Helper()
	var all sync.WaitGroup
	for _, s := range stands {
		all.Go(func() {
			if err := s.drain(g.addr, l.encoding); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// exchanges reads the recording of a gauge that has ended, by host.
func (g *gauge) exchanges(t *testing.T) map[string]*tunnel.Exchange {
	t.Helper()
	file, err := os.Open(g.record)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := map[string]*tunnel.Exchange{}
	for ex, err := range recording.Read(file, g.record) {
		if err != nil {
			t.Fatal(err)
		}
		found[ex.Host] = &ex
	}
	return found
}

// holds wants the verdict on a stream that the layer held back.
func (l layer) holds(t *testing.T, ex *tunnel.Exchange) {
	v := assess(t, ex)
	suspects := verdict.Suspects(ex, v)
	if v.Label != l.held || len(suspects) == 0 {
		t.Fatalf("%s, suspects %v, want %s and somebody to suspect\n%s", v.Label, suspects, l.held, arrivals(ex))
	}
	t.Logf("%s by %s, %.2f", v.Label, suspects[0].Layer, suspects[0].Confidence)
	if l.guilty == "" {
		return
	}
	if suspects[0].Layer != l.guilty {
		t.Errorf("suspects %v, want %s first\n%s", suspects, l.guilty, arrivals(ex))
	}
	advice, ok := verdict.AdviceOn(suspects[0])
	if !ok || !strings.Contains(advice.Snippet, l.setting) {
		t.Errorf("advice %s: %q, want it to say %q", advice.Layer, advice.Snippet, l.setting)
	}
}

// streamed wants the verdict on a stream that nobody held back.
func streamed(t *testing.T, ex *tunnel.Exchange) {
	if v := assess(t, ex); v.Label != verdict.Incremental {
		t.Errorf("%s, suspects %v, want incremental\n%s", v.Label, verdict.Suspects(ex, v), arrivals(ex))
	}
}

// assess judges a stream that came to its end with all its events.
func assess(t *testing.T, ex *tunnel.Exchange) verdict.Verdict {
	t.Helper()
	if ex == nil || ex.End != tunnel.Complete {
		t.Fatalf("recorded %v, want a stream that came to its end", ex)
	}
	if got := ex.Totals.Units; ex.Kind != tunnel.KindTunnel && got != sourceEvents {
		t.Fatalf("%d units, want %d\n%s", got, sourceEvents, arrivals(ex))
	}
	return verdict.Assess(ex)
}

// arrivals is what a verdict rests on: the head and the chunks.
func arrivals(ex *tunnel.Exchange) string {
	var text strings.Builder
	for _, h := range ex.ResponseHeaders {
		fmt.Fprintf(&text, "%s: %s\n", h.Name, h.Value)
	}
	head, _ := ex.Phases.At(tunnel.Head)
	fmt.Fprintf(&text, "head after %v\n", head)
	for _, c := range ex.Chunks {
		fmt.Fprintf(&text, "%v: %d bytes, %d units\n", c.At, c.Bytes, c.Units)
	}
	return text.String()
}
