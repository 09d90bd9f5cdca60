package form

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

var update = flag.Bool("update", false, "write what the pages say to testdata")

// TestPages compares what stands on each page, in both languages, with testdata.
// Places and sizes are left out: they depend on the fonts of the machine.
func TestPages(t *testing.T) {
	for _, language := range []string{words.English, words.Chinese} {
		w := newWorld(t, language)
		w.probe.path = tunnel.PathTest{Phases: fullPhases(), Stream: tunnel.StreamTest{Outcome: tunnel.StreamPasses, Sent: 20, Received: 20}}
		w.probe.self = tunnel.SelfTest{Events: 200, P50: 120 * time.Microsecond, P99: 310 * time.Microsecond}
		w.ca.status = AuthorityStatus{Exists: true, Path: "/ca.pem", Expires: time.Date(2100, 1, 2, 0, 0, 0, 0, time.UTC)}
		w.form.lookUpAuthority()
		w.press(words.T("form.test.start"))
		w.press(words.T("form.self.start"))
		for _, p := range w.form.pages {
			t.Run(p.name+"."+language, func(t *testing.T) {
				var b strings.Builder
				outline(&b, p.body)
				compare(t, filepath.Join("testdata", p.name+"."+language+".txt"), b.String())
			})
		}
	}
}

// outline writes a line for each thing that a person sees.
func outline(b *strings.Builder, o fyne.CanvasObject) {
	if !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *widget.Label:
		write(b, "label", o.Text)
	case *prose:
		write(b, [...]string{"hint", "text", "good", "caution", "alarm"}[o.tone], o.text)
	case *canvas.Text:
		write(b, "text", o.Text)
	case *widget.Button:
		name := o.Text
		if name == "" && o.Icon != nil {
			name = o.Icon.Name()
		}
		write(b, "button", name+disabled(o))
	case *widget.Check:
		write(b, "switch", fmt.Sprintf("%s: %t", o.Text, o.Checked)+disabled(o))
	case *widget.RadioGroup:
		write(b, "choice", strings.Join(o.Options, " / ")+": "+o.Selected)
	case *widget.Entry:
		write(b, "entry", fmt.Sprintf("%q, empty %q", o.Text, o.PlaceHolder))
	case *widget.SelectEntry:
		write(b, "entry", fmt.Sprintf("%q, empty %q, with a list", o.Text, o.PlaceHolder))
	case *widget.Separator:
		write(b, "----", "")
	case *fyne.Container:
		for _, child := range o.Objects {
			outline(b, child)
		}
	}
}

func write(b *strings.Builder, kind, text string) {
	if text != "" || kind == "----" {
		b.WriteString(strings.TrimRight(kind+" "+strings.ReplaceAll(text, "\n", `\n`), " ") + "\n")
	}
}

func disabled(o fyne.Disableable) string {
	if o.Disabled() {
		return " (disabled)"
	}
	return ""
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i, line := range gotLines {
		if i >= len(wantLines) || line != wantLines[i] {
			t.Fatalf("%s, line %d: got %q; if that is right, run the test with -update and look at the difference", name, i+1, line)
		}
	}
	if len(gotLines) != len(wantLines) {
		t.Errorf("%s: %d lines, want %d", name, len(gotLines), len(wantLines))
	}
}

// TestEveryTextExists: a key that is shown as it is has no text.
func TestEveryTextExists(t *testing.T) {
	w := newWorld(t, words.Chinese)
	for _, p := range w.form.pages {
		var b strings.Builder
		outline(&b, p.body)
		if text := b.String(); strings.Contains(text, "form.") {
			t.Errorf("page %s shows a key:\n%s", p.name, text)
		}
		if title := words.T("form.page." + p.name); strings.HasPrefix(title, "form.") {
			t.Errorf("page %s has no title", p.name)
		}
	}
}
