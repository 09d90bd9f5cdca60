package detail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

const secret = "sk-abcdefghijklmnop1234567890"

// reasonCodes and clues are all there are; a new one must be given its words.
var reasonCodes = []verdict.ReasonCode{
	verdict.Arrivals, verdict.Timing, verdict.Largest, verdict.HeadHeld, verdict.HeadEarly, verdict.JoinedUnits, verdict.SourceClumps, verdict.Silence,
	verdict.SilenceOnPath, verdict.PlayedBack, verdict.OnlyHeartbeats, verdict.HeartbeatsToo, verdict.BrokeOff, verdict.EndedShort, verdict.ClientSlow,
	verdict.Opaque, verdict.CutAtAge, verdict.SilentToEnd,
}

var clues = []verdict.Clue{
	verdict.NamesItself, verdict.LowerNames, verdict.SortedNames, verdict.PageBlocks, verdict.RewrittenBlocks, verdict.FlushedBlocks, verdict.SniffedBlock,
	verdict.DoublePages, verdict.PHPCharset, verdict.RecordBlocks, verdict.HeadWithBody, verdict.HeadMidway, verdict.HeadBefore, verdict.WholeWithLength,
	verdict.WholeToClose, verdict.WholeChunked, verdict.LoneCoding, verdict.WholeCoded, verdict.Aged, verdict.CorkCadence, verdict.SliceCadence,
	verdict.SameCount, verdict.NoPattern, verdict.PathSilent, verdict.SourceSilent, verdict.WritesClumps, verdict.BrokenOff, verdict.SlowClient, verdict.HeldByProgram,
}

// TestFindingsHaveWords asks that whatever a verdict can say, the window says in
// both languages, with all places filled.
func TestFindingsHaveWords(t *testing.T) {
	test.NewTempApp(t)
	for _, language := range []string{words.English, words.Chinese} {
		if err := words.Use(language); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, code := range reasonCodes {
			texts = append(texts, reasonText(verdict.Reason{Code: code, Units: 12, Lumps: 2, Share: 0.5, Wait: time.Second, Span: time.Second, Gap: time.Second}))
			texts = append(texts, reasonText(verdict.Reason{Code: code, Lumps: 1}))
		}
		for _, clue := range clues {
			texts = append(texts, evidenceLines(&verdict.Suspect{Evidence: []verdict.Evidence{{Clue: clue, Weight: 1}}})...)
		}
		for _, label := range append(verdict.Labels(), verdict.None) {
			texts = append(texts, labelName(label), words.T("verdict.meaning."+string(label)))
		}
		for _, kind := range []tunnel.Kind{tunnel.KindHTTP, tunnel.KindTunnel, tunnel.KindWebSocket, tunnel.KindGateway, tunnel.KindKeylog, tunnel.KindDecrypted} {
			texts = append(texts, words.T("window.kind."+string(kind)))
		}
		for _, text := range texts {
			if text == "" || strings.HasPrefix(text, "verdict.") && text != "verdict.meaning." || strings.HasPrefix(text, "window.") || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
				t.Errorf("%s: a finding reads %q", language, text)
			}
		}
	}
}

// shownPane is a pane in a window, with what it asked for.
type shownPane struct {
	*Pane
	copied, said []string
	chosen       []string
	lookedInto   string
}

func newShownPane(t *testing.T) *shownPane {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.NewTheme(look.Light))
	if err := words.Use(words.English); err != nil {
		t.Fatal(err)
	}
	p := &shownPane{}
	p.Pane = New(Actions{
		Copy: func(text, said string) { p.copied, p.said = append(p.copied, text), append(p.said, said) }, Choose: func(id string) { p.chosen = append(p.chosen, id) },
		CopyRequest: func(string) {}, Follow: func(string) {}, Inside: func(host string) { p.lookedInto = host },
	}, 0)
	window := test.NewTempWindow(t, p.Object)
	window.Resize(fyne.NewSize(520, 700))
	return p
}

func whole(ex tunnel.Exchange) Shown {
	return Shown{Whole: &feed.Whole{Exchange: ex, Judgement: recording.Judge(&ex), Elapsed: time.Second}}
}

// texts are all that can be read in an object.
func texts(o fyne.CanvasObject) string {
	var all []string
	for _, part := range test.LaidOutObjects(o) {
		switch part := part.(type) {
		case *canvas.Text:
			if part.Visible() {
				all = append(all, part.Text)
			}
		case *widget.Label:
			all = append(all, part.Text)
		}
	}
	return strings.Join(all, "\n")
}

func asked() tunnel.Exchange {
	return tunnel.Exchange{
		ID: "abc-1", Kind: tunnel.KindHTTP, Method: "GET", URL: "http://a.test/x?api_key=" + secret, Host: "a.test:80", Protocol: "HTTP/1.1", Status: 200, End: tunnel.Complete,
		RequestHeaders:  []tunnel.Header{{Name: "Authorization", Value: "Bearer " + secret}, {Name: "X-\u202eEvil", Value: "a\x1b[2Jb"}},
		ResponseHeaders: []tunnel.Header{{Name: "Set-Cookie", Value: "session=" + secret}, {Name: "Content-Type", Value: "text/plain"}},
	}
}

