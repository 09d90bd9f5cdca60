package ui

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"streamgauge/tunnel"
	"streamgauge/tunnel/journal"
	"streamgauge/ui/look"
)

// fakeStation is a switch without a proxy.
type fakeStation struct {
	bell tunnel.Bell

	mu     sync.Mutex // guards what follows
	state  tunnel.State
	err    error // of the next SetOn
	refuse error // of the next SetUpstream
}

// change changes what the station says, as something beside the window would.
func (s *fakeStation) change(f func(*fakeStation)) {
	s.mu.Lock()
	f(s)
	s.mu.Unlock()
	s.bell.Ring()
}

func (s *fakeStation) State() tunnel.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *fakeStation) Subscribe() (<-chan struct{}, func()) { return s.bell.Subscribe() }
func (s *fakeStation) RunDemo(context.Context) error        { return errors.New("no demo here") }

func (s *fakeStation) SetOn(on bool) (err error) {
	s.change(func(s *fakeStation) {
		s.state.On, s.state.Err = on && s.err == nil, s.err
		err = s.err
	})
	return err
}

func (s *fakeStation) SetUpstream(url string) (err error) {
	s.change(func(s *fakeStation) {
		if err = s.refuse; err == nil {
			s.state.Upstream = url
		}
	})
	return err
}

// world is a window over a journal, without a display. What the window hands to
// the user interface waits for pump.
type world struct {
	t       *testing.T
	app     fyne.App
	journal *journal.Journal
	station *fakeStation
	window  *Window
	handed  chan func()
}

func newWorld(t *testing.T, language, theme string) *world {
	w := &world{
		t: t, app: test.NewTempApp(t), journal: journal.New(journal.Limits{Exchanges: 20_000}),
		station: &fakeStation{state: tunnel.State{On: true, Address: "127.0.0.1:1889", Upstream: direct}},
		handed:  make(chan func(), 16),
	}
	window, err := New(Config{
		App: w.app, Journal: w.journal, Station: w.station, Language: language, Theme: theme,
		Upstreams: func() []string { return []string{"socks5://127.0.0.1:1080"} }, OpenSettings: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.window = window
	window.do = func(f func()) { w.handed <- f }
	return w
}

// run starts the window's goroutines; pump then takes what they hand over.
func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.window.Run(ctx)
	}()
	w.t.Cleanup(func() {
		stop()
		<-done
	})
}

// pump runs what is handed over until ok, or fails the test.
func (w *world) pump(ok func() bool) {
	w.t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case f := <-w.handed:
			f()
		case <-deadline:
			w.t.Fatal("the window did not get there")
		}
	}
}

// show shows the window in the size of the pictures and starts it.
func (w *world) show() {
	w.window.Show()
	w.window.fyne.Resize(windowSize)
	w.run()
}

// seen waits until the first row in sight has its arrivals.
func (w *world) seen() {
	w.t.Helper()
	w.pump(func() bool {
		for _, row := range w.window.frame.Rows {
			if row.Exchange.Chunks == nil && row.Exchange.Totals.Reads > 0 {
				return false
			}
		}
		return true
	})
}

// open looks at an exchange, with a tab in front.
func (w *world) open(id string, tab int) {
	w.t.Helper()
	w.window.table.Choose(id)
	w.pump(func() bool { return w.window.whole(id) != nil })
	w.window.side.pane.Turn(tab)
}

// dismiss closes whatever lies above the window.
func (w *world) dismiss() {
	overlays := w.window.fyne.Canvas().Overlays()
	for overlays.Top() != nil {
		overlays.Remove(overlays.Top())
	}
}

// settle waits until a frame shows n exchanges.
func (w *world) settle(n int) {
	w.t.Helper()
	w.pump(func() bool { return w.window.frame.Total == n })
}

var windowSize = fyne.NewSize(1280, 800)

// sample describes an exchange to be written down.
type sample struct {
	tunnel.Exchange
	head   time.Duration
	chunks []tunnel.Chunk
	blank  bool // does not end
}

// event is the text of a unit: a delta of a model where the sample is one.
func (s *sample) event(i int) string {
	if s.Answer.API == "" {
		return fmt.Sprintf("data: %d\n\n", i)
	}
	return fmt.Sprintf("data: {\"model\":\"gpt-4o\",\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", []string{"流", "式 ", "ans", "wer "}[i%4])
}

