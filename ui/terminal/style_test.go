package terminal

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStyleOf(t *testing.T) {
	for _, c := range []struct {
		name  string
		obeys bool
		env   map[string]string
		want  Style
	}{
		{"usual", true, map[string]string{"TERM": "xterm-256color", "LANG": "zh_CN.UTF-8"}, Style{Columns: 90, Color: true, Unicode: true, Moves: true}},
		{"nothing said", true, nil, Style{Columns: 90, Color: true, Unicode: true, Moves: true}},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, Style{Columns: 90, Unicode: true, Moves: true}},
		{"empty NO_COLOR", true, map[string]string{"NO_COLOR": ""}, Style{Columns: 90, Color: true, Unicode: true, Moves: true}},
		{"dumb", true, map[string]string{"TERM": "dumb"}, Style{Columns: 90}},
		{"console of Linux", true, map[string]string{"TERM": "linux"}, Style{Columns: 90, Color: true, Moves: true}},
		{"locale without UTF-8", true, map[string]string{"LANG": "C"}, Style{Columns: 90, Color: true, Moves: true}},
		{"LC_ALL before LANG", true, map[string]string{"LC_ALL": "C.utf8", "LANG": "C"}, Style{Columns: 90, Color: true, Unicode: true, Moves: true}},
		{"does not obey", false, nil, Style{Columns: 90, Unicode: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := styleOf(90, c.obeys, func(name string) string { return c.env[name] }); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, want := Detect(f, os.Getenv), (Style{}); got != want {
		t.Errorf("style of a file %+v, want %+v", got, want)
	}
	if columns, rows := Size(f)(); columns != 80 || rows != 24 {
		t.Errorf("size of a file %d×%d, want 80×24", columns, rows)
	}
}