func TestHeadersAreMaskedUntilAskedFor(t *testing.T) {
	p := newShownPane(t)
	p.Show(whole(asked()))
	p.Turn(3)
	page := p.pages[3].(*headersPage)
	if got := texts(p.Object); strings.Contains(got, secret) || !strings.Contains(got, recording.Mask) || !strings.Contains(got, "text/plain") {
		t.Fatalf("the headers read %q", got)
	}
	if got := texts(p.Object); strings.ContainsAny(got, "\u202e\x1b") {
		t.Errorf("control characters reach the screen: %q", got)
	}
	page.copy()
	if strings.Contains(p.copied[0], secret) {
		t.Errorf("masked headers are copied with the secret")
	}
	test.Tap(page.reveal)
	if got := texts(page.box); !strings.Contains(got, secret) {
		t.Errorf("revealed headers lack the secret: %q", got)
	}
	other := asked()
	other.ID = "abc-2"
	p.Show(whole(other))
	if got := texts(page.box); strings.Contains(got, secret) {
		t.Errorf("what was revealed of one exchange is revealed of the next")
	}
}

func TestHeadSaysTheVerdict(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.End, ex.Error, ex.Status = tunnel.Failed, "a.test: name not found", 0
	p.Show(whole(ex))
	if got := p.head.why.Text(); !strings.Contains(got, "name not found") {
		t.Errorf("a failed exchange says %q", got)
	}
	ex = asked()
	for i := range 30 {
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: time.Duration(i) * 100 * time.Millisecond, Bytes: 40, Units: 1})
	}
	ex.Totals = tunnel.Totals{Reads: 30, Units: 30, Bytes: 1200}
	p.Show(whole(ex))
	if got := p.head.label.Text; got != "Incremental" {
		t.Errorf("a flowing stream is called %q", got)
	}
	if p.head.suspect.Visible() {
		t.Errorf("a flowing stream has a suspect: %q", p.head.suspect.Text)
	}
}

// tapFirst does what the notice offers first.
func tapFirst(p *shownPane) { test.Tap(p.inside.notice.Buttons()[0]) }

func TestTunnels(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.Kind, ex.Host = tunnel.KindTunnel, "api.test:443"
	p.Show(whole(ex))
	if !p.inside.notice.Visible() {
		t.Fatal("a closed tunnel offers no look inside")
	}
	ex.Remark = tunnel.RemarkNoKey
	p.Show(whole(ex))
	if got := p.inside.said; !strings.Contains(got, "SSLKEYLOGFILE") {
		t.Errorf("a tunnel without a key says %q, not how to get one", got)
	}
	tapFirst(p)
	if p.lookedInto != "api.test:443" {
		t.Errorf("asked to look inside %q", p.lookedInto)
	}
	inner := &feed.Row{Exchange: tunnel.Exchange{ID: "abc-9"}}
	shown := whole(ex)
	shown.Inside = []*feed.Row{inner}
	p.Show(shown)
	tapFirst(p)
	child := asked()
	child.ID, child.Kind, child.Tunnel = "abc-9", tunnel.KindKeylog, "abc-1"
	p.Show(whole(child))
	tapFirst(p)
	if want := []string{"abc-9", "abc-1"}; !slices.Equal(p.chosen, want) {
		t.Errorf("chosen %v, want %v", p.chosen, want)
	}
	p.Show(whole(asked()))
	if p.inside.notice.Visible() {
		t.Errorf("plain HTTP speaks of tunnels")
	}
}

func TestUnits(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.Answer = tunnel.Answer{API: "openai-chat", Model: "m", Deltas: 2}
	ex.Ending, ex.UnitKind = tunnel.EndingMissing, tunnel.SSE
	for i, text := range []string{"你好", "the key is " + secret} {
		event := fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", text)
		ex.Units = append(ex.Units, tunnel.Unit{At: time.Duration(i+1) * time.Second, Offset: int64(len(ex.Body)), Bytes: int32(len(event)), Kind: tunnel.SSE, Part: tunnel.Content})
		ex.Body = append(ex.Body, event...)
	}
	p.Show(whole(ex))
	p.Turn(4)
	page := p.pages[4].(*unitsPage)
	row := newEventRow()
	page.fill(0, row)
	if row.data.Text() != "你好" || row.gap.Text != "+1.00 s" && row.gap.Text != "+1 s" {
		t.Errorf("the first unit reads %q after %q", row.data.Text(), row.gap.Text)
	}
	page.fill(1, row)
	if strings.Contains(row.data.Text(), secret) {
		t.Errorf("a unit shows %q", row.data.Text())
	}
	if !page.ending.Visible() {
		t.Errorf("nobody is told that the last words are missing")
	}
	page.views.SetSelected(page.views.Options[1])
	if got := strings.Join(page.text.lines, ""); !strings.HasPrefix(got, "你好the key") || strings.Contains(got, secret) {
		t.Errorf("the text reads %q", got)
	}
	page.views.SetSelected(page.views.Options[2])
	if got := page.bytes.line(0); got != "000000  64 61 74 61 3a 20 7b 22  63 68 6f 69 63 65 73 22  data: {\"choices\"" {
		t.Errorf("the first bytes read %q", got)
	}
	page.copy()
	if strings.Contains(p.copied[0], secret) {
		t.Errorf("the bytes are copied with the secret")
	}
}

