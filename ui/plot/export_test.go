package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
	"streamgauge/tunnel/verdict"
)

// hostile are texts that other people may put into a URL or a name.
var hostile = []string{
	`http://h/"><script>alert(1)</script>`, `http://h/?a=1&b=<c>`, "http://h/\x00\x1b[31m", `http://h/' onload='x`, `]]>`,
	"http://h/\u202egnp.exe", `&#60;svg/onload=1&#62;`, "http://h/\xff\xfe", `<!ENTITY x "y">`, "http://h/推理",
}

// everything is a scene of each kind, with as many kinds of marks as there are.
func everything(text string) []*Scene {
	paused := tunneltest.Paused(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 20, 4*time.Second)
	paused.Chunks[3].Blocked = time.Second
	paused.Turns = []tunnel.Turn{{Sent: 1, First: time.Second, Last: 2 * time.Second, Bytes: 3}, {Sent: 3 * time.Second}}
	paused.Frames = []tunnel.Frame{{At: time.Second, Opcode: 1}, {At: 2 * time.Second, Opcode: 9}, {At: 3 * time.Second, Opcode: 1, Direction: tunnel.ToClient}}
	paused.Answer.API = "openai-chat"
	paused.Units[4].Part, paused.Units[5].Part = tunnel.Reasoning, tunnel.Tool
	s := seriesOf(paused, 0)
	var gaps Gaps
	gaps.Set(s)
	p := Picture{Title: text, Subtitle: text, Scale: 1}
	tracks := []Track{{Exchange: paused, Label: verdict.Stalled, Name: text}}
	for _, end := range []tunnel.End{tunnel.Running, tunnel.Truncated, tunnel.ClientClosed, tunnel.Failed} {
		other := *paused
		other.End = end
		tracks = append(tracks, Track{Exchange: &other, Label: verdict.Truncated, Name: text})
	}
	timeline := &TimelineChart{Tracks: tracks, Epoch: paused.Start}
	timeline.View = timeline.Whole()
	compare := &CompareChart{}
	for range MostCompared + 1 {
		compare.Of = append(compare.Of, Compared{Name: text, Series: s})
	}
	compare.View = compare.Whole()
	return []*Scene{
		p.Compose((&StreamChart{Series: s, View: s.Whole()}).Lay), p.Compose(gaps.Lay),
		p.Compose((&PhasesChart{Series: s}).Lay), p.Compose(timeline.Lay), p.Compose(compare.Lay),
		p.Compose((&StreamChart{Series: &Series{}}).Lay), p.Compose(new(Gaps).Lay), p.Compose(new(CompareChart).Lay), p.Compose(new(TimelineChart).Lay),
		Sheet{Picture: Picture{Scale: 1}, Of: []SheetEntry{{text, text, s}, {text, text, s}}}.Compose(),
	}
}

// allowed are the elements of our pictures, and none that runs or loads anything.
var allowed = map[string]bool{"svg": true, "title": true, "rect": true, "path": true, "circle": true, "pattern": true, "text": true}

func TestSVGIsWellFormedAndHarmless(t *testing.T) {
	for _, text := range hostile {
		for i, scene := range everything(text) {
			var out bytes.Buffer
			if err := scene.SVG(&out, text); err != nil {
				t.Fatal(err)
			}
			checkSVG(t, i, text, out.String())
		}
	}
}

func checkSVG(t *testing.T, i int, text, svg string) {
	t.Helper()
	if strings.ContainsRune(svg, '\u202e') || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf\"") {
		t.Errorf("scene %d with %q holds what it must not", i, text)
	}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("scene %d with %q: %v", i, text, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !allowed[start.Name.Local] {
			t.Errorf("scene %d with %q has an element <%s>", i, text, start.Name.Local)
		}
		for _, a := range start.Attr {
			if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || a.Name.Local == "href" {
				t.Errorf("scene %d with %q has an attribute %s=%q", i, text, a.Name.Local, a.Value)
			}
		}
	}
}

// TestSVGSaysWhatIsShown asks that title, verdict, axes and marks stand in the
// picture as text.
func TestSVGSaysWhatIsShown(t *testing.T) {
	ex := tunneltest.Paused(tunneltest.Arrivals(40, 400*time.Millisecond, 100*time.Millisecond, 200), 20, 4*time.Second)
	s := seriesOf(ex, 0)
	chart := StreamChart{Series: s, View: s.Whole(), Measure: ByUnits}
	var out bytes.Buffer
	scene := Picture{Title: "GET http://h/", Subtitle: "stalled"}.Compose(chart.Lay)
	if err := scene.SVG(&out, "GET http://h/"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GET http://h/", "stalled", ">silence 4.", ">wait 4", ">complete 8.", ">0</text>", ">2 s</text>", ">20</text>", "since the request", ">chunks<", ">events<"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}

func TestPNG(t *testing.T) {
	for i, scene := range everything("GET http://h/") {
		var out bytes.Buffer
		if err := scene.PNG(&out); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		if w := img.Bounds().Dx(); w != 900 {
			t.Errorf("scene %d is %d pixels wide, want 900", i, w)
		}
	}
}

// full fails as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestExportErrors(t *testing.T) {
	scene := everything("x")[0]
	for name, err := range map[string]error{"svg": scene.SVG(full{}, ""), "png": scene.PNG(full{})} {
		if err == nil || !strings.HasPrefix(err.Error(), "write "+name+": ") {
			t.Errorf("%s onto a full disk: %v", name, err)
		}
	}
}