func record(j *journal.Journal, s sample) string {
	if s.Start.IsZero() {
		s.Start = time.Now().Add(-20 * time.Second)
	}
	end, status := s.End, s.Error
	s.End, s.Error = "", ""
	live := j.Begin(s.Exchange)
	live.Mark(tunnel.DNS, 2*time.Millisecond)
	live.Mark(tunnel.Connect, 14*time.Millisecond)
	live.Mark(tunnel.TLS, 41*time.Millisecond)
	live.Mark(tunnel.Sent, 42*time.Millisecond)
	if s.head > 0 {
		live.Mark(tunnel.Head, s.head)
	}
	last, kept := s.head, int64(0)
	for i, c := range s.chunks {
		live.Chunk(c)
		for range c.Units {
			event := s.event(i)
			live.Unit(tunnel.Unit{At: c.At, Bytes: int32(len(event)), Kind: tunnel.SSE, Offset: kept, Part: tunnel.Content})
			live.Keep([]byte(event))
			kept += int64(len(event))
		}
		last = c.At
	}
	if !s.blank {
		live.Mark(tunnel.Ended, last+time.Millisecond)
		if end == "" {
			end = tunnel.Complete
		}
		live.Finish(end, status)
	}
	ex := live.Summary()
	return ex.ID
}

// every makes n chunks of bytes and units, one each gap, the first after wait.
func every(wait, gap time.Duration, n int, bytes, units int32) []tunnel.Chunk {
	chunks := make([]tunnel.Chunk, n)
	for i := range chunks {
		jitter := time.Duration((i*7919)%13) * time.Millisecond
		chunks[i] = tunnel.Chunk{At: wait + time.Duration(i)*gap + jitter, Bytes: bytes + int32((i*31)%40), Units: units}
	}
	return chunks
}

