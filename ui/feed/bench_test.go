package feed

import (
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
)

// BenchmarkFrame is one frame of 10,000 exchanges of which one has changed, with
// thirty in sight. Ten of them are made a second.
func BenchmarkFrame(b *testing.B) {
	j := journal.New(journal.Limits{Exchanges: 20_000})
	for range 10_000 {
		live := j.Begin(tunnel.Exchange{Kind: tunnel.KindHTTP, Method: "GET", URL: "http://a.test/v1/chat/completions?stream=true", Host: "a.test:80"})
		for i := range 5 {
			live.Chunk(tunnel.Chunk{At: time.Duration(i) * 50 * time.Millisecond, Bytes: 40, Units: 1})
		}
		live.Finish(tunnel.Complete, "")
	}
	live := j.Begin(tunnel.Exchange{Kind: tunnel.KindHTTP, Method: "GET", URL: "http://a.test/live", Host: "a.test:80"})
	f := New(j, func(Frame) {})
	view := View{Filter: "a.test"}
	for _, ex := range j.Snapshot()[9_970:] {
		view.InSight = append(view.InSight, ex.ID)
	}
	f.frame(&view, time.Now())
	b.ReportAllocs()
	for b.Loop() {
		live.Chunk(tunnel.Chunk{At: live.Since(), Bytes: 40, Units: 1})
		f.frame(&view, time.Now())
	}
}
