package ui

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fyne.io/fyne/v2/storage"

	"streamgauge/tunnel/recording"
	"streamgauge/ui/snippet"
)

func TestExportsAreMasked(t *testing.T) {
	w, ids := newShownWorld(t)
	const secret = "sk-abcdefghijklmnop1234567890"
	for _, format := range formats {
		var masked, open bytes.Buffer
		all := []string{ids["good"], "gone", ids["lump"]}
		if err := recording.Export(&masked, format, w.window.exchanges(all)); err != nil {
			t.Fatal(err)
		}
		if masked.Len() == 0 || strings.Contains(masked.String(), secret) {
			t.Errorf("%s holds %d bytes, or the secret", format, masked.Len())
		}
		if err := recording.ExportUnredacted(&open, format, w.window.exchanges(all)); err != nil {
			t.Fatal(err)
		}
		if suffixes[format] == "" {
			t.Errorf("%s has no suffix", format)
		}
	}
}

func TestExtents(t *testing.T) {
	w, ids := newShownWorld(t)
	if got := w.window.extents(); len(got) != 1 || len(got[0].ids) != len(ids) || got[0].ids[0] != ids["good"] {
		t.Errorf("with nothing chosen there are %d extents; want one, of all, the oldest first", len(got))
	}
	w.open(ids["lump"], 0)
	w.window.table.Tick([]string{ids["good"], ids["blocks"]})
	if got := w.window.extents(); len(got) != 3 || len(got[0].ids) != 1 || len(got[1].ids) != 2 {
		t.Errorf("with one chosen and two ticked there are %d extents", len(got))
	}
}

func TestExportedFilesAreTheOwners(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes there")
	}
	newShownWorld(t)
	path := filepath.Join(t.TempDir(), "streams.har")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := storage.Writer(storage.NewFileURI(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(file, func(out io.Writer) error { _, err := io.WriteString(out, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v), want 0600", info.Mode().Perm(), err)
	}
	if text, _ := os.ReadFile(path); string(text) != "new" {
		t.Errorf("the file holds %q", text)
	}
}

func TestPicturesOfWhatIsShown(t *testing.T) {
	w, ids := newShownWorld(t)
	if _, _, _, ok := w.window.chart(); ok {
		t.Errorf("there is a picture although nothing is shown")
	}
	w.open(ids["good"], 0)
	for tab := range 6 {
		w.window.side.pane.Turn(tab)
		chart, title, _, ok := w.window.chart()
		if !ok || !strings.Contains(title, "api.example.com") {
			t.Fatalf("tab %d has the picture %q, %v", tab, title, ok)
		}
		if svg, err := chart.SVG(w.window.frameOf("", "")); err != nil || !bytes.HasPrefix(bytes.TrimSpace(svg), []byte("<")) {
			t.Errorf("tab %d is drawn as %.40q: %v", tab, svg, err)
		}
	}
}

// TestDialogsOpen asks that whatever lies over the window can be opened and shut.
func TestDialogsOpen(t *testing.T) {
	w, ids := newShownWorld(t)
	w.open(ids["good"], 0)
	e := w.window.extents()[0]
	for name, open := range map[string]func(){
		"export":       w.window.askExport,
		"sure":         func() { w.window.confirmOpen(func() {}) },
		"file":         func() { w.window.saveExchanges(e, recording.HAR, recording.Export) },
		"picture":      func() { w.window.exportPicture("png") },
		"upstream":     w.window.askUpstream,
		"inside":       func() { w.window.explainInside("a.test:443") },
		"filter":       func() { w.window.explainFilter(w.window.tools.filter) },
		"unreachable":  func() { w.window.copyEnvironment(snippet.Docker) },
		"not written":  func() { w.window.exported("x.har", io.ErrShortWrite) },
		"not accepted": func() { w.window.setUpstream("socks5://nobody"); w.quiet() },
	} {
		if name == "not accepted" {
			w.station.change(func(s *fakeStation) { s.refuse = io.ErrUnexpectedEOF })
		}
		open()
		if w.window.fyne.Canvas().Overlays().Top() == nil {
			t.Errorf("%s: nothing lies over the window", name)
		}
		w.dismiss()
	}
}
