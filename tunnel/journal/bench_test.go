package journal

import (
	"sync"
	"testing"
	"time"

	"streamgauge/tunnel"
)

func exchange(j *Journal) {
	live := j.Begin(tunnel.Exchange{Kind: tunnel.KindHTTP, Method: "GET", URL: "http://origin.test/events", Host: "origin.test:80"})
	for i := range 100 {
		live.Chunk(tunnel.Chunk{At: time.Duration(i), Bytes: 100, Units: 1})
	}
	live.Finish(tunnel.Complete, "")
}

// BenchmarkExchange is the whole recording of an exchange of 100 chunks.
func BenchmarkExchange(b *testing.B) {
	b.ReportAllocs()
	j := New(Limits{})
	for b.Loop() {
		exchange(j)
	}
}

func BenchmarkExchangeParallel(b *testing.B) {
	b.ReportAllocs()
	j := New(Limits{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			exchange(j)
		}
	})
}

// BenchmarkChunk is one chunk of a long exchange, with and without a reader
// that copies the whole journal ten times a second.
func BenchmarkChunk(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := map[bool]string{false: "alone", true: "watched"}[watched]
		b.Run(name, func(b *testing.B) {
			j := New(Limits{})
			for range 1_999 {
				exchange(j)
			}
			done := make(chan struct{})
			var reader sync.WaitGroup
			if watched {
				reader.Go(func() { watch(j, done) })
			}
			live := j.Begin(tunnel.Exchange{})
			b.ReportAllocs()
			var at time.Duration
			for b.Loop() {
				at++
				live.Chunk(tunnel.Chunk{At: at, Bytes: 100, Units: 1})
			}
			close(done)
			reader.Wait()
		})
	}
}

func watch(j *Journal, done <-chan struct{}) {
	_, cancel := j.Subscribe()
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			j.Snapshot()
		}
	}
}

// BenchmarkSnapshot copies 2,000 summaries.
func BenchmarkSnapshot(b *testing.B) {
	b.ReportAllocs()
	j := New(Limits{})
	for range 2_000 {
		exchange(j)
	}
	for b.Loop() {
		j.Snapshot()
	}
}