func TestFrames(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.Kind = tunnel.KindWebSocket
	ex.Frames = []tunnel.Frame{{At: time.Second, Bytes: 5, Opcode: 1, Direction: tunnel.ToOrigin}, {At: 2 * time.Second, Opcode: 8, Code: 1001, Direction: tunnel.ToClient}}
	p.Show(whole(ex))
	p.Turn(4)
	page, row := p.pages[4].(*unitsPage), newEventRow()
	page.fill(0, row)
	if row.part.Text != "text ↑" {
		t.Errorf("a frame to the origin reads %q", row.part.Text)
	}
	page.fill(1, row)
	if row.part.Text != "close ↓" || !strings.Contains(row.data.Text(), "1001") {
		t.Errorf("a close reads %q, %q", row.part.Text, row.data.Text())
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{"", []string{""}},
		{"short", []string{"short"}},
		{"one two three", []string{"one two ", "three"}},
		{"abcdefghijklm", []string{"abcdefghij", "klm"}},
		{"一二三四五六", []string{"一二三四五", "六"}},
		{"ab一二三四五", []string{"ab一二三四", "五"}},
	} {
		if got := wrap(tt.in, 10); !slices.Equal(got, tt.want) {
			t.Errorf("wrap(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTranscriptNamesItsParts(t *testing.T) {
	test.NewTempApp(t)
	if err := words.Use(words.English); err != nil {
		t.Fatal(err)
	}
	got := transcriptParts(&llm.Transcript{Reasoning: "hm", Content: "yes", Cut: true})
	if len(got) != 3 || !strings.Contains(got[0], "reasoning") || !strings.HasSuffix(got[1], "yes") {
		t.Errorf("the parts are %q", got)
	}
	if got := transcriptParts(&llm.Transcript{Content: "yes"}); !slices.Equal(got, []string{"yes"}) {
		t.Errorf("an answer alone reads %q", got)
	}
}

func TestWhatWasOpenedStaysOpen(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.End = tunnel.Running
	for i := range 30 {
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: time.Duration(i) * 100 * time.Millisecond, Bytes: 40, Units: 1})
	}
	ex.Totals = tunnel.Totals{Reads: 30, Units: 30, Bytes: 1200}
	p.Show(whole(ex))
	p.Turn(5)
	page := p.pages[5].(*verdictPage)
	page.trapped.Open(0)
	before := page.drawn
	ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: 3 * time.Second, Bytes: 40, Units: 1})
	ex.Totals.Units++
	again := whole(ex)
	again.Elapsed += pace / 2
	p.Show(again)
	if page.drawn != before {
		t.Errorf("the findings are written anew within half a second")
	}
	again.Elapsed += pace
	p.Show(again)
	if page.drawn == before || !page.trapped.Items[0].Open {
		t.Errorf("a second later the findings are the old ones, or what was opened is shut")
	}
}

func TestAdviceIsInTheLanguage(t *testing.T) {
	p := newShownPane(t)
	ex := asked()
	ex.ResponseHeaders = []tunnel.Header{{Name: "Server", Value: "nginx/1.22.1"}, {Name: "Content-Type", Value: "text/event-stream"}}
	ex.Phases.Set(tunnel.Head, 6*time.Second)
	for range 4 {
		ex.Chunks = append(ex.Chunks, tunnel.Chunk{At: 6 * time.Second, Bytes: 4096, Units: 20})
	}
	ex.Totals = tunnel.Totals{Reads: 4, Units: 80, Bytes: 4 * 4096}
	p.Show(whole(ex))
	p.Turn(5)
	if got := texts(p.Object); !strings.Contains(got, "proxy_buffering off;") || !strings.Contains(got, "nginx reverse proxy") {
		t.Errorf("the verdict on a lump behind nginx reads %q", got)
	}
	if err := words.Use(words.Chinese); err != nil {
		t.Fatal(err)
	}
	again := newVerdictPage(Actions{})
	shown := whole(ex)
	again.show(&shown)
	if got := texts(again.object()); !strings.Contains(got, "nginx 反向代理") {
		t.Errorf("in Chinese it reads %q", got)
	}
}
