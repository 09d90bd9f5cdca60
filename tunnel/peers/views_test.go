//go:build peers && linux

package peers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// broadcast sends one and the same stream to several clients at once, when all of
// them are there.
type broadcast struct {
	clients sync.WaitGroup
	mu      sync.Mutex // guards pulses
	pulses  []chan struct{}
}

// beat lets everybody send an event.
func (b *broadcast) beat() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, pulse := range b.pulses {
		pulse <- struct{}{}
	}
}

func (b *broadcast) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_ = http.NewResponseController(w).Flush()
	pulse := make(chan struct{}, sourceEvents) // nobody waits for a slow one
	b.mu.Lock()
	b.pulses = append(b.pulses, pulse)
	b.mu.Unlock()
	b.clients.Done()
	for i := range sourceEvents {
		<-pulse
		fmt.Fprint(w, sourceEvent(i, 100))
		_ = http.NewResponseController(w).Flush()
	}
}

// TestViewsAgree: curl reads one stream through a tunnel that is looked into with
// its keys, through one that is opened with our own authority, and through the
// gateway. The three views, and the first tunnel from outside, agree.
func TestViewsAgree(t *testing.T) {
	for _, version := range []string{"--http1.1", "--http2"} {
		t.Run(version, func(t *testing.T) {
			a, config := secured(t)
			b := &broadcast{}
			server := httptest.NewUnstartedServer(b)
			server.TLS, server.EnableHTTP2 = config, true
			server.StartTLS()
			t.Cleanup(server.Close)
			ca := writeFile(t, t.TempDir(), "ca.pem", a.pem)
			keys := filepath.Join(t.TempDir(), "keys.log")
			o := newOpening(t, ca)
			addr := server.Listener.Addr().String()
			g := serve(t, peer{env: o.env}, "--settings", o.settings, "--decrypt", "127.0.0.1", "--keylog", keys)

			curl := []string{"-sS", "-N", "--noproxy", "", version}
			var clients []*process
			for _, args := range [][]string{
				{"--cacert", ca, "-x", "http://" + g.addr, "https://" + local(addr) + "/"},
				{"--cacert", o.own, "-x", "http://" + g.addr, "https://" + addr + "/"},
				{"http://" + g.addr + "/https/" + local(addr) + "/"},
			} {
				b.clients.Add(1)
				cmd := exec.Command(need(t, "curl", "curl"), slices.Concat(curl, args)...)
				cmd.Env = append(cleanEnv(t), "SSLKEYLOGFILE="+keys)
				clients = append(clients, start(t, cmd))
			}
			b.clients.Wait()
			for i := range sourceEvents {
				time.Sleep(pauses[i%len(pauses)])
				b.beat()
			}
			for _, client := range clients {
				client.wait(t)
			}
			g.settled(t, 5) // two tunnels, and what is in them
			g.end(syscall.SIGINT)
			agree(t, g.recorded(t))
		})
	}
}

// agree compares the views of one stream with that through the key log.
func agree(t *testing.T, recorded []exchange) {
	t.Helper()
	is := func(kind string) func(exchange) bool {
		return func(ex exchange) bool { return ex.Kind == kind && len(ex.Chunks) > 1 }
	}
	want := only(t, recorded, "opened with keys", is("keylog"))
	if want.units() != sourceEvents || want.Verdict.Label != "incremental" {
		t.Errorf("with keys: %d units, %s; want %d, incremental", want.units(), want.Verdict.Label, sourceEvents)
	}
	for _, kind := range []string{"decrypted", "gateway"} {
		ex := only(t, recorded, kind, is(kind))
		if ex.units() != want.units() || ex.Verdict.Label != want.Verdict.Label {
			t.Errorf("%s: %d units, %s; with keys %d, %s", kind, ex.units(), ex.Verdict.Label, want.units(), want.Verdict.Label)
		}
		var apart []time.Duration
		for i := range min(len(ex.Units), len(want.Units)) {
			apart = append(apart, ex.unit(i).Sub(want.unit(i)).Abs())
		}
		slices.Sort(apart)
		if half := apart[len(apart)/2]; half > time.Millisecond {
			t.Errorf("%s: half the events are more than %v apart from those with keys, want 1ms at most", kind, half)
		}
		t.Logf("%s: p50 %v, p99 %v apart", kind, apart[len(apart)/2], apart[len(apart)*99/100])
	}
	passive := only(t, recorded, "tunnel", func(ex exchange) bool {
		return ex.Kind == "tunnel" && strings.HasPrefix(ex.Host, "localhost")
	})
	if passive.Verdict.Label != want.Verdict.Label {
		t.Errorf("the tunnel from outside is %s, with keys %s", passive.Verdict.Label, want.Verdict.Label)
	}
	opened(t, []exchange{passive, want}, want.URL, sourceEvents)
}

// unit is when unit i arrived.
func (ex exchange) unit(i int) time.Time {
	return ex.Start.Add(time.Duration(ex.Units[i][0].(float64)) * time.Microsecond)
}
