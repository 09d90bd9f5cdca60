package form

import (
	"maps"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

func TestTargets(t *testing.T) {
	w := newWorld(t, words.English)
	w.press("Add a name")
	w.wantFooter("All settings are in force", false) // an empty line says nothing
	list := w.form.lists[fieldTargets]
	test.Type(list.all[0].entries[0], "lab")
	w.wantNote(fieldTargets, "lab: not a base URL", alarm)
	test.Type(list.all[0].entries[1], "https://lab.example/api")
	w.wantFooter("Not in force yet: Names", true)
	w.form.apply()
	if got, want := w.store.Get().Targets, map[string]string{"lab": "https://lab.example/api"}; !maps.Equal(got, want) {
		t.Errorf("targets %v, want %v", got, want)
	}
	w.press("Add a name")
	test.Type(list.all[1].entries[0], "lab")
	test.Type(list.all[1].entries[1], "https://other.example")
	w.wantNote(fieldTargets, "lab is there twice", alarm)
	list.remove(list.all[1])
	w.wantFooter("All settings are in force", false)
	list.remove(list.all[0])
	w.form.apply()
	if got := w.store.Get().Targets; len(got) != 0 {
		t.Errorf("targets %v, want none", got)
	}
}

func TestTargetsFollowTheStore(t *testing.T) {
	w := newWorld(t, words.English)
	want := map[string]string{"a": "https://a.example", "b": "https://b.example"}
	if err := w.store.Update(func(s *settings.Settings) { s.Targets = maps.Clone(want) }); err != nil {
		t.Fatal(err)
	}
	if got, want := w.form.lists[fieldTargets].text(), "a\thttps://a.example\nb\thttps://b.example"; got != want {
		t.Errorf("the list says %q, want %q", got, want)
	}
}

func TestWhatIsPastedStaysInItsCell(t *testing.T) {
	l := newLines("add", true, []string{"", ""}, func(string) {})
	test.NewTempApp(t)
	l.set("a\tb\n" + offMark + "c\td")
	l.all[0].entries[0].SetText("x\ty\nz")
	if got, want := l.text(), "xyz\tb\n"+offMark+"c\td"; got != want {
		t.Errorf("the list says %q, want %q", got, want)
	}
}

func TestCopyBaseURL(t *testing.T) {
	w := newWorld(t, words.English)
	w.form.Open(fieldTargets)
	for _, o := range test.LaidOutObjects(w.window.Canvas().Content()) {
		if b, ok := o.(interface{ Tapped(*fyne.PointEvent) }); ok && button(w.form.pages[3].body, "") == o {
			b.Tapped(nil)
		}
	}
	if got := fyne.CurrentApp().Clipboard().Content(); got != "http://127.0.0.1:1889/openai/v1" {
		t.Errorf("the clipboard has %q, want the base URL of the first client", got)
	}
}
