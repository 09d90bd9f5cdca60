//go:build peers && linux

package peers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestNginxStreams: with buffering off nginx passes every event on, and so do we.
func TestNginxStreams(t *testing.T) {
	b := body{"text/event-stream", closeDelimited, streams[0].events}
	origin := newOrigin(t, b, nil)
	host := nginx(t, "", "location / { proxy_pass http://"+origin.addr+"; proxy_buffering off; }")
	g := serve(t, peer{})
	client := get(t, g.addr, host, "/off", false)
	follow(t, origin, client, b)
	ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
	if ex.End != "complete" || ex.units() != 3 || len(ex.Chunks) != len(b.pieces()) {
		t.Errorf("recorded %s with %d units in %v, want complete with 3 in %d chunks", ex.End, ex.units(), ex.Chunks, len(b.pieces()))
	}
}

// TestNginxHoldsAll: with buffering on nginx holds what the origin sends in
// HTTP/1.0 until the stream ends, and the recording says so: the origin flushed
// its events one by one, yet the first chunk came after the last of them.
func TestNginxHoldsAll(t *testing.T) {
	const events = 8
	flushed := make(chan time.Time, events)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := range events {
			fmt.Fprintf(w, "data: event %d\n\n", i)
			w.(http.Flusher).Flush()
			flushed <- time.Now()
			<-tick.C
		}
	}))
	defer server.Close()
	host := nginx(t, "", "location / { proxy_pass "+server.URL+"; proxy_http_version 1.0; }")
	g := serve(t, peer{})
	status, page := ask(t, g.addr, "GET", "http://"+host+"/on")
	if got := strings.Count(page, "data: "); status != http.StatusOK || got != events {
		t.Fatalf("status %d with %d events, want 200 with %d", status, got, events)
	}
	var last time.Time
	for range events {
		last = <-flushed
	}
	ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
	if ex.units() != events || len(ex.Chunks) == 0 {
		t.Fatalf("recorded %d units in %v, want %d", ex.units(), ex.Chunks, events)
	}
	first := ex.Start.Add(time.Duration(ex.Chunks[0][0]) * time.Microsecond)
	if first.Before(last) {
		t.Errorf("first chunk at %v, but nginx should have held it until after %v", first, last)
	}
}
