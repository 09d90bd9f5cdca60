package verdict

import (
	"testing"
	"time"

	"streamgauge/tunnel"
)

// shapes are exchanges of 10,000 chunks of each kind that is judged by a way of
// its own.
func shapes() map[string]tunnel.Exchange {
	flowing := arrived(50, 1, every(50*ms, 10_000)...)
	blocks := arrived(4096, 30, every(300*ms, 10_000)...)
	opaque := arrived(70, 0, every(50*ms, 10_000)...)
	opaque.Kind, opaque.UnitKind = tunnel.KindTunnel, tunnel.TLSRecord
	lump := arrived(100, 1, make([]time.Duration, 10_000)...)
	return map[string]tunnel.Exchange{"flowing": flowing, "blocks": blocks, "tunnel": opaque, "one lump": lump}
}

func TestAssessDoesNotAllocate(t *testing.T) {
	for name, ex := range shapes() {
		if n := testing.AllocsPerRun(10, func() { Assess(&ex) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

// BenchmarkAssess judges 10,000 chunks: what a live view does at each frame of
// a long stream.
func BenchmarkAssess(b *testing.B) {
	for name, ex := range shapes() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Assess(&ex)
			}
		})
	}
}

// BenchmarkSuspects is done once an exchange has ended, or is looked at.
func BenchmarkSuspects(b *testing.B) {
	ex := shapes()["blocks"]
	ex.ResponseHeaders = []tunnel.Header{{Name: "Server", Value: "nginx/1.22.1"}, {Name: "Transfer-Encoding", Value: "chunked"}}
	v := Assess(&ex)
	b.ReportAllocs()
	for b.Loop() {
		Suspects(&ex, v)
	}
}