// populate writes down one exchange of each sort, and returns their IDs by names.
func populate(j *journal.Journal) map[string]string {
	ids := map[string]string{}
	sse := []tunnel.Header{{Name: "Content-Type", Value: "text/event-stream"}, {Name: "Server", Value: "nginx/1.22.1"}, {Name: "Set-Cookie", Value: "session=4711"}}
	asked := []tunnel.Header{{Name: "Host", Value: "api.example.com"}, {Name: "Authorization", Value: "Bearer sk-abcdefghijklmnop1234567890"}, {Name: "User-Agent", Value: "python-httpx/0.27"}}
	ex := func(method, url, host string) tunnel.Exchange {
		return tunnel.Exchange{
			Kind: tunnel.KindHTTP, Method: method, URL: url, Host: host, Protocol: "HTTP/1.1", Status: 200, Client: "127.0.0.1:50514", Upstream: "direct",
			RequestHeaders: asked, ResponseHeaders: sse, UnitKind: tunnel.SSE,
		}
	}
	good := ex("POST", "http://api.example.com/v1/chat/completions?stream=true", "api.example.com:80")
	good.Answer = tunnel.Answer{API: "openai-chat", Model: "gpt-4o", Finish: "stop", InputTokens: 120, OutputTokens: 260, FirstContent: 310 * time.Millisecond, Deltas: 120, LastDelta: 7450 * time.Millisecond}
	good.Ending = tunnel.EndingSaid
	ids["good"] = record(j, sample{Exchange: good, head: 220 * time.Millisecond, chunks: every(310*time.Millisecond, 60*time.Millisecond, 120, 210, 1)})
	lump := ex("GET", "http://behind-nginx.example.com/events", "behind-nginx.example.com:80")
	ids["lump"] = record(j, sample{Exchange: lump, head: 6200 * time.Millisecond, chunks: every(6200*time.Millisecond, 0, 4, 4096, 20)})
	blocks := ex("GET", "http://caddy.example.com/v1/messages", "caddy.example.com:80")
	ids["blocks"] = record(j, sample{Exchange: blocks, head: 200 * time.Millisecond, chunks: every(1200*time.Millisecond, time.Second, 7, 4096, 19)})
	stall := ex("POST", "http://ollama.local:11434/api/generate", "ollama.local:11434")
	ids["stall"] = record(j, sample{Exchange: stall, head: 80 * time.Millisecond, chunks: append(every(120*time.Millisecond, 40*time.Millisecond, 60, 90, 1), every(7*time.Second, 40*time.Millisecond, 50, 90, 1)...)})
	cut := ex("POST", "http://api.example.com/v1/responses", "api.example.com:80")
	cut.End, cut.Error = tunnel.Truncated, "read origin: connection reset by peer"
	ids["cut"] = record(j, sample{Exchange: cut, head: 180 * time.Millisecond, chunks: every(240*time.Millisecond, 50*time.Millisecond, 44, 180, 1)})
	page := ex("GET", "http://www.example.com/聊天/index.html", "www.example.com:80")
	page.UnitKind = tunnel.NoUnits
	ids["page"] = record(j, sample{Exchange: page, head: 31 * time.Millisecond, chunks: []tunnel.Chunk{{At: 32 * time.Millisecond, Bytes: 5120}}})
	failed := ex("GET", "http://nowhere.invalid/", "nowhere.invalid:80")
	failed.Status, failed.End, failed.Error = 0, tunnel.Failed, "nowhere.invalid: name not found"
	ids["failed"] = record(j, sample{Exchange: failed})
	opaque := ex("CONNECT", "api.openai.com:443", "api.openai.com:443")
	opaque.Kind, opaque.Status, opaque.Protocol, opaque.UnitKind = tunnel.KindTunnel, 200, "HTTP/1.1", tunnel.TLSRecord
	opaque.TLS = tunnel.TLSInfo{ServerName: "api.openai.com", ALPN: "h2", Version: "TLS 1.3"}
	outer := record(j, sample{Exchange: opaque, chunks: every(160*time.Millisecond, 30*time.Millisecond, 90, 300, 1)})
	ids["tunnel"] = outer
	inner := ex("POST", "https://api.openai.com/v1/chat/completions", "api.openai.com:443")
	inner.Kind, inner.Tunnel, inner.Protocol = tunnel.KindKeylog, outer, "HTTP/2.0"
	ids["inner"] = record(j, sample{Exchange: inner, head: 170 * time.Millisecond, chunks: every(180*time.Millisecond, 30*time.Millisecond, 88, 300, 1)})
	socket := ex("GET", "http://127.0.0.1:8080/live", "127.0.0.1:8080")
	socket.Kind, socket.Status, socket.UnitKind = tunnel.KindWebSocket, 101, tunnel.WebSocket
	ids["socket"] = record(j, sample{Exchange: socket, head: 8 * time.Millisecond, chunks: every(50*time.Millisecond, 250*time.Millisecond, 40, 60, 1)})
	gone := ex("GET", "http://api.example.com/v1/models", "api.example.com:80")
	gone.Status = 503
	ids["gone"] = record(j, sample{Exchange: gone, head: 90 * time.Millisecond, chunks: []tunnel.Chunk{{At: 91 * time.Millisecond, Bytes: 64}}})
	running := ex("POST", "http://127.0.0.1:1889/openai/v1/chat/completions", "api.openai.com:443")
	running.Kind, running.Start = tunnel.KindGateway, time.Now().Add(-4*time.Second)
	ids["running"] = record(j, sample{Exchange: running, blank: true, head: 240 * time.Millisecond, chunks: every(400*time.Millisecond, 55*time.Millisecond, 62, 190, 1)})
	return ids
}

// picture writes what the window shows as a PNG, where STREAMGAUGE_GALLERY names a
// directory for such.
func (w *world) picture(name string) {
	w.t.Helper()
	dir := os.Getenv("STREAMGAUGE_GALLERY")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, w.window.fyne.Canvas().Capture()); err != nil {
		w.t.Fatal(err)
	}
}

// each runs f in both languages and both themes.
func each(t *testing.T, f func(t *testing.T, w *world, name string)) {
	for _, language := range []string{"en", "zh"} {
		for _, theme := range []string{look.Light, look.Dark} {
			t.Run(fmt.Sprintf("%s-%s", language, theme), func(t *testing.T) {
				f(t, newWorld(t, language, theme), fmt.Sprintf("%s-%s", language, theme))
			})
		}
	}
}
