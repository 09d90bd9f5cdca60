// Package streamgauge_test keeps the rules of the house that no compiler keeps:
// which room may import which, what stays out of exported signatures, how long
// a file may grow. It reads the source of the whole tree, the files of other
// systems and build tags included, and runs in a fraction of a second. A room
// that is not built yet breaks no rule.
package streamgauge_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "streamgauge"

// table says what a package may import of ours. A new edge is a change of this
// table, with its reason in the same commit. Tests may reach across to other
// rooms, but not up: see TestImportTable.
var table = map[string]string{
	"tunnel":                "",
	"tunnel/wire":           "tunnel",
	"tunnel/llm":            "tunnel tunnel/wire",
	"tunnel/tap":            "tunnel tunnel/wire tunnel/llm tunnel/intake",
	"tunnel/upstream":       "tunnel",
	"tunnel/socks":          "tunnel",
	"tunnel/page":           "tunnel",
	"tunnel/forward":        "tunnel tunnel/tap tunnel/page",
	"tunnel/intake":         "",
	"tunnel/relay":          "tunnel tunnel/tap tunnel/wire tunnel/intake",
	"tunnel/keylog":         "tunnel tunnel/wire tunnel/tap tunnel/intake",
	"tunnel/truststore":     "",
	"tunnel/decrypt":        "tunnel tunnel/tap tunnel/wire tunnel/page",
	"tunnel/proxy":          "tunnel tunnel/intake tunnel/tap tunnel/upstream tunnel/socks tunnel/page tunnel/forward tunnel/relay tunnel/keylog tunnel/decrypt",
	"tunnel/journal":        "tunnel",
	"tunnel/verdict":        "tunnel",
	"tunnel/recording":      "tunnel tunnel/verdict tunnel/llm",
	"tunnel/tunneltest":     "tunnel",
	"tunnel/probe":          "tunnel tunnel/upstream tunnel/proxy tunnel/journal tunnel/verdict tunnel/tunneltest",
	"tunnel/station":        "tunnel settings tunnel/upstream tunnel/proxy tunnel/journal tunnel/recording tunnel/probe tunnel/decrypt tunnel/keylog tunnel/tunneltest",
	"tunnel/peers":          "*",
	"settings":              "tunnel settings/filelock",
	"settings/filelock":     "",
	"settings/instance":     "settings/filelock",
	"settings/autostart":    "",
	"assets":                "",
	"ui/plot":               "tunnel tunnel/verdict",
	"ui/terminal":           "tunnel tunnel/verdict tunnel/recording tunnel/llm",
	"ui/snippet":            "tunnel tunnel/recording",
	"ui/words":              "assets",
	"ui/graph":              "tunnel tunnel/verdict ui/plot ui/words",
	"ui/form":               "tunnel settings ui/snippet ui/words",
	"ui/tray":               "tunnel tunnel/verdict assets ui/snippet ui/words",
	"ui/feed":               "tunnel tunnel/verdict tunnel/recording",
	"ui/look":               "tunnel tunnel/verdict ui/plot",
	"ui/table":              "tunnel tunnel/verdict tunnel/recording ui/feed ui/graph ui/look ui/plot ui/words",
	"ui/detail":             "tunnel tunnel/verdict tunnel/llm tunnel/recording ui/feed ui/graph ui/look ui/plot ui/words",
	"ui":                    "tunnel tunnel/verdict tunnel/llm tunnel/recording settings assets ui/detail ui/feed ui/graph ui/look ui/plot ui/snippet ui/table ui/words ui/form ui/tray",
	"cmd/sgauge":            "* !ui !ui/graph !ui/words !ui/form !ui/tray",
	"cmd/streamgauge":       "*",
	"cmd/streamgauge/peers": "*",
}

// dependencies are the modules that were looked at and found worth their risk:
// each with who keeps it and why it is here. go.mod requires no other directly,
// and no source imports another.
var dependencies = map[string]string{
	"fyne.io/fyne/v2":                 "the window and the tray",
	"github.com/andybalholm/brotli":   "reads br beside the stream; the Go library has none",
	"github.com/elazarl/goproxy":      "forwards requests",
	"github.com/godbus/dbus/v5":       "asks the desktop whether it has a tray; Fyne and the keyring need it too",
	"github.com/klauspost/compress":   "reads zstd, and gzip faster, beside the stream",
	"github.com/rogpeppe/go-internal": "testscript, in tests only",
	"github.com/zalando/go-keyring":   "secrets in the system's keyring",
	"golang.org/x/crypto":             "cryptobyte, for TLS hellos; ChaCha20-Poly1305, to open records with a client's keys",
	"golang.org/x/image":              "draws text and curves into pictures of graphs; Fyne needs it too",
	"golang.org/x/net":                "the SOCKS5 client, the NO_PROXY rules and HPACK",
	"golang.org/x/sys":                "what the syscall package lacks",
	"golang.org/x/term":               "is this a terminal, and how wide",
	"golang.org/x/text":               "languages and their names",
}

