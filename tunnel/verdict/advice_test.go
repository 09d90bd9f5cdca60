package verdict

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func adviceEntries(t *testing.T) []Advice {
	t.Helper()
	all, err := parseAdvice(adviceFile)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAdviceSchema: every entry is whole in both languages.
func TestAdviceSchema(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range adviceEntries(t) {
		for _, name := range append([]string{a.Layer}, a.Also...) {
			if name == "" || name != strings.ToLower(name) || seen[name] {
				t.Errorf("layer %q: want a name of its own in lower case", name)
			}
			seen[name] = true
		}
		for part, text := range map[string]Text{"name": a.Name, "recognise": a.Recognise, "why": a.Why, "fix": a.Fix} {
			checkText(t, a.Layer+" "+part, text)
		}
		if a.Evidence != Measured && a.Evidence != Documented {
			t.Errorf("%s: evidence %q", a.Layer, a.Evidence)
		}
		if a.Version != "" && a.Evidence != Measured {
			t.Errorf("%s: a version but not measured", a.Layer)
		}
		if u, err := url.Parse(a.Source); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			t.Errorf("%s: source %q is no page", a.Layer, a.Source)
		}
		if a.Snippet != strings.TrimSpace(a.Snippet) {
			t.Errorf("%s: snippet %q has space around it", a.Layer, a.Snippet)
		}
	}
}

func checkText(t *testing.T, where string, text Text) {
	t.Helper()
	chinese := strings.ContainsFunc(text.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	switch {
	case text.EN == "" || text.ZH == "":
		t.Errorf("%s: empty in a language", where)
	case strings.ContainsFunc(text.EN, func(r rune) bool { return unicode.Is(unicode.Han, r) }):
		t.Errorf("%s: Chinese in the English: %q", where, text.EN)
	case !chinese && !strings.HasSuffix(where, "name"): // products keep theirs
		t.Errorf("%s: no Chinese in %q", where, text.ZH)
	}
}

// TestSnippets: a layer that can be told something says what.
func TestSnippets(t *testing.T) {
	nothing := []string{"h2o", "tinyproxy", "hitch", "vite", "antivirus", "clash", "client", "gcp-api-gateway"}
	for _, a := range adviceEntries(t) {
		if without := a.Snippet == ""; without != slices.Contains(nothing, a.Layer) {
			t.Errorf("%s: snippet %q", a.Layer, a.Snippet)
		}
	}
}

// TestEveryBlamedLayerHasAdvice: whoever is named first can be looked up.
func TestEveryBlamedLayerHasAdvice(t *testing.T) {
	for _, c := range clues {
		for _, b := range c.blames {
			if _, ok := AdviceFor(b.layer); !ok {
				t.Errorf("clue %s blames %q, which has no advice", c.code, b.layer)
			}
		}
	}
	if _, ok := AdviceFor(Unknown); !ok {
		t.Error("no advice for an unknown layer")
	}
}

// TestAdviceCoversTheNotes: each layer of the notes on hops, where they lie
// beside the checkout, is named somewhere in the catalogue.
func TestAdviceCoversTheNotes(t *testing.T) {
	notes, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "hops", "advice.md"))
	if err != nil {
		t.Skipf("no notes beside the checkout: %v", err)
	}
	all := strings.ToLower(string(adviceFile))
	_, table, _ := strings.Cut(string(notes), "## 3. Layers")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.HasPrefix(cells[1], "---") || strings.HasPrefix(strings.TrimSpace(cells[1]), "Layer") {
			continue
		}
		words := strings.FieldsFunc(strings.ToLower(cells[1]), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if !slices.ContainsFunc(words, func(word string) bool { return len(word) >= 3 && strings.Contains(all, word) }) {
			t.Errorf("%q of the notes is not in the catalogue", strings.TrimSpace(cells[1]))
		}
	}
}

func TestAdviceOn(t *testing.T) {
	tests := []struct {
		suspect Suspect
		layer   string
		line    string
	}{
		{Suspect{Layer: "nginx", Evidence: []Evidence{{Clue: PageBlocks}}}, "nginx", "proxy_buffering off;"},
		{Suspect{Layer: "nginx", Evidence: []Evidence{{Clue: HeadWithBody}, {Clue: WholeCoded}}}, "nginx-gzip", "gzip off;"},
		{Suspect{Layer: "haproxy", Evidence: []Evidence{{Clue: CorkCadence}}}, "haproxy", "option http-no-delay"},
		{Suspect{Layer: "haproxy", Evidence: []Evidence{{Clue: WholeChunked}}}, "haproxy-filters", "option http-no-delay"},
		{Suspect{Layer: "apache", Evidence: []Evidence{{Clue: SliceCadence}}}, "apache-ratelimit", "<Location \"/events\">"},
		{Suspect{Layer: "tengine"}, "openresty", "proxy_buffering off;"},
		{Suspect{Layer: Unknown}, Unknown, "sgauge run -- curl -N http://127.0.0.1:8080/events"},
	}
	for _, test := range tests {
		a, ok := AdviceOn(test.suspect)
		if line, _, _ := strings.Cut(a.Snippet, "\n"); !ok || a.Layer != test.layer || line != test.line {
			t.Errorf("advice on %s: %s, %q, want %s, %q", test.suspect.Layer, a.Layer, line, test.layer, test.line)
		}
	}
	if _, ok := AdviceOn(Suspect{Layer: "no such layer"}); ok {
		t.Error("there is advice on no layer")
	}
}

func TestTextIn(t *testing.T) {
	text := Text{"buffering", "缓冲"}
	for language, want := range map[string]string{"": text.EN, "en": text.EN, "zh": text.ZH, "zh-CN": text.ZH, "zh_Hans": text.ZH, "zha": text.EN, "de": text.EN} {
		if got := text.In(language); got != want {
			t.Errorf("in %q: %q, want %q", language, got, want)
		}
	}
}

func TestTraps(t *testing.T) {
	traps := Traps()
	if len(traps) < 6 {
		t.Errorf("%d traps, want curl, its pipes, requests, urllib, fetch and gunzip", len(traps))
	}
	for _, a := range traps {
		if a.Snippet == "" {
			t.Errorf("%s: no way out", a.Layer)
		}
	}
}

func TestParseAdviceRefusesUnknownFields(t *testing.T) {
	if _, err := parseAdvice([]byte(`[{"layer":"a","fixx":{}}]`)); err == nil {
		t.Error("a misspelt field passed")
	}
}
