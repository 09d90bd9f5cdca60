package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCorruptFileIsPutAside(t *testing.T) {
	cases := map[string]string{
		"empty":         "",
		"half written":  `{"listen": "127.0.`,
		"not an object": `[]`,
		"two objects":   `{} {}`,
		"not UTF-8":     "{\"listen\": \"\xff\"}",
		"UTF-16":        "\xff\xfe{\x00}\x00",
		"too deep":      strings.Repeat("[", 20_000),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a frozen clock: both files get the same time
				path := writeFile(t, text)
				aside := path + ".corrupt-" + time.Now().Format("20060102-150405")
				for i, want := range []string{aside, aside + "-2"} {
					if i > 0 {
						os.WriteFile(path, []byte(text), 0o644)
					}
					s, problems, err := Open(path, nil)
					if err != nil {
						t.Fatal(err)
					}
					checkSettings(t, s.Get(), Default())
					var corrupt *CorruptError
					if len(problems) != 1 || !errors.As(problems[0], &corrupt) {
						t.Fatalf("problems = %v, want one *CorruptError", problems)
					}
					if corrupt.MovedTo != want || !strings.Contains(corrupt.Error(), want) {
						t.Errorf("moved to %s, want %s; %v", corrupt.MovedTo, want, corrupt)
					}
					checkFile(t, want, text)
					if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("stat settings = %v, want no file", err)
					}
				}
			})
		})
	}
}

func TestSyntaxErrorNamesLine(t *testing.T) {
	cases := map[string]string{
		"{\n  \"listen\": \"a\"\n  \"upstream\": 1\n}": "line 3: ", // no comma
		"{\"listen\n": "line 1: ", // the line end is what does not fit
		"":            "line 1: ",
	}
	for text, want := range cases {
		_, problems, err := Open(writeFile(t, text), nil)
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%q: problems = %v, %v, want one with %q", text, problems, err, want)
		}
	}
}

func TestFileCorruptedLater(t *testing.T) {
	path := writeFile(t, `{}`)
	s := open(t, path)
	os.WriteFile(path, []byte("{"), 0o600)
	var corrupt *CorruptError
	if err := s.Update(func(v *Settings) { v.KeepChunks = 9 }); !errors.As(err, &corrupt) {
		t.Errorf("Update = %v, want a *CorruptError", err)
	}
	checkFile(t, path, "{")
	checkSettings(t, s.Get(), Default())
}

func TestRefusedFiles(t *testing.T) {
	t.Run("newer version", func(t *testing.T) {
		const text = `{"version": 2, "upstream": "socks5://a:canary@b:1"}`
		path := writeFile(t, text)
		var newer *VersionError
		if _, _, err := Open(path, memory{}); !errors.As(err, &newer) || newer.Got != 2 || newer.Want != 1 {
			t.Errorf("Open = %v, want a *VersionError from 2", err)
		}
		checkFile(t, path, text)
	})
	t.Run("too large", func(t *testing.T) {
		path := writeFile(t, "{}"+strings.Repeat(" ", maxFile-1))
		if _, _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
			t.Errorf("Open = %v, want it refused by size", err)
		}
		os.WriteFile(path, []byte("{}"+strings.Repeat(" ", maxFile-2)), 0o600)
		if _, _, err := Open(path, nil); err != nil {
			t.Errorf("Open of exactly 1 MiB = %v, want nil", err)
		}
	})
	t.Run("directory", func(t *testing.T) {
		if _, _, err := Open(t.TempDir(), nil); err == nil {
			t.Error("Open of a directory succeeded")
		}
	})
	t.Run("not a directory above", func(t *testing.T) {
		path := filepath.Join(writeFile(t, "{}"), "settings.json")
		if _, _, err := Open(path, nil); err == nil {
			t.Error("Open below a file succeeded")
		}
	})
	t.Run("change too large", func(t *testing.T) {
		path := writeFile(t, "{}")
		long := slices.Repeat([]string{strings.Repeat("a.", 100)}, 6000)
		if err := open(t, path).Update(func(v *Settings) { v.Bypass = long }); err == nil {
			t.Error("Update to more than 1 MiB succeeded: it could not be read again")
		}
		checkFile(t, path, "{}")
	})
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	s := open(t, writeFile(t, "\ufeff{\"keep_chunks\": 9}"))
	if got := s.Get().KeepChunks; got != 9 {
		t.Errorf("KeepChunks = %d, want 9", got)
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	path := writeFile(t, `{"keep_chunks": 9}`)
	dir := filepath.Dir(path)
	half := filepath.Join(dir, ".settings.json.123.tmp")
	other := filepath.Join(dir, "notes.tmp")
	for _, name := range []string{half, other} {
		os.WriteFile(name, []byte(`{"keep_`), 0o600)
	}
	s := open(t, path)
	if got := s.Get().KeepChunks; got != 9 {
		t.Errorf("KeepChunks = %d, want 9", got)
	}
	update(t, s, func(v *Settings) { v.KeepChunks = 10 })
	want := []string{".settings.json.lock", "notes.tmp", "settings.json"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("files = %q, want %q", got, want)
	}
}

func TestSymbolicLinkStays(t *testing.T) {
	behind := writeFile(t, `{}`)
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.Symlink(behind, path); err != nil {
		t.Skip(err)
	}
	update(t, open(t, path), func(v *Settings) { v.KeepChunks = 10 })
	if got, err := os.Readlink(path); err != nil || got != behind {
		t.Errorf("link = %s, %v, want %s", got, err, behind)
	}
	if got := open(t, behind).Get().KeepChunks; got != 10 {
		t.Errorf("KeepChunks behind the link = %d, want 10", got)
	}
}

func TestDefaultPath(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("AppData", `C:\Users\ann`)
	got, err := DefaultPath()
	if err != nil || filepath.Base(got) != "settings.json" || filepath.Base(filepath.Dir(got)) != "streamgauge" {
		t.Errorf("DefaultPath() = %s, %v, want …/streamgauge/settings.json", got, err)
	}
	t.Setenv("HOME", "")
	t.Setenv("AppData", "")
	if got, err := DefaultPath(); err == nil {
		t.Errorf("DefaultPath() without a home = %s, want an error", got)
	}
}