// owners may show a dependency's types in their exported signatures.
var owners = map[string][]string{
	"github.com/elazarl/goproxy": {"tunnel/forward"},
	"golang.org/x/net":           {"tunnel/upstream"},
	"fyne.io/fyne/v2":            {"ui", "ui/graph", "ui/look", "ui/table", "ui/detail", "ui/form", "ui/tray", "ui/words", "cmd/streamgauge"},
}

// startsPrograms may import os/exec. A directory stands for what is in it. The
// stores of trusted authorities are changed by the systems' own programs only,
// from the terminal and from the window.
var startsPrograms = []string{"cmd", "tunnel/peers", "tunnel/truststore"}

// testsStartPrograms may import os/exec in their tests: what is pasted into a
// shell can be proved by that shell only.
var testsStartPrograms = []string{"ui/snippet"}

const (
	maxFileLines     = 500
	maxFunctionLines = 80
)

// source is one Go file of the tree.
type source struct {
	name string // from the top, with slashes
	dir  string // the package's directory: "tunnel/wire"
	test bool
	fset *token.FileSet
	ast  *ast.File
}

// tree is the whole source, read once.
var tree = sync.OnceValues(func() ([]*source, error) {
	var files []*source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			hidden := name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata")
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		name = filepath.ToSlash(name)
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, &source{
			name: name, dir: path.Dir(name), fset: fset, ast: file,
			test: strings.HasSuffix(name, "_test.go"),
		})
		return err
	})
	return files, err
})

func sources(t *testing.T) []*source {
	t.Helper()
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// imports lists the paths that a file imports.
func (s *source) imports() []string {
	var paths []string
	for _, spec := range s.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// lines is how many lines lie between two places of the file.
func (s *source) lines(from, to token.Pos) int {
	return s.fset.Position(to).Line - s.fset.Position(from).Line + 1
}

func (s *source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, s.fset.Position(pos).Line)
}

func TestImportTable(t *testing.T) {
	for _, file := range sources(t) {
		if file.dir == "." {
			continue
		}
		row, known := table[file.dir]
		if !known {
			t.Errorf("%s: package %s is not in the import table of house_test.go: give it a row and say why in the commit", file.name, file.dir)
			continue
		}
		for _, imported := range file.imports() {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if ok && !mayImport(file, row, ours) {
				t.Errorf("%s imports %s, but %s may import only [%s]: turn the edge round with an interface, or change the table with the reason in the commit", file.name, ours, file.dir, row)
			}
		}
	}
}

// mayImport applies a row: names, "*" for anything, "!name" for all but that.
// Tests may import any package of the tunnel, settings and assets besides.
func mayImport(file *source, row, imported string) bool {
	if imported == file.dir {
		return true // a test of the package from outside
	}
	words := strings.Fields(row)
	top, _, _ := strings.Cut(imported, "/")
	switch {
	case slices.Contains(words, "!"+imported):
		return false
	case slices.Contains(words, "*"), slices.Contains(words, imported):
		return true
	}
	return file.test && top != "ui" && top != "cmd"
}

func TestTableIsWhole(t *testing.T) {
	for dir, row := range table {
		for name := range strings.FieldsSeq(row) {
			name = strings.TrimPrefix(name, "!")
			if _, known := table[name]; !known && name != "*" {
				t.Errorf("row %s of the import table names %s, which has no row itself", dir, name)
			}
		}
	}
}

func TestWhoImportsWhat(t *testing.T) {
	for _, file := range sources(t) {
		for _, imported := range file.imports() {
			if why := misplaced(file, imported); why != "" {
				t.Errorf("%s imports %q: %s", file.name, imported, why)
			}
		}
	}
}

// misplaced says why a file may not import a package from outside, or "".
func misplaced(file *source, imported string) string {
	in := func(dirs ...string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return under(file.dir, dir) })
	}
	switch {
	case imported == "unsafe", imported == "C":
		return "no file here needs it; find the safe way"
	case imported == "os/exec" && !in(startsPrograms...) && (!file.test || !in(testsStartPrograms...)):
		return "only " + strings.Join(startsPrograms, " and ") + " start programs"
	case under(imported, "github.com/elazarl/goproxy") && !in("tunnel/forward") && !file.test:
		return "only tunnel/forward knows goproxy"
	case under(imported, "fyne.io/fyne/v2/app") && !in("cmd/streamgauge"):
		return "only cmd/streamgauge may need cgo; take a fyne.App instead"
	case under(imported, "fyne.io/fyne/v2") && !in("ui", "cmd/streamgauge"):
		return "nothing below the window knows Fyne"
	case under(imported, "fyne.io/fyne/v2") && in("ui/feed", "ui/plot", "ui/terminal", "ui/snippet"):
		return "geometry, terminal and lines to copy work without Fyne"
	case isOutside(imported) && moduleOf(imported) == "":
		return "its module is not in the reviewed list of house_test.go: review it and add it there, or do without"
	}
	return ""
}

// under reports whether an import path or directory is base or lies in it.
func under(p, base string) bool {
	return p == base || strings.HasPrefix(p, base+"/")
}

