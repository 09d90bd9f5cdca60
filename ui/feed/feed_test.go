package feed

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/tunnel/verdict"
)

// counted is a journal that counts what is asked of it.
type counted struct {
	*journal.Journal
	mu        sync.Mutex
	snapshots int
	wholes    map[string]int
}

func (c *counted) Snapshot() []tunnel.Exchange {
	c.mu.Lock()
	c.snapshots++
	c.mu.Unlock()
	return c.Journal.Snapshot()
}

func (c *counted) Exchange(id string) (tunnel.Exchange, bool) {
	c.mu.Lock()
	c.wholes[id]++
	c.mu.Unlock()
	return c.Journal.Exchange(id)
}

// watch is a feed over a journal in virtual time, with the frames it made.
type watch struct {
	*Feed
	journal *counted
	mu      sync.Mutex
	frames  []Frame
}

func newWatch(t *testing.T) *watch {
	w := &watch{journal: &counted{Journal: journal.New(journal.Limits{}), wholes: map[string]int{}}}
	w.Feed = New(w.journal, func(f Frame) {
		w.mu.Lock()
		w.frames = append(w.frames, f)
		w.mu.Unlock()
	})
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go w.Run(ctx)
	return w
}

// taken returns how many frames were made since the last call, and the latest one.
func (w *watch) taken() (n int, last Frame) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n = len(w.frames); n > 0 {
		last = w.frames[n-1]
	}
	w.frames = nil
	return n, last
}

func (w *watch) shown() { w.Look(func(v *View) { v.Hidden = false }) }

func begin(j *counted, url string) *tunnel.Live {
	return j.Begin(tunnel.Exchange{Kind: tunnel.KindHTTP, Method: "GET", URL: url, Host: "a.test:80", Status: 200})
}

func TestAtMostTenFramesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		live := begin(w.journal, "http://a.test/x")
		w.taken()
		for range 1000 { // a second of an arrival each millisecond
			live.Chunk(tunnel.Chunk{At: live.Since(), Bytes: 10, Units: 1})
			time.Sleep(time.Millisecond)
		}
		if n, last := w.taken(); n < 9 || n > 11 || last.Rows[0].Exchange.Totals.Reads < 900 {
			t.Errorf("%d frames of a second with 1000 arrivals, the last one with %d of them; want 10, and nearly all", n, last.Rows[0].Exchange.Totals.Reads)
		}
		live.Finish(tunnel.Complete, "")
	})
}

func TestNoFramesForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		live := begin(w.journal, "http://a.test/x")
		time.Sleep(time.Minute)
		if n, _ := w.taken(); n != 0 || w.journal.snapshots != 0 {
			t.Errorf("%d frames and %d snapshots before the window was shown, want none", n, w.journal.snapshots)
		}
		w.shown()
		live.Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		w.taken()
		time.Sleep(time.Hour)
		if n, _ := w.taken(); n != 0 {
			t.Errorf("%d frames in an hour in which nothing happened, want none", n)
		}
		w.Look(func(v *View) { v.Hidden = true })
		w.taken()
		begin(w.journal, "http://a.test/y").Finish(tunnel.Complete, "")
		time.Sleep(time.Minute)
		if n, _ := w.taken(); n != 0 {
			t.Errorf("%d frames while hidden, want none", n)
		}
		w.shown()
		time.Sleep(time.Second)
		if _, last := w.taken(); last.Total != 2 {
			t.Errorf("shown again there are %d exchanges, want 2", last.Total)
		}
	})
}

func TestRunningRowsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		live := begin(w.journal, "http://a.test/x")
		w.shown()
		w.Look(func(v *View) { v.InSight = []string{w.journal.Journal.Snapshot()[0].ID} })
		time.Sleep(10*time.Second + 50*time.Millisecond)
		n, last := w.taken()
		if n > 14 || last.Rows[0].Elapsed < 9*time.Second {
			t.Errorf("in ten silent seconds %d frames, the last one shows an age of %v; want about one a second", n, last.Rows[0].Elapsed)
		}
		live.Finish(tunnel.Complete, "")
	})
}

func TestPauseKeepsWhatWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		begin(w.journal, "http://a.test/x").Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		w.Look(func(v *View) { v.Paused = true })
		time.Sleep(time.Second)
		begin(w.journal, "http://a.test/y").Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		if _, last := w.taken(); last.Total != 1 {
			t.Errorf("paused there are %d exchanges, want the one from before", last.Total)
		}
		w.Look(func(v *View) { v.Filter = "nothing" })
		time.Sleep(time.Second)
		if n, last := w.taken(); n == 0 || len(last.Rows) != 0 {
			t.Errorf("the filter does not work while paused: %d frames, %d rows", n, len(last.Rows))
		}
		w.Look(func(v *View) { v.Paused, v.Filter = false, "" })
		time.Sleep(time.Second)
		if _, last := w.taken(); last.Total != 2 || last.Rows[0].Place != "a.test/y" {
			t.Errorf("going on there are %d exchanges, want 2, the newest first", last.Total)
		}
	})
}

func TestEndedExchangesAreJudgedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		live := begin(w.journal, "http://a.test/x")
		for i := range 20 {
			live.Chunk(tunnel.Chunk{At: time.Duration(i) * 100 * time.Millisecond, Bytes: 50, Units: 1})
		}
		live.Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		_, last := w.taken()
		id := last.Rows[0].Exchange.ID
		if got := last.Rows[0].Verdict.Label; got != verdict.Incremental {
			t.Fatalf("judged %q, want incremental", got)
		}
		before := last.Rows[0]
		for range 5 {
			begin(w.journal, "http://a.test/y").Finish(tunnel.Complete, "")
			time.Sleep(time.Second)
		}
		_, last = w.taken()
		if n := w.journal.wholes[id]; n != 1 {
			t.Errorf("the ended exchange was copied whole %d times, want once", n)
		}
		if row := last.Rows[len(last.Rows)-1]; row != before {
			t.Errorf("its row was made anew although nothing changed")
		}
	})
}

func TestArrivalsAreOfRowsInSight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		live := begin(w.journal, "http://a.test/x")
		live.Chunk(tunnel.Chunk{At: time.Millisecond, Bytes: 50})
		live.Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		_, last := w.taken()
		if last.Rows[0].Exchange.Chunks != nil {
			t.Errorf("a row out of sight has its arrivals")
		}
		id := last.Rows[0].Exchange.ID
		w.Look(func(v *View) { v.InSight = []string{id} })
		time.Sleep(time.Second)
		if _, last = w.taken(); len(last.Rows[0].Exchange.Chunks) != 1 {
			t.Errorf("a row in sight lacks its arrivals")
		}
		w.Look(func(v *View) { v.InSight = nil })
		time.Sleep(time.Second)
		if _, last = w.taken(); last.Rows[0].Exchange.Chunks != nil {
			t.Errorf("a row that went out of sight keeps its arrivals")
		}
	})
}

func TestRowsHoldNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		const secret = "sk-abcdefghijklmnop1234567890"
		live := w.journal.Begin(tunnel.Exchange{
			Kind: tunnel.KindHTTP, Method: "GET", URL: "http://ann:hidden@a.test/x\u202e?api_key=" + secret, Host: "a.test:80",
			RequestHeaders: []tunnel.Header{{Name: "Authorization", Value: secret}},
		})
		live.Finish(tunnel.Failed, "dial "+secret)
		time.Sleep(time.Second)
		_, last := w.taken()
		row := last.Rows[0]
		if row.Exchange.RequestHeaders != nil {
			t.Errorf("a row has headers")
		}
		for _, text := range []string{row.Place, row.Exchange.URL, row.Exchange.Error} {
			if contains(text, secret) || contains(text, "hidden") || contains(text, "\u202e") {
				t.Errorf("a row shows %q", text)
			}
		}
	})
}

func TestOpenIsKeptWhenTheJournalForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		begin(w.journal, "http://a.test/x").Finish(tunnel.Complete, "")
		id := w.journal.Journal.Snapshot()[0].ID
		w.Look(func(v *View) { v.Open = []string{id} })
		time.Sleep(time.Second)
		w.journal.Clear()
		time.Sleep(time.Second)
		if _, last := w.taken(); last.Total != 0 || len(last.Open) != 1 {
			t.Errorf("after clearing %d rows and %d open, want none and the one looked at", last.Total, len(last.Open))
		}
	})
}

func TestInsideATunnel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(t)
		w.shown()
		outer := w.journal.Begin(tunnel.Exchange{Kind: tunnel.KindTunnel, Method: "CONNECT", URL: "a.test:443", Host: "a.test:443"})
		id := outer.Summary()
		w.journal.Begin(tunnel.Exchange{Kind: tunnel.KindKeylog, Tunnel: id.ID, URL: "https://a.test/x", Host: "a.test:443"}).Finish(tunnel.Complete, "")
		time.Sleep(time.Second)
		_, last := w.taken()
		if len(last.Inside) != 1 || last.Rows[1].Inside != 1 {
			t.Errorf("%d rows inside tunnels, the tunnel says %d; want one each", len(last.Inside), last.Rows[1].Inside)
		}
		outer.Finish(tunnel.Complete, "")
	})
}
