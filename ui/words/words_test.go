package words

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"streamgauge/assets"
)

// fyneKeys are the words of Fyne itself that our files carry, so that they follow
// the language chosen. No source of ours names them.
var fyneKeys = []string{
	"Cancel", "Confirm", "Copy", "Cut", "Error", "Information", "No", "OK", "Paste", "Quit", "Redo", "Select all", "Undo", "Yes",
	"Open", "Save", "Enter filename", "Create Folder", "New Folder", "(Parent)", "File", "file.name", "Folder", "Files", "Favorites", "Home", "Computer", "Documents", "Downloads", "Show Hidden Files",
}

func texts(t *testing.T, language string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(assets.Translation(language), &all); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	return all
}

// TestLanguagesHaveTheSameKeys asks that no text exists in one language alone,
// that none is empty, and that the places to fill are the same.
func TestLanguagesHaveTheSameKeys(t *testing.T) {
	en, zh := texts(t, English), texts(t, Chinese)
	for key := range en {
		if _, ok := zh[key]; !ok {
			t.Errorf("zh.json lacks %q", key)
		}
	}
	for key, value := range zh {
		other, ok := en[key]
		if !ok {
			t.Errorf("en.json lacks %q", key)
			continue
		}
		if a, b := places(other), places(value); !slices.Equal(a, b) {
			t.Errorf("%q: en fills %v, zh fills %v", key, a, b)
		}
	}
}

var place = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

func places(value any) []string {
	text, _ := json.Marshal(value)
	found := place.FindAllString(string(text), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// TestKeysAreUsed asks that every key of the files is named by a source of the
// window, whole or by a family ("label." and a name put together), and that every
// literal given to T or N exists.
func TestKeysAreUsed(t *testing.T) {
	named, asked := literals(t)
	en := texts(t, English)
	for key := range en {
		if named[key] || slices.Contains(fyneKeys, key) {
			continue
		}
		if i := strings.LastIndexByte(key, '.'); i < 0 || !named[key[:i+1]] {
			t.Errorf("en.json: no source uses %q", key)
		}
	}
	for key, at := range asked {
		if _, ok := en[key]; !ok && !strings.HasSuffix(key, ".") {
			t.Errorf("%s asks for %q, which en.json lacks", at, key)
		}
	}
}

// literals returns every string literal of the sources that show texts, and those
// that are arguments of words.T and words.N with their place.
func literals(t *testing.T) (named map[string]bool, asked map[string]string) {
	t.Helper()
	named, asked = map[string]bool{}, map[string]string{}
	files := token.NewFileSet()
	for _, dir := range []string{"..", "../../cmd/streamgauge"} {
		err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return nil // a room that is not built yet names nothing
			}
			file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
						named[text] = true
					}
				case *ast.CallExpr:
					if key, ok := askedFor(n); ok {
						asked[key] = files.Position(n.Pos()).String()
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return named, asked
}

// askedFor returns the key of a call of words.T or words.N with a literal.
func askedFor(call *ast.CallExpr) (string, bool) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || function.Sel.Name != "T" && function.Sel.Name != "N" {
		return "", false
	}
	if owner, ok := function.X.(*ast.Ident); !ok || owner.Name != "words" {
		return "", false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	key, err := strconv.Unquote(literal.Value)
	return key, err == nil
}

func TestUse(t *testing.T) {
	for _, tt := range []struct{ choice, want, word string }{
		{Chinese, Chinese, "退出"}, {English, English, "Quit"}, {"fr", English, "Quit"}, {"zh-Hant-TW", Chinese, "退出"},
	} {
		if err := Use(tt.choice); err != nil {
			t.Fatal(err)
		}
		if got, word := Language(), T("Quit"); got != tt.want || word != tt.word {
			t.Errorf("Use(%q): language %q, %q; want %q, %q", tt.choice, got, word, tt.want, tt.word)
		}
	}
}

func TestSystemLanguage(t *testing.T) {
	for locale, want := range map[fyne.Locale]string{"zh-CN": Chinese, "zh-Hans-CN": Chinese, "en-GB": English, "de-DE": English} {
		if got := resolve(System, locale); got != want {
			t.Errorf("the system speaks %s: %s, want %s", locale, got, want)
		}
	}
}
