package feed

import (
	"strings"
	"testing"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestFilter(t *testing.T) {
	names := map[verdict.Label]string{verdict.BufferedWhole: "整体缓冲", verdict.Stalled: "Stalled"}
	row := &Row{Place: "api.test/v1/chat?x=1", Exchange: tunnel.Exchange{Method: "POST", Host: "api.test:443", Status: 503, Kind: tunnel.KindGateway}, Verdict: verdict.Verdict{Label: verdict.BufferedWhole}}
	e := &entry{row: row, text: "abc-1 post api.test/v1/chat?x=1"}
	for text, want := range map[string]bool{
		"": true, "chat": true, "CHAT": true, "chat v1": true, "chat nothing": false, "-nothing": true, "-chat": false,
		"host:api": true, "host:other": false, "status:503": true, "status:5xx": true, "status:4xx": false, "-status:200": true,
		"kind:gateway": true, "kind:tunnel": false, "label:buffered": true, "label:整体": true, "label:stalled": false,
		"host:": false, "what:ever": false, "-": true, "label:buffered status:5xx chat": true,
	} {
		if got := parseFilter(text, names).passes(e); got != want {
			t.Errorf("filter %q passes: %v, want %v", text, got, want)
		}
	}
}