// isOutside reports whether an import path is neither the Go library's nor ours.
func isOutside(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// moduleOf returns the reviewed module that an import path belongs to, or "".
func moduleOf(imported string) string {
	for name := range dependencies {
		if under(imported, name) {
			return name
		}
	}
	return ""
}

func TestDirectRequirements(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Join(slices.Sorted(maps.Keys(dependencies)), ", ")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		switch {
		case len(fields) > 0 && (fields[0] == "replace" || fields[0] == "exclude"):
			t.Errorf("go.mod: %q: use the published versions", strings.TrimSpace(line))
		case len(fields) == 2 && strings.HasPrefix(fields[1], "v") && dependencies[fields[0]] == "":
			t.Errorf("go.mod requires %s directly; reviewed are only: %s", fields[0], known)
		}
	}
}

func TestSignaturesKeepDependenciesIn(t *testing.T) {
	for _, file := range sources(t) {
		if file.test {
			continue
		}
		foreign := foreignNames(file)
		for _, decl := range file.ast.Decls {
			for _, expr := range exportedTypes(decl) {
				ast.Inspect(expr, func(n ast.Node) bool {
					selector, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if name, ok := selector.X.(*ast.Ident); ok && foreign[name.Name] != "" {
						t.Errorf("%s: an exported signature shows %s.%s of %s: only %v may; say it in words of package tunnel or a small interface",
							file.at(selector.Pos()), name.Name, selector.Sel.Name, foreign[name.Name], owners[foreign[name.Name]])
					}
					return true
				})
			}
		}
	}
}

// versionSuffix ends the import path of a module's second or later version, and
// is no part of the package's name.
var versionSuffix = regexp.MustCompile(`/v[0-9]+$`)

// foreignNames maps the local names of imports that the file does not own to
// the dependency they come from.
func foreignNames(file *source) map[string]string {
	foreign := map[string]string{}
	for i, imported := range file.imports() {
		for dependency, dirs := range owners {
			if !under(imported, dependency) || slices.Contains(dirs, file.dir) {
				continue
			}
			name := path.Base(versionSuffix.ReplaceAllString(imported, ""))
			if spec := file.ast.Imports[i]; spec.Name != nil {
				name = spec.Name.Name
			}
			foreign[name] = dependency
		}
	}
	return foreign
}

// exportedTypes returns what a declaration shows to other packages.
func exportedTypes(decl ast.Decl) []ast.Node {
	var shown []ast.Node
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Name.IsExported() && (decl.Recv == nil || exportedReceiver(decl.Recv)) {
			shown = append(shown, decl.Type)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					shown = append(shown, exportedFields(spec.Type)...)
				}
			case *ast.ValueSpec:
				if slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported) {
					shown = append(shown, spec)
				}
			}
		}
	}
	return shown
}

func exportedReceiver(recv *ast.FieldList) bool {
	exported := false
	ast.Inspect(recv.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && !exported {
			exported = name.IsExported()
			return false
		}
		return true
	})
	return exported
}

// exportedFields leaves out what a struct keeps to itself.
func exportedFields(expr ast.Expr) []ast.Node {
	structure, ok := expr.(*ast.StructType)
	if !ok {
		return []ast.Node{expr}
	}
	var shown []ast.Node
	for _, field := range structure.Fields.List {
		embedded := len(field.Names) == 0
		if embedded || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
			shown = append(shown, field.Type)
		}
	}
	return shown
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	code := map[string]bool{}
	for _, file := range sources(t) {
		code[file.dir] = true
		if file.ast.Doc != nil {
			comments[file.dir] = append(comments[file.dir], file.name)
		}
	}
	for dir := range code {
		switch found := comments[dir]; len(found) {
		case 0:
			t.Errorf("package %s has no package comment: say what it is, what it is not and who joins it to the rest", dir)
		case 1:
		default:
			t.Errorf("package %s has %d package comments, in %v: keep one", dir, len(found), found)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, file := range sources(t) {
		if n := file.lines(file.ast.FileStart, file.ast.FileEnd-1); n > maxFileLines {
			t.Errorf("%s has %d lines; over %d it is two ideas: split it", file.name, n, maxFileLines)
		}
		for _, decl := range file.ast.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := file.lines(function.Pos(), function.End()); n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines; over %d it wants to be several functions", file.at(function.Pos()), function.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// later finds the words that put work off; written so as not to find itself.
var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func TestNothingIsPutOff(t *testing.T) {
	for _, file := range sources(t) {
		for _, group := range file.ast.Comments {
			for _, comment := range group.List {
				if word := later.FindString(comment.Text); word != "" {
					t.Errorf("%s says %s: do it now, or file it as an issue", file.at(comment.Pos()), word)
				}
			}
		}
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	const off = "InsecureSkip" + "Verify"
	for _, file := range sources(t) {
		ast.Inspect(file.ast, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok && name.Name == off {
				t.Errorf("%s uses %s: give the tls.Config RootCAs instead, in tests too", file.at(name.Pos()), off)
			}
			return true
		})
	}
}
