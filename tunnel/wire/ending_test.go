package wire

import (
	"strings"
	"testing"

	"streamgauge/tunnel"
)

func TestEnding(t *testing.T) {
	chat := `data: {"id":"1","object":"chat.completion.chunk","choices":[{"delta":{"content":"hi"}}]}` + "\n\n"
	message := "event: message_start\ndata: {\"type\": \"message_start\"}\n\n"
	many := strings.Repeat(chat, 100)
	for name, tt := range map[string]struct {
		body string
		want tunnel.Ending
	}{
		"chat whole":          {many + "data: [DONE]\n\n", tunnel.EndingSaid},
		"chat cut":            {many, tunnel.EndingMissing},
		"chat failed":         {chat + "data: {\"error\": {}}\n\n", tunnel.EndingSaid},
		"messages whole":      {message + many + "event: message_stop\ndata: {}\n\n", tunnel.EndingSaid},
		"messages cut":        {message + "event: ping\ndata: {}\n\n", tunnel.EndingMissing},
		"responses whole":     {"event: response.created\ndata: {}\n\nevent: response.completed\ndata: {}\n\n", tunnel.EndingSaid},
		"responses cut":       {"event: response.created\ndata: {}\n\n", tunnel.EndingMissing},
		"ollama whole":        {"{\"response\":\"a\",\"done\": false}\n{\"done\": true}\n", tunnel.EndingSaid},
		"ollama cut":          {"{\"response\":\"a\",\"done\":false}\n", tunnel.EndingMissing},
		"gemini whole":        {"data: {\"candidates\": [{\"finishReason\": \"STOP\"}]}\n\n", tunnel.EndingSaid},
		"gemini cut":          {"data: {\"candidates\": [{\"content\": {}}]}\n\n", tunnel.EndingMissing},
		"other events":        {"data: 1\n\ndata: 2\n\n", tunnel.EndingUnknown},
		"other text":          {"The word \"done\":false is in here.", tunnel.EndingUnknown},
		"nothing":             {"", tunnel.EndingUnknown},
		"end far from last":   {chat + "data: [DONE]\n\n" + strings.Repeat(": ping\n\n", 1000), tunnel.EndingMissing},
		"end behind a filler": {chat + strings.Repeat("x", 5000) + "data: [DONE]\n\n", tunnel.EndingSaid},
	} {
		for _, size := range []int{1, 7, 4096, len(tt.body) + 1} {
			var e Ending
			for rest := tt.body; rest != ""; {
				n := min(size, len(rest))
				e.Feed([]byte(rest[:n]))
				rest = rest[n:]
			}
			if got := e.Said(); got != tt.want {
				t.Errorf("%s in pieces of %d: %q, want %q", name, size, got, tt.want)
			}
			if len(e.first) > endingWindow || len(e.last) > endingWindow {
				t.Errorf("%s: %d and %d bytes kept", name, len(e.first), len(e.last))
			}
		}
	}
}

func BenchmarkEnding(b *testing.B) {
	event := []byte(strings.Repeat("data: x\n\n", 7))
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	var e Ending
	for b.Loop() {
		e.Feed(event)
	}
}
