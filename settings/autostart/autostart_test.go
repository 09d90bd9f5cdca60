//go:build unix && !darwin

package autostart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEntry(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	p := Program{ID: "io.github.streamgauge", Name: "Streamgauge", Command: []string{"/opt/my tools/streamgauge", "--minimized"}}
	want := func(on bool) {
		t.Helper()
		if got, err := p.Enabled(); err != nil || got != on {
			t.Errorf("enabled = %v, %v; want %v", got, err, on)
		}
	}
	want(false)
	for range 2 {
		if err := p.Set(true); err != nil {
			t.Fatal(err)
		}
		want(true)
	}
	data, err := os.ReadFile(filepath.Join(dir, "autostart", "io.github.streamgauge.desktop"))
	if err != nil {
		t.Fatal(err)
	}
	if line := `Exec="/opt/my tools/streamgauge" "--minimized"` + "\n"; !strings.Contains(string(data), line) {
		t.Errorf("the entry is %q, want %q in it", data, line)
	}
	p.Command[0] = "/elsewhere/streamgauge"
	want(false) // that entry starts another one
	if err := p.Set(true); err != nil {
		t.Fatal(err)
	}
	want(true)
	for range 2 {
		if err := p.Set(false); err != nil {
			t.Fatal(err)
		}
		want(false)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "autostart")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestQuoteExec(t *testing.T) {
	for arg, want := range map[string]string{
		`/plain`:     `"/plain"`,
		`a b`:        `"a b"`,
		`100%`:       `"100%%"`,
		`a"b`:        `"a\\"b"`,
		`a$b`:        `"a\\$b"`,
		"a`b":        "\"a\\\\`b\"",
		`a\b`:        `"a\\\\b"`,
		"a\nExec=rm": `"a\nExec=rm"`,
	} {
		if got := quoteExec(arg); got != want {
			t.Errorf("quoteExec(%q) = %s, want %s", arg, got, want)
		}
	}
}
