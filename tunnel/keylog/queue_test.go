package keylog

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/intake"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/relay"
	"streamgauge/tunnel/tunneltest"
)

func TestQueueKeepsOrderAndCopies(t *testing.T) {
	var total atomic.Int64
	q := newQueue(&total, func() { t.Error("full") })
	p := []byte("first")
	q.put(event{what: arrived, at: 1}, p)
	copy(p, "XXXXX")
	q.put(event{what: delivered}, nil)
	q.put(event{what: arrived, at: 2}, make([]byte, intake.MaxRead+1))
	q.close()
	events, more := q.take(nil)
	if !more || len(events) != 4 || string(events[0].data) != "first" || len(events[2].data)+len(events[3].data) != intake.MaxRead+1 {
		t.Fatalf("%d events, more %v; want 4, the first of them first", len(events), more)
	}
	for i := range events {
		q.release(&events[i])
	}
	if _, more := q.take(events); more || total.Load() != 0 {
		t.Errorf("more %v, %d bytes wait; want none", more, total.Load())
	}
}

func TestQueueIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		others int64
		unlock bool
		piece  int
		most   int64
	}{
		"while locked":  {0, false, 100 << 10, maxLocked},
		"once unlocked": {0, true, 100 << 10, maxOpened},
		"beside others": {maxTotal - 1<<20, true, 100 << 10, maxTotal},
		"many small":    {0, true, 0, 0},
	} {
		var total atomic.Int64
		total.Store(tt.others)
		full := 0
		q := newQueue(&total, func() { full++ })
		if tt.unlock {
			q.unlocked()
		}
		piece := make([]byte, tt.piece)
		for range maxWait + 1 {
			q.put(event{}, piece)
		}
		if full != 1 || total.Load() > tt.most || !q.dead.Load() {
			t.Errorf("%s: full %d times, %d bytes wait, dead %v; want once and %d at most", name, full, total.Load(), q.dead.Load(), tt.most)
		}
		if q.kill(); total.Load() != tt.others {
			t.Errorf("%s: %d bytes wait behind the end, want %d", name, total.Load(), tt.others)
		}
	}
}

// A tunnel that is not TLS, or never gets a key, passes as without us, and holds
// nothing in the end.
func TestNothingIsHeldInTheEnd(t *testing.T) {
	for name, hello := range map[string]string{"not TLS": "SSH-2.0-x\r\n", "TLS": string(helloFromClient("", noExtensions))} {
		synctest.Test(t, func(t *testing.T) {
			o := NewOpener(NewFile(filepath.Join(t.TempDir(), "none")), journal.New(journal.Limits{}))
			live := tunnel.NewLive(tunnel.Exchange{Kind: tunnel.KindTunnel}, tunnel.Limits{}, nil)
			w := o.Watch(live)
			clientEnd, near := tunneltest.Pair(0)
			far, originEnd := tunneltest.Pair(0)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if err := w.Run(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			go func() {
				end, _ := relay.Run(t.Context(), near, far, nil, live, relay.Config{Watcher: w})
				w.Close(end)
			}()
			want := int64(len(hello)) + 8<<20
			go func() {
				_, _ = io.WriteString(clientEnd, hello)
				_, _ = clientEnd.Write(make([]byte, 8<<20))
				_ = clientEnd.CloseWrite()
			}()
			if n, err := io.Copy(io.Discard, originEnd); n != want || err != nil {
				t.Errorf("%s: %d bytes passed, %v; want %d", name, n, err, want)
			}
			_ = originEnd.Close()
			_, _ = io.Copy(io.Discard, clientEnd)
			_ = clientEnd.Close()
			<-done
			if held := o.queued.Load(); held != 0 {
				t.Errorf("%s: %d bytes are still held", name, held)
			}
			time.Sleep(2 * afterPatience)
		})
	}
}

// broken is a recorder with a mistake in it.
type broken struct{}

func (broken) Begin(tunnel.Exchange) *tunnel.Live { panic("a mistake") }

// A mistake of ours ends the view, and nothing else.
func TestMistakesEndTheView(t *testing.T) {
	live := tunnel.NewLive(tunnel.Exchange{Kind: tunnel.KindTunnel}, tunnel.Limits{}, nil)
	o := NewOpener(known(all13()), broken{})
	w := o.Watch(live)
	for _, one := range []said{
		{tunnel.ToOrigin, helloFromClient("", noExtensions)},
		{tunnel.ToClient, helloFromServer(theServer, "", aes128, versionTLS13)},
		{tunnel.ToOrigin, seal(sealer(aes128, "C"), recordApplicationData, []byte("GET / HTTP/1.1\r\n\r\n"))},
	} {
		w.Arrived(one.dir, one.bytes, 0)
		w.Delivered(one.dir, 0)
	}
	w.Close(tunnel.Complete)
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("error %v, want the mistake", err)
	}
	w.Arrived(tunnel.ToOrigin, []byte("more"), 0) // the relay goes on
	if o.queued.Load() != 0 {
		t.Errorf("%d bytes are still held", o.queued.Load())
	}
}
